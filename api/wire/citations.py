"""Quotes, passages and citations, as answers, stored items and the command line show them."""

from typing import Any, Literal

from api.wire.base import Absent, ResponseModel
from api.wire.sources import show_source
from ingest.conversation_types import SourceState
from ingest.types import HiddenReason
from rag import types as rag
from rag.grounding.model_address import addresses_model
from rag.types import CitationOrigin, DatingBasis, SupersessionKind, Verdict


class BoxObject(ResponseModel):
    """A rectangle on a page, in points, with its origin at the top left of the page as it is shown."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class QuoteObject(ResponseModel):
    """An exact span of a document: its text from `start` to `end`."""

    collection_id: str
    """The vector store that holds the document."""
    file_id: str
    source: str
    """Name of the document's file; `a (2).txt` for an upload if there was another `a.txt` before."""
    filename: str
    page: int
    """Number of the page, from 1."""
    start: int
    """Offset of the first character in the document's text, in Unicode code points."""
    end: int
    """Offset behind the last character."""
    quote: str
    """The characters themselves."""
    score: float
    """How well the sentence fits the question; higher is better."""
    boxes: list[BoxObject]
    """Rectangles of the quote on the page; empty for formats without a layout."""
    place: str
    """The page in words, such as `page 3` or `sheet Prices`."""
    hidden: HiddenReason | None = Absent
    """Why a person who looks at the document does not see the quote; only hidden text has it."""
    source_state: SourceState | None = Absent
    """Whether the quote is still in its document. Only stored items have it."""

    @classmethod
    def of(cls, quote: rag.Quote, source_state: SourceState | None = None) -> "QuoteObject":
        """Return the quote; `source_state` is given for stored ones."""
        return cls(
            collection_id=quote.collection_id,
            file_id=quote.file_id,
            source=show_source(quote.source),
            filename=quote.filename,
            page=quote.page,
            start=quote.start,
            end=quote.end,
            quote=quote.quote,
            score=quote.score,
            boxes=[BoxObject.model_validate(box) for box in quote.boxes],
            place=quote.place,
            hidden=quote.hidden,
            source_state=source_state,
        )


class DatingObject(ResponseModel):
    """When a statement was made, as its document says."""

    day: str
    """The date in ISO 8601, as exact as it is known, such as `2026-05-04` or `2026-05`."""
    basis: DatingBasis
    """What gives the date: the header of the message, the heading or first line of the section, or the head of the
    document."""

    @classmethod
    def of(cls, dating: rag.Dating | None) -> "DatingObject | None":
        """Return the date; None for a statement without one, or whose document was deleted."""
        return None if dating is None or not dating.day else cls.model_validate(dating)


class SupersessionObject(ResponseModel):
    """The later statement that replaces an earlier one."""

    kind: SupersessionKind
    """By what right it does: a later message of the thread, a later version of the document, or an amendment that
    changes the clause by its number."""
    quote: QuoteObject
    """What holds now."""
    dating: DatingObject | None
    """When it was said, if its document says so."""

    @classmethod
    def of(cls, supersession: rag.Supersession | None) -> "SupersessionObject | None":
        """Return what replaces a statement; None for one that nothing replaces."""
        if supersession is None:
            return None
        quote = QuoteObject.of(supersession.quote)
        return cls(kind=supersession.kind, quote=quote, dating=DatingObject.of(supersession.dating))


class PinObject(ResponseModel):
    """A sentence of an answer pinned to the quote that supports it."""

    collection_id: str
    """The vector store that holds the document."""
    file_id: str
    filename: str
    source: str
    """Name of the document's file; `a (2).txt` for an upload if there was another `a.txt` before."""
    page: int
    """Number of the page, from 1."""
    place: str
    """The page in words, such as `page 3` or `sheet Prices`."""
    start: int
    """Offset of the quote in the document's text, in Unicode code points."""
    end: int
    """Offset behind the quote."""
    quote: str
    """The characters of the document from `start` to `end`."""
    boxes: list[BoxObject]
    """Rectangles of the quote on the page; empty for formats without a layout."""
    verdict: Verdict
    """Result of claim verification: whether the quote supports the sentence."""
    reasons: list[str]
    """Why the verdict is not `supported`."""
    number: int
    """Number of the passage that the citation markers of the answer name."""
    origin: CitationOrigin
    """Whether the model named the passage (`marker`), Pincite aligned the sentence with it (`alignment`), or the
    sentence is the quote itself (`quote`)."""
    answer_start: int
    """Offset of the sentence in the answer."""
    answer_end: int
    """Offset behind the sentence."""
    superseded_by: SupersessionObject | None = Absent
    """What replaces the quote; only superseded quotes have it."""
    addresses_model: Literal[True] | None = Absent
    """The quote gives orders to a language model instead of stating something; other quotes do not have it."""
    hidden: HiddenReason | None = Absent
    """Why a person who looks at the document does not see the quote; only hidden text has it."""
    source_state: SourceState | None = Absent
    """Whether the quote is still in its document. Only stored items have it."""


class CitationObject(PinObject):
    """A sentence of an answer pinned to the quote that supports it, as OpenAI's `file_citation`."""

    type: Literal["file_citation"] = "file_citation"
    index: int
    """Offset in the answer at which the citation belongs: the end of its sentence."""

    @classmethod
    def of(cls, citation: rag.Citation, source_state: SourceState | None = None) -> "CitationObject":
        """Return the citation; `source_state` is given for stored ones."""
        return cls(index=citation.answer_end, **_pin_fields(citation, source_state))

    @classmethod
    def of_pin(cls, pin: PinObject) -> "CitationObject":
        """Return a citation that has come in another shape."""
        return cls(index=pin.answer_end, **{name: getattr(pin, name) for name in PinObject.model_fields})


class UrlCitation(ResponseModel):
    """Where a sentence of the answer comes from, as OpenAI's clients read it."""

    start_index: int
    """Offset of the sentence in the answer."""
    end_index: int
    """Offset behind the sentence."""
    title: str
    """The file and the page in words."""
    url: str
    """Opens the page with the quote marked. It expires if the server asks for keys."""


class UrlCitationObject(PinObject):
    """A sentence of an answer pinned to the quote that supports it, as OpenAI's `url_citation`."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation

    @classmethod
    def of(cls, citation: rag.Citation, url: str) -> "UrlCitationObject":
        """Return the citation; `url` opens its page."""
        place = UrlCitation(
            start_index=citation.answer_start,
            end_index=citation.answer_end,
            title=citation.quote.location,
            url=url,
        )
        return cls(url_citation=place, **_pin_fields(citation, None))


class PassageObject(ResponseModel):
    """A chunk that the model read under a number. Its text is the document's from `start` to `end`."""

    number: int
    """The number that a citation marker such as `[2]` names."""
    file_id: str
    filename: str
    source: str
    page: int
    """Page on which the passage begins."""
    last_page: int
    """Page on which it ends."""
    heading_path: list[str]
    """Titles of the headings above the passage, the outermost first."""
    start: int
    end: int
    hidden: HiddenReason | None = Absent
    """Why a person who looks at the document does not see the passage; only hidden text has it."""

    @classmethod
    def of(cls, passage: rag.Passage) -> "PassageObject":
        """Return the passage without its text."""
        stored, chunk = passage.stored, passage.stored.chunk
        return cls(
            number=passage.number,
            file_id=stored.file_id,
            filename=stored.filename,
            source=show_source(stored.source),
            page=chunk.first_page,
            last_page=chunk.last_page,
            heading_path=list(chunk.heading_path),
            start=chunk.start,
            end=chunk.end,
            hidden=chunk.hidden,
        )


class SentenceObject(ResponseModel):
    """The verdict on one sentence of an answer, which is the answer's text from `start` to `end`."""

    start: int
    end: int
    verdict: Verdict
    """Result of claim verification."""
    reasons: list[str]
    """Why the verdict is not `supported`."""


class StatedValueObject(ResponseModel):
    """A number or date that a document states."""

    value: str
    """The value as it is written, with its unit."""
    quote: QuoteObject
    """The sentence that states it."""
    dating: DatingObject | None
    """When it was stated, if its document says so."""
    is_superseded: bool
    """Whether another of the values replaces it."""

    @classmethod
    def of(cls, stated: rag.StatedValue) -> "StatedValueObject":
        """Return the value with its quote."""
        quote, dating = QuoteObject.of(stated.quote), DatingObject.of(stated.dating)
        return cls(value=stated.value, quote=quote, dating=dating, is_superseded=stated.is_superseded)


class DisagreementObject(ResponseModel):
    """Different values that documents state for the same thing: the newest first, superseded ones last."""

    about: str
    """What the values are stated for, in the words of the first quote, with … for the value."""
    values: list[StatedValueObject]

    @classmethod
    def of(cls, conflict: rag.Conflict) -> "DisagreementObject":
        """Return the values, each with its quote."""
        return cls(
            about=conflict.subject,
            values=[StatedValueObject.of(stated) for stated in conflict.values],
        )


def _pin_fields(citation: rag.Citation, source_state: SourceState | None) -> dict[str, Any]:
    """Return what every shape of a citation says."""
    quote = citation.quote
    return {
        "collection_id": quote.collection_id,
        "file_id": quote.file_id,
        "filename": quote.filename,
        "source": show_source(quote.source),
        "page": quote.page,
        "place": quote.place,
        "start": quote.start,
        "end": quote.end,
        "quote": quote.quote,
        "boxes": [BoxObject.model_validate(box) for box in quote.boxes],
        "verdict": citation.verdict,
        "reasons": list(citation.reasons),
        "number": citation.number,
        "origin": citation.origin,
        "answer_start": citation.answer_start,
        "answer_end": citation.answer_end,
        "superseded_by": SupersessionObject.of(citation.superseded_by),
        "addresses_model": True if addresses_model(quote.quote) else None,
        "hidden": quote.hidden,
        "source_state": source_state,
    }
