"""Crash recovery: remove the files that a crash left without a row, and queue again what was half read."""

from pathlib import Path

from ingest.runtime.atomic_files import SCRATCH, remove_abandoned
from ingest.storage import files, jobs, snapshots
from ingest.storage.home import Home, has_document
from ingest.storage.reader_lock import ReaderLock
from ingest.types import EmbedderPassport


def open_home(folder: Path, *, owner: str) -> Home:
    """Open a home, and recover it if it can be written; raises `LibraryError`."""
    home = Home(folder, owner=owner)
    if home.is_read_only or home.database.damage:
        return home
    try:
        recover_home(home)
    except BaseException:
        home.database.close()
        raise
    return home


def recover_home(home: Home) -> None:
    """Remove the files that a crash left, and queue the documents again that it left half read."""
    with home.translate_disk_errors("it cannot be recovered"):
        home.originals.remove_abandoned()
        home.index_files.remove_abandoned()
        remove_abandoned(home.scratch, (SCRATCH,))
        home.prefix_cache.remove_abandoned()
        with home.database.read() as db:
            half_read = jobs.find_half_read_passports(db)
        for passport in half_read:
            recover_unattended(home, passport)
        # After that: to queue a document again deletes the record of the snapshot that has its vectors.
        with home.database.read() as db:
            contents = home.originals.find_unused(files.find_contents(db))
            indexes = home.index_files.find_unused(snapshots.find_filenames(db))
            derived = home.prefix_cache.find_unused(lambda document: has_document(db, document))
    if contents or indexes or derived:
        home.remove_unused(contents)


def recover_unattended(home: Home, passport: EmbedderPassport) -> int:
    """Queue the half read documents of a passport again unless a process reads them; return how many."""
    lock = ReaderLock(home.folder, passport)
    if not lock.acquire():
        return 0
    try:
        with home.database.write() as db:
            return jobs.recover(db, passport)
    finally:
        lock.release()
