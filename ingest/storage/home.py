"""An open home folder: its database, its originals, index snapshots and prefix cache, kept consistent.

The order of writes makes every crash harmless: a file is complete before its row is committed, and deleted after the
row is. `ingest.storage.recovery` removes what a crash leaves without a row when the home is opened.
"""

import copy
import errno
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import apsw

from ingest.errors import LibraryError
from ingest.principals import EVERY_OWNER
from ingest.runtime.derived_files import DerivedFiles, locate_prefix_cache
from ingest.storage import documents, files, snapshots
from ingest.storage.database import Database
from ingest.storage.originals import Originals
from ingest.storage.schema import MIGRATIONS
from ingest.storage.snapshots import SnapshotFiles
from ingest.types import DocumentRecord

DATABASE_NAME = "library.db"
ORIGINALS_NAME = "files"
INDEX_NAME = "index"
SCRATCH_NAME = "scratch"
LEAST_FREE_BYTES = 1 << 20
"""With less, no file and no document is stored: what is left is for deleting, which writes to the log first."""
QUICK_CHECK_SECONDS = 0.2
"""How long opening a home may take to look for damage; a server goes on with that in the background."""


@dataclass(slots=True)
class _Hindrance:
    """Why no document can be stored now, which all views of a home share."""

    reason: str = ""


class Home:
    """The storage of a library as one owner sees it, or `EVERY_OWNER`; safe to use from many threads.

    `scratch` is the folder of the parsers' temporary files.

    A folder that cannot be written is read (`is_read_only`) if there is a library in it. Raises `LibraryError` if there
    is none, or it cannot be read.
    """

    def __init__(self, folder: Path, *, owner: str) -> None:
        self.folder = folder
        self.owner = owner
        self._hindrance = _Hindrance()
        self.index_files = SnapshotFiles(folder / INDEX_NAME)
        self.prefix_cache = DerivedFiles(locate_prefix_cache(folder))
        with self.translate_disk_errors("it cannot be opened"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.is_read_only = not os.access(folder, os.W_OK | os.X_OK)
            if self.is_read_only and not (folder / DATABASE_NAME).is_file():
                raise PermissionError(f"no permission to write in {folder}")
            self.originals = Originals(folder / ORIGINALS_NAME)
            self.scratch = folder / SCRATCH_NAME
            if not self.is_read_only:
                self.scratch.mkdir(mode=0o700, exist_ok=True)
                (folder / DATABASE_NAME).touch(mode=0o600)
                (folder / DATABASE_NAME).chmod(0o600)
        self.database = Database(folder / DATABASE_NAME, MIGRATIONS, is_read_only=self.is_read_only)
        self.database.look_for_damage(seconds=QUICK_CHECK_SECONDS)

    def as_owner(self, owner: str) -> "Home":
        """Return the same home as another owner sees it."""
        view = copy.copy(self)
        view.owner = owner
        return view

    @property
    def hindrance(self) -> str:
        """Why no document can be stored now; whoever stores them sets it, for every view."""
        return self._hindrance.reason

    @hindrance.setter
    def hindrance(self, reason: str) -> None:
        self._hindrance.reason = reason

    def remove_unused(self, contents: Sequence[str]) -> None:
        """Delete those of some contents that no file has, and the files derived from rows that are gone.

        It is a transaction of its own, after the one that deleted the rows: a deleted file cannot be rolled back. The
        content of all of them leaves the write-ahead log.
        """
        with self.translate_disk_errors("what was removed is still on the disk"), self.database.erase() as db:
            for sha256 in contents:
                if not files.is_content_used(db, sha256):
                    self.originals.remove(sha256)
            self.index_files.remove_unused(snapshots.find_filenames(db))
            self.prefix_cache.remove_unused(lambda document: has_document(db, document))

    def find_hindrance(self) -> str:
        """Return why no document can be stored now; empty if nothing is known to be in the way."""
        if self.hindrance:
            return self.hindrance
        return f"it waits: the disk of {self.folder} is full; make room, and it is read" if self._is_disk_full() else ""

    def check_room(self) -> None:
        """Raise `OSError` if the disk is too full to keep a file that has just been written to it."""
        if self._is_disk_full():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _is_disk_full(self) -> bool:
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize < LEAST_FREE_BYTES or (state.f_favail == 0 and state.f_files > 0)

    def explain_waiting(self, records: Sequence[DocumentRecord]) -> list[DocumentRecord]:
        """Return documents, those that wait with the reason why, if there is one."""
        if not any(record.status == "queued" for record in records) or not (why := self.find_hindrance()):
            return list(records)
        return [replace(record, reason=why) if record.status == "queued" else record for record in records]

    @contextmanager
    def translate_disk_errors(self, what: str) -> Generator[None]:
        """Translate an `OSError` of the block into a `LibraryError` that begins with `what`."""
        try:
            yield
        except OSError as error:
            raise LibraryError(home=str(self.folder), detail=f"{what}: {error.strerror or error}") from error


def has_document(db: apsw.Connection, document: str) -> bool:
    """Whether there is a document `collection_id/file_id`."""
    collection_id, _, file_id = document.partition("/")
    return documents.find_row(db, collection_id, file_id) is not None


def delete_unused_files(db: apsw.Connection, owner: str, file_ids: Sequence[str]) -> list[str]:
    """Delete those of some files that no document has; return the contents that no file has any more.

    Files of other owners, who have added them to a shared collection, stay.
    """
    orphans: list[str] = []
    for file_id in file_ids:
        if not documents.find_collections(db, file_id):
            file = files.find(db, EVERY_OWNER, file_id)
            if file.owner != owner:
                continue
            files.delete(db, file_id)
            if not files.is_content_used(db, file.sha256):
                orphans.append(file.sha256)
    return orphans


def delete_replaced_files(db: apsw.Connection, file_id: str, replaced: Sequence[str]) -> list[str]:
    """Delete the files of versions that a file has replaced, if they are its owner's and no document has them.

    Returns the contents that no file has any more.
    """
    return delete_unused_files(db, files.find(db, EVERY_OWNER, file_id).owner, replaced) if replaced else []
