"""Do the documents answer a question at all? Judged by the best sentence that was found, without a model. Pure.

One number decides: the score of the likeliest sentence (`rag.grounding.evidence`), which mixes its meaning, the share
of the question's words that it has, and the relevance of its chunk. Of 30 others that were tried (margins, the level
of the other results, the kind of answer that is asked for, agreement of the searches) none tells better, alone or
together, and neither does a limit that is fitted to a collection:
docs/development/decisions/2026-11-28-one-abstention-threshold.md.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.text.analyzer import extract_terms
from rag.grounding.evidence import SentenceMatch
from rag.retrieval.hybrid import select_relevant
from rag.types import ScoredChunk

EVEN_SCORE = 0.46
"""The score at which an answer is as likely as none: by logistic regression over six sets, each counting the same."""
STEEPNESS = 14.0
"""How fast the odds change with the score, by the same regression."""
MISSING_WORDS = 3
MISSING_LETTERS = 4
"""A word that is shorter says little where it is missing."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Answerability:
    """Whether the documents answer a question: `probability`, where as many questions have an answer as have none.

    `hits` are those from which it can be answered, in the order found; `reasons` are for people.
    """

    probability: float
    hits: tuple[ScoredChunk, ...]
    reasons: tuple[str, ...]

    @property
    def is_answerable(self) -> bool:
        """Whether there is anything to answer from."""
        return bool(self.hits)


def judge_answerability(
    question: str, hits: Sequence[ScoredChunk], matches: Sequence[SentenceMatch], *, min_score: float
) -> Answerability:
    """Judge what was found for a question; `matches` are the sentences of `hits` by `EvidenceFinder.rank_evidence`.

    A hit is one to answer from where one of its sentences scores at least `min_score`, or where it has every code and
    number of the question (a part number says little to an embedder).
    """
    scores = {match.stored.id: match.score for match in sorted(matches, key=lambda match: match.score)}
    best = max(scores.values(), default=0.0)
    by_code = {hit.chunk.id for hit in select_relevant(question, hits, math.inf)}
    chosen = tuple(hit for hit in hits if hit.chunk.id in by_code or scores.get(hit.chunk.id, 0.0) >= min_score)
    return Answerability(
        estimate_probability(best), chosen, tuple(_reasons(question, hits, best, min_score, bool(by_code)))
    )


def estimate_probability(score: float) -> float:
    """Return how likely a question has an answer whose best sentence has this score."""
    return 1.0 / (1.0 + math.exp(-STEEPNESS * (score - EVEN_SCORE)))


def _reasons(question: str, hits: Sequence[ScoredChunk], best: float, min_score: float, has_codes: bool) -> list[str]:
    if not hits:
        return ["nothing was found"]
    verdict = "enough" if best >= min_score else "too little"
    reasons = [f"the best sentence fits the question by {best:.0%}, which is {verdict}: {min_score:.0%} are needed"]
    if has_codes:
        reasons.append("a passage has every number and code of the question")
    if missing := _missing(question, hits):
        reasons.append(f"no passage has {', '.join(f'“{word}”' for word in missing)}")
    return reasons


def _missing(question: str, hits: Sequence[ScoredChunk]) -> list[str]:
    """Return the longest words of a question that no passage has, as they were typed."""
    known = frozenset(extract_terms("\n".join(f"{hit.chunk.chunk.context}\n{hit.chunk.chunk.text}" for hit in hits)))
    typed = dict.fromkeys(word for word in _WORD.findall(question) if len(word) >= MISSING_LETTERS)
    missing = [word for word in typed if known.isdisjoint(extract_terms(word))]
    return sorted(missing, key=len, reverse=True)[:MISSING_WORDS]
