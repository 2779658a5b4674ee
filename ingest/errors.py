"""What can go wrong in ingestion. Messages say what happened and what to do.

The arguments of every error are its attributes, so that it can cross from a worker to the server.
"""

import shlex


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
    """The process failed with an unexpected error."""

    def __init__(self, *, worker: str, message: str) -> None:
        self.worker = worker
        self.message = message
        super().__init__(f"the {worker} process failed: {message}")


class WorkerBusyError(WorkerError):
    """Every process of a kind is busy."""

    def __init__(self, *, worker: str) -> None:
        self.worker = worker
        super().__init__(f"every {worker} process is busy; try again in a moment")


class NoOpenFileError(IngestError):
    """A parser was asked for more of a file that it does not read: it took the place of one that ended meanwhile."""

    def __init__(self) -> None:
        super().__init__("the parser has no file open; it took the place of one that ended while it read")


class UnreadableFileError(IngestError):
    """The text of a file cannot be extracted; base of the reasons that a person reads."""


class EmptyFileError(UnreadableFileError):
    """The file has no bytes."""

    def __init__(self, *, filename: str) -> None:
        self.filename = filename
        super().__init__(f"{filename} is an empty file (0 bytes)")


class EncryptedFileError(UnreadableFileError):
    """The file needs a password that was not given, or not this one."""

    def __init__(self, *, filename: str, is_password_wrong: bool = False) -> None:
        self.filename = filename
        self.is_password_wrong = is_password_wrong
        super().__init__(
            f"{filename} is encrypted, and the password does not open it; try another"
            if is_password_wrong
            else f"{filename} is encrypted and needs a password; give it, or remove the protection"
        )


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
    """The parser failed unexpectedly on a file."""

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


class UnknownTokenError(IngestError):
    """A number is no token of the embedder's vocabulary."""

    def __init__(self, *, token: int) -> None:
        self.token = token
        super().__init__(f"{token} is no token of the embedder; send texts, or tokens of its own tokenizer")


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
    """There is no embedding model at the path or name of the setting."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no embedding model {name!r}; PINCITE_EMBEDDER is `bundled`, a GGUF file, a folder with that "
            "alone or with model.safetensors, config.json and tokenizer.json, or the name of such a model in the "
            "Hugging Face cache"
        )


class EmbedderUnfitError(IngestError):
    """The file that the setting names cannot make vectors."""

    def __init__(self, *, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail
        super().__init__(f"{name} cannot be the embedder: {detail}")


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


class CollectionNotYoursError(IngestError):
    """A collection is shared with a principal, but not for what it wants to do."""

    def __init__(self, *, collection: str, access: str) -> None:
        self.collection = collection
        self.access = access
        allowed = "searching and reading" if access == "read" else "changing its documents"
        super().__init__(f"the collection {collection!r} is shared with you for {allowed} alone; ask its owner")


class FileNotInLibraryError(IngestError):
    """No file has that id."""

    def __init__(self, *, file_id: str) -> None:
        self.file_id = file_id
        super().__init__(f"there is no file {file_id!r}; `pincite documents ls` lists those that exist")


class FileBatchNotFoundError(IngestError):
    """A collection has no batch of files with that id."""

    def __init__(self, *, batch: str) -> None:
        self.batch = batch
        super().__init__(f"there is no file batch {batch!r} in this collection; its creation returned its id")


class ResponseNotFoundError(IngestError):
    """No stored response has that id."""

    def __init__(self, *, response: str) -> None:
        self.response = response
        super().__init__(
            f"there is no response {response!r}; it was not stored, was deleted by its owner or with a document that "
            "it has read, or is older than 30 days"
        )


class ItemNotFoundError(IngestError):
    """No response that a request follows has an item with that id."""

    def __init__(self, *, item: str) -> None:
        self.item = item
        super().__init__(f"there is no item {item!r} in the responses before; send the item itself")


class UploadNotFoundError(IngestError):
    """No upload in parts has that id."""

    def __init__(self, *, upload: str) -> None:
        self.upload = upload
        super().__init__(f"there is no upload {upload!r}; one lasts an hour, and ends with the server")


class UploadRefusedError(IngestError):
    """An upload in parts cannot go on in this way."""

    def __init__(self, *, detail: str) -> None:
        super().__init__(detail)


class PageNotFoundError(IngestError):
    """The document has no such page, or none that can be drawn."""

    def __init__(self, *, file_id: str, page: int) -> None:
        self.file_id = file_id
        self.page = page
        super().__init__(f"{file_id} has no page {page} that can be shown")


class ConversationNotFoundError(IngestError):
    """No stored conversation has that id."""

    def __init__(self, *, conversation: str) -> None:
        self.conversation = conversation
        super().__init__(f"there is no conversation {conversation!r}; `pincite conversations ls` lists them")


class TurnNotFoundError(IngestError):
    """A conversation has no turn with that id."""

    def __init__(self, *, conversation: str, turn: str) -> None:
        self.conversation = conversation
        self.turn = turn
        super().__init__(
            f"the conversation {conversation!r} has no turn {turn!r}; `pincite conversations show {conversation}` "
            "lists its turns"
        )


class PassportMismatchError(IngestError):
    """The collection was embedded with another model or cut with another chunker."""

    def __init__(self, *, collection: str, stored: str, current: str) -> None:
        self.collection = collection
        self.stored = stored
        self.current = current
        super().__init__(
            f"collection {collection!r} was built with {stored}, but {current} is configured. "
            f"`pincite collections rebuild {shlex.quote(collection)}` reads its documents anew while the old one "
            "keeps answering; or configure the old one again."
        )


class IndexOutdatedError(IngestError):
    """An index in memory cannot be brought up to date; it has to be built anew."""

    def __init__(self, *, collection: str) -> None:
        self.collection = collection
        super().__init__(f"the index of {collection} is too old to be brought up to date")


class FileTooLargeError(IngestError):
    """A file is over the limit for ingestion."""

    def __init__(self, *, limit_mb: int) -> None:
        self.limit_mb = limit_mb
        super().__init__(f"the file is larger than {limit_mb} MB; split it, or raise PINCITE_MAX_UPLOAD_MB")


class LibraryError(IngestError):
    """The library cannot be opened or written."""

    def __init__(self, *, home: str, detail: str) -> None:
        self.home = home
        self.detail = detail
        super().__init__(f"the library in {home} cannot be used: {detail}")


class CursorNotFoundError(IngestError):
    """The cursor of a page is no member of the list, or was deleted."""

    def __init__(self, *, param: str, cursor: str) -> None:
        self.param = param
        self.cursor = cursor
        super().__init__(
            f"no member of the list has the id {cursor!r} that `{param}` names; list it from its beginning"
        )


class KeyExistsError(IngestError):
    """A valid key has that name."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(f"{name!r} has a key; `pincite keys revoke {name}` takes it back, then a new one can be made")


class KeyNotFoundError(IngestError):
    """No key has that name."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(f"nobody here is named {name!r}; `pincite keys ls` lists the names")


class RebuildLosesError(IngestError):
    """Documents that could be read before cannot be read any more."""

    def __init__(self, *, collection: str, files: list[str]) -> None:
        self.collection = collection
        self.files = files
        shown = ", ".join(files[:5]) + (" and others" if len(files) > 5 else "")
        name = shlex.quote(collection)
        super().__init__(
            f"{collection!r} stays as it was: {len(files)} of its documents could not be read again ({shown}). "
            f"`pincite collections rebuild {name}` tries them once more, with --force it goes on without them, "
            "with --cancel it is given up."
        )


class RebuildPausedError(IngestError):
    """A rebuild waits for a queue that is paused."""

    def __init__(self, *, collection: str) -> None:
        self.collection = collection
        super().__init__(
            f"the queue is paused, so the rebuild of {collection!r} waits; resume the queue and start again"
        )


class BackupError(IngestError):
    """A backup cannot be made in this folder."""

    def __init__(self, *, path: str, detail: str) -> None:
        self.path = path
        self.detail = detail
        super().__init__(f"the backup {path} cannot be made: {detail}")


class BackupDamagedError(IngestError):
    """A backup is not what was written."""

    def __init__(self, *, path: str, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        more = f" and {len(problems) - 5} more problems" if len(problems) > 5 else ""
        super().__init__(f"the backup {path} is damaged: {'; '.join(problems[:5])}{more}")


class HomeNotEmptyError(IngestError):
    """A backup is not restored over a library."""

    exit_code = 2

    def __init__(self, *, home: str) -> None:
        self.home = home
        super().__init__(
            f"{home} holds a library already; --force moves it aside, or choose another folder with --home"
        )
