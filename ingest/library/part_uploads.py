"""Uploads in parts: what a client sends in pieces, in any order, until it is complete and becomes a file.

An upload is known to this process alone and lasts an hour. What was received is a temporary file beside the originals,
locked as long as the process lives; `ingest.storage.recovery` removes that of a process that was killed.
"""

import hashlib
import io
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from ingest.errors import FileTooLargeError, UploadNotFoundError, UploadRefusedError
from ingest.library.library import Library
from ingest.runtime.atomic_files import open_incoming_file
from ingest.storage.home import Home
from ingest.types import FileRecord

LIFETIME_SECONDS = 3_600
MAX_PARTS = 10_000
MAX_PENDING = 16
"""Uploads that an owner has begun at the same time; another one ends the oldest."""
MAX_ENDED = 256
"""Uploads of all owners that are remembered after their end."""
SPARE = 2
"""So many times the announced size may be received: a part that failed is sent again."""
COPY_BYTES = 1 << 20

UploadStatus = Literal["pending", "completed", "cancelled", "expired"]


@dataclass(frozen=True, slots=True)
class UploadSpec:
    """What a client says of a file before it sends the parts."""

    filename: str
    size_bytes: int
    purpose: str
    expires_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an upload: where it is in what was received."""

    id: str
    start: int
    size_bytes: int
    created_at: int


@dataclass(slots=True)
class PartUpload:
    """An upload: its parts while it is pending, its file when it is completed."""

    spec: UploadSpec
    owner: str
    received: BinaryIO
    path: Path
    closing: ExitStack
    id: str = field(default_factory=lambda: f"upload_{uuid.uuid4().hex}")
    created_at: int = field(default_factory=lambda: int(time.time()))
    status: UploadStatus = "pending"
    parts: dict[str, Part] = field(default_factory=dict[str, Part])
    file: FileRecord | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def expires_at(self) -> int:
        """When it ends unless it is completed before, in Unix time."""
        return self.created_at + LIFETIME_SECONDS

    def end(self, status: UploadStatus) -> None:
        """Delete what was received."""
        self.status = status
        self.closing.close()


class PartUploads:
    """The uploads in parts of one process. Safe to use from many threads.

    A method that takes an id raises `UploadNotFoundError` if it is not its owner's, and `UploadRefusedError` for what
    cannot be done with the upload.
    """

    def __init__(self, storage: Home, *, max_bytes: int) -> None:
        self._storage = storage
        self._max_bytes = max_bytes
        self._uploads: dict[str, PartUpload] = {}
        self._lock = threading.Lock()

    def create(self, owner: str, spec: UploadSpec) -> PartUpload:
        """Begin an upload; raises `FileTooLargeError`."""
        if spec.size_bytes > self._max_bytes:
            raise FileTooLargeError(limit_mb=self._max_bytes >> 20)
        with self._storage.translate_disk_errors(f"{spec.filename} cannot be kept"), self._lock, ExitStack() as stack:
            self._end_old(owner)
            received, path = stack.enter_context(open_incoming_file(self._storage.originals.folder))
            upload = PartUpload(spec, owner, received, path, stack.pop_all())
            self._uploads[upload.id] = upload
            return upload

    def add_part(self, owner: str, upload_id: str, content: BinaryIO) -> Part:
        """Store a part."""
        upload = self._find(owner, upload_id)
        with upload.lock, self._storage.translate_disk_errors(f"{upload.spec.filename} cannot be kept"):
            _check_pending(upload)
            if len(upload.parts) >= MAX_PARTS:
                raise UploadRefusedError(detail=f"an upload has at most {MAX_PARTS} parts")
            start = upload.received.seek(0, io.SEEK_END)
            size = _copy(content, upload.received, SPARE * upload.spec.size_bytes - start)
            upload.received.flush()
            part = Part(f"part_{uuid.uuid4().hex}", start, size, int(time.time()))
            upload.parts[part.id] = part
            return part

    def complete(self, library: Library, upload_id: str, part_ids: Sequence[str], md5: str | None) -> PartUpload:
        """Make the parts, in this order, a file of the library."""
        upload = self._find(library.owner, upload_id)
        with upload.lock:
            _check_pending(upload)
            if not set(part_ids) <= upload.parts.keys() or len(set(part_ids)) < len(part_ids):
                raise UploadRefusedError(detail="part_ids must name parts of this upload, each once")
            parts = [upload.parts[part_id] for part_id in part_ids]
            size, announced = sum(part.size_bytes for part in parts), upload.spec.size_bytes
            if size != announced:
                raise UploadRefusedError(detail=f"the parts have {size} bytes, and {announced} were announced")
            with upload.path.open("rb") as received:
                if md5 is not None and _digest(_read(received, parts)) != md5.lower():
                    raise UploadRefusedError(detail="the parts have another md5; send them again")
                upload.file = library.add_upload(
                    upload.spec.filename,
                    io.BufferedReader(_Joined(_read(received, parts))),
                    purpose=upload.spec.purpose,
                    expires_after_seconds=upload.spec.expires_after_seconds,
                )
            upload.end("completed")
            return upload

    def cancel(self, owner: str, upload_id: str) -> PartUpload:
        """End an upload; one that has ended stays as it is."""
        upload = self._find(owner, upload_id)
        with upload.lock:
            if upload.status == "pending":
                upload.end("cancelled")
            return upload

    def close(self) -> None:
        """End all uploads."""
        with self._lock:
            for upload in self._uploads.values():
                upload.closing.close()

    def _find(self, owner: str, upload_id: str) -> PartUpload:
        with self._lock:
            self._end_expired()
            upload = self._uploads.get(upload_id)
        if upload is None or upload.owner != owner:
            raise UploadNotFoundError(upload=upload_id)
        return upload

    def _end_old(self, owner: str) -> None:
        """Make room for another upload of an owner."""
        self._end_expired()
        pending = [each for each in self._uploads.values() if each.owner == owner and each.status == "pending"]
        for upload in pending[: max(len(pending) - MAX_PENDING + 1, 0)]:
            with upload.lock:
                upload.end("expired")
        ended = [each.id for each in self._uploads.values() if each.status != "pending"]
        for upload_id in ended[:-MAX_ENDED]:
            del self._uploads[upload_id]

    def _end_expired(self) -> None:
        for upload in self._uploads.values():
            if upload.status == "pending" and upload.expires_at <= time.time():
                with upload.lock:
                    upload.end("expired")


class _Joined(io.RawIOBase):
    """Blocks of bytes as a stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # of any writable buffer
        self._rest = self._rest or next(self._blocks, b"")
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _check_pending(upload: PartUpload) -> None:
    if upload.status != "pending":
        raise UploadRefusedError(detail=f"the upload is {upload.status}; create another")


def _copy(content: BinaryIO, target: BinaryIO, limit: int) -> int:
    """Copy all of a stream; raises `UploadRefusedError` if it has more bytes than `limit`."""
    size, start = 0, target.tell()
    while block := content.read(COPY_BYTES):
        size += len(block)
        if size > limit:
            target.truncate(start)
            raise UploadRefusedError(detail="the parts have far more bytes than were announced")
        target.write(block)
    return size


def _read(received: BinaryIO, parts: Sequence[Part]) -> Iterator[bytes]:
    for part in parts:
        received.seek(part.start)
        left = part.size_bytes
        while left and (block := received.read(min(left, COPY_BYTES))):
            left -= len(block)
            yield block


def _digest(blocks: Iterator[bytes]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
