"""Finding files on disk and taking them in."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.jobs.sources import find_files


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


def test_what_is_ignored_is_left_out_as_git_would(tmp_path: Path) -> None:
    for name in ("a.txt", "b.log", "build/c.txt", "sub/build/d.txt", "sub/keep.log", "draft 1.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".pinciteignore").write_text("# comment\n*.log\n!keep.log\n")
    found = find_files([tmp_path], ["build/", "draft*"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.txt", "sub/keep.log"]
