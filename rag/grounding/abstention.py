"""Abstention: decide from the best evidence sentence whether the documents answer a question. No model, pure.

One number decides: the better of two scores of the best sentence (`rag.grounding.evidence`). One combines its cosine,
its coverage of the question's terms and the relevance of its chunk. The other is its meaning alone, for a question in
other words than the document's ("vacation" for "leave"); it has to be higher by `MEANING_DISCOUNT`, because questions
about something else come nearer in meaning than in words
(docs/development/decisions/2026-12-01-paraphrases-by-meaning.md). None of 30 other features (margins, scores of lower
ranks, expected answer type, agreement of dense and lexical search) separates better, alone or together, and neither
does a threshold fitted to a collection: docs/development/decisions/2026-11-28-one-abstention-threshold.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.text.analyzer import extract_terms
from rag.grounding.evidence import SentenceMatch
from rag.questions.identifiers import Identifier
from rag.questions.words import WORD
from rag.retrieval.identifier_search import describe_chunk
from rag.types import ScoredChunk

EVEN_SCORE = 0.46
"""The score at which an answer is as likely as not: by logistic regression over six sets of equal weight."""
STEEPNESS = 14.0
"""Slope of the log-odds by the score, from the same regression."""
MEANING_DISCOUNT = 0.08
"""How much higher than the score of evidence the meaning of a sentence has to be to count as much."""
MISSING_WORDS = 3
MISSING_LETTERS = 4
"""Shorter words are not reported as missing: they say little."""


@dataclass(frozen=True, slots=True)
class Answerability:
    """Whether the documents answer a question.

    `probability` assumes that as many questions have an answer as have none. `hits` are the chunks from which the
    question can be answered, in the order of retrieval. `reasons` are sentences for people.
    """

    probability: float
    hits: tuple[ScoredChunk, ...]
    reasons: tuple[str, ...]

    @property
    def is_answerable(self) -> bool:
        """Whether any hit answers the question."""
        return bool(self.hits)


def judge_answerability(
    question: str,
    hits: Sequence[ScoredChunk],
    matches: Sequence[SentenceMatch],
    *,
    min_score: float,
    named: frozenset[int] = frozenset(),
) -> Answerability:
    """Decide which `hits` answer a question; `matches` are their sentences from `EvidenceFinder.rank_evidence`.

    A hit answers it if one of its sentences scores at least `min_score` by words and meaning or by its meaning alone,
    or if it is among the ids of `named`, which have every identifier of the question: an embedder knows little of part
    numbers.
    """
    scores: dict[int, float] = {}
    for match in matches:
        scores[match.stored.id] = max(scores.get(match.stored.id, 0.0), answer_score(match))
    best = max(scores.values(), default=0.0)
    answering = tuple(hit for hit in hits if hit.chunk.id in named or scores.get(hit.chunk.id, 0.0) >= min_score)
    reasons = _reasons(question, hits, best, min_score, has_identifiers=bool(named))
    return Answerability(estimate_probability(best), answering, tuple(reasons))


def find_named_chunks(hits: Sequence[ScoredChunk], identifiers: Sequence[Identifier]) -> frozenset[int]:
    """Return the ids of the hits that have every identifier of a question; none if it has no identifier."""
    texts = {hit.chunk.id: describe_chunk(hit.chunk) for hit in hits} if identifiers else {}
    return frozenset(id_ for id_, text in texts.items() if all(identifier.is_in(text) for identifier in identifiers))


def answer_score(match: SentenceMatch) -> float:
    """Return how likely a sentence is to answer the question of `rank_evidence`, in [0, 1], in whatever words."""
    return max(match.score, match.meaning - MEANING_DISCOUNT)


def estimate_probability(score: float) -> float:
    """Return the probability that a question has an answer if its best sentence has this score (logistic model)."""
    return 1.0 / (1.0 + math.exp(-STEEPNESS * (score - EVEN_SCORE)))


def _reasons(
    question: str, hits: Sequence[ScoredChunk], best: float, min_score: float, *, has_identifiers: bool
) -> list[str]:
    if not hits:
        return ["retrieval found no passage"]
    verdict = "enough" if best >= min_score else "too little"
    reasons = [f"the best sentence scores {best:.0%}, which is {verdict}: {min_score:.0%} is needed"]
    if has_identifiers:
        reasons.append("a passage has every identifier of the question")
    if missing := _missing_words(question, hits):
        reasons.append(f"no passage has {', '.join(f'“{word}”' for word in missing)}")
    return reasons


def _missing_words(question: str, hits: Sequence[ScoredChunk]) -> list[str]:
    """Return the longest words of a question that no passage has, as typed."""
    passage_terms = frozenset(
        extract_terms("\n".join(f"{hit.chunk.chunk.context}\n{hit.chunk.chunk.text}" for hit in hits))
    )
    typed = dict.fromkeys(word for word in WORD.findall(question) if len(word) >= MISSING_LETTERS)
    missing = [word for word in typed if passage_terms.isdisjoint(extract_terms(word))]
    return sorted(missing, key=len, reverse=True)[:MISSING_WORDS]
