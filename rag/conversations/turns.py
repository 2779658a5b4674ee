"""The turns of a stored conversation, and the form in which the library keeps them. Pure.

What a turn says of documents in their own words is kept apart from the rest, so that the library can take it out when
a document is removed: spans as quotes, sentences about them (`REMARKS`) as remarks. All other texts of an answer are
known to hold none of a document's words; a test knows them by name. Fields that are added to `Answer`, `Question` or
what they are made of need defaults, so that turns from before can be read.
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
REMARKS = frozenset({"reasons"})
"""Fields whose texts may repeat words of documents."""

_QUOTE, _REMARK = "quote#", "remark#"
_KEPT_WITH_QUOTE = frozenset(
    {"collection_id", "file_id", "source", "filename", "page", "place", "start", "end", "quote", "boxes"}
)


@dataclass(frozen=True, slots=True)
class PassageReference:
    """A passage that the model was shown, by its place: its text is the document's."""

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
    """What an answer is based on; `new` are the numbers of the passages that stand in its turn and in none before."""

    mode: ContextMode
    reason: str
    passages: tuple[PassageReference, ...] = ()
    evidence: tuple[Quote, ...] = ()
    style: ResolvedStyle = "written"
    new: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """What is kept of an answer besides its words.

    `question` has everything of the request but its messages, which are the turns above, and its client. `answer` is
    None where the text ends early; `error` says why where something failed.
    """

    question: Question
    basis: Basis | None
    answer: Answer | None
    provenance: Provenance
    error: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stored turn. `record` is None of a question, and of an answer that was not written here.

    `versions` are the ids of the turns at its place: a question that was edited, an answer that was written again.
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
        """The turn as a model reads it."""
        return Message(self.role, self.text)

    def state_of(self, quote: Quote) -> SourceState:
        """Say whether a quote of this turn still stands in its document."""
        return self.states.get(_place(quote), "removed")


def basis_from(started: AnswerStarted) -> Basis:
    """Return the first event of an answer without the texts of its passages."""
    passages = tuple(map(_shown, started.passages))
    return Basis(started.mode, started.reason, passages, started.evidence, started.style, started.new_numbers)


def complete_basis(basis: Basis, answer: Answer) -> Basis:
    """Return a basis with what is known only at the end: the passages that an overview names."""
    return replace(basis, passages=tuple(map(_shown, answer.passages))) if answer.passages else basis


def encode_answer(text: str, status: TurnStatus, record: AnswerRecord) -> NewTurn:
    """Return the turn to store for an answer."""
    answer = None if record.answer is None else replace(record.answer, text="", passages=())
    packer = _Packer()
    details = {
        "format": FORMAT,
        "question": packer.pack(_plain_question(record.question)),
        "basis": packer.pack(_plain(record.basis)),
        "answer": packer.pack(_plain(answer)),
        "circumstances": _plain(record.provenance),
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
    """Return a stored turn in the types of an answer; raises `ValueError` where it is damaged."""
    return Turn(
        id=stored.id,
        conversation_id=stored.conversation_id,
        parent=stored.parent,
        role=stored.role,
        status=stored.status,
        created_at=stored.created_at,
        text=stored.text,
        versions=stored.versions,
        record=_record(stored),
        states={_place(quote): quote.state for quote in stored.quotes},
    )


def _record(stored: TurnRecord) -> AnswerRecord | None:
    details: dict[str, Any] = msgspec.json.decode(stored.details)
    if not details:
        return None
    unpacked = _unpacked(details, stored)
    answer = unpacked["answer"]
    return AnswerRecord(
        question=_question(unpacked["question"]),
        basis=msgspec.convert(unpacked["basis"], Basis | None),
        answer=None if answer is None else msgspec.convert({**answer, "text": stored.text}, Answer),
        provenance=msgspec.convert(unpacked["circumstances"], Provenance),
        error=unpacked["error"],
    )


@dataclass(frozen=True, slots=True)
class _Request:
    """The fields of a `Question` that are kept, but for its filter, which has a form of its own."""

    collections: tuple[str, ...]
    sampling: Sampling
    mode: AnswerMode = "auto"
    model: str | None = None
    style: AnswerStyle = "auto"


def _plain_question(question: Question) -> dict[str, Any]:
    request = _Request(question.collections, question.sampling, question.mode, question.model, question.style)
    wanted = None if question.filters is None else asdict(question.filters)
    return {**_plain(request), "filter": msgspec.to_builtins(wanted)}


def _question(plain: dict[str, Any]) -> Question:
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
    """Takes quotes and remarks out of a plain value, and leaves their numbers in it."""

    def __init__(self) -> None:
        self.quotes: list[StoredQuote] = []
        self.remarks: list[str] = []

    def pack(self, value: Any, span: tuple[int | None, int | None] = (None, None)) -> Any:
        """Return `value` without the words of documents; `span` is the part of the answer that it belongs to."""
        if _is_list(value):
            return [self.pack(each, span) for each in value]
        if not _is_object(value):
            return value
        if value.keys() >= _KEPT_WITH_QUOTE:
            return self._quote(value, span)
        span = (value.get("answer_start", span[0]), value.get("answer_end", span[1]))
        return {name: self._remark(each) if name in REMARKS else self.pack(each, span) for name, each in value.items()}

    def _quote(self, plain: dict[str, Any], span: tuple[int | None, int | None]) -> dict[str, Any]:
        kept = {name: each for name, each in plain.items() if name in _KEPT_WITH_QUOTE}
        boxes = msgspec.convert(kept.pop("boxes"), tuple[Box, ...])
        quote = StoredQuote(**kept, boxes=boxes, answer_start=span[0], answer_end=span[1])
        if quote not in self.quotes:
            self.quotes.append(quote)
        rest = {name: each for name, each in plain.items() if name not in _KEPT_WITH_QUOTE}
        return {_QUOTE: self.quotes.index(quote), **rest}

    def _remark(self, texts: Sequence[str]) -> list[dict[str, int]]:
        self.remarks.extend(texts)
        return [{_REMARK: len(self.remarks) - len(texts) + index} for index in range(len(texts))]


def _unpacked(value: Any, stored: TurnRecord) -> Any:
    """Put quotes and remarks back into a plain value; remarks that are gone are left out."""
    if _is_list(value):
        return [_unpacked(each, stored) for each in value if not _is_gone(each, stored)]
    if not _is_object(value):
        return value
    if _REMARK in value:
        return stored.remarks[int(value[_REMARK])]
    rest = {name: _unpacked(each, stored) for name, each in value.items() if name != _QUOTE}
    if _QUOTE not in value:
        return rest
    kept = asdict(stored.quotes[int(value[_QUOTE])])
    return {**{name: kept[name] for name in _KEPT_WITH_QUOTE}, **rest}


def _is_gone(value: Any, stored: TurnRecord) -> bool:
    return _is_object(value) and value.get(_REMARK, -1) >= len(stored.remarks)


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _place(quote: Quote | StoredQuote) -> tuple[str, str, int, int]:
    return (quote.collection_id, quote.file_id, quote.start, quote.end)


def _shown(passage: Passage) -> PassageReference:
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
