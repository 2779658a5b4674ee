"""Back up a library while others write to it, into a folder that can be verified by itself; verify one."""

import hashlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from ingest.errors import BackupError
from ingest.library.library import Library
from ingest.runtime.atomic_files import PINNED, create_locked_folder, sync_file, sync_folder
from ingest.storage import database_copies, files
from ingest.storage.home import DATABASE_NAME, ORIGINALS_NAME, Home

FORMAT = 1
MANIFEST_NAME = "manifest.json"
SEAL_NAME = "manifest.sha256"
PREFIX = "pincite-backup-"
UNFINISHED = ".pincite-unfinished-"

_NAME = re.compile(rf"{re.escape(DATABASE_NAME)}|{ORIGINALS_NAME}/[0-9a-f]{{2}}/[0-9a-f]{{64}}")


class FileEntry(msgspec.Struct, frozen=True):
    """The content that a file of the backup must have."""

    sha256: str
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """The files and row counts of a backup. `missing` are contents that the library itself had lost."""

    format: int
    created_at: int
    schema: int
    counts: dict[str, int]
    files: dict[str, FileEntry]
    missing: tuple[str, ...] = ()


class Backup(msgspec.Struct, frozen=True):
    """A backup and its folder."""

    folder: Path
    manifest: Manifest

    @property
    def size_bytes(self) -> int:
        """The size of all its files."""
        return sum(entry.size_bytes for entry in self.manifest.files.values())


def back_up(library: Library, destination: Path) -> Backup:
    """Write a new folder `pincite-backup-…` into `destination`: one state of the library, with its originals.

    The folder gets its name by a rename when it is complete and fsynced. Index snapshots are left out; they are built
    again. Raises `BackupError` and `LibraryError`.
    """
    home = library.home.resolve()
    if home in (destination.resolve(), *destination.resolve().parents):
        raise BackupError(path=str(destination), detail="it would lie inside the home itself; choose another folder")
    try:
        destination.mkdir(parents=True, exist_ok=True)
        _remove_unfinished(destination)
        unfinished = Path(tempfile.mkdtemp(dir=destination, prefix=UNFINISHED))
        try:
            manifest = _write(library.storage, unfinished)
            folder = _free_name(destination)
            unfinished.rename(folder)
            sync_folder(destination)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise BackupError(path=str(destination), detail=error.strerror or str(error)) from error
    return Backup(folder, manifest)


def verify(folder: Path) -> list[str]:
    """Return what is wrong with a backup: every file is read, and the database checked. Nothing if it is whole."""
    try:
        manifest = read_manifest(folder)
    except ValueError as error:
        return [str(error)]
    problems = [
        problem for name, entry in manifest.files.items() if (problem := _problem_of(folder / name, entry)) is not None
    ]
    expected = {*manifest.files, MANIFEST_NAME, SEAL_NAME}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    problems += [f"{name} does not belong to it" for name in sorted(present - expected)]
    if not problems:
        problems += database_copies.find_problems(folder / DATABASE_NAME)
    return problems or _missing_originals(folder, manifest)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup; raises `ValueError` if there is none, or it is damaged or of a newer format."""
    try:
        body = (folder / MANIFEST_NAME).read_bytes()
        seal = (folder / SEAL_NAME).read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        raise ValueError(f"{folder} is no backup of Pincite ({error.strerror}: {error.filename})") from error
    if hashlib.sha256(body).hexdigest() != seal:
        raise ValueError(f"{MANIFEST_NAME} is not what was written")
    try:
        manifest = msgspec.json.decode(body, type=Manifest)
    except msgspec.DecodeError as error:
        raise ValueError(f"{MANIFEST_NAME} cannot be read: {error}") from error
    if manifest.format > FORMAT:
        raise ValueError(f"it has format {manifest.format}, this program reads up to {FORMAT}; update Pincite")
    if strange := [name for name in manifest.files if not _NAME.fullmatch(name)]:
        raise ValueError(f"{MANIFEST_NAME} names files that no backup has ({strange[0]!r})")
    return manifest


def copy_file(source: Path, target: Path) -> FileEntry:
    """Copy a file, readable by its owner only, fsync it and return its content's hash and size; raises `OSError`."""
    _make_folder(target.parent)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as reading, os.fdopen(descriptor, "wb") as writing:
        while block := reading.read(1 << 20):
            digest.update(block)
            size += len(block)
            writing.write(block)
        sync_file(writing)
    return FileEntry(digest.hexdigest(), size)


def _write(storage: Home, folder: Path) -> Manifest:
    """Write all files of a backup, the manifest last."""
    # Links to originals keep their content while it is copied.
    with create_locked_folder(storage.folder / ORIGINALS_NAME, PINNED) as pinned:
        with storage.database.read() as db:
            with storage.database.write():  # nobody deletes an original between this state and its link
                contents = sorted(files.find_contents(db))
                missing = [sha256 for sha256 in contents if not _pin(storage.originals.path(sha256), pinned / sha256)]
            database_copies.write_copy(db, folder / DATABASE_NAME)
        entries = {DATABASE_NAME: _entry_of(folder / DATABASE_NAME)}
        for sha256 in [content for content in contents if content not in missing]:
            name = f"{ORIGINALS_NAME}/{sha256[:2]}/{sha256}"
            entries[name] = copy_file(pinned / sha256, folder / name)
            if entries[name].sha256 != sha256:
                missing.append(sha256)  # damaged; it is copied as it is
    facts = database_copies.read_facts(folder / DATABASE_NAME)
    manifest = Manifest(FORMAT, int(time.time()), facts.version, facts.counts, entries, tuple(sorted(missing)))
    _seal(folder, manifest)
    return manifest


def _pin(original: Path, link: Path) -> bool:
    """Link an original, so that it can be read even if it is deleted; False if it is gone already."""
    if not original.exists():
        return False
    try:
        os.link(original, link)
    except OSError:  # a file system without links
        copy_file(original, link)
    return True


def _seal(folder: Path, manifest: Manifest) -> None:
    body = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    for name, content in ((MANIFEST_NAME, body), (SEAL_NAME, hashlib.sha256(body).hexdigest().encode() + b"\n")):
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            sync_file(file)
    for path in (*(subfolder for subfolder in folder.rglob("*") if subfolder.is_dir()), folder):
        sync_folder(path)


def _make_folder(folder: Path) -> None:
    """Make a folder for its owner only, and its missing parents."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _entry_of(path: Path) -> FileEntry:
    with path.open("rb") as file:
        return FileEntry(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _problem_of(path: Path, entry: FileEntry) -> str | None:
    if path.is_symlink():
        return f"{path.name} is a link"
    try:
        actual = _entry_of(path)
    except OSError as error:
        return f"{path.name} cannot be read ({error.strerror})"
    return None if actual == entry else f"{path.name} is not what was written"


def _missing_originals(folder: Path, manifest: Manifest) -> list[str]:
    contents = database_copies.read_facts(folder / DATABASE_NAME).contents
    present = {Path(name).name for name in manifest.files}
    return [f"the original {sha256} is not in it" for sha256 in sorted(contents - present - set(manifest.missing))]


def _free_name(destination: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1_000):
        folder = destination / (f"{PREFIX}{stamp}" if number == 1 else f"{PREFIX}{stamp}-{number}")
        if not folder.exists():
            return folder
    raise BackupError(path=str(destination), detail="a thousand backups of this second are there already")


def _remove_unfinished(destination: Path) -> None:
    """Delete the folders of backups that were killed more than a day ago."""
    for path in destination.glob(f"{UNFINISHED}*"):
        if time.time() - path.stat().st_mtime > 86_400:
            shutil.rmtree(path, ignore_errors=True)
