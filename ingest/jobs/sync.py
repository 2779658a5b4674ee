"""Make a collection equal to folders: documents of deleted files are removed, those of moved files stay."""

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
    """The documents whose files were moved or deleted."""

    moved: tuple[MovedDocument, ...]
    removed: tuple[DocumentRecord, ...]


def sync_documents(
    library: Library, collection: Collection, folders: Sequence[Path], files: AnyCollection[Path], intake: Intake
) -> SyncResult:
    """Rename and remove documents so that the collection has none below `folders` that is not in `files`.

    A new path with the same content is the file that was moved: nothing is read again. A path in `files` that is a
    folder could not be opened: the documents below it stay. Raises `LibraryError` if one of `folders` is gone: a disk
    that is not mounted must not empty a library.
    """
    for folder in folders:
        if not folder.is_dir():
            raise LibraryError(home=str(library.home), detail=f"the folder {folder} is not there; nothing was removed")
    present = {file.absolute().as_posix() for file in files}
    unreadable = [file.absolute().as_posix() for file in files if file.is_dir()]
    documents = library.documents(collection.id)
    missing = [
        document
        for document in documents
        if _is_below(document.source, folders)
        and document.source not in present
        and not _is_in(document.source, unreadable)
    ]
    if not missing:
        return SyncResult((), ())
    new_files = _find_new_files(files, {document.source for document in documents}, intake)
    moved: list[MovedDocument] = []
    removed: list[DocumentRecord] = []
    for document in missing:
        path = new_files.pop(document.sha256, None)
        if path is not None and library.find_version(path.as_posix(), document.sha256) is None:
            library.rename_file(document.file_id, path.as_posix(), path.name)
            moved.append(MovedDocument(document, path))
        else:
            library.remove(document.file_id, collection.id)
            removed.append(document)
    return SyncResult(tuple(moved), tuple(removed))


def _find_new_files(files: AnyCollection[Path], sources: AnyCollection[str], intake: Intake) -> dict[str, Path]:
    """Return the files that are no source of the collection, by their SHA-256."""
    by_hash: dict[str, Path] = {}
    for file in files:
        if file.is_file() and file.absolute().as_posix() not in sources:
            try:
                by_hash.setdefault(intake.hash_file(file), file.absolute())
            except LibraryError:
                continue  # it is reported when it is ingested
    return by_hash


def _is_below(source: str, folders: Sequence[Path]) -> bool:
    return any(_is_in(source, [folder.absolute().as_posix()]) for folder in folders)


def _is_in(source: str, folders: AnyCollection[str]) -> bool:
    return any(source.startswith(f"{folder.rstrip('/')}/") for folder in folders)
