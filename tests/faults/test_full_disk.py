"""A disk that is full, or that nobody may write to: the library says so, and can be searched all the same."""

import io
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from ingest.errors import LibraryError
from ingest.library.library import Library
from tests.faults import homes
from tests.faults.steps import Scene, two_documents

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
DISK_MB = 24
FREE_KB = 1_500
LONG_TEXT_CHARS, WORD_CHARS = 40_000, 80


def mount(*options: str) -> None:
    """Mount something, or skip where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    result = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip(f"a disk cannot be mounted here: {result.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def scarce_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=64m,nr_inodes=24", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def locked_home(tmp_path: Path) -> Iterator[Path]:
    """A home on a disk that can only be read."""
    home = tmp_path / "home"
    two_documents(home)
    mount("--bind", str(home), str(home))
    subprocess.run(["mount", "-o", "remount,ro,bind", str(home)], check=True)
    yield home
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def long_text(number: int) -> str:
    """A text that does not compress and is like no other."""
    chosen = random.Random(number)  # noqa: S311 (a test's own dice)
    words = ("".join(chosen.choices("abcdefghijklmnop", k=WORD_CHARS)) for _ in range(LONG_TEXT_CHARS // WORD_CHARS))
    return f"Document {number}. " + " ".join(words)


def read_until_refused(scene: Scene) -> int:
    """Take in documents until the library refuses for want of space; return how many it has taken."""
    for number in count():
        try:
            scene.read(f"{number}.txt", long_text(number))
        except LibraryError as error:
            if not re.search("full|No space", error.detail):
                raise
            return number
    raise AssertionError("count() does not end")


def replace_again_and_again(scene: Scene) -> None:
    """Remove a document and put another in its place, for as long as the log has room for it."""
    while True:
        scene.library.remove(scene.file_id("b.txt"), None)
        scene.read("b.txt", long_text(2_000), long_text(2_001))


def fill(disk: Path) -> Path:
    """Take up all but a little of the space."""
    state = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * (state.f_bavail * state.f_frsize - (FREE_KB << 10)))
    return ballast


def test_a_full_disk_refuses_documents_but_answers_and_goes_on_when_there_is_room(
    small_disk: Path, covered: Callable[[str], None]
) -> None:
    home = small_disk / "home"
    two_documents(home)
    scene = Scene(home)
    ballast = fill(small_disk)

    taken = read_until_refused(scene)

    scene.search()
    with pytest.raises(LibraryError):
        scene.read("later.txt", long_text(1_000))
    ballast.unlink()
    scene.close()
    scene = Scene(home)
    for source, text in ((f"{taken}.txt", long_text(taken)), ("later.txt", long_text(1_000))):
        scene.read(source, text)
    scene.search()
    documents = scene.library.documents()
    scene.close()
    assert [document.status for document in documents] == ["done"] * (taken + 5)  # three were there before
    assert homes.look(home)[1] == []
    covered(f"full disk: {taken} documents fitted, the next was refused; read-only disk refused in words")


def test_a_document_that_is_refused_halfway_is_read_when_there_is_room(small_disk: Path) -> None:
    home = small_disk / "home"
    two_documents(home)
    ballast = fill(small_disk)
    scene = Scene(home)
    texts = [long_text(number) for number in range(30)]
    with pytest.raises(LibraryError):
        scene.read("long.txt", *texts)
    scene.close()
    ballast.unlink()

    scene = Scene(home)
    scene.read("long.txt", *texts)
    (document,) = (each for each in scene.library.documents() if each.source == "long.txt")
    scene.close()

    assert (document.status, document.pages, document.chunks) == ("done", 30, 30)
    assert homes.look(home)[1] == []


def test_a_removal_that_a_full_disk_refuses_has_removed_nothing(small_disk: Path) -> None:
    home = small_disk / "home"
    two_documents(home)
    scene = Scene(home)
    ballast = fill(small_disk)
    read_until_refused(scene)
    with pytest.raises(LibraryError, match="full"):
        replace_again_and_again(scene)
    scene.search()
    ballast.unlink()

    scene.read("b.txt", "A red valve.")
    scene.library.remove(scene.file_id("b.txt"), None)

    scene.close()
    assert homes.look(home)[1] == []


def test_what_fills_a_disk_can_be_deleted_while_it_is_full(small_disk: Path) -> None:
    home = small_disk / "home"
    two_documents(home)
    fill(small_disk)
    scene = Scene(home)
    uploads = upload_until_refused(scene.library)
    for file in scene.library.files():
        scene.library.delete_file(file.id)
    left = scene.library.files()
    scene.close()
    assert (uploads > 0, left) == (True, [])
    assert homes.look(home)[1] == []


def upload_until_refused(library: Library) -> int:
    """Keep files until the disk has no room for more; return how many it had room for."""
    for number in count():
        try:
            library.add_upload(f"upload {number}.bin", io.BytesIO(random.Random(number).randbytes(5_000)))  # noqa: S311
        except LibraryError:
            return number
    raise AssertionError("count() does not end")


def test_a_disk_without_inodes_refuses_files_and_spoils_nothing(scarce_disk: Path) -> None:
    home = scarce_disk / "home"
    scene = Scene(home)
    taken = read_until_refused(scene)
    scene.search()
    scene.close()
    state, problems = homes.look(home)
    assert problems == []
    assert sum(document[2] == "done" for document in state["documents"]) == taken


def run_pincite(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PINCITE_HOME": str(home)}
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_home_that_cannot_be_written_is_searched_and_every_change_is_refused_in_words(locked_home: Path) -> None:
    library = Library(locked_home)
    assert library.is_read_only
    seen = homes.observe(library)
    with pytest.raises(LibraryError, match="Read-only file system"):
        library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"new"))
    with pytest.raises(LibraryError, match=r"no permission to write in .*can be searched, but not changed"):
        library.delete_collection(library.collections()[0].id)

    library.close()
    assert len(seen["documents"]) == 3
    assert seen["hits"]


def test_commands_work_in_a_home_that_cannot_be_written_or_say_why_not(locked_home: Path) -> None:
    listed = run_pincite(locked_home, "documents", "ls")
    assert (listed.returncode, "a.txt" in listed.stdout) == (0, True), listed.stderr
    removed = run_pincite(locked_home, "collections", "rm", "c")
    assert removed.returncode == 1
    assert "no permission to write" in removed.stderr
    assert "Traceback" not in listed.stderr + removed.stderr


def test_a_folder_that_cannot_be_written_and_has_no_library_is_refused(locked_home: Path) -> None:
    with pytest.raises(LibraryError, match="no permission to write"):
        Library(locked_home / "files")
