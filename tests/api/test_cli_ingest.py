"""`pincite ingest` and `bench`: every path is accounted for."""

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.library.library import Library
from ingest.storage import documents
from tests.api.shell import DOCUMENT_KEYS, Shell
from tests.api.world import make_world, wait_for
from tests.ingest.library_world import all_rows


def test_a_name_that_no_terminal_should_get_is_shown_without_its_controls(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate((b"\x1b[31mred.txt", b"half\xff.txt")):
        os.symlink(f"nowhere{number}", os.fsencode(folder) + b"/" + name)
    code, out, _ = shell.run("ingest", str(folder))
    assert code == 1
    assert "\x1b" not in out
    rows = shell.json("ingest", str(folder), code=1)
    assert [Path(row["source"]).name for row in rows] == ["[31mred.txt", "half.txt"]


def test_a_folder_that_cannot_be_opened_is_a_failure(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in" / "closed").mkdir(parents=True)
    scandir = os.scandir

    def refuse(path: str) -> "Iterator[os.DirEntry[str]]":  # permissions would not stop a test that runs as root
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (row,) = shell.json("ingest", str(tmp_path / "in"), code=1)
    assert (Path(row["source"]).name, row["status"]) == ("closed", "failed")
    assert "cannot be opened" in row["reason"]


def test_an_id_that_no_collection_has_is_not_made_a_name(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    code, _, err = shell.run("ingest", str(tmp_path / "a.txt"), "--collection", "vs_" + "0" * 24)
    assert code == 1
    assert "there is no collection" in err
    assert [collection["name"] for collection in shell.json("collections", "ls")] == ["docs"]


def test_documents_that_an_older_version_has_read_are_named_with_the_command_that_reads_them_again(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    ingest = ("ingest", str(tmp_path / "empty"), "--collection", "docs")
    assert "older version" not in shell.run(*ingest)[2]
    monkeypatch.setattr(documents, "READER_VERSION", "newer")
    err = " ".join(shell.run(*ingest)[2].split())
    assert "2 documents were read by an older version of Pincite; `pincite collections rebuild docs`" in err


@pytest.mark.slow
def test_an_ingest_beside_a_server_leaves_the_reading_to_it_and_says_so(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The fuse is rated at 16 amperes.")
    (tmp_path / "b.txt").write_text("The lamp needs 40 watts.")
    with make_world(shell.home) as world, world.live():
        code, _, err = shell.run("ingest", str(tmp_path / "a.txt"), "--collection", "docs")
        assert (code, err.count("another process of this home")) == (0, 1)
    code, _, err = shell.run("ingest", str(tmp_path / "b.txt"), "--collection", "docs")
    assert (code, err.count("another process of this home")) == (0, 0)


@pytest.mark.slow
class TestIngest:
    """`pincite ingest`, with real parsers."""

    def test_every_path_is_accounted_for(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        (folder / "sub").mkdir(parents=True)
        (folder / "a.md").write_text("# Lamps\n\nThe lamp needs 40 watts.")
        (folder / "empty.txt").write_bytes(b"")
        (folder / ".hidden").write_text("x")
        (folder / "sub" / "b.txt").write_text("The fuse is rated at 16 amperes.")
        (folder / "sub" / "loop").symlink_to(folder)
        (folder / "gone.txt").symlink_to(tmp_path / "nowhere")
        (folder / "self.txt").symlink_to("self.txt")
        os.mkfifo(folder / "pipe.txt")
        (folder / "pic.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))

        rows = shell.json("ingest", str(folder), code=1)
        by_name = {Path(row["source"]).name: row for row in rows}
        assert all(set(row) == DOCUMENT_KEYS for row in rows)
        assert all(Path(row["source"]).is_absolute() for row in rows)
        assert {name: row["status"] for name, row in by_name.items()} == {
            "a.md": "done",
            "b.txt": "done",
            "empty.txt": "failed",
            "gone.txt": "failed",
            "self.txt": "failed",
            "pipe.txt": "failed",
            "pic.png": "failed",
        }
        assert "0 bytes" in by_name["empty.txt"]["reason"]
        assert "regular file" in by_name["pipe.txt"]["reason"]
        assert all(row["reason"] for row in rows if row["status"] == "failed")
        assert shell.json("search", "fuse amperes", "--top-k", "1")[0]["text"] == "The fuse is rated at 16 amperes."

    def test_unchanged_files_are_not_read_again_and_changed_ones_replace_the_old(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        path = tmp_path / "a.txt"
        path.write_text("The fuse is rated at 16 amperes.")
        assert "1 given, 1 accounted for: 1 done" in shell.run("ingest", str(path))[2]
        code, out, err = shell.run("ingest", str(path))
        assert code == 0
        assert "(unchanged)" in out
        assert "1 given, 1 accounted for: 1 done, 0 with warnings, 0 failed (1 unchanged)" in err
        path.write_text("The fuse is rated at 20 amperes.")
        shell.run("ingest", str(path))
        (document,) = shell.json("documents", "ls", "--collection", "default")
        assert shell.json("documents", "show", document["id"])["pages"][0]["text"] == "The fuse is rated at 20 amperes."

    def test_sync_follows_a_folder_and_reads_nothing_twice(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        for name in ("a.txt", "b.txt", "c.txt"):
            (folder / name).write_text(f"The fuse {name} is rated at 16 amperes.")
        before = {row["source"]: row["id"] for row in shell.json("ingest", str(folder), "--sync")}
        (folder / "a.txt").rename(folder / "z.txt")
        (folder / "b.txt").unlink()
        (folder / "skipped.log").write_text("noise")
        code, out, err = shell.run("ingest", str(folder), "--sync", "--ignore", "*.log")
        assert code == 0
        assert "moved    " in out
        assert "removed  " in out
        assert "2 given, 2 accounted for: 2 done, 0 with warnings, 0 failed (2 unchanged); 1 moved, 1 removed" in err
        rows = {Path(row["source"]).name: row["id"] for row in shell.json("documents", "ls", "-c", "default")}
        assert rows == {"c.txt": before[f"{folder}/c.txt"], "z.txt": before[f"{folder}/a.txt"]}

    def test_sync_of_a_file_is_misuse(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("x")
        code, _, err = shell.run("ingest", str(tmp_path / "a.txt"), "--sync")
        assert code == 2
        assert "take folders" in err

    def test_jobs_are_listed_cancelled_and_tried_again(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "empty.txt").write_bytes(b"")
        (row,) = shell.json("ingest", str(tmp_path / "empty.txt"), code=1)
        listed = shell.json("jobs", "ls")
        assert [(job["id"], job["status"]) for job in listed["jobs"]] == [(row["id"], "failed")]
        assert (listed["queued"], listed["is_paused"]) == (0, False)
        assert [job["status"] for job in shell.json("jobs", "retry", row["id"])] == ["queued"]
        assert [job["status"] for job in shell.json("jobs", "pause", row["id"])] == ["paused"]
        assert [job["status"] for job in shell.json("jobs", "resume", row["id"])] == ["queued"]
        assert [job["status"] for job in shell.json("jobs", "cancel", row["id"])] == ["cancelled"]
        assert shell.run("jobs", "cancel", "file-unknown")[0] == 1

    def test_a_paused_queue_leaves_files_waiting_and_says_so(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("The fuse is rated at 16 amperes.")
        shell.run("jobs", "pause")
        code, _, err = shell.run("ingest", str(tmp_path / "a.txt"))
        assert code == 0
        assert "the queue is paused" in err
        assert "1 given, 1 accounted for: 0 done, 0 with warnings, 0 failed, 1 waiting" in err
        shell.run("jobs", "resume")
        assert shell.json("ingest", str(tmp_path / "a.txt"))[0]["status"] == "done"

    def test_a_source_is_the_absolute_path_however_it_was_typed(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.txt").write_text("One line of text.")
        monkeypatch.chdir(tmp_path / "in")
        rows = [shell.json("ingest", typed)[0] for typed in ("a.txt", "../in/a.txt", "./a.txt", ".")]
        assert {row["source"] for row in rows} == {(tmp_path / "in" / "a.txt").as_posix()}
        assert len({row["id"] for row in rows}) == 1

    def test_a_file_over_the_limit_is_not_taken_in(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PINCITE_MAX_UPLOAD_MB", "1")
        (tmp_path / "big.txt").write_bytes(b"x" * 1_000_001)
        (row,) = shell.json("ingest", str(tmp_path / "big.txt"), code=1)
        assert "PINCITE_MAX_UPLOAD_MB" in row["reason"]

    def test_bench_measures_in_a_home_of_its_own(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "a.txt").write_text("The fuse is rated at 16 amperes. The lamp needs 40 watts.")
        before = shell.json("documents", "ls")
        report = shell.json("bench", str(folder))
        assert (report["files"], report["pages"], report["chunks"]) == (1, 1, 1)
        assert min(report[name] for name in ("pages_per_second", "search_p50_ms", "tokens_per_second")) > 0
        assert shell.json("documents", "ls") == before

    def test_a_collection_that_nobody_could_name_is_misuse(self, shell: Shell, tmp_path: Path) -> None:
        code, _, err = shell.run("ingest", str(tmp_path), "--collection", "a/b")
        assert code == 2
        assert "--collection: a name has no slashes" in err

    def test_a_missing_path_is_misuse(self, shell: Shell, tmp_path: Path) -> None:
        code, out, err = shell.run("ingest", str(tmp_path / "nowhere"))
        assert (code, out) == (2, "")
        assert "nowhere" in err

    def test_the_rows_of_a_dataset_become_documents(self, shell: Shell, tmp_path: Path) -> None:
        datasets = pytest.importorskip("datasets")
        rows = {"name": ["Fuse", "Lamp"], "text": ["It is rated at 16 amperes.", "It needs 40 watts."]}
        datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "facts")
        named = f"hf:{tmp_path / 'facts'}"
        done = shell.json("ingest", named, "--title-column", "name", "--text-column", "text")
        assert [row["status"] for row in done] == ["done", "done"]
        assert all(row["source"].startswith(named) for row in done)
        assert "40 watts" in shell.json("search", "lamp watts", "--top-k", "1")[0]["text"]
        assert "(2 unchanged)" in shell.run("ingest", named, "--title-column", "name", "--text-column", "text")[2]
        assert shell.run("ingest", named, "--text-column", "nope")[0] == 2


@pytest.mark.slow
def test_rest_browser_and_command_line_make_the_same_of_the_same_file(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "manual.md"
    path.write_text("# Lamps\n\nThe lamp needs 40 watts.\n\n## Fuse\n\nThe fuse is rated at 16 amperes.\n")
    (row,) = shell.json("ingest", str(path), "--collection", "typed")
    with make_world(tmp_path / "other") as world, world.client() as client:
        file = client.post(
            "/v1/files", files={"file": ("manual.md", path.read_bytes())}, data={"purpose": "assistants"}
        )
        store = client.post("/v1/vector_stores", json={"name": "sent", "file_ids": [file.json()["id"]]}).json()["id"]
        library = world.services.library
        wait_for(lambda: library.documents(store)[0].status == "done", seconds=60)
        sent = [chunk.chunk for chunk in library.document_chunks(store, file.json()["id"])]
        text, vectors = library.document_text(store, file.json()["id"]), all_rows(library, store).vectors
    with closing(Library(shell.home)) as library:
        typed = library.collection("typed").id
        assert [chunk.chunk for chunk in library.document_chunks(typed, row["id"])] == sent
        assert library.document_text(typed, row["id"]) == text
        assert np.array_equal(all_rows(library, typed).vectors, vectors)
