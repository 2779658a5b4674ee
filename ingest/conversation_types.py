"""What the library keeps of conversations: a tree of turns, and the spans of documents that they show. Values only."""

from dataclasses import dataclass, field
from typing import Literal

from ingest.types import Box

TurnRole = Literal["system", "user", "assistant"]
TurnStatus = Literal["complete", "stopped", "failed"]
SourceState = Literal["unchanged", "changed", "removed"]
"""Whether a span still stands in its document, stood in an older version of it, or has gone with it."""


@dataclass(frozen=True, slots=True)
class StoredQuote:
    """A span of a document that a turn shows: `document.text[start:end] == quote` when it was stored.

    `answer_start` and `answer_end` are the span of the turn's text that it is pinned to, None without a pin. Once its
    document was removed, nothing is left but `filename`, `page` and the numbers.
    """

    collection_id: str
    file_id: str
    source: str
    filename: str
    page: int
    place: str
    start: int
    end: int
    quote: str
    boxes: tuple[Box, ...] = ()
    answer_start: int | None = None
    answer_end: int | None = None
    state: SourceState = "unchanged"


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A turn to be stored.

    `details` is JSON without any words of documents. `remarks` are words about documents: they go when any document
    that the turn quotes is removed. If it `is_verbatim`, the text itself is made of quotes, which go too.
    """

    role: TurnRole
    text: str
    status: TurnStatus = "complete"
    details: str = "{}"
    remarks: tuple[str, ...] = ()
    is_verbatim: bool = False
    quotes: tuple[StoredQuote, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A stored turn. `versions` are the turns that stand at its place, itself among them, the oldest first."""

    id: str
    conversation_id: str
    parent: str | None
    role: TurnRole
    status: TurnStatus
    created_at: int
    text: str
    details: str
    remarks: tuple[str, ...]
    quotes: tuple[StoredQuote, ...]
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A stored conversation. `current` is the last turn of the branch that is shown, None if there is no turn."""

    id: str
    title: str
    created_at: int
    updated_at: int
    current: str | None
    turns: int
    metadata: dict[str, str] = field(default_factory=dict)
