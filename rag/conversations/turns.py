"""Encode and decode the turns of a stored conversation. Pure.

Words of documents are stored apart from the rest of a turn, so that the library can delete them with the document:
spans as quotes, and sentences about them (`REMARKS`) as remarks. No other text of an answer has words of a document; a
test lists these texts by name. Fields that are added to `Answer`, `Question` or
their parts need defaults, so that older turns can be decoded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeGuard

import msgspec

from ingest.conversation_types import NewTurn, SourceState, StoredQuote, TurnRecord, TurnRole, TurnStatus
from ingest.library.filters import parse_filters as parse_filter
from ingest.types import Box
from rag.conversations.provenance import Provenance
from rag.engines.types import Message, Sampling
from rag.types import (
    Answer,
    AnswerMode,
    AnswerStarted,
    AnswerStyle,
    ContextMode,
    Passage,
    Question,
    Quote,
    ResolvedStyle,
)

FORMAT = 1
REMARKS = frozenset({"reasons", "day"})
"""Fields whose texts may repeat words of a document."""

_QUOTE, _REMARK = "quote#", "remark#"
_SUCCESSOR = "superseded_by"
_QUOTE_FIELDS = frozenset(
    {"collection_id", "file_id", "source", "filename", "page", "place", "start", "end", "quote", "boxes"}
)


@dataclass(frozen=True, slots=True)
class PassageReference:
    """A passage of the prompt, by its span in the document; the text stays in the document."""

    number: int
    collection_id: str
    file_id: str
    filename: str
    page: int
    last_page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Basis:
    """The context of an answer; `new` are the numbers of the passages that its turn is the first to show."""

    mode: ContextMode
    reason: str
    passages: tuple[PassageReference, ...] = ()
    evidence: tuple[Quote, ...] = ()
    style: ResolvedStyle = "written"
    new: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """The stored record of an answer, besides its text.

    `question` is the request without its messages, which are the turns above, and without its client. `answer` is None
    for a partial answer; `error` says what failed.
    """

    question: Question
    basis: Basis | None
    answer: Answer | None
    provenance: Provenance
    error: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stored turn. `record` is None for a question, and for an answer from elsewhere.

    `versions` are the ids of its siblings and itself: edited questions, regenerated answers. `states` has the state of
    each quote by its document and span.
    """

    id: str
    conversation_id: str
    parent: str | None
    role: TurnRole
    status: TurnStatus
    created_at: int
    text: str
    versions: tuple[str, ...]
    record: AnswerRecord | None
    states: Mapping[tuple[str, str, int, int], SourceState]

    @property
    def message(self) -> Message:
        """The turn as a chat message."""
        return Message(self.role, self.text)

    def state_of(self, quote: Quote) -> SourceState:
        """Return whether the document of a quote is unchanged, changed or removed."""
        return self.states.get(_quote_key(quote), "removed")


def basis_from(started: AnswerStarted) -> Basis:
    """Return the context in the first event of an answer, with references in place of passage texts."""
    passages = tuple(map(_refer, started.passages))
    return Basis(started.mode, started.reason, passages, started.evidence, started.style, started.new_numbers)


def complete_basis(basis: Basis, answer: Answer) -> Basis:
    """Return a basis with the passages of the answer, which an overview knows only at its end."""
    return replace(basis, passages=tuple(map(_refer, answer.passages))) if answer.passages else basis


def encode_answer(text: str, status: TurnStatus, record: AnswerRecord) -> NewTurn:
    """Return the turn to store for an answer."""
    answer = None if record.answer is None else replace(record.answer, text="", passages=(), tool_calls=())
    packer = _Packer()
    details = {
        "format": FORMAT,
        "question": packer.pack(_encode_question(record.question)),
        "basis": packer.pack(_to_builtins(record.basis)),
        "answer": packer.pack(_to_builtins(answer)),
        "circumstances": _to_builtins(record.provenance),
        "error": record.error,
    }
    return NewTurn(
        role="assistant",
        text=text,
        status=status,
        details=msgspec.json.encode(details).decode(),
        remarks=tuple(packer.remarks),
        is_verbatim=answer is not None and answer.style == "quoted",
        quotes=tuple(packer.quotes),
    )


def decode_turn(stored: TurnRecord) -> Turn:
    """Return a stored turn. Raises `ValueError` if it is damaged."""
    return Turn(
        id=stored.id,
        conversation_id=stored.conversation_id,
        parent=stored.parent,
        role=stored.role,
        status=stored.status,
        created_at=stored.created_at,
        text=stored.text,
        versions=stored.versions,
        record=_decode_record(stored),
        states={_quote_key(quote): quote.state for quote in stored.quotes},
    )


def _decode_record(stored: TurnRecord) -> AnswerRecord | None:
    details: dict[str, Any] = msgspec.json.decode(stored.details)
    if not details:
        return None
    unpacked = _unpack(details, stored)
    answer = unpacked["answer"]
    return AnswerRecord(
        question=_decode_question(unpacked["question"]),
        basis=msgspec.convert(unpacked["basis"], Basis | None),
        answer=None if answer is None else msgspec.convert({**answer, "text": stored.text}, Answer),
        provenance=msgspec.convert(unpacked["circumstances"], Provenance),
        error=unpacked["error"],
    )


@dataclass(frozen=True, slots=True)
class _Request:
    """The stored fields of a `Question`, except its filters, which have a format of their own."""

    collections: tuple[str, ...]
    sampling: Sampling
    mode: AnswerMode = "auto"
    model: str | None = None
    style: AnswerStyle = "auto"


def _encode_question(question: Question) -> dict[str, Any]:
    request = _Request(question.collections, question.sampling, question.mode, question.model, question.style)
    filters = None if question.filters is None else asdict(question.filters)
    return {**_to_builtins(request), "filter": msgspec.to_builtins(filters)}


def _decode_question(plain: dict[str, Any]) -> Question:
    request = msgspec.convert(plain, _Request)
    return Question(
        messages=(),
        collections=request.collections,
        sampling=request.sampling,
        mode=request.mode,
        model=request.model,
        filters=None if plain["filter"] is None else parse_filter(plain["filter"]),
        style=request.style,
    )


class _Packer:
    """Replaces quotes and remarks in a plain value by their indices, and collects them."""

    def __init__(self) -> None:
        self.quotes: list[StoredQuote] = []
        self.remarks: list[str] = []

    def pack(self, value: Any, span: tuple[int | None, int | None] = (None, None)) -> Any:
        """Return `value` without words of documents; `span` is the part of the answer that it belongs to."""
        if _is_list(value):
            return [self.pack(item, span) for item in value]
        if not _is_object(value):
            return value
        if value.keys() >= _QUOTE_FIELDS:
            return self._pack_quote(value, span)
        span = (value.get("answer_start", span[0]), value.get("answer_end", span[1]))
        return {name: self._pack_field(name, field, span) for name, field in value.items()}

    def _pack_field(self, name: str, value: Any, span: tuple[int | None, int | None]) -> Any:
        if name == _SUCCESSOR:  # the answer's sentence is not this quote
            return self.pack(value)
        if name not in REMARKS:
            return self.pack(value, span)
        return self._pack_remarks([value])[0] if isinstance(value, str) else self._pack_remarks(value)

    def _pack_quote(self, plain: dict[str, Any], span: tuple[int | None, int | None]) -> dict[str, Any]:
        fields = {name: field for name, field in plain.items() if name in _QUOTE_FIELDS}
        boxes = msgspec.convert(fields.pop("boxes"), tuple[Box, ...])
        quote = StoredQuote(**fields, boxes=boxes, answer_start=span[0], answer_end=span[1])
        if quote not in self.quotes:
            self.quotes.append(quote)
        rest = {name: field for name, field in plain.items() if name not in _QUOTE_FIELDS}
        return {_QUOTE: self.quotes.index(quote), **rest}

    def _pack_remarks(self, texts: Sequence[str]) -> list[dict[str, int]]:
        self.remarks.extend(texts)
        return [{_REMARK: len(self.remarks) - len(texts) + index} for index in range(len(texts))]


def _unpack(value: Any, stored: TurnRecord) -> Any:
    """Put quotes and remarks back into a plain value; deleted remarks are left out of lists, and empty elsewhere."""
    if _is_list(value):
        return [_unpack(item, stored) for item in value if not _is_deleted(item, stored)]
    if not _is_object(value):
        return value
    if _REMARK in value:
        return "" if _is_deleted(value, stored) else stored.remarks[int(value[_REMARK])]
    rest = {name: _unpack(field, stored) for name, field in value.items() if name != _QUOTE}
    if _QUOTE not in value:
        return rest
    quote = asdict(stored.quotes[int(value[_QUOTE])])
    return {**{name: quote[name] for name in _QUOTE_FIELDS}, **rest}


def _is_deleted(value: Any, stored: TurnRecord) -> bool:
    return _is_object(value) and value.get(_REMARK, -1) >= len(stored.remarks)


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _to_builtins(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _quote_key(quote: Quote | StoredQuote) -> tuple[str, str, int, int]:
    return (quote.collection_id, quote.file_id, quote.start, quote.end)


def _refer(passage: Passage) -> PassageReference:
    stored, chunk = passage.stored, passage.stored.chunk
    return PassageReference(
        passage.number,
        stored.collection_id,
        stored.file_id,
        stored.filename,
        chunk.first_page,
        chunk.last_page,
        chunk.start,
        chunk.end,
    )
