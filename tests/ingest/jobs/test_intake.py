"""Taking files in, and keeping a collection equal to folders."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.errors import LibraryError
from ingest.jobs.intake import Intake
from ingest.jobs.sources import find_files
from ingest.jobs.sync import SyncResult, sync_documents
from ingest.library.library import Library
from ingest.text.analyzer import extract_terms
from ingest.types import Collection
from tests.fakes import chunked, passport
from tests.ingest.library_world import complete


@dataclass
class World:
    """A folder, and the collection that follows it."""

    library: Library
    collection: Collection
    folder: Path

    def ingest(self, *, sync: bool = True) -> SyncResult:
        """Take in what is in the folder, reading each file as its own text; return what left it."""
        files = list(find_files([self.folder]))
        intake = Intake(self.library, self.collection)
        departures = SyncResult((), ())
        if sync:
            departures = sync_documents(self.library, self.collection, [self.folder], files, intake)
        for file in files:
            document = intake.ingest(file).document
            complete(self.library, document, chunked(file.read_text()))
        intake.close()
        return departures

    @property
    def names(self) -> list[str]:
        return sorted(Path(document.source).name for document in self.library.documents(self.collection.id))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    library = Library(tmp_path / "home")
    made = World(library, library.create_collection("c", passport()), tmp_path / "docs")
    made.folder.mkdir()
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (made.folder / name).parent.mkdir(exist_ok=True)
        (made.folder / name).write_text(f"This is {name}.")
    yield made
    library.close()


def test_a_version_that_was_read_is_not_read_again(world: World) -> None:
    path = world.folder / "a.txt"
    first = Intake(world.library, world.collection).ingest(path)
    complete(world.library, first.document, chunked("One."))
    again = Intake(world.library, world.collection).ingest(path)
    path.write_text("Two.")
    changed = Intake(world.library, world.collection).ingest(path)
    assert [taken.is_unchanged for taken in (first, again, changed)] == [False, True, False]
    assert again.document.source == path.as_posix()


def test_a_file_that_the_file_system_calls_unchanged_is_not_opened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ingest()

    def refuse(path: Path, mode: str) -> None:
        raise AssertionError(f"{path} was opened ({mode})")

    intake = Intake(world.library, world.collection)
    files = list(find_files([world.folder]))
    monkeypatch.setattr(Path, "open", refuse)
    assert all(intake.ingest(file).is_unchanged for file in files)


def test_a_file_of_the_same_size_and_time_that_was_replaced_is_noticed(world: World) -> None:
    world.ingest()
    path = world.folder / "a.txt"
    before = path.stat()
    replacement = world.folder / "new"
    replacement.write_text("This is x.txt.")
    os.utime(replacement, ns=(before.st_atime_ns, before.st_mtime_ns))
    replacement.rename(path)
    assert not Intake(world.library, world.collection).ingest(path).is_unchanged


def test_a_file_that_is_gone_is_an_error_with_its_name(world: World) -> None:
    with pytest.raises(LibraryError, match=r"gone\.txt cannot be read: No such file"):
        Intake(world.library, world.collection).ingest(world.folder / "gone.txt")


def test_a_folder_that_did_not_change_changes_nothing(world: World) -> None:
    world.ingest()
    generation = world.library.collection("c").generation
    assert world.ingest() == SyncResult((), ())
    assert world.library.collection("c").generation == generation


def test_what_is_gone_from_the_folder_is_removed_and_what_is_elsewhere_stays(world: World) -> None:
    other = world.folder.with_name("other.txt")
    other.write_text("This is elsewhere.")
    intake = Intake(world.library, world.collection)
    complete(world.library, intake.ingest(other).document, chunked("This is elsewhere."))
    world.ingest()
    (world.folder / "b.txt").unlink()
    departures = world.ingest()
    assert [Path(document.source).name for document in departures.removed] == ["b.txt"]
    assert world.names == ["a.txt", "c.txt", "other.txt"]
    assert world.library.search_terms(world.collection.id, extract_terms("b"), 10) == []


def test_without_sync_nothing_is_removed(world: World) -> None:
    world.ingest()
    (world.folder / "b.txt").unlink()
    world.ingest(sync=False)
    assert world.names == ["a.txt", "b.txt", "c.txt"]


def test_a_file_that_was_moved_keeps_its_document_and_answers_under_its_new_name(world: World) -> None:
    world.ingest()
    before = {Path(document.source).name: document for document in world.library.documents(world.collection.id)}
    (world.folder / "a.txt").rename(world.folder / "sub" / "renamed.txt")
    departures = world.ingest()
    after = {Path(document.source).name: document for document in world.library.documents(world.collection.id)}
    assert [moved.path.name for moved in departures.moved] == ["renamed.txt"]
    assert departures.removed == ()
    assert after["renamed.txt"].file_id == before["a.txt"].file_id
    assert after["renamed.txt"].filename == "renamed.txt"
    assert world.names == ["b.txt", "c.txt", "renamed.txt"]


def test_a_new_file_where_another_was_moved_away_is_a_document_of_its_own(world: World) -> None:
    world.ingest()
    (world.folder / "a.txt").rename(world.folder / "moved.txt")
    world.ingest()
    (world.folder / "a.txt").write_text("This is a.txt.")
    world.ingest()
    ids = {document.file_id for document in world.library.documents(world.collection.id)}
    assert world.names == ["a.txt", "b.txt", "c.txt", "moved.txt"]
    assert len(ids) == 4


def test_a_folder_that_is_not_there_empties_nothing(world: World) -> None:
    world.ingest()
    gone = world.folder.rename(world.folder.with_name("unmounted"))
    intake = Intake(world.library, world.collection)
    with pytest.raises(LibraryError, match="is not there; nothing was removed"):
        sync_documents(world.library, world.collection, [world.folder], [], intake)
    assert gone.is_dir()
    assert world.names == ["a.txt", "b.txt", "c.txt"]


def test_documents_below_a_folder_that_cannot_be_opened_stay(world: World) -> None:
    world.ingest()
    files = [world.folder / "a.txt", world.folder / "b.txt", world.folder / "sub"]  # as `find_files` says it
    intake = Intake(world.library, world.collection)
    departures = sync_documents(world.library, world.collection, [world.folder], files, intake)
    assert departures == SyncResult((), ())
    assert world.names == ["a.txt", "b.txt", "c.txt"]
