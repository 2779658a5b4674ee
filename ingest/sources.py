"""Files on disk: finding them, and taking them into a collection."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import LibraryError
from ingest.library import Library
from ingest.types import Collection, DocumentRecord


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A document of a file on disk; `is_unchanged` when this very version was read before."""

    document: DocumentRecord
    is_unchanged: bool


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files among `paths` and below the folders among them, each once, sorted within its folder.

    Hidden files and folders below a folder are skipped (a path that is given itself is not). A folder that
    links back to one above it is walked once. A folder that cannot be opened is yielded itself, after the
    files, so that its caller can account for it.
    """
    seen: set[str] = set()
    for path in paths:
        for file in _below(path) if path.is_dir() else [path]:
            resolved = os.path.realpath(file)  # unlike Path.resolve, it survives a link to itself
            if resolved not in seen:
                seen.add(resolved)
                yield file


def take_in(library: Library, collection: Collection, path: Path) -> TakenIn:
    """Keep a file and queue it to be read, unless this version of it has been read already.

    Its source is its absolute path. Raises `LibraryError` where the file cannot be read or kept.
    """
    source = path.absolute().as_posix()
    try:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise LibraryError(home=str(library.home), detail=f"{source} cannot be read: {error.strerror}") from error
    file = library.find_version(source, sha256) or library.add_file(source=source, filename=path.name, content=path)
    document = library.enqueue(collection.id, file.id)
    return TakenIn(document, is_unchanged=document.status in ("done", "warning"))


def _below(folder: Path) -> Iterator[Path]:
    walked: set[Path] = set()
    closed: list[str] = []
    for parent, folders, files in os.walk(
        folder, followlinks=True, onerror=lambda error: closed.append(error.filename)
    ):
        resolved = Path(parent).resolve()
        if resolved in walked:
            folders.clear()
            continue
        walked.add(resolved)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(parent) / name
    yield from map(Path, closed)
