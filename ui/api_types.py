"""What the API says, as typed values. Fields that the page does not use are left out."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Verdict = Literal["supported", "partly", "unsupported"]
Mode = Literal["auto", "whole", "retrieval", "overview"]
Style = Literal["auto", "written", "quoted"]
SourceState = Literal["unchanged", "changed", "removed"]
"""Whether a quoted span still stands in its document, stood in an older version of it, or has gone with it."""
ExportFormat = Literal["markdown", "json"]
DOCS_PREFIX = "docs/"


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """The first members of a list, or those behind a cursor; `has_more` if others follow."""

    data: tuple[T, ...] = ()
    has_more: bool = False
    last_id: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """How many documents a collection has, and how many of them are searchable or still in the queue."""

    total: int = 0
    completed: int = 0
    in_progress: int = 0


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents that are searched together; the API calls it a vector store."""

    id: str
    name: str
    file_counts: DocumentCounts = DocumentCounts()


@dataclass(frozen=True, slots=True)
class Model:
    """Something that a chat can name as its model."""

    id: str


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """How far the reading of a document is; `total` is 0 while that is not known."""

    stage: str
    done: int = 0
    total: int = 0
    status: Literal["queued", "reading", "paused"] = "queued"


@dataclass(frozen=True, slots=True)
class ApiError:
    """Why something failed."""

    message: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document of a collection, and how far it is. Its `id` is the file's."""

    id: str
    filename: str
    status: Literal["in_progress", "completed", "failed", "cancelled"]
    pages: int = 0
    chunks: int = 0
    usage_bytes: int = 0
    warning: str | None = None
    last_error: ApiError | None = None
    needs_password: bool = False
    page_unit: str = "page"
    progress: ReadingProgress | None = None

    @property
    def is_in_work(self) -> bool:
        """Whether it is being read or about to be, so that it will soon be further."""
        return self.status == "in_progress" and not self.is_paused

    @property
    def is_paused(self) -> bool:
        """Whether it waits until somebody lets it go on."""
        return self.progress is not None and self.progress.status == "paused"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An original that the API keeps."""

    id: str
    filename: str


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of one page; `text` is `[start, end)` of the document's."""

    number: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page that has a layout."""

    page: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """An exact span of a document that bears on the question. `boxes` is empty where pages have no layout.

    `collection_id` is empty where the collection that was asked is meant.
    """

    file_id: str
    filename: str
    page: int
    start: int
    end: int
    quote: str
    boxes: tuple[Box, ...] = ()
    place: str = ""
    collection_id: str = ""
    source_state: SourceState = "unchanged"


@dataclass(frozen=True, slots=True)
class Passage:
    """A numbered stretch of a document that the model reads."""

    number: int
    file_id: str
    filename: str


@dataclass(frozen=True, slots=True)
class Citation(Evidence):
    """The evidence of one sentence of the answer, `answer[answer_start:answer_end]`.

    Where the `origin` is `quote`, the sentence is the evidence itself, word for word.
    """

    number: int = 0
    origin: str = ""
    verdict: Verdict = "unsupported"
    reasons: tuple[str, ...] = ()
    answer_start: int = 0
    answer_end: int = 0


@dataclass(frozen=True, slots=True)
class SentenceVerdict:
    """What the check says of one sentence of the answer."""

    start: int
    end: int
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question came in."""

    retrieval_seconds: float
    first_token_seconds: float
    total_seconds: float


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer rests on, known before the model says a word."""

    mode: str = ""
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    passages: tuple[Passage, ...] = ()
    style: Style = "written"


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A number or a date that a document gives, and the sentence in which it does."""

    value: str
    quote: Evidence


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Different values that documents give for the same thing."""

    about: str
    values: tuple[StatedValue, ...]


@dataclass(frozen=True, slots=True)
class AnswerDetails:
    """What is known of an answer only when it is complete."""

    mode: str = ""
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    sentences: tuple[SentenceVerdict, ...] = ()
    timings: Timings | None = None
    model: str = ""
    style: Style = "written"
    disagreements: tuple[Disagreement, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class OverviewProgress:
    """How far the reading of everything is; `found` is what came to light since the last of these."""

    done: int
    total: int
    doing: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence that is complete and checked while the answer is still being written."""

    sentence: SentenceVerdict
    annotations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer, with its citations and what the check found."""

    citations: tuple[Citation, ...]
    details: AnswerDetails
    finish_reason: str


ChatEvent = Basis | TextDelta | OverviewProgress | CheckedSentence | Finished


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A question in a stored conversation. `model` None leaves the choice to the server.

    `parent` is the item that it follows, the conversation's own id at its beginning, or the question's own id where
    it is to be answered once more. `collections` are asked besides `collection`, by name. `user` tells those who ask
    apart, so that they take turns where answers have to wait.
    """

    collection: str
    question: str
    conversation: str
    parent: str | None = None
    model: str | None = None
    mode: Mode = "auto"
    style: Style = "auto"
    collections: tuple[str, ...] = ()
    user: str = ""


@dataclass(frozen=True, slots=True)
class StoredChat:
    """A stored conversation without what was said in it; `items` says how much that is."""

    id: str
    title: str = ""
    updated_at: int = 0
    current: str | None = None
    items: int = 0


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """How a stored answer was asked for: the ids of its collections, the one that was chosen first."""

    vector_stores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredAnswer(AnswerDetails):
    """What is stored of an answer besides its words."""

    status: Literal["complete", "stopped", "failed"] = "complete"
    error: str | None = None
    finish_reason: str = ""
    passages: tuple[Passage, ...] = ()
    request: AnswerRequest | None = None


@dataclass(frozen=True, slots=True)
class ItemContent:
    """The words of an item, and their citations where it is an answer."""

    text: str = ""
    annotations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A stored question or answer. `versions` are the ids of those at its place, its own among them, the oldest first.

    `pincite` is missing from questions and from answers that were written elsewhere.
    """

    id: str
    role: Literal["system", "user", "assistant"]
    content: tuple[ItemContent, ...] = ()
    parent: str | None = None
    versions: tuple[str, ...] = ()
    pincite: StoredAnswer | None = None
