"""Mark what an answer cites although a later statement replaces it, and date the values on which documents differ."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from rag.grounding.supersession import Change, SpanKey
from rag.types import (
    Citation,
    Conflict,
    Dating,
    PinnedSentence,
    Quote,
    StatedValue,
    Supersession,
    SupersessionKind,
)

REASONS: Mapping[SupersessionKind, str] = {
    "message": "a later message changes what the quote says",
    "version": "a later version of the document says otherwise",
    "amendment": "an amendment changes the clause of the quote",
}


def mark_superseded(
    pinned: Sequence[PinnedSentence], supersessions: Mapping[SpanKey, Supersession]
) -> list[PinnedSentence]:
    """Return sentences with the supersessions of their quotes.

    A sentence of the model that only superseded quotes support is `partly` supported; a quote stays what it is.
    """
    return [_mark_sentence(sentence, supersessions) for sentence in pinned]


def complete_conflicts(
    conflicts: Iterable[Conflict], superseded: Iterable[Conflict], date_quote: Callable[[Quote], Dating | None]
) -> tuple[Conflict, ...]:
    """Return the conflicts with the dates of their values, the newest first and superseded ones last, each once.

    In `superseded` a later value replaces an earlier one; what both lists have is from there.
    """
    by_quotes: dict[frozenset[SpanKey], Conflict] = {}
    for conflict in (*superseded, *conflicts):
        by_quotes.setdefault(frozenset(key_of_quote(value.quote) for value in conflict.values), conflict)
    return tuple(_sort_values(conflict, date_quote) for conflict in by_quotes.values())


def build_conflict(earlier: Quote, later: Quote, change: Change) -> Conflict | None:
    """Return the conflict of a superseded quote with the one that replaces it; None if no value tells them apart."""
    if change.earlier is None or change.later is None:
        return None
    old = StatedValue(earlier, change.earlier.start, change.earlier.end, is_superseded=True)
    return Conflict((StatedValue(later, change.later.start, change.later.end), old))


def key_of_quote(quote: Quote) -> SpanKey:
    """Return what identifies the sentence that a quote is."""
    return quote.collection_id, quote.file_id, quote.start


def _sort_values(conflict: Conflict, date_quote: Callable[[Quote], Dating | None]) -> Conflict:
    dated = [replace(value, dating=date_quote(value.quote)) for value in conflict.values]
    newest_first = sorted(dated, key=lambda value: value.dating.day if value.dating else "", reverse=True)
    return Conflict(tuple(sorted(newest_first, key=lambda value: value.is_superseded)))


def _mark_sentence(pinned: PinnedSentence, supersessions: Mapping[SpanKey, Supersession]) -> PinnedSentence:
    citations = tuple(_mark_citation(citation, supersessions) for citation in pinned.citations)
    marked = [citation for citation in citations if citation.superseded_by is not None and citation.origin != "quote"]
    holds = any(citation.verdict == "supported" for citation in citations)
    if not marked or holds or pinned.sentence.verdict != "supported":
        return replace(pinned, citations=citations)
    reasons = tuple(dict.fromkeys(reason for citation in marked for reason in citation.reasons))
    return PinnedSentence(replace(pinned.sentence, verdict="partly", reasons=reasons), citations)


def _mark_citation(citation: Citation, supersessions: Mapping[SpanKey, Supersession]) -> Citation:
    supersession = supersessions.get(key_of_quote(citation.quote))
    if supersession is None:
        return citation
    marked = replace(citation, superseded_by=supersession)
    if citation.origin == "quote" or citation.verdict != "supported":
        return marked
    return replace(marked, verdict="partly", reasons=(*citation.reasons, REASONS[supersession.kind]))
