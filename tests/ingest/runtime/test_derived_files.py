"""Files that were made of documents: whole or not there, within a budget, gone with their documents."""

import os
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.runtime.derived_files import SUFFIX, DerivedFile, DerivedFiles, locate_prefix_cache


def files(folder: Path, budget_bytes: int = 1 << 20) -> DerivedFiles:
    return DerivedFiles(folder / "derived", budget_bytes)


def store(derived: DerivedFiles, name: str, body: bytes = b"body", documents: tuple[str, ...] = ("c/1",)) -> bool:
    return derived.store(DerivedFile(name, documents, name.encode()), memoryview(body))


def test_what_is_stored_is_there_for_every_process(tmp_path: Path) -> None:
    assert store(files(tmp_path), "one", b"the body")
    assert files(tmp_path).list_files() == [DerivedFile("one", ("c/1",), b"one")]
    assert files(tmp_path).read_body("one") == b"the body"


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    derived = files(tmp_path)
    assert (derived.list_files(), derived.read_body("one"), derived.remove_unused(lambda _: True)) == ([], None, 0)


def test_a_name_that_is_stored_again_has_the_new_body_alone(tmp_path: Path) -> None:
    derived = files(tmp_path)
    store(derived, "one", b"old")
    store(derived, "one", b"new")
    assert derived.read_body("one") == b"new"
    assert len(list((tmp_path / "derived").iterdir())) == 1


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_byte_that_changed_makes_a_file_go(tmp_path: Path, place: int) -> None:
    derived = files(tmp_path)
    store(derived, "one", b"x" * 1_000)
    (path,) = (tmp_path / "derived").iterdir()
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert derived.read_body("one") is None
    assert not path.exists()


@pytest.mark.parametrize("length", [0, 3, 30, -1])
def test_a_file_that_was_cut_off_goes(tmp_path: Path, length: int) -> None:
    derived = files(tmp_path)
    store(derived, "one", b"x" * 1_000)
    (path,) = (tmp_path / "derived").iterdir()
    path.write_bytes(path.read_bytes()[:length])
    assert derived.read_body("one") is None
    assert not path.exists()


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    derived = files(tmp_path, budget_bytes=3_500)
    for age, name in enumerate(("old", "used", "new")):
        store(derived, name, b"x" * 1_000)
        os.utime(tmp_path / "derived" / f"{name}{SUFFIX}", (age, age))
    assert derived.read_body("old") is not None  # which is a use
    store(derived, "next", b"x" * 1_000)
    assert [derived.name for derived in derived.list_files()] == ["new", "next", "old"]


def test_what_is_larger_than_the_budget_is_not_kept_and_pushes_nothing_out(tmp_path: Path) -> None:
    derived = files(tmp_path, budget_bytes=1_500)
    store(derived, "one", b"x" * 1_000)
    assert not store(derived, "large", b"x" * 2_000)
    assert [derived.name for derived in derived.list_files()] == ["one"]


def test_a_file_goes_with_the_first_of_its_documents(tmp_path: Path) -> None:
    derived = files(tmp_path)
    store(derived, "both", documents=("c/1", "c/2"))
    store(derived, "second", documents=("c/2",))
    assert derived.remove_unused(lambda document: document == "c/2") == 1
    assert [derived.name for derived in derived.list_files()] == ["second"]


def test_what_a_crash_has_left_of_documents_that_are_gone_goes_at_the_next_start(tmp_path: Path) -> None:
    folder = locate_prefix_cache(tmp_path)
    DerivedFiles(folder, 1 << 20).store(DerivedFile("late", ("c/gone",), b""), memoryview(b"state"))
    Library(tmp_path).close()
    assert DerivedFiles(folder).list_files() == []
