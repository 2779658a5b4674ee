"""The values that ingestion produces and the library stores.

Offsets are positions in `ParsedDocument.text`, counted in Unicode code points (Python's `str` index).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # a command that only asks the server has no use for numpy
    import numpy as np
    from numpy.typing import NDArray


class BlockKind(StrEnum):
    """The kind of a span of text, which decides how it is chunked and shown."""

    PROSE = "prose"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page in points, origin at the top left of the page as it is shown."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class HiddenReason(StrEnum):
    """Why a person who looks at a document does not see some of its text."""

    SHEET = "sheet"
    SLIDE = "slide"
    ROW = "row"
    COLUMN = "column"
    SHAPE = "shape"
    FORMATTING = "formatting"
    NOT_DISPLAYED = "not displayed"
    TRANSPARENT = "transparent text"
    WHITE = "white text"
    BACKGROUND_COLOR = "background colour"
    TINY = "tiny text"
    OFF_PAGE = "off the page"
    INVISIBLE = "invisible text"
    COVERED = "covered text"
    ZERO_WIDTH = "zero-width characters"
    TAGS = "tag characters"
    DIRECTION = "direction override"
    UNKNOWN = "text"
    """Documents that were read before reasons were kept do not say why."""


class PageUnit(StrEnum):
    """The unit of a document's page numbers; with `LINE`, places are lines of the text."""

    PAGE = "page"
    SLIDE = "slide"
    SHEET = "sheet"
    CHAPTER = "chapter"
    MESSAGE = "message"
    RECORD = "record"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Page:
    """One page (or slide, sheet, chapter …): `text[start:end]` of the document and the boxes of its words.

    `number` counts from 1. `label` is what people call it if a number is not enough: the name of a
    sheet, a chapter or an attachment. Its size is in points; `words` is the packed form that `ingest.text.word_boxes`
    reads. Both are empty for formats without a layout. `ocr_confidence` (0 to 1) is set if the text was
    read off a picture. `hidden` is why nobody sees the whole page: it is a hidden sheet or slide.
    """

    number: int
    start: int
    end: int
    width: float = 0.0
    height: float = 0.0
    words: bytes = b""
    label: str = ""
    ocr_confidence: float | None = None
    hidden: HiddenReason | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that governs the text from `start` up to the next heading of the same or a higher rank."""

    level: int
    title: str
    start: int


@dataclass(frozen=True, slots=True)
class Block:
    """A table or a piece of code; what no block covers is prose.

    `header_end` is the end of a table's header rows: `text[start:header_end]` is repeated in the context of every
    part of a table that has to be split. It equals `start` if there is no header.
    """

    kind: BlockKind
    start: int
    end: int
    header_end: int


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The text of one file with its structure, or of one piece of a long file. Pages are in order and do not overlap.

    `metadata` holds what a person may want to know of the file: `encoding`, `author`, `delimiter`. `skipped`
    are spans that are shown but not searched, in order: running headers and footers.
    """

    title: str
    media_type: str
    text: str
    pages: tuple[Page, ...]
    headings: tuple[Heading, ...] = ()
    blocks: tuple[Block, ...] = ()
    warnings: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    unit: PageUnit = PageUnit.PAGE
    skipped: tuple[tuple[int, int], ...] = ()
    total_pages: int = 0
    """Pages of the whole file if that is known before it is read, else 0."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span that is embedded, found and quoted: `document.text[start:end] == text`.

    `context` is what the reader of the page would know at this place: the document's title, the path of
    headings and, inside a table, its header row. It is embedded and searched with the text, never quoted. `hidden` is
    why nobody sees any of it; a chunk that is seen may have hidden text as annotations (`ingest.text.annotations`).
    """

    start: int
    end: int
    text: str
    first_page: int
    last_page: int
    kind: BlockKind
    heading_path: tuple[str, ...]
    context: str
    hidden: HiddenReason | None = None


@dataclass(frozen=True, slots=True)
class ChunkedDocument:
    """The result of a parser: a document, or a piece of one, and its chunks in reading order.

    All offsets count in the text of the whole document; `document.text` is the part of it that begins with the
    first page. A chunk may begin in the piece before, which has held it back for the sake of its sentences.
    """

    document: ParsedDocument
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """The facts of a document that are complete only at its end."""

    title: str
    media_type: str
    unit: PageUnit = PageUnit.PAGE
    warnings: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EmbedderPassport:
    """Everything that two vectors must share to be comparable; stored with every collection."""

    model: str
    revision: str
    dimension: int
    prefix: str
    normalized: bool
    chunker: str


class Embedder(Protocol):
    """Texts to vectors of unit length (L2 norm 1), so that an inner product is a cosine. Same text, same vector."""

    @property
    def dimension(self) -> int:
        """The length of every vector."""
        ...

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return the vectors of passages: shape (len(texts), dimension), float32, row i for text i; (0, dimension) for
        no texts."""
        ...

    def embed_query(self, query: str) -> "NDArray[np.float32]":
        """Return the vector of a query: shape (dimension,), float32."""
        ...


class SpanTokenizer(Protocol):
    """The tokenizer of an embedder, which says where in a text its tokens are."""

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Return the span of each token in text order, in characters as `[start, end)`, without special tokens."""
        ...


DocumentStatus = Literal["queued", "reading", "paused", "cancelled", "done", "warning", "failed"]
IN_WORK: tuple[DocumentStatus, ...] = ("queued", "reading")
READ: tuple[DocumentStatus, ...] = ("done", "warning")

Stage = Literal["waiting", "reading", "embedding", "storing"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a document is: `done` of `total` pages while it is read, of chunks while they are embedded.

    `total` is 0 if it is not known yet.
    """

    stage: Stage = "waiting"
    done: int = 0
    total: int = 0


SECONDS_PER_DAY = 86_400

Access = Literal["read", "write", "owner"]
"""What a principal may do with a collection: search and read it, also change its documents, or everything."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents that are searched together; the API calls it a vector store.

    `name` is its owner's only one of that name; `label` is what the owner calls it, which another may be called too.
    `rules` replace the usual rules that a model gets for answers from it; empty for the usual. `access` is what the
    principal may do with it for whom it was looked up. `last_active_at` is kept for a collection that expires.
    """

    id: str
    owner: str
    name: str
    created_at: int
    generation: int
    passport: EmbedderPassport
    rules: str = ""
    label: str = ""
    description: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    expires_after_days: int | None = None
    last_active_at: int = 0
    access: Access = "owner"

    @property
    def expires_at(self) -> int | None:
        """Unix time at which it is deleted with its documents unless it is used before; None for never."""
        if self.expires_after_days is None:
            return None
        return self.last_active_at + self.expires_after_days * SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class CollectionChanges:
    """What changes of a collection; None leaves it. `expires_after_days` of 0: it does not expire."""

    label: str | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None
    expires_after_days: int | None = None
    rules: str | None = None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A stored original. `id` is a hash of owner, source and content.

    `purpose` is what its owner says it is for. At `expires_at`, a Unix time, it is deleted with its documents.
    """

    id: str
    owner: str
    source: str
    filename: str
    sha256: str
    size_bytes: int
    created_at: int
    purpose: str = "assistants"
    expires_at: int | None = None


AttributeValue = str | int | float | bool
"""The value of a person's own attribute of a document; `True` is not the number 1."""

ComparisonType = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "glob"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition on one attribute; `in` and `nin` have several values. See `ingest.library.filters`."""

    type: ComparisonType
    key: str
    value: AttributeValue | tuple[AttributeValue, ...]


@dataclass(frozen=True, slots=True)
class Compound:
    """Filters of which a document must match all (`and`) or any (`or`)."""

    type: Literal["and", "or"]
    filters: tuple["Filter", ...]


Filter = Comparison | Compound
"""A condition on the documents to search; see `ingest.library.filters`."""


Failure = Literal["", "invalid_file", "unsupported_file", "needs_password", "server_error"]
"""The code of a document's failure; `reason` is the message for people."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One version of one source in one collection. `reason` explains a warning or a failure.

    `claim` identifies the current attempt to read it: results of an earlier attempt are discarded. `attributes` are
    those that a person gave its source in this collection; every version of the source has them. `replaces` is the file
    whose document it takes the place of when it is read, besides the older versions of its source; empty for none.
    `chunk_tokens` is the longest chunk that was asked for; 0 for that of the settings.
    """

    collection_id: str
    collection: str
    file_id: str
    source: str
    filename: str
    sha256: str
    size_bytes: int
    status: DocumentStatus
    reason: str
    title: str
    media_type: str
    pages: int
    chunks: int
    created_at: int
    unit: PageUnit = PageUnit.PAGE
    metadata: dict[str, str] = field(default_factory=dict)
    progress: Progress = Progress()
    claim: str = ""
    failure: Failure = ""
    replaces: str = ""
    chunk_tokens: int = 0
    attributes: dict[str, AttributeValue] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What identifies it in the library: `collection_id/file_id`."""
        return f"{self.collection_id}/{self.file_id}"


@dataclass(frozen=True, slots=True)
class FileAddition:
    """A file to read into a collection; see `ingest.library.jobs.LibraryJobs.enqueue`."""

    file_id: str
    attributes: Mapping[str, AttributeValue] | None = None
    chunk_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class FileBatch:
    """Files that were added to a collection together, and how many of their documents have which status."""

    id: str
    collection_id: str
    created_at: int
    is_cancelled: bool
    by_status: dict[DocumentStatus, int]


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """A document: a file in a collection."""

    collection_id: str
    file_id: str


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A stored response: JSON of what was answered (`body`) and of the items that were asked with (`input`).

    `previous` is the response that it follows; empty for none.
    """

    id: str
    body: str
    input: str
    previous: str = ""


@dataclass(frozen=True, slots=True)
class DocumentName:
    """The names by which a person may call a document: its file name and its title."""

    collection_id: str
    file_id: str
    filename: str
    title: str


@dataclass(frozen=True, slots=True)
class QueueState:
    """The queued, read and paused documents of some collections or all.

    `estimate_seconds` is the time left, None if no document was read yet or none can be stored now. `hindrance` says
    why not; empty if nothing is in the way.
    """

    queued: int
    reading: int
    paused: int
    is_paused: bool
    estimate_seconds: float | None
    hindrance: str = ""


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as the library returns it, with the document it belongs to."""

    id: int
    collection_id: str
    file_id: str
    source: str
    filename: str
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class IndexChanges:
    """The chunks to remove from and add to a dense index, to bring it to `generation`.

    `vectors` has a row for each id in `added`: shape (n, dimension), float32. Ids are removed first; no id is reused.
    """

    generation: int
    removed: list[int]
    added: list[int]
    vectors: "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class DocumentFrequencies:
    """In how many of a library's chunks each term occurs (the document frequency of BM25, a chunk being the document).

    Counting of a common term stops early; `chunks` is an upper bound of how many there are.
    """

    counts: dict[str, int]
    chunks: int


@dataclass(frozen=True, slots=True)
class LibrarySize:
    """How many documents can be searched, and how many chunks they have."""

    documents: int
    chunks: int
