"""What can go wrong in ingestion. Messages say what happened and what to do.

The arguments of every error are its attributes, so that it can cross from a worker to the server.
"""


class IngestError(Exception):
    """Base of all errors of this package."""


class WorkerError(IngestError):
    """A supervised process failed."""


class WorkerCrashedError(WorkerError):
    """The process ended while it was working."""

    def __init__(self, *, worker: str, how: str) -> None:
        self.worker = worker
        self.how = how
        super().__init__(f"the {worker} process ended ({how}); it is started again for the next request")


class WorkerTimeoutError(WorkerError):
    """The process did not answer in time and was stopped."""

    def __init__(self, *, worker: str, timeout_seconds: float) -> None:
        self.worker = worker
        self.timeout_seconds = timeout_seconds
        super().__init__(f"the {worker} process gave no answer for {timeout_seconds:g} seconds and was stopped")


class WorkerFailedError(WorkerError):
    """The process reported an error that nobody foresaw."""

    def __init__(self, *, worker: str, message: str) -> None:
        self.worker = worker
        self.message = message
        super().__init__(f"the {worker} process failed: {message}")


class WorkerBusyError(WorkerError):
    """Every process of a kind is busy with something else."""

    def __init__(self, *, worker: str) -> None:
        self.worker = worker
        super().__init__(f"every {worker} process is busy; try again in a moment")


class UnreadableFileError(IngestError):
    """A file whose text cannot be had; the base of the reasons that a person is told."""


class EmptyFileError(UnreadableFileError):
    """The file has no bytes."""

    def __init__(self, *, filename: str) -> None:
        self.filename = filename
        super().__init__(f"{filename} is an empty file (0 bytes)")


class EncryptedFileError(UnreadableFileError):
    """The file needs a password that was not given."""

    def __init__(self, *, filename: str) -> None:
        self.filename = filename
        super().__init__(f"{filename} is encrypted and needs a password; remove the protection and add it again")


class DamagedFileError(UnreadableFileError):
    """The file is not what its name says, or is broken."""

    def __init__(self, *, filename: str, detail: str) -> None:
        self.filename = filename
        self.detail = detail
        super().__init__(f"{filename} is damaged and cannot be read: {detail}")


class NoTextError(UnreadableFileError):
    """The file is sound but has no text that can be used."""

    def __init__(self, *, filename: str, detail: str) -> None:
        self.filename = filename
        self.detail = detail
        super().__init__(f"{filename} has no usable text: {detail}")


class UnsupportedFormatError(UnreadableFileError):
    """A format that Pincite does not read."""

    def __init__(self, *, filename: str, format_name: str, supported: str) -> None:
        self.filename = filename
        self.format_name = format_name
        self.supported = supported
        super().__init__(f"{filename}: {format_name} is not supported; supported are {supported}")


class ParserLimitError(UnreadableFileError):
    """Reading the file took more time or memory than it may."""

    def __init__(self, *, filename: str, detail: str) -> None:
        self.filename = filename
        self.detail = detail
        super().__init__(f"{filename} could not be read within its limits: {detail}")


class ReaderFailedError(UnreadableFileError):
    """The reader met something in the file that nobody foresaw."""

    def __init__(self, *, filename: str, detail: str) -> None:
        self.filename = filename
        self.detail = detail
        super().__init__(f"the reader failed on {filename}, which is a fault of Pincite's: {detail}")


class TextTooLongError(IngestError):
    """A text that the embedder would cut off silently."""

    def __init__(self, *, tokens: int, limit: int) -> None:
        self.tokens = tokens
        self.limit = limit
        super().__init__(f"a text of {tokens} tokens does not fit the embedder's window of {limit}")


class ChunksTooLongError(IngestError):
    """The configured chunks are longer than what the embedder reads of a text."""

    exit_code = 2

    def __init__(self, *, chunk_tokens: int, limit: int, embedder: str) -> None:
        self.chunk_tokens = chunk_tokens
        self.limit = limit
        self.embedder = embedder
        super().__init__(
            f"PINCITE_CHUNK_TOKENS is {chunk_tokens}, but {embedder} reads {limit} word pieces of a text; "
            f"set it to {limit} or less"
        )


class EmbedderNotFoundError(IngestError):
    """The embedding model is not where the setting says."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no embedding model {name!r}; PINCITE_EMBEDDER is `bundled` or a folder with "
            "model.safetensors, config.json and tokenizer.json"
        )


class CollectionNotFoundError(IngestError):
    """No collection has that name or id."""

    def __init__(self, *, collection: str) -> None:
        self.collection = collection
        super().__init__(f"there is no collection {collection!r}; `pincite collections ls` lists those that exist")


class CollectionExistsError(IngestError):
    """Another collection has that name."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(f"a collection named {name!r} exists already; choose another name")


class FileNotInLibraryError(IngestError):
    """No file has that id."""

    def __init__(self, *, file_id: str) -> None:
        self.file_id = file_id
        super().__init__(f"there is no file {file_id!r}; `pincite documents ls` lists those that exist")


class PageNotFoundError(IngestError):
    """The document has no such page, or none that can be drawn."""

    def __init__(self, *, file_id: str, page: int) -> None:
        self.file_id = file_id
        self.page = page
        super().__init__(f"{file_id} has no page {page} that can be shown")


class PassportMismatchError(IngestError):
    """The collection was embedded with another model or cut with another chunker."""

    def __init__(self, *, collection: str, stored: str, current: str) -> None:
        self.collection = collection
        self.stored = stored
        self.current = current
        super().__init__(
            f"collection {collection!r} was built with {stored}, but {current} is configured. "
            "Configure the old one again, or ingest the documents into a new collection."
        )


class LibraryError(IngestError):
    """The library cannot be opened or written."""

    def __init__(self, *, home: str, detail: str) -> None:
        self.home = home
        self.detail = detail
        super().__init__(f"the library in {home} cannot be used: {detail}")
