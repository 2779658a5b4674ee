"""From the sentences of an answer to their pins: which span bears each one, and whether it really does."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ingest.types import StoredChunk
from rag.grounding.citations import AnswerSentence, split_answer
from rag.grounding.evidence import EvidenceFinder, SentenceMatch
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
"""Below this cosine, a sentence without a marker is pinned only to what supports it."""

LOOKED_AT = 5
"""So many of the nearest sentences are checked, and the best one is cited."""

SENTENCE_ENDS = frozenset(".!?\n。！？।؟")
"""While an answer is written, a new sentence is looked for only behind one of these."""

_RANK: dict[Verdict, int] = {"supported": 2, "partly": 1, "unsupported": 0}


class SentenceAttributor:
    """Pins the sentences of one answer, also while it is written.

    A marker of the model is narrowed to the sentence of that passage which is nearest. Where the model named
    no passage, or one that does not bear the sentence, the nearest sentence of all passages is taken, if it
    is near enough and bears more. A sentence with several pins may be borne by all of them together. `judge` is asked
    about what the check does not find unsupported.
    """

    def __init__(
        self, passages: Sequence[Passage], finder: EvidenceFinder, judge: EntailmentJudge | None = None
    ) -> None:
        self._pinner = _Pinner(passages, finder, judge)
        self._pinned: dict[AnswerSentence, PinnedSentence] = {}
        self._has_ended = False

    def attribute_complete(self, text: str, new: str) -> list[PinnedSentence]:
        """Return the sentences that are complete since an answer has gone on to `text` by `new`.

        The last one may still go on, if only with a marker; it is complete when another begins.
        """
        complete: list[PinnedSentence] = []
        if self._has_ended and new.strip():
            sentences = [each for each in split_answer(text)[:-1] if each not in self._pinned]
            complete = [self._pin(each) for each in sentences]
        self._has_ended = (self._has_ended and not complete) or not SENTENCE_ENDS.isdisjoint(new)
        return complete

    def attribute_all(self, answer: str) -> list[PinnedSentence]:
        """Return every sentence of a finished answer, in order."""
        return [self._pinned.get(each) or self._pin(each) for each in split_answer(answer)]

    def _pin(self, sentence: AnswerSentence) -> PinnedSentence:
        pins = self._pinner.pins(sentence)
        pinned = self._pinned[sentence] = PinnedSentence(self._pinner.verdict(sentence, pins), tuple(pins))
        return pinned


@dataclass(frozen=True, slots=True)
class _Pinner:
    passages: Sequence[Passage]
    finder: EvidenceFinder
    judge: EntailmentJudge | None

    def pins(self, sentence: AnswerSentence) -> list[Citation]:
        """Return the pins of a sentence: to the passages that it names, else to what bears it."""
        by_chunk = {passage.stored.id: passage.number for passage in self.passages}
        matches = self.finder.rank_sentences(sentence.text, [passage.stored for passage in self.passages])
        of_passage: defaultdict[int, list[SentenceMatch]] = defaultdict(list)
        for match in matches:
            of_passage[by_chunk[match.stored.id]].append(match)
        pins = [
            self._citation(sentence, number, self._bearing(sentence, of_passage[number]), "marker")
            for number in sentence.numbers
            if number in of_passage
        ]
        best_so_far = max((_RANK[citation.verdict] for citation in pins), default=-1)
        if best_so_far < _RANK["supported"] and matches:
            match = self._bearing(sentence, matches)
            aligned = self._citation(sentence, by_chunk[match.stored.id], match, "alignment")
            is_near = match.score >= MIN_ALIGNMENT or aligned.verdict == "supported"
            if is_near and _RANK[aligned.verdict] > best_so_far:
                pins.append(aligned)
        return pins

    def _bearing(self, sentence: AnswerSentence, matches: Sequence[SentenceMatch]) -> SentenceMatch:
        """Return which of the nearest sentences bears a sentence best, of equal ones the nearest.

        The nearest in meaning is often about the same with another number; the row of a table is hardly near at all.
        """
        return max(matches[:LOOKED_AT], key=lambda match: self._support(sentence, match))

    def _support(self, sentence: AnswerSentence, match: SentenceMatch) -> float:
        return verify_claim(sentence.text, match.text, match.score, context=_around([match.stored])).score

    def verdict(self, sentence: AnswerSentence, pins: Sequence[Citation]) -> SentenceVerdict:
        """Return the best verdict of the pins, or that of all of them together where it is better."""
        if not pins:
            return SentenceVerdict(sentence.start, sentence.end, "unsupported", ("no passage says anything like it",))
        best = max(pins, key=lambda citation: _RANK[citation.verdict])
        verdict, reasons = best.verdict, best.reasons
        if len(pins) > 1 and verdict != "supported":
            numbers = {citation.number for citation in pins}
            together = self._check(
                sentence, [pin.quote for pin in pins], [p.stored for p in self.passages if p.number in numbers]
            )
            if _RANK[together.verdict] > _RANK[verdict]:
                verdict, reasons = together.verdict, together.reasons
        return SentenceVerdict(sentence.start, sentence.end, verdict, reasons)

    def _citation(
        self, sentence: AnswerSentence, number: int, match: SentenceMatch, origin: CitationOrigin
    ) -> Citation:
        quote = self.finder.quote(match)
        support = self._check(sentence, [quote], [match.stored])
        return Citation(number, quote, sentence.start, sentence.end, origin, support.verdict, support.reasons)

    def _check(self, sentence: AnswerSentence, quotes: Sequence[Quote], chunks: Sequence[StoredChunk]) -> Support:
        texts = [quote.quote for quote in quotes]
        examine = partial(
            verify_claim,
            sentence.text,
            texts,
            max(quote.score for quote in quotes),
            context=_around(chunks),
        )
        support = examine()
        if self.judge is None or support.verdict == "unsupported":
            return support
        return examine(entailment=self.judge.judge(" ".join(texts), sentence.text))


def _around(chunks: Sequence[StoredChunk]) -> str:
    """Return what stands around quotes, with the titles and headings above."""
    return "\n".join(f"{stored.chunk.context}\n{stored.chunk.text}" for stored in chunks)
