"""Ground a draft: attribute its sentences to passages, verify their claims, find supersessions and conflicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answers.producer import Draft
from rag.answers.supersession_marks import build_conflict, complete_conflicts, key_of_quote, mark_superseded
from rag.generation.quote_selection import QuotedSentence
from rag.grounding.answer_conflicts import AnsweringValue
from rag.grounding.attribution import SentenceAttributor
from rag.grounding.conflicts import find_conflicts
from rag.grounding.evidence import EvidenceFinder, SentenceMatch, split_chunk
from rag.grounding.hidden_text import VISIBLE_TEXT, ModelView
from rag.grounding.supersession import SpanKey, Successor, SupersessionFinder, key_of
from rag.types import (
    Citation,
    Conflict,
    EntailmentJudge,
    Passage,
    PinnedSentence,
    SentenceVerdict,
    StatedValue,
    Supersession,
)


@dataclass(frozen=True, slots=True)
class Grounding:
    """The pins and verdicts of an answer's sentences, and the conflicts of what it cites."""

    citations: tuple[Citation, ...] = ()
    sentences: tuple[SentenceVerdict, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


class Grounder:
    """Grounds answers in passages. Safe to use from many threads.

    `judge` refines the verdicts; `view` is what the model was shown of the passages: nothing else supports it.
    """

    def __init__(
        self,
        finder: EvidenceFinder,
        supersessions: SupersessionFinder,
        judge: EntailmentJudge | None = None,
        view: ModelView = VISIBLE_TEXT,
    ) -> None:
        self._view = view
        self._finder = finder
        self._supersessions = supersessions
        self._judge = judge

    def start_attribution(self, passages: Sequence[Passage]) -> SentenceAttributor:
        """Return what pins the sentences of one answer, complete or as the model writes them."""
        return SentenceAttributor(passages, self._finder, self._judge, self._view)

    def ground(
        self, draft: Draft, passages: Sequence[Passage], rivals: Sequence[tuple[AnsweringValue, AnsweringValue]] = ()
    ) -> Grounding:
        """Return the grounding of a draft.

        `passages` are those of its prompt, in which conflicts are sought; `rivals` are sentences of them that answer
        the question differently, which is a conflict if the answer cites one of them.
        """
        pinned = self._pin(draft)
        # What nobody sees replaces and contradicts nothing.
        all_cited = _find_cited([citation for sentence in pinned for citation in sentence.citations], passages)
        cited = VISIBLE_TEXT.select_matches(all_cited)
        sentences = [match for passage in passages for match in split_chunk(passage.stored)] if cited else []
        others = VISIBLE_TEXT.select_matches(sentences)
        successors = self._supersessions.find(cited, others)
        pinned = mark_superseded(pinned, {key: self._describe(successor) for key, successor in successors.items()})
        return Grounding(
            tuple(citation for sentence in pinned for citation in sentence.citations),
            tuple(sentence.sentence for sentence in pinned),
            self._find_conflicts(cited, others, successors, rivals),
        )

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

    def _describe(self, successor: Successor) -> Supersession:
        return Supersession(self._finder.quote(successor.match), successor.kind, successor.dating)

    def _find_conflicts(
        self,
        cited: Sequence[SentenceMatch],
        others: Sequence[SentenceMatch],
        successors: Mapping[SpanKey, Successor],
        rivals: Sequence[tuple[AnsweringValue, AnsweringValue]],
    ) -> tuple[Conflict, ...]:
        quote = self._finder.quote
        superseded = [
            conflict
            for match in cited
            if (successor := successors.get(key_of(match))) is not None
            and (conflict := build_conflict(quote(match), quote(successor.match), successor.change)) is not None
        ]
        keys = {key_of(match) for match in cited}
        answering = [
            Conflict(tuple(StatedValue(quote(each.match), each.value.start, each.value.end) for each in pair))
            for pair in rivals
            if any(key_of(each.match) in keys for each in pair)
        ]
        matches = {key_of(match): match for match in (*others, *cited)}
        return complete_conflicts(
            [*find_conflicts(cited, others, quote), *answering],
            superseded,
            lambda stated: self._supersessions.read_dating(matches[key_of_quote(stated)]),
        )


def _find_cited(citations: Sequence[Citation], passages: Sequence[Passage]) -> list[SentenceMatch]:
    """Return the cited sentences of the passages, each once."""
    stored = {passage.number: passage.stored for passage in passages}
    matches = [
        SentenceMatch(stored[citation.number], citation.quote.start, citation.quote.end, citation.quote.score)
        for citation in citations
        if citation.number in stored
    ]
    return list({key_of(match): match for match in matches}.values())
