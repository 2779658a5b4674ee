"""Bring a backup back into an empty home."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import BackupDamagedError, HomeNotEmptyError, LibraryError
from ingest.runtime.atomic_files import sync_folder
from ingest.storage import database_copies
from ingest.storage.home import DATABASE_NAME, INDEX_NAME, ORIGINALS_NAME
from ingest.storage.schema import MIGRATIONS
from ingest.upkeep.backup import copy_file, read_manifest, verify

PARTS = (DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm", ORIGINALS_NAME, INDEX_NAME)


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The result of a restore; `aside` is the new folder of the library that was in the home before."""

    counts: dict[str, int]
    missing: tuple[str, ...]
    aside: Path | None


def restore(source: Path, home: Path, *, force: bool = False) -> RestoreResult:
    """Verify a backup and copy it into a home without a library. Settings and models in the home stay.

    With `force` a library in the home is moved beside it first. Raises `BackupDamagedError`, `HomeNotEmptyError`, and
    `LibraryError` if the home cannot be written or another process works in it.
    """
    if problems := verify(source):
        raise BackupDamagedError(path=str(source), problems=problems)
    manifest = read_manifest(source)
    if manifest.schema > len(MIGRATIONS):
        detail = f"the backup has version {manifest.schema}, this program reads up to {len(MIGRATIONS)}; update Pincite"
        raise LibraryError(home=str(home), detail=detail)
    if has_library(home) and not force:
        raise HomeNotEmptyError(home=str(home))
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        incoming = Path(tempfile.mkdtemp(dir=home, prefix="restoring-"))
        try:
            _copy(source, incoming)
            aside = _move_aside(home) if has_library(home) else None
            # The database comes last: a home without one is a home without a library.
            for name in (ORIGINALS_NAME, DATABASE_NAME):
                if (incoming / name).exists():
                    (incoming / name).rename(home / name)
            sync_folder(home)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
    except OSError as error:
        raise LibraryError(home=str(home), detail=f"nothing can be restored: {error.strerror or error}") from error
    return RestoreResult(manifest.counts, manifest.missing, aside)


def has_library(home: Path) -> bool:
    """Whether a home has any part of a library, even of one that was restored in part."""
    return any((home / name).exists() for name in PARTS)


def _copy(source: Path, target: Path) -> None:
    """Copy all files of a backup, each compared with the manifest while it is copied."""
    manifest = read_manifest(source)
    wrong = [
        f"{name} changed while it was copied"
        for name, entry in manifest.files.items()
        if copy_file(source / name, target / name) != entry
    ]
    if wrong:
        raise BackupDamagedError(path=str(source), problems=wrong)
    for folder in (path for path in target.rglob("*") if path.is_dir()):
        sync_folder(folder)


def _move_aside(home: Path) -> Path:
    """Move the library that is in a home to a new folder beside it."""
    database_copies.check_not_in_use(home / DATABASE_NAME)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = Path(tempfile.mkdtemp(dir=home.parent, prefix=f"{home.name}-before-restore-{stamp}-"))
    for name in PARTS:
        if (home / name).exists():
            (home / name).rename(aside / name)
    sync_folder(aside)
    return aside
