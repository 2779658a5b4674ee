"""The API's responses as typed values. Fields that the page does not use are left out.

`tests/ui/test_api_contract.py` decodes responses of the real application into every type here.
"""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Verdict = Literal["supported", "partly", "unsupported"]
AnswerVerdict = Literal["answers", "may answer", "does not answer"]
"""Whether a quoted answer answers the question."""
Mode = Literal["auto", "whole", "retrieval", "overview"]
Style = Literal["auto", "written", "quoted"]
SourceState = Literal["unchanged", "changed", "removed"]
"""Whether a quoted span is still in its document, was in an older version of it, or was deleted with it."""
Access = Literal["read", "write", "owner"]
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
    handle: str = ""
    file_counts: DocumentCounts = DocumentCounts()
    access: Access = "owner"
    shared_by: str | None = None

    @property
    def can_change(self) -> bool:
        """Whether documents may be added and removed."""
        return self.access != "read"

    @property
    def reference(self) -> str:
        """What a question names it by: its handle, or its id if it is shared and one's own may have that name."""
        return self.id if self.shared_by else self.handle or self.name

    @property
    def title(self) -> str:
        """Its name, numbered if others have it too, and whose it is if it is shared."""
        name = self.handle or self.name
        return f"{name} ({self.shared_by})" if self.shared_by else name


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose key the page sends."""

    name: str


@dataclass(frozen=True, slots=True)
class Model:
    """Something that a request can name as its model; a language model has the type `llm`."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """How far the indexing of a document is; `total` is 0 while it is unknown."""

    stage: str
    done: int = 0
    total: int = 0
    status: Literal["queued", "reading", "paused"] = "queued"


@dataclass(frozen=True, slots=True)
class ApiError:
    """Why a request or a document failed."""

    message: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document of a collection and its state. Its `id` is the id of its file."""

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
    source: str = ""
    replaces: str | None = None

    @property
    def name(self) -> str:
        """The name that tells it from other uploads of the same file name: `a.txt`, `a (2).txt`."""
        return _tell_apart(self.filename, self.source)

    @property
    def is_paused(self) -> bool:
        """Whether its indexing waits until a user resumes it."""
        return self.progress is not None and self.progress.status == "paused"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An original file that the API stores."""

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
    """A rectangle on a page with a layout."""

    page: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """An exact span of a document that is relevant to the question: characters `[start, end)` of its text.

    `boxes` is empty if the format has no page layout, `collection_id` if the span is in the collection that was asked.
    `hidden` is why a person who looks at the document does not see the span, empty for one that is seen.
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
    source: str = ""
    hidden: str = ""

    @property
    def name(self) -> str:
        """The name of its document, which tells it from other uploads of the same file name."""
        return _tell_apart(self.filename, self.source)


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that the prompt shows under a number."""

    number: int
    file_id: str
    filename: str


@dataclass(frozen=True, slots=True)
class Dating:
    """When a statement was made, as its document says: `day` in ISO 8601, as exact as it is known."""

    day: str
    basis: Literal["message", "section", "document"] = "document"


@dataclass(frozen=True, slots=True)
class Supersession:
    """The later statement that replaces an earlier one."""

    kind: Literal["message", "version", "amendment"]
    quote: Evidence
    dating: Dating | None = None


@dataclass(frozen=True, slots=True)
class Citation(Evidence):
    """The evidence for one sentence of the answer, `answer[answer_start:answer_end]`.

    If the `origin` is `quote`, the sentence is the evidence itself, word for word.
    """

    number: int = 0
    origin: str = ""
    verdict: Verdict = "unsupported"
    reasons: tuple[str, ...] = ()
    answer_start: int = 0
    answer_end: int = 0
    superseded_by: Supersession | None = None
    addresses_model: bool = False


@dataclass(frozen=True, slots=True)
class SentenceVerdict:
    """The result of claim verification for one sentence of the answer, characters `[start, end)`."""

    start: int
    end: int
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the server received the question."""

    retrieval_seconds: float
    first_token_seconds: float
    total_seconds: float


@dataclass(frozen=True, slots=True)
class Basis:
    """The evidence and the passages of an answer, known before the first token."""

    mode: str = ""
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    passages: tuple[Passage, ...] = ()
    style: Style = "written"


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A number or a date in a document, and the sentence that states it."""

    value: str
    quote: Evidence
    dating: Dating | None = None
    is_superseded: bool = False


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A conflict: documents state different values for the same thing."""

    about: str
    values: tuple[StatedValue, ...]


@dataclass(frozen=True, slots=True)
class AnswerDetails:
    """What is known about an answer once it is complete."""

    mode: str = ""
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    sentences: tuple[SentenceVerdict, ...] = ()
    timings: Timings | None = None
    model: str = ""
    style: Style = "written"
    disagreements: tuple[Disagreement, ...] = ()
    answer_verdict: AnswerVerdict | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A streamed piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class OverviewProgress:
    """How far a map-reduce overview is; `found` has the lines that were found since the previous event."""

    done: int
    total: int
    doing: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence that was verified while the answer is still being written."""

    sentence: SentenceVerdict
    annotations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer, with its citations and details."""

    citations: tuple[Citation, ...]
    details: AnswerDetails
    finish_reason: str


ChatEvent = Basis | TextDelta | OverviewProgress | CheckedSentence | Finished


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A question in a stored conversation. If `model` is None, the server chooses.

    `parent` is the id of the item that the question follows, the conversation's id for its first question, or the
    question's own id to answer it again. `collections` are the references of further collections to search. `user`
    identifies the browser tab, so that the scheduler shares the model fairly between tabs.
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
    """A stored conversation without its items; `items` is their number, `current` the last one of its branch."""

    id: str
    title: str = ""
    updated_at: int = 0
    current: str | None = None
    items: int = 0


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """The request of a stored answer: the ids of its collections, the chosen one first."""

    vector_stores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredAnswer(AnswerDetails):
    """What the conversation stores of an answer besides its text."""

    status: Literal["complete", "stopped", "failed"] = "complete"
    error: str | None = None
    finish_reason: str = ""
    passages: tuple[Passage, ...] = ()
    request: AnswerRequest | None = None


@dataclass(frozen=True, slots=True)
class ItemContent:
    """The text of an item, and the citations if it is an answer."""

    text: str = ""
    annotations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A stored question or answer. `versions` are the ids of all siblings and its own, the oldest first.

    `pincite` is None for questions and for imported answers.
    """

    id: str
    role: Literal["system", "user", "assistant"]
    content: tuple[ItemContent, ...] = ()
    parent: str | None = None
    versions: tuple[str, ...] = ()
    pincite: StoredAnswer | None = None


def _tell_apart(filename: str, source: str) -> str:
    """Return the name of an upload, which is its source, or the file name of what has a path."""
    return filename if "/" in source else source or filename
