"""Finding files on disk and taking them in."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import LibraryError
from ingest.library import Library
from ingest.sources import find_files, take_in
from tests.fakes import chunked, passport
from tests.ingest.library_world import complete


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "home")
    yield opened
    opened.close()


def test_folders_are_walked_in_order_and_hidden_files_skipped(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", ".hidden", "sub/c.txt", ".git/config"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(name)
    found = [path.relative_to(tmp_path / "docs").as_posix() for path in find_files([tmp_path / "docs"])]
    assert found == ["a.txt", "b.txt", "sub/c.txt"]


def test_a_link_back_to_a_parent_folder_is_walked_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("a")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    assert [path.name for path in find_files([tmp_path])] == ["a.txt"]


def test_a_file_given_twice_is_found_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    assert list(find_files([tmp_path / "a.txt", tmp_path])) == [tmp_path / "a.txt"]


def test_a_hidden_file_that_is_given_itself_is_found(tmp_path: Path) -> None:
    (tmp_path / ".a.txt").write_text("a")
    assert list(find_files([tmp_path / ".a.txt"])) == [tmp_path / ".a.txt"]


def test_a_folder_that_cannot_be_opened_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("a")
    scandir = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:  # permissions would not stop a test that runs as root
        if Path(path) == tmp_path / "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(find_files([tmp_path])) == [tmp_path / "sub" / "a.txt", tmp_path / "closed"]


def test_a_version_that_was_read_is_not_read_again(library: Library, tmp_path: Path) -> None:
    collection = library.create_collection("c", passport())
    path = tmp_path / "a.txt"
    path.write_text("One.")
    first = take_in(library, collection, path)
    complete(library, first.document, chunked("One."))

    again = take_in(library, collection, path)
    path.write_text("Two.")
    changed = take_in(library, collection, path)

    assert [taken.is_unchanged for taken in (first, again, changed)] == [False, True, False]
    assert again.document.source == path.as_posix()


def test_a_file_that_is_gone_is_an_error_with_its_name(library: Library, tmp_path: Path) -> None:
    collection = library.create_collection("c", passport())
    with pytest.raises(LibraryError, match=r"gone\.txt cannot be read: No such file"):
        take_in(library, collection, tmp_path / "gone.txt")
