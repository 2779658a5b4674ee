"""`/v1/vector_stores`: collections and their documents, as OpenAI's API has them."""

import time
from typing import TYPE_CHECKING, Annotated, Literal, Self, cast

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SecretStr,
    model_validator,
)

from api.wire.base import MAX_QUERY_CHARS, Flag, Integer, Metadata, RequestModel, ResponseModel, Text
from api.wire.chunking import ChunkingChoice, OtherChunking, StaticChunking, describe_chunking
from api.wire.filters import Attributes
from api.wire.lists import ListObject, MemberObject, PageRequest
from api.wire.sources import show_source
from api.wire.store_files import STORE_FILE_STATUS, FileCounts, StoreFileStatus
from ingest.library.names import LABEL_PATTERN, MAX_LABEL_CHARS, check_label
from ingest.types import (
    Access,
    AttributeValue,
    Collection,
    CollectionChanges,
    DocumentRecord,
    DocumentStatus,
    Progress,
    Stage,
)

if TYPE_CHECKING:  # clients of the API read these shapes too, and need no library
    from ingest.storage.counts import CollectionWithCounts

MAX_RULES_CHARS = 4_000
MAX_DESCRIPTION_CHARS = 1_000
MAX_FILES = 2_000

Label = Annotated[
    Text,
    Field(max_length=MAX_LABEL_CHARS, json_schema_extra={"pattern": LABEL_PATTERN}),  # of the name as it is sent
    AfterValidator(check_label),
]


class StoreFilePageRequest(PageRequest):
    """Which documents to list."""

    filter: StoreFileStatus | None = None
    """Only documents with this status."""
    name: Annotated[str, Field(max_length=MAX_QUERY_CHARS)] = ""
    """Only documents whose file name contains this text, in upper or lower case. Pincite's own."""

    def statuses(self) -> tuple[DocumentStatus, ...] | None:
        """Return the library's statuses that are listed, None for all."""
        if self.filter is None:
            return None
        return tuple(status for status, shown in STORE_FILE_STATUS.items() if shown == self.filter)


class ExpiresAfter(RequestModel):
    """A collection that nobody searches, asks or adds to for so long is deleted; its files stay."""

    anchor: Literal["last_active_at"]
    days: Annotated[Integer, Field(ge=1, le=365)]


class VectorStoreRequest(RequestModel):
    """A new collection."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "manuals"}]})

    name: Label | None = None
    """What it is called; made up if it is left out. Several may have one name, see `handle`."""
    description: Annotated[Text, Field(max_length=MAX_DESCRIPTION_CHARS)] = ""
    """What it is for."""
    file_ids: Annotated[list[Text], Field(max_length=MAX_FILES, default_factory=list)]
    """Files to add at once; they are indexed in the background."""
    chunking_strategy: ChunkingChoice | None = None
    """How these files are chunked."""
    expires_after: ExpiresAfter | None = None
    metadata: Metadata = Field(default_factory=dict)

    def changes(self) -> CollectionChanges:
        """Return what the collection has besides its name and files."""
        days = self.expires_after.days if self.expires_after else None
        return CollectionChanges(description=self.description, metadata=self.metadata, expires_after_days=days)


class VectorStoreUpdate(RequestModel):
    """Changes of a collection; what is left out stays, and `expires_after: null` keeps it for good."""

    name: Label | None = None
    description: Annotated[Text, Field(max_length=MAX_DESCRIPTION_CHARS)] | None = None
    """What it is for. Pincite's own here."""
    rules: Annotated[Text, Field(max_length=MAX_RULES_CHARS)] | None = None
    """Instructions to the model for answers from this collection; empty restores the standard ones. Pincite's own."""
    expires_after: ExpiresAfter | None = None
    metadata: Metadata | None = None
    """Replaces all that it has."""

    _stays: bool = PrivateAttr(default=False)

    @model_validator(mode="wrap")
    @classmethod
    def _read_null(cls, body: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Tell an `expires_after` that is null from one that is left out."""
        update = handler(body)
        if isinstance(body, dict):
            fields = cast("dict[str, object]", body)
            update._stays = "expires_after" in fields and fields["expires_after"] is None
        return update

    def changes(self) -> CollectionChanges:
        """Return what changes."""
        days = 0 if self._stays else self.expires_after.days if self.expires_after else None
        rules = None if self.rules is None else self.rules.strip()
        return CollectionChanges(self.name, self.description, self.metadata, days, rules)


class StoreFileRequest(RequestModel):
    """Adds a file to a collection."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"file_id": "file-eec21e5a5d12038a1edd7f83", "attributes": {"year": 2026}}]}
    )

    file_id: Text
    password: SecretStr | None = None
    """Opens an encrypted file. Pincite's own."""
    attributes: Attributes | None = None
    """What filters can ask for. A new version of a source keeps those of the version before."""
    replace: Flag = False
    """Whether it takes the place of the newest document of the same name, once it is indexed. Pincite's own."""
    chunking_strategy: ChunkingChoice | None = None


class StoreFileUpdate(RequestModel):
    """Replaces all attributes of a document; null removes them."""

    attributes: Attributes | None


class RetryRequest(RequestModel):
    """Indexes a document again that failed or was cancelled."""

    password: SecretStr | None = None
    """Opens an encrypted file."""


class ExpiryPolicy(ResponseModel):
    """After how many days without use it is deleted."""

    anchor: Literal["last_active_at"] = "last_active_at"
    days: int


class VectorStoreObject(MemberObject):
    """A collection of documents that are searched together."""

    id: str
    object: Literal["vector_store"] = "vector_store"
    created_at: int
    """Unix time in seconds."""
    last_active_at: int
    """When it was used last, for a collection that expires; else when it was made."""
    name: str
    handle: str
    """What `docs/<handle>` as a model refers to it by: its name without slashes, and with a number if another
    collection has that, `manuals (2)`. Pincite's own."""
    description: str
    usage_bytes: int
    """Size of its files in bytes."""
    file_counts: FileCounts
    status: Literal["in_progress", "completed", "expired"]
    """`in_progress` while documents are being indexed; `expired` for the minute until it is deleted."""
    expires_after: ExpiryPolicy | None
    expires_at: int | None
    """When it is deleted unless it is used before; null if it stays."""
    metadata: dict[str, str]
    embedder: str
    """The embedding model of its vectors."""
    rules: str | None
    """Instructions to the model for answers from this collection; null for the standard ones."""
    access: Access = "owner"
    """What the key may do with it: everything (`owner`), also change its documents (`write`), or only search and read
    it (`read`). Pincite's own."""
    shared_by: str | None = None
    """Whose collection it is if somebody else shares it. Pincite's own."""

    @classmethod
    def of(cls, counted: "CollectionWithCounts") -> "VectorStoreObject":
        """Return a collection with its number of documents by status and their size."""
        collection = counted.collection
        counts = FileCounts.of(counted.counts.by_status)
        days = collection.expires_after_days
        return cls(
            id=collection.id,
            created_at=collection.created_at,
            last_active_at=collection.last_active_at,
            name=collection.label or collection.name,
            handle=collection.name,
            description=collection.description,
            usage_bytes=counted.counts.size_bytes,
            file_counts=counts,
            status=_store_status(collection, counts),
            expires_after=None if days is None else ExpiryPolicy(days=days),
            expires_at=collection.expires_at,
            metadata=collection.metadata,
            embedder=collection.passport.model,
            rules=collection.rules or None,
            access=collection.access,
            shared_by=None if collection.access == "owner" else collection.owner,
        )


def _store_status(collection: Collection, counts: FileCounts) -> Literal["in_progress", "completed", "expired"]:
    if collection.expires_at is not None and collection.expires_at <= time.time():
        return "expired"
    return "in_progress" if counts.in_progress else "completed"


class VectorStoreList(ListObject[VectorStoreObject]):
    """A page of collections."""


class VectorStoreDeleted(ResponseModel):
    """The collection is deleted with its documents; their files stay."""

    id: str
    object: Literal["vector_store.deleted"] = "vector_store.deleted"
    deleted: Literal[True] = True


class StoreFileError(ResponseModel):
    """Why a document could not be indexed."""

    code: str
    """`invalid_file`, `unsupported_file` or `server_error`."""
    message: str


class ProgressObject(ResponseModel):
    """How far the indexing of a document is."""

    stage: Stage
    """The step of the pipeline."""
    done: int
    """Pages that are read, or chunks that are embedded."""
    total: int
    """Pages or chunks that there are; 0 while that is not known."""

    @classmethod
    def of(cls, progress: Progress) -> "ProgressObject":
        """Return the progress."""
        return cls.model_validate(progress)


class StoreFileProgress(ProgressObject):
    """How far the indexing of a document is, and whether it is queued, being read or paused."""

    status: Literal["queued", "reading", "paused"]


class StoreFileObject(MemberObject):
    """A document of a collection. Its id is that of its file."""

    id: str
    object: Literal["vector_store.file"] = "vector_store.file"
    usage_bytes: int
    created_at: int
    """Unix time in seconds."""
    vector_store_id: str
    status: StoreFileStatus
    last_error: StoreFileError | None
    """Why it failed."""
    needs_password: bool
    """Whether it failed because it is encrypted; retry it with its password."""
    chunking_strategy: StaticChunking | OtherChunking
    attributes: dict[str, AttributeValue]
    """What filters can ask for."""
    filename: str
    source: str
    """Name of its file; `a (2).txt` for an upload if there was another `a.txt` before."""
    replaces: str | None
    """The file whose document it takes the place of when it is indexed, if it was added with `replace`."""
    title: str
    media_type: str
    pages: int
    page_unit: str
    """What a page number counts: pages, slides, sheets, chapters, messages, records or lines."""
    chunks: int
    details: dict[str, str]
    """What the parser found out about the file, such as its author or encoding."""
    warning: str | None
    """What was left out of a document that was indexed with a warning; why one that waits cannot be stored now."""
    progress: StoreFileProgress | None
    """How far the indexing is, while the status is `in_progress`."""

    @classmethod
    def of(cls, document: DocumentRecord) -> "StoreFileObject":
        """Return a document."""
        return cls(
            id=document.file_id,
            usage_bytes=document.size_bytes,
            created_at=document.created_at,
            vector_store_id=document.collection_id,
            status=STORE_FILE_STATUS[document.status],
            last_error=_last_error(document),
            chunking_strategy=describe_chunking(document.chunk_tokens),
            needs_password=document.failure == "needs_password",
            attributes=document.attributes,
            filename=document.filename,
            source=show_source(document.source),
            replaces=document.replaces or None,
            title=document.title,
            media_type=document.media_type,
            pages=document.pages,
            page_unit=document.unit,
            chunks=document.chunks,
            details=document.metadata,
            warning=document.reason if document.reason and document.status in ("warning", "queued") else None,
            progress=_progress(document),
        )


class StoreFileList(ListObject[StoreFileObject]):
    """A page of documents."""


class StoreFileDeleted(ResponseModel):
    """The document is removed from the collection; its file stays."""

    id: str
    object: Literal["vector_store.file.deleted"] = "vector_store.file.deleted"
    deleted: Literal[True] = True


def _last_error(document: DocumentRecord) -> StoreFileError | None:
    if document.status != "failed":
        return None
    code = "invalid_file" if document.failure in ("", "needs_password") else document.failure
    return StoreFileError(code=code, message=document.reason)


def _progress(document: DocumentRecord) -> StoreFileProgress | None:
    if document.status not in ("queued", "reading", "paused"):
        return None
    progress = document.progress
    return StoreFileProgress(stage=progress.stage, done=progress.done, total=progress.total, status=document.status)
