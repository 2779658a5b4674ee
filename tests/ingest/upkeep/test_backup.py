"""A backup is one state of the library, can be checked by itself, and brings everything back somewhere else."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import BackupDamagedError, BackupError, HomeNotEmptyError, LibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage.schema import MIGRATIONS
from ingest.upkeep.backup import MANIFEST_NAME, SEAL_NAME, back_up, read_manifest, verify
from ingest.upkeep.check import ConsistencyCheck
from ingest.upkeep.restore import restore
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import add
from tests.raw_database import BEFORE_MIGRATION, raw_database

EMBEDDER = HashEmbedder()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with two collections, a failed document and a password."""
    opened = Library(tmp_path / "home")
    one, two = (opened.create_collection(name, passport()) for name in ("one", "two"))
    for number in range(15):
        add(opened, one.id, f"{number}.txt", chunked(f"Pump {number} is blue.", f"Valve {number} is red."))
    add(opened, two.id, "0.txt", chunked("Pump 0 is blue.", "Valve 0 is red."))
    failed = opened.add_file(source="x.pdf", filename="x.pdf", content=opened.original_path(opened.files()[0].id))
    opened.fail(opened.enqueue(two.id, failed.id, password="secret"), "damaged")
    SearchIndex(opened).save(one.id)
    yield opened
    opened.close()


def contents(home: Path) -> list[object]:
    """Return all that a person could notice of a library, the ten best results included."""
    with closing(Library(home)) as library:
        index = SearchIndex(library)
        query = EMBEDDER.embed_query("blue pump 7")
        return [
            library.documents(),
            library.files(),
            [library.original_path(file.id).read_bytes() for file in library.files()],
            [library.password(file.id) for file in library.files()],
            [index.search_dense(collection.id, query, 10) for collection in library.collections()],
            [index.search_lexical(collection.id, "pump 7", 10) for collection in library.collections()],
            [library.document_text(each.collection_id, each.file_id) for each in library.documents()],
        ]


def findings(home: Path) -> list[object]:
    with closing(Library(home)) as library:
        return [*ConsistencyCheck(library, SearchIndex(library)).run()]


def test_what_is_restored_elsewhere_is_the_same(library: Library, tmp_path: Path) -> None:
    made = back_up(library, tmp_path / "backups")
    assert made.folder.parent == tmp_path / "backups"
    assert made.folder.name.startswith("pincite-backup-")
    assert verify(made.folder) == []

    restored = restore(made.folder, tmp_path / "elsewhere")

    counts = {"collections": 2, "files": 16, "documents": 17, "chunks": 32, "conversations": 0}
    assert restored.counts == made.manifest.counts == counts
    assert contents(tmp_path / "elsewhere") == contents(library.home)
    assert findings(tmp_path / "elsewhere") == []
    assert sorted(os.listdir(tmp_path / "backups")) == [made.folder.name]


def test_everything_in_a_backup_and_after_a_restore_is_for_its_owner_only(library: Library, tmp_path: Path) -> None:
    made = back_up(library, tmp_path)
    restore(made.folder, tmp_path / "elsewhere")
    inside = [*made.folder.rglob("*"), *(tmp_path / "elsewhere").rglob("*")]
    assert [path for path in inside if path.stat().st_mode & 0o077] == []
    assert made.folder.stat().st_mode & 0o077 == 0


def test_a_backup_while_others_add_replace_and_delete_is_one_whole_state(library: Library, tmp_path: Path) -> None:
    is_over = threading.Event()
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with closing(Library(library.home)) as other:
                collection = other.collection("one")
                turn = 0
                while not is_over.is_set():
                    turn += 1
                    text = f"Writer {number} is at turn {turn}."
                    file_id = add(other, collection.id, f"writer-{number}.txt", chunked(text)).file_id
                    if turn % 3 == 0:
                        other.delete_file(file_id)
        except BaseException as error:  # noqa: BLE001 (reported by the main thread)
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    made = [back_up(library, tmp_path / "backups") for _ in range(8)]
    is_over.set()
    for thread in threads:
        thread.join()

    assert errors == []
    for number, backup in enumerate(made):
        assert (verify(backup.folder), backup.manifest.missing) == ([], ())
        restore(backup.folder, tmp_path / str(number))
        assert findings(tmp_path / str(number)) == []
    assert [path.name for path in (library.home / "files").iterdir() if path.name.startswith("backup-")] == []


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_flipped_bit_in_any_file_is_detected_and_nothing_is_restored(library: Library, tmp_path: Path) -> None:
    folder = back_up(library, tmp_path / "backups").folder
    for path in files_of(folder):
        body = path.read_bytes()
        for position in {0, len(body) // 2, len(body) - 1} if path.name != SEAL_NAME else {0, 40}:
            path.write_bytes(body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :])
            assert verify(folder) != [], (path, position)
        with pytest.raises(BackupDamagedError):
            restore(folder, tmp_path / "elsewhere")
        path.write_bytes(body)
    assert verify(folder) == []
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_too_few_or_too_many_is_detected(library: Library, tmp_path: Path) -> None:
    folder = back_up(library, tmp_path).folder
    original = files_of(folder / "files")[0]
    body = original.read_bytes()
    original.unlink()
    assert verify(folder) == [f"{original.name} cannot be read (No such file or directory)"]
    original.symlink_to("/etc/hostname")
    assert verify(folder) == [f"{original.name} is a link"]
    original.unlink()
    original.write_bytes(body)
    (folder / "files" / "more").write_text("x")
    assert verify(folder) == ["files/more does not belong to it"]


def test_a_folder_that_is_no_backup_is_told(tmp_path: Path) -> None:
    (problem,) = verify(tmp_path)
    assert "is no backup of Pincite" in problem


def test_a_manifest_that_leads_out_of_the_backup_is_refused(library: Library, tmp_path: Path) -> None:
    folder = back_up(library, tmp_path).folder
    body = (folder / MANIFEST_NAME).read_bytes().replace(b'"library.db"', b'"../library.db"')
    (folder / MANIFEST_NAME).write_bytes(body)
    (folder / SEAL_NAME).write_text(hashlib.sha256(body).hexdigest())
    with pytest.raises(BackupDamagedError, match="names files that no backup has"):
        restore(folder, tmp_path / "elsewhere")


def test_a_library_is_not_overwritten_unless_it_is_moved_aside(library: Library, tmp_path: Path) -> None:
    made = back_up(library, tmp_path)
    target = tmp_path / "other"
    with closing(Library(target)) as other:
        add(other, other.create_collection("mine", passport()).id, "a.txt", chunked("Mine."))
    (target / "pincite.toml").write_text("port = 4321\n")
    before = contents(target)

    with pytest.raises(HomeNotEmptyError, match="--force moves it aside"):
        restore(made.folder, target)
    assert contents(target) == before

    restored = restore(made.folder, target, force=True)
    assert restored.aside is not None
    assert contents(target) == contents(library.home)
    assert (target / "pincite.toml").read_text() == "port = 4321\n"
    assert contents(restored.aside) == before


def test_a_library_that_somebody_works_with_is_not_moved_aside(library: Library, tmp_path: Path) -> None:
    made = back_up(library, tmp_path)
    before = contents(library.home)
    with pytest.raises(LibraryError, match="another process works with it"):
        restore(made.folder, library.home, force=True)
    assert contents(library.home) == before
    assert not [path for path in tmp_path.iterdir() if "before-restore" in path.name]


def test_a_backup_of_a_newer_format_is_refused(library: Library, tmp_path: Path) -> None:
    with library.storage.database.write() as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    made = back_up(library, tmp_path)
    with pytest.raises(LibraryError, match="update Pincite"):
        restore(made.folder, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    with library.storage.database.write() as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def test_a_lost_original_is_noted_and_the_rest_is_kept(library: Library, tmp_path: Path) -> None:
    lost, spoilt = (library.files()[number] for number in (3, 4))
    library.original_path(lost.id).unlink()
    library.original_path(spoilt.id).write_bytes(b"spoilt")
    made = back_up(library, tmp_path)
    assert made.manifest.missing == tuple(sorted((lost.sha256, spoilt.sha256)))
    assert verify(made.folder) == []
    assert restore(made.folder, tmp_path / "elsewhere").missing == made.manifest.missing
    with closing(Library(tmp_path / "elsewhere")) as restored:
        assert len(restored.documents()) == 17


def test_a_backup_that_fails_leaves_nothing_with_its_name(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ingest.upkeep.backup.copy_file", refuse)
    with pytest.raises(BackupError, match="No space left on device"):
        back_up(library, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_is_not_written_into_the_home(library: Library) -> None:
    with pytest.raises(BackupError, match="inside the home"):
        back_up(library, library.home / "backups")


def test_two_backups_of_one_second_do_not_meet(library: Library, tmp_path: Path) -> None:
    folders = [back_up(library, tmp_path).folder for _ in range(3)]
    assert len(set(folders)) == 3
    assert read_manifest(folders[0]).files.keys() == read_manifest(folders[2]).files.keys()


def test_a_backup_without_links_copies(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert verify(back_up(library, tmp_path).folder) == []


def test_a_backup_of_an_older_format_is_migrated_when_it_is_opened(library: Library, tmp_path: Path) -> None:
    old = tmp_path / "old"
    (old / "files").mkdir(parents=True)
    with closing(raw_database(old / "library.db")) as db:
        db.execute(MIGRATIONS[0])
        db.execute("PRAGMA user_version = 1")
    with closing(Library(old)) as opened:
        assert verify(back_up(opened, tmp_path).folder) == []
    assert (old / BEFORE_MIGRATION).exists()
