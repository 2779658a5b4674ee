"""Several processes on one home, some of which are killed: nothing is lost, and nothing is there twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest.library.library import Library
from tests.faults import homes
from tests.faults.steps import Scene

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
WAIT_SECONDS = 60.0
BATCH = 100
KILLS = 20
SEED = int(os.environ.get("PINCITE_FAULTS_SEED", "20261124"))


class Reader:
    """A `tests.faults.reader` process."""

    def __init__(self, home: Path, pause_seconds: float = 0.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.reader", str(home), str(pause_seconds)],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *request: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def wait_until(self, expected: dict[str, str]) -> None:
        """Wait until the documents have these statuses."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (statuses := self.ask("statuses")) != expected:
            assert time.monotonic() < deadline, statuses
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def end(self) -> int:
        self.process.communicate(timeout=WAIT_SECONDS)
        return self.process.returncode


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Reader]]:
    started: list[Reader] = []

    def begin(pause_seconds: float = 0.0) -> Reader:
        reader = Reader(home, pause_seconds)
        started.append(reader)
        reader.ask("statuses")  # it has opened the home
        return reader

    yield begin
    for reader in started:
        if reader.process.poll() is None:
            reader.kill()


def done(names: Sequence[str]) -> dict[str, str]:
    return dict.fromkeys(names, "done")


def test_what_one_process_adds_or_removes_the_other_finds_or_does_not(home: Path, start: Callable[..., Reader]) -> None:
    one, two = start(), start()
    one.ask("add", "a.txt", "The pump is blue.")
    two.ask("add", "b.txt", "The valve is red.")
    for reader in (one, two):
        reader.wait_until(done(["a.txt", "b.txt"]))
        assert [sources[0] for sources in reader.ask("search", "blue pump")] == ["a.txt", "a.txt"]
        assert [sources[0] for sources in reader.ask("search", "red valve")] == ["b.txt", "b.txt"]

    one.ask("remove", "b.txt")

    assert two.ask("search", "red valve") == [["a.txt"], []]
    assert (one.end(), two.end()) == (0, 0)
    assert sorted(home.with_name("reads.log").read_text().splitlines()) == ["a.txt", "b.txt"]
    assert homes.look(home)[1] == []


def test_another_process_takes_over_from_a_reader_that_is_killed(home: Path, start: Callable[..., Reader]) -> None:
    names = [f"{number}.txt" for number in range(12)]
    first = start(0.1)
    second = start(0.0)
    for name in names:
        second.ask("add", name, f"Text {name}\nsecond page\nthird page")
    while not home.with_name("reads.log").exists():
        time.sleep(0.01)

    first.kill()

    second.wait_until(done(names))
    assert second.end() == 0
    state, problems = homes.look(home)
    assert problems == []
    assert [(document[1], document[5]) for document in state["documents"]] == [(name, 3) for name in names]


def test_a_batch_survives_random_kills_complete_and_without_doubles(
    tmp_path: Path, covered: Callable[[str], None]
) -> None:
    states = []
    for name, kills in (("calm", 0), ("stormy", KILLS)):
        home = tmp_path / name / "home"
        home.parent.mkdir()
        queue_batch(home)
        result = subprocess.run(
            [sys.executable, "-m", "tests.faults.killing", str(home), str(SEED), str(kills)],
            cwd=ROOT,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, (SEED, result.stderr)
        state, problems = homes.look(home)
        assert problems == [], SEED
        # Of equal scores the lower chunk id comes first, and ids depend on what was read twice; `look` checks ranks.
        states.append({part: content for part, content in state.items() if part != "hits"})
    assert states[0] == states[1], SEED
    assert len(states[1]["documents"]) == BATCH
    begun = len((tmp_path / "stormy" / "reads.log").read_text().splitlines())
    covered(f"random kills: {result.stdout.strip()} with seed {SEED}, {BATCH} files, {begun} times begun")


def queue_batch(home: Path) -> None:
    """Queue many small files of different lengths."""
    scene = Scene(home)
    for number in range(BATCH):
        pages = [f"File {number} has a pump on page {page}." for page in range(1 + number % 4)]
        scene.queue(f"{number}.txt", "\n".join(pages).encode())
    scene.close()


def test_the_same_content_from_two_processes_is_one_document(home: Path, start: Callable[..., Reader]) -> None:
    readers = [start(), start()]
    for reader in readers * 3:
        reader.ask("add", "a.txt", "The pump is blue.")
    readers[0].wait_until(done(["a.txt"]))
    assert [reader.end() for reader in readers] == [0, 0]
    library = Library(home)
    assert [(each.status, each.chunks) for each in library.documents()] == [("done", 1)]
    library.close()
    assert homes.look(home)[1] == []
