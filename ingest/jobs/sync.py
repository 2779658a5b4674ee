"""Make a collection equal to folders: what is gone from them is removed, what was moved keeps its documents."""

from collections.abc import Collection as AnyCollection
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import LibraryError
from ingest.jobs.intake import Intake
from ingest.library.library import Library
from ingest.types import Collection, DocumentRecord


@dataclass(frozen=True, slots=True)
class MovedDocument:
    """A document whose file has another path now."""

    document: DocumentRecord
    path: Path


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What became of the documents whose files are not where they were."""

    moved: tuple[MovedDocument, ...]
    removed: tuple[DocumentRecord, ...]


def sync_documents(
    library: Library, collection: Collection, folders: Sequence[Path], files: AnyCollection[Path], intake: Intake
) -> SyncResult:
    """Rename and remove documents so that the collection has none below `folders` that is not among `files`.

    A file with the same content at a path that is new is the one that was moved: nothing is read again. Documents
    below a path in `files` that is a folder stay: it could not be opened. Raises `LibraryError` where one of
    `folders` is gone altogether: a disk that is not there must not empty a library.
    """
    for folder in folders:
        if not folder.is_dir():
            raise LibraryError(home=str(library.home), detail=f"the folder {folder} is not there; nothing was removed")
    present = {file.absolute().as_posix() for file in files}
    closed = [file.absolute().as_posix() for file in files if file.is_dir()]
    documents = library.documents(collection.id)
    missing = [
        document
        for document in documents
        if _is_below(document.source, folders)
        and document.source not in present
        and not _is_in(document.source, closed)
    ]
    if not missing:
        return SyncResult((), ())
    newcomers = _newcomers(files, {document.source for document in documents}, intake)
    moved: list[MovedDocument] = []
    removed: list[DocumentRecord] = []
    for document in missing:
        path = newcomers.pop(document.sha256, None)
        if path is not None and library.find_version(path.as_posix(), document.sha256) is None:
            library.rename_file(document.file_id, path.as_posix(), path.name)
            moved.append(MovedDocument(document, path))
        else:
            library.remove(document.file_id, collection.id)
            removed.append(document)
    return SyncResult(tuple(moved), tuple(removed))


def _newcomers(files: AnyCollection[Path], known_sources: AnyCollection[str], intake: Intake) -> dict[str, Path]:
    """Return the files that the collection does not know, by the hash of their content."""
    found: dict[str, Path] = {}
    for file in files:
        if file.is_file() and file.absolute().as_posix() not in known_sources:
            try:
                found.setdefault(intake.hash_file(file), file.absolute())
            except LibraryError:
                continue  # it is accounted for when it is taken in
    return found


def _is_below(source: str, folders: Sequence[Path]) -> bool:
    return any(_is_in(source, [folder.absolute().as_posix()]) for folder in folders)


def _is_in(source: str, folders: AnyCollection[str]) -> bool:
    return any(source.startswith(f"{folder.rstrip('/')}/") for folder in folders)
