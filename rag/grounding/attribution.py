"""Attribution: pin each sentence of an answer to the quotes that support it, and verify it against them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ingest.types import StoredChunk
from rag.grounding.candidate_ranking import rank_candidates
from rag.grounding.citations import AnswerSentence, split_answer
from rag.grounding.evidence import EvidenceFinder, SentenceMatch
from rag.grounding.hidden_text import VISIBLE_TEXT, ModelView
from rag.grounding.verification import Support, verify_claim
from rag.types import (
    Citation,
    CitationOrigin,
    EntailmentJudge,
    Passage,
    PinnedSentence,
    Quote,
    SentenceVerdict,
    Verdict,
)

MIN_ALIGNMENT = 0.5
"""A sentence without a marker is pinned to a quote below this cosine only if the quote supports it."""

VERIFIED_CANDIDATES = 5
"""The best candidates that are verified; the best supporting one is cited."""

RELATED_PASSAGES = 40
"""The first passages of the prompt, which are searched for words, names and numbers that a quote lacks."""

SENTENCE_ENDS = frozenset(".!?\n。！？।؟")
"""While an answer streams, its sentences are split again only after one of these characters."""

_RANK: dict[Verdict, int] = {"supported": 2, "partly": 1, "unsupported": 0}


@dataclass(frozen=True, slots=True)
class SupportedMatch:
    """A sentence of a passage, and how well it alone supports a sentence of an answer."""

    match: SentenceMatch
    support: Support


class SentenceAttributor:
    """Attributes the sentences of one answer, also while it streams.

    A marker of the model is narrowed to the sentence of that passage which supports the claim best. If the model cites
    no passage, or none that supports the sentence, the best supporting sentence of all passages is cited, provided that
    it is similar enough and supports more. All pins of a sentence together may support what none does alone. `judge`
    gives a second opinion on what the rules do not find unsupported. What is not in the `view` of the model supports
    nothing that it writes.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        finder: EvidenceFinder,
        judge: EntailmentJudge | None = None,
        view: ModelView = VISIBLE_TEXT,
    ) -> None:
        self._citer = _SentenceCiter(passages, finder, judge, view)
        self._pinned: dict[AnswerSentence, PinnedSentence] = {}
        self._has_ended = False

    def attribute_complete(self, answer: str, delta: str) -> list[PinnedSentence]:
        """Return the sentences that `delta`, the last part of `answer` so far, has completed; each sentence once.

        The last sentence is complete only when the next one begins: a marker may still follow it.
        """
        pinned: list[PinnedSentence] = []
        if self._has_ended and delta.strip():
            sentences = [sentence for sentence in split_answer(answer)[:-1] if sentence not in self._pinned]
            pinned = [self._pin(sentence) for sentence in sentences]
        self._has_ended = (self._has_ended and not pinned) or not SENTENCE_ENDS.isdisjoint(delta)
        return pinned

    def attribute_all(self, answer: str) -> list[PinnedSentence]:
        """Return every sentence of a finished answer, in order."""
        return [self._pinned.get(sentence) or self._pin(sentence) for sentence in split_answer(answer)]

    def rank_support(self, claim: str) -> list[SupportedMatch]:
        """Return the candidate quotes of one sentence without markers; the first is the one that is cited."""
        return self._citer.rank_support(claim, self._citer.match(claim))

    def _pin(self, sentence: AnswerSentence) -> PinnedSentence:
        citations = self._citer.cite(sentence)
        pinned = PinnedSentence(self._citer.combine_verdicts(sentence, citations), tuple(citations))
        self._pinned[sentence] = pinned
        return pinned


@dataclass(frozen=True, slots=True)
class _SentenceCiter:
    passages: Sequence[Passage]
    finder: EvidenceFinder
    judge: EntailmentJudge | None
    view: ModelView

    def cite(self, sentence: AnswerSentence) -> list[Citation]:
        """Return the citations of a sentence: of the passages that it names, else of the best supporting one."""
        numbers = {passage.stored.id: passage.number for passage in self.passages}
        matches = self.match(sentence.text)
        matches_by_passage: defaultdict[int, list[SentenceMatch]] = defaultdict(list)
        for match in matches:
            matches_by_passage[numbers[match.stored.id]].append(match)
        citations = [
            self._citation(sentence, number, self._best_match(sentence, matches_by_passage[number]), "marker")
            for number in sentence.numbers
            if number in matches_by_passage
        ]
        best_rank = max((_RANK[citation.verdict] for citation in citations), default=-1)
        if best_rank < _RANK["supported"] and matches:
            match = self._best_match(sentence, matches)
            aligned = self._citation(sentence, numbers[match.stored.id], match, "alignment")
            is_near = match.score >= MIN_ALIGNMENT or aligned.verdict == "supported"
            if is_near and _RANK[aligned.verdict] > best_rank:
                citations.append(aligned)
        return citations

    def match(self, claim: str) -> list[SentenceMatch]:
        """Return every sentence of the passages that the model was shown, most similar to the claim first."""
        matches = self.finder.rank_sentences(claim, [passage.stored for passage in self.passages])
        return self.view.select_matches(matches)

    def rank_support(self, claim: str, matches: Sequence[SentenceMatch]) -> list[SupportedMatch]:
        """Verify the best candidates among `matches`: the better verdict first, of equal ones the better candidate.

        The best candidate often makes the same statement with another number.
        """
        verified = [
            SupportedMatch(
                match,
                verify_claim(
                    claim,
                    self.view.show_text(match.text),
                    match.score,
                    context=self._context([match.stored]),
                    passages=self._passage_texts(),
                ),
            )
            for match in rank_candidates(claim, matches)[:VERIFIED_CANDIDATES]
        ]
        return sorted(verified, key=lambda candidate: -_RANK[candidate.support.verdict])

    def _best_match(self, sentence: AnswerSentence, matches: Sequence[SentenceMatch]) -> SentenceMatch:
        return self.rank_support(sentence.text, matches)[0].match

    def _passage_texts(self) -> tuple[str, ...]:
        return tuple(self._context([passage.stored]) for passage in self.passages[:RELATED_PASSAGES])

    def combine_verdicts(self, sentence: AnswerSentence, citations: Sequence[Citation]) -> SentenceVerdict:
        """Return the best verdict of the citations, or that of all quotes together if it is better."""
        if not citations:
            return SentenceVerdict(sentence.start, sentence.end, "unsupported", ("no passage says anything like it",))
        best = max(citations, key=lambda citation: _RANK[citation.verdict])
        verdict, reasons = best.verdict, best.reasons
        if len(citations) > 1 and verdict != "supported":
            numbers = {citation.number for citation in citations}
            chunks = [passage.stored for passage in self.passages if passage.number in numbers]
            together = self._verify(sentence, [citation.quote for citation in citations], chunks)
            if _RANK[together.verdict] > _RANK[verdict]:
                verdict, reasons = together.verdict, together.reasons
        return SentenceVerdict(sentence.start, sentence.end, verdict, reasons)

    def _citation(
        self, sentence: AnswerSentence, number: int, match: SentenceMatch, origin: CitationOrigin
    ) -> Citation:
        quote = self.finder.quote(match)
        support = self._verify(sentence, [quote], [match.stored])
        return Citation(number, quote, sentence.start, sentence.end, origin, support.verdict, support.reasons)

    def _verify(self, sentence: AnswerSentence, quotes: Sequence[Quote], chunks: Sequence[StoredChunk]) -> Support:
        texts = [self.view.show_text(quote.quote) for quote in quotes]
        similarity = max(quote.score for quote in quotes)
        verify = partial(
            verify_claim,
            sentence.text,
            texts,
            similarity,
            context=self._context(chunks),
            passages=self._passage_texts(),
        )
        support = verify()
        if self.judge is None or support.verdict == "unsupported":
            return support
        return verify(entailment=self.judge.judge(" ".join(texts), sentence.text))

    def _context(self, chunks: Sequence[StoredChunk]) -> str:
        """Return the text around quotes, below its titles and headings, as the model was shown it."""
        return "\n".join(self.view.show_chunk(stored.chunk) for stored in chunks)
