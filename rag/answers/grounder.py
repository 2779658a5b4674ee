"""Ground a draft: attribute its sentences to passages, verify their claims, find conflicts among the passages."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers.producer import Draft
from rag.generation.quote_selection import QuotedSentence
from rag.grounding.attribution import SentenceAttributor
from rag.grounding.conflicts import find_conflicts
from rag.grounding.evidence import EvidenceFinder, SentenceMatch, split_chunk
from rag.types import Citation, Conflict, EntailmentJudge, Passage, PinnedSentence, SentenceVerdict


@dataclass(frozen=True, slots=True)
class Grounding:
    """The pins and verdicts of an answer's sentences, and the conflicts of what it cites."""

    citations: tuple[Citation, ...] = ()
    sentences: tuple[SentenceVerdict, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


class Grounder:
    """Grounds answers in passages. `judge` refines the verdicts. Safe to use from many threads."""

    def __init__(self, finder: EvidenceFinder, judge: EntailmentJudge | None = None) -> None:
        self._finder = finder
        self._judge = judge

    def start_attribution(self, passages: Sequence[Passage]) -> SentenceAttributor:
        """Return what pins the sentences of one answer, complete or as the model writes them."""
        return SentenceAttributor(passages, self._finder, self._judge)

    def ground(self, draft: Draft, passages: Sequence[Passage]) -> Grounding:
        """Return the grounding of a draft; `passages` are those of its prompt, in which conflicts are sought."""
        pinned = self._pin(draft)
        citations = tuple(citation for sentence in pinned for citation in sentence.citations)
        conflicts = self._find_conflicts(citations, passages)
        return Grounding(citations, tuple(sentence.sentence for sentence in pinned), conflicts)

    def _pin(self, draft: Draft) -> list[PinnedSentence]:
        """Return the pinned sentences of a draft; Pincite's own words in front have no pins."""
        if draft.attributor is None:
            return [self._pin_quote(quote) for quote in draft.quotes]
        pinned = draft.attributor.attribute_all(draft.prose or draft.completion.text)
        return [sentence for sentence in pinned if sentence.sentence.end > draft.own_chars]

    def _pin_quote(self, sentence: QuotedSentence) -> PinnedSentence:
        quote = self._finder.quote(sentence.match)
        citation = Citation(sentence.number, quote, sentence.start, sentence.end, "quote", "supported")
        return PinnedSentence(SentenceVerdict(sentence.start, sentence.end, "supported"), (citation,))

    def _find_conflicts(self, citations: Sequence[Citation], passages: Sequence[Passage]) -> tuple[Conflict, ...]:
        stored = {passage.number: passage.stored for passage in passages}
        cited = [
            SentenceMatch(stored[citation.number], citation.quote.start, citation.quote.end, citation.quote.score)
            for citation in citations
            if citation.number in stored
        ]
        others = [match for passage in passages for match in split_chunk(passage.stored)] if cited else []
        return find_conflicts(cited, others, self._finder.quote)
