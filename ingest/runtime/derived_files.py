"""Files derived from documents, such as KV cache states: each is removed with the first of its documents.

A file has a header (its documents, and metadata of its writer) and a body with a CRC-32. Several processes may use one
folder.
"""

import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingest.runtime.atomic_files import open_incoming_file, remove_abandoned, sync_file, sync_folder

CACHE_NAME = "cache"
PREFIX_CACHE_NAME = "read-ahead"
SUFFIX = ".derived"
MAGIC = b"PINCITE-DERIVED\x01"
SIZE_BYTES = 8
LONGEST_HEADER = 64 << 20


class _Header(msgspec.Struct):
    """The MessagePack map before the body; the stored names are those of the first version."""

    documents: tuple[str, ...] = msgspec.field(name="made_of")
    metadata: bytes = msgspec.field(name="head")
    body_bytes: int
    body_crc32: int


@dataclass(frozen=True, slots=True)
class DerivedFile:
    """A file as its header describes it: the documents (`collection_id/file_id`), and metadata of its writer."""

    name: str
    documents: tuple[str, ...]
    metadata: bytes


class DerivedFiles:
    """A folder of derived files, which `store` keeps below `budget_bytes` by evicting the least recently used."""

    def __init__(self, folder: Path, budget_bytes: int = 0) -> None:
        self._folder = folder
        self._budget_bytes = budget_bytes

    def store(self, derived: DerivedFile, body: memoryview) -> bool:
        """Store a file, replacing the one of that name; return False if it is larger than the budget."""
        header = msgspec.msgpack.encode(_Header(derived.documents, derived.metadata, body.nbytes, zlib.crc32(body)))
        size = len(MAGIC) + SIZE_BYTES + len(header) + body.nbytes
        if size > self._budget_bytes:
            return False
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_abandoned(self._folder)
        self._make_room(size, derived.name)
        with open_incoming_file(self._folder) as (file, path):
            file.writelines((MAGIC, len(header).to_bytes(SIZE_BYTES, "little"), header, body))
            sync_file(file)
            path.rename(self._path(derived.name))
        sync_folder(self._folder)
        return True

    def list_files(self) -> list[DerivedFile]:
        """Return every file whose header can be read, ordered by name."""
        headers = ((path.name.removesuffix(SUFFIX), _read_header(path)) for path in self._paths())
        return [
            DerivedFile(name, header[0].documents, header[0].metadata) for name, header in headers if header is not None
        ]

    def read_body(self, name: str) -> bytes | None:
        """Return the body of a file and mark it as used; None if it is gone, or damaged and now removed."""
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
        """Remove the temporary files of processes that were killed while they wrote."""
        remove_abandoned(self._folder)

    def find_unused(self, exists: Callable[[str], bool]) -> list[Path]:
        """Return the files of which a document does not exist any more, and those that cannot be read."""
        headers = ((path, _read_header(path)) for path in self._paths())
        return [path for path, read in headers if read is None or not all(map(exists, read[0].documents))]

    def remove_unused(self, exists: Callable[[str], bool]) -> int:
        """Remove the files that `find_unused` returns; return how many those were."""
        unused = self.find_unused(exists)
        for path in unused:
            path.unlink(missing_ok=True)
        return len(unused)

    def _make_room(self, size_bytes: int, name: str) -> None:
        others = [
            (path, stat) for path in self._paths() if (stat := _stat(path)) is not None and path != self._path(name)
        ]
        left = self._budget_bytes - size_bytes - sum(stat.st_size for _, stat in others)
        for path, stat in sorted(others, key=lambda entry: entry[1].st_mtime_ns):
            if left >= 0:
                return
            path.unlink(missing_ok=True)
            left += stat.st_size

    def _paths(self) -> Sequence[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def locate_prefix_cache(home: Path) -> Path:
    """Return the folder of the prefix cache in a home: KV cache states, each made of `collection_id/file_id`."""
    return home / CACHE_NAME / PREFIX_CACHE_NAME


def _read_header(path: Path) -> tuple[_Header, int] | None:
    """Return the header and the offset of the body; None if there is no header that can be read."""
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
