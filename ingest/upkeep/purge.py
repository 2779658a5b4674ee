"""Remove every trace of deleted documents from a home: database, WAL, indexes, caches and copies."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import LibraryError
from ingest.library.library import Library
from ingest.runtime.atomic_files import SCRATCH, UNLOCKED_SECONDS, remove_abandoned
from ingest.runtime.derived_files import CACHE_NAME
from ingest.storage import maintenance
from ingest.storage.home import INDEX_NAME, ORIGINALS_NAME, SCRATCH_NAME
from ingest.storage.recovery import recover_home

UNFINISHED_RESTORES = "restoring-*"
OLD_COPIES = "library-before-v*"


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """The size of the home before and after, and how many copies and cache files were deleted."""

    bytes_before: int
    bytes_after: int
    files_removed: int


def purge(library: Library) -> PurgeReport:
    """Overwrite or delete everything that belongs to no document any more, copies of older formats included.

    Other processes may go on working. Raises `LibraryError` if one of them reads or writes without a pause, or a file
    cannot be deleted; what was purged until then stays purged.
    """
    storage = library.storage
    before = measure_bytes(library.home)
    with storage.translate_disk_errors("not everything can be removed"):
        removed = _remove_files(library.home)
    with storage.database.write() as db:
        maintenance.forget_removals(db)
        maintenance.forget_sources(db)
    recover_home(storage)
    storage.remove_unused([])
    with storage.database.exclusive() as db:
        is_done = maintenance.rewrite(db)
    if not is_done:
        detail = "another process is busy with it, so deleted text may still be in its log; purge again later"
        raise LibraryError(home=str(library.home), detail=detail)
    return PurgeReport(before, measure_bytes(library.home), removed)


def measure_bytes(folder: Path) -> int:
    """Return the size of all files in a folder; files that vanish meanwhile do not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def _remove_files(home: Path) -> int:
    copies = list(home.glob(OLD_COPIES))
    for path in copies:
        path.unlink(missing_ok=True)
    for folder in home.glob(UNFINISHED_RESTORES):
        shutil.rmtree(folder)
    cache = home / CACHE_NAME
    cached = [path for path in cache.rglob("*") if not path.is_dir()] if cache.is_dir() else []
    if cache.is_dir():
        shutil.rmtree(cache)
    abandoned = [
        remove_abandoned(home / name, older_than_seconds=UNLOCKED_SECONDS) for name in (ORIGINALS_NAME, INDEX_NAME)
    ]
    abandoned.append(remove_abandoned(home / SCRATCH_NAME, (SCRATCH,), older_than_seconds=UNLOCKED_SECONDS))
    return len(copies) + len(cached) + sum(abandoned)
