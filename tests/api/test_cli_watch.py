"""`pincite ingest --watch` as a process: the collection follows the folder until Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.library.library import Library

WAIT_SECONDS = 90


@pytest.mark.slow
def test_a_collection_follows_the_folder_until_ctrl_c(tmp_path: Path) -> None:
    folder, home = tmp_path / "docs", tmp_path / "home"
    folder.mkdir()
    (folder / "a.txt").write_text("The fuse is rated at 16 amperes.")
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "ingest", str(folder), "--watch", "--home", str(home)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PINCITE_PARSER_WORKERS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def names() -> dict[str, str]:
        with closing(Library(home)) as library:
            return {Path(each.source).name: each.file_id for each in library.documents() if each.status == "done"}

    def wait_for(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < deadline, names()
            time.sleep(0.2)

    try:
        wait_for(lambda: (home / "library.db").exists() and set(names()) == {"a.txt"})
        before = names()["a.txt"]
        (folder / "b.txt").write_text("The lamp needs 40 watts.")
        wait_for(lambda: set(names()) == {"a.txt", "b.txt"})
        (folder / "a.txt").rename(folder / "c.txt")
        wait_for(lambda: set(names()) == {"b.txt", "c.txt"})
        assert names()["c.txt"] == before
        (folder / "b.txt").unlink()
        wait_for(lambda: set(names()) == {"c.txt"})
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=WAIT_SECONDS) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        if process.stderr is not None:
            process.stderr.close()
        process.wait(timeout=10)
