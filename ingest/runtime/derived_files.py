"""Files that were made of documents and can be made again: each goes with the first of its documents.

A file is a header (who it is of, and what its maker needs to know before reading it) and a body with a checksum.
Several processes may use one folder.
"""

import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingest.runtime.atomic_files import incoming_file, remove_abandoned, sync_file, sync_folder

CACHE_NAME = "cache"
PREFIX_CACHE_NAME = "read-ahead"
SUFFIX = ".derived"
MAGIC = b"PINCITE-DERIVED\x01"
SIZE_BYTES = 8
LONGEST_HEADER = 64 << 20


class _Header(msgspec.Struct):
    """What stands before the body."""

    made_of: tuple[str, ...]
    head: bytes
    body_bytes: int
    body_crc32: int


@dataclass(frozen=True, slots=True)
class Derived:
    """A file as its header describes it. `made_of` are the documents, `head` is its maker's."""

    name: str
    made_of: tuple[str, ...]
    head: bytes


class DerivedFiles:
    """A folder of such files, which `store` keeps below `budget_bytes`: what was not used for longest goes first."""

    def __init__(self, folder: Path, budget_bytes: int = 0) -> None:
        self._folder = folder
        self._budget_bytes = budget_bytes

    def store(self, derived: Derived, body: memoryview) -> bool:
        """Keep a file, in place of the one of that name; return False where it is larger than the budget."""
        header = msgspec.msgpack.encode(_Header(derived.made_of, derived.head, body.nbytes, zlib.crc32(body)))
        size = len(MAGIC) + SIZE_BYTES + len(header) + body.nbytes
        if size > self._budget_bytes:
            return False
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_abandoned(self._folder)
        self._make_room(size, derived.name)
        with incoming_file(self._folder) as (file, path):
            file.writelines((MAGIC, len(header).to_bytes(SIZE_BYTES, "little"), header, body))
            sync_file(file)
            path.rename(self._path(derived.name))
        sync_folder(self._folder)
        return True

    def all(self) -> list[Derived]:
        """Return every file whose header can be read, by name."""
        read = ((path.name.removesuffix(SUFFIX), _read_header(path)) for path in self._paths())
        return [Derived(name, header[0].made_of, header[0].head) for name, header in read if header is not None]

    def body(self, name: str) -> bytes | None:
        """Return the body of a file and note that it was used; None where it is gone or damaged, and then it goes."""
        path = self._path(name)
        if (read := _read_header(path)) is not None:
            header, start = read
            with suppress(OSError), path.open("rb") as file:
                file.seek(start)
                body = file.read(header.body_bytes + 1)
                if len(body) == header.body_bytes and zlib.crc32(body) == header.body_crc32:
                    os.utime(path)
                    return body
        path.unlink(missing_ok=True)
        return None

    def remove_abandoned(self) -> None:
        """Remove what a killed process has left of a file that it was writing."""
        remove_abandoned(self._folder)

    def unused(self, is_there: Callable[[str], bool]) -> list[Path]:
        """Return the files that were made of a document which is not there any more, and those that cannot be read."""
        headers = ((path, _read_header(path)) for path in self._paths())
        return [path for path, read in headers if read is None or not all(map(is_there, read[0].made_of))]

    def remove_unused(self, is_there: Callable[[str], bool]) -> int:
        """Remove every file that was made of a document which is not there any more; return how many those were."""
        unused = self.unused(is_there)
        for path in unused:
            path.unlink(missing_ok=True)
        return len(unused)

    def _make_room(self, size_bytes: int, name: str) -> None:
        found = [
            (path, stat) for path in self._paths() if (stat := _stat(path)) is not None and path != self._path(name)
        ]
        left = self._budget_bytes - size_bytes - sum(stat.st_size for _, stat in found)
        for path, stat in sorted(found, key=lambda entry: entry[1].st_mtime_ns):
            if left >= 0:
                return
            path.unlink(missing_ok=True)
            left += stat.st_size

    def _paths(self) -> Sequence[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def prefix_cache_folder(home: Path) -> Path:
    """Return the folder of the prefix cache in a home: KV cache states, each made of `collection_id/file_id`."""
    return home / CACHE_NAME / PREFIX_CACHE_NAME


def _read_header(path: Path) -> tuple[_Header, int] | None:
    """Return the header and where the body starts; None where there is none that can be read."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return None
            size = int.from_bytes(file.read(SIZE_BYTES), "little")
            header = msgspec.msgpack.decode(file.read(min(size, LONGEST_HEADER)), type=_Header)
            return header, file.tell()
    except (OSError, msgspec.DecodeError):
        return None


def _stat(path: Path) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return path.stat()
    return None
