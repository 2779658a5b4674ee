"""L4, L9, L10: everything at once, for ten minutes, and a start with a hundred thousand vectors."""

import random
import threading
import time
from functools import partial
from pathlib import Path

import httpx
import numpy as np
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from hypothesis.strategies import sampled_from

from ingest.embedders.embedder import find_embedder
from ingest.library.library import Library
from tests.benchmarks.scale_library import CHUNKS_PER_SHELF, NAME, Shelves, store
from tests.scorecard.check import Measured
from tests.scorecard.load_queue import body_of
from tests.scorecard.server import (
    Server,
    count_descriptors,
    count_threads,
    memory_mb,
    search,
    serve,
    start,
    upload,
    wait_until,
)
from tests.scorecard.workload import Workload, run_for, text_of

SEED = 20261201
DRIVEN = "driven"
WORDS = ("amber", "basalt", "cedar", "dahlia")
SAMPLE_SECONDS = 10.0
SLOPE_PERCENT = 1.0
ON_DEMAND = 4
"""Files and threads that a server opens once, when it first needs them: SQLite's readers, threads of its pool."""


def everything_at_once(folder: Path, seconds: float = 60, clients: int = 6) -> Measured:
    """L4: clients that add, delete, search and ask at once, and one that Hypothesis drives, see nothing wrong."""
    with serve(folder / "home") as server:
        workload = Workload(server)
        workload.begin()
        crowd = threading.Thread(target=run_for, args=(workload, seconds), kwargs={"clients": clients, "seed": SEED})
        crowd.start()
        steps, problems = drive(server, seconds)
        crowd.join()
        pid_is_same = server.process.poll() is None
        problems += [*workload.problems, *workload.verify(random.Random(SEED), is_thorough=True)]
    bad = {status: count for status, count in workload.statuses.items() if status >= 500 and status != 503}
    problems += [f"statuses {bad}"] if bad else []
    problems += [] if pid_is_same else ["the server ended"]
    figure = (
        f"{clients} clients for {seconds:g} s: {sum(workload.statuses.values())} requests, {steps} steps of Hypothesis "
        f"beside them, {len(workload.live)} live and {len(workload.gone)} deleted files looked at"
    )
    return Measured(figure, problems)


def drive(server: Server, seconds: float) -> tuple[int, list[str]]:
    """Let Hypothesis add, replace, delete and search in a collection of its own; return its steps and what failed."""
    deadline, steps = time.monotonic() + seconds, [0]
    config = hypothesis_settings(
        max_examples=3,
        stateful_step_count=25,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with server.client() as client:
        client.post("/v1/vector_stores", json={"name": DRIVEN})
        try:
            while time.monotonic() < deadline:
                run_state_machine_as_test(partial(Driven, server, client, steps), settings=config)  # type: ignore[arg-type]
        except (AssertionError, httpx.HTTPError) as error:
            return steps[0], [f"Hypothesis: {error}"]
    return steps[0], []


class Driven(RuleBasedStateMachine):
    """A collection that Hypothesis fills and empties, against a dictionary."""

    def __init__(self, server: Server, client: httpx.Client, steps: list[int]) -> None:
        super().__init__()
        self._server, self._client, self._steps = server, client, steps
        self._held: dict[str, str] = {}
        self._removed: set[str] = set()

    @rule(word=sampled_from(WORDS))
    def add(self, word: str) -> None:
        """Upload a file and have it read."""
        self._steps[0] += 1
        self._held[word] = upload(self._client, f"{word}.txt", text_of(word))
        self._removed.discard(self._held[word])
        body = {"file_id": self._held[word]}
        self._client.post(f"/v1/vector_stores/{DRIVEN}/files", json=body).raise_for_status()

    @rule(word=sampled_from(WORDS))
    def delete(self, word: str) -> None:
        """Delete a file that is there."""
        self._steps[0] += 1
        if (file_id := self._held.pop(word, None)) is not None:
            self._client.delete(f"/v1/files/{file_id}").raise_for_status()
            self._removed.add(file_id)

    @rule(word=sampled_from(WORDS))
    def find(self, word: str) -> None:
        """Search; what was deleted is not found."""
        self._steps[0] += 1
        hits = {hit["file_id"] for hit in search(self._client, word, DRIVEN, 50)}
        assert not hits & self._removed, f"{word} is found after it was deleted"

    @rule()
    def settle(self) -> None:
        """Wait until all is read; exactly what is held is there."""
        self._steps[0] += 1
        statuses = {each["id"]: each["status"] for each in self._server.wait_until_read(DRIVEN)}
        assert statuses == dict.fromkeys(self._held.values(), "completed")

    def teardown(self) -> None:
        """Leave the collection empty."""
        for file_id in self._held.values():
            self._client.delete(f"/v1/files/{file_id}")


def soak(folder: Path, minutes: float = 10, clients: int = 4, warm_up_share: float = 0.3) -> Measured:
    """L9: after a while of mixed work nothing grows, and all files, threads and temporary files are given back."""
    temporary = folder / "tmp"
    temporary.mkdir()
    samples: list[tuple[float, float]] = []
    with serve(folder / "home", {"TMPDIR": str(temporary)}) as server:
        workload = Workload(server)
        workload.begin()
        run_for(workload, 10, clients=clients, seed=SEED)
        server.wait_until_read("crowd")
        before = _open_things(server)
        with workload.clients(clients, SEED + 1):
            started = time.monotonic()
            while time.monotonic() - started < 60 * minutes:
                time.sleep(SAMPLE_SECONDS)
                total = sum(map(memory_mb, (server.process.pid, *server.workers())))
                samples.append(((time.monotonic() - started) / 60, total))
        problems = [*workload.problems, *workload.verify(random.Random(SEED), is_thorough=True)]
        try:
            wait_until(lambda: _are_back(_open_things(server), before), 30, "")
        except TimeoutError:
            problems.append(f"files and threads are {_open_things(server)}, before {before}")
    slope = slope_percent(samples[int(warm_up_share * len(samples)) :])
    lying = [path.name for path in temporary.rglob("*") if path.is_file()]
    problems += [f"memory grows by {slope:.2f} % a minute"] if slope >= SLOPE_PERCENT else []
    problems += [f"temporary files stay: {lying[:3]}"] if lying else []
    figure = (
        f"{minutes:g} minutes, {sum(workload.statuses.values())} requests; memory {samples[0][1]:.0f} to "
        f"{samples[-1][1]:.0f} MB, {slope:+.2f} % a minute after warm-up; files and threads back to {before}"
    )
    return Measured(figure, problems)


def _open_things(server: Server) -> tuple[int, int]:
    return count_descriptors(server.process.pid), count_threads(server.process.pid)


def _are_back(now: tuple[int, int], before: tuple[int, int]) -> bool:
    return all(count <= usual + ON_DEMAND for count, usual in zip(now, before, strict=True))


def slope_percent(samples: list[tuple[float, float]]) -> float:
    """Return the growth of a straight line through the samples, in percent of their mean a minute."""
    minutes, sizes = np.array(samples).T
    return float(100 * np.polyfit(minutes, sizes, 1)[0] / sizes.mean())


def large_start(folder: Path, vectors: int = 100_000) -> Measured:
    """L10: a server with many vectors is soon ready, and says so until then."""
    home = folder / "home"
    _build(home, vectors)
    settings = {"PINCITE_EMBEDDER": "bundled"}
    started = time.monotonic()
    server = start(home, settings, wait=False)
    seen: dict[str, set[int]] = {"/health/live": set(), "/health/ready": set()}
    problems: list[str] = []
    early: list[httpx.Response] = []
    try:
        with server.client(timeout=30) as client:
            while httpx.codes.OK not in seen["/health/ready"]:
                for path, statuses in seen.items():
                    try:
                        statuses.add(client.get(path).status_code)
                    except httpx.TransportError:
                        break
                if seen["/health/live"] and not early:
                    early.append(client.post("/v1/chat/completions", json=body_of("tiny", "hello", max_tokens=2)))
                if time.monotonic() - started > 240:
                    raise TimeoutError("not ready after 240 s")
                time.sleep(0.05)
            ready = time.monotonic() - started
            asked = time.monotonic()
            hits = search(client, "the pump of document 7", NAME)
            first = time.monotonic() - asked
    finally:
        server.stop()
    if early[0].status_code not in (200, 503) or (
        early[0].status_code == 503 and "retry-after" not in early[0].headers
    ):
        problems.append(f"a chat before that: {early[0].status_code} {dict(early[0].headers)}")
    problems += [f"/health/live said {seen['/health/live']}"] if seen["/health/live"] != {200} else []
    problems += [f"/health/ready said {seen['/health/ready']}"] if not seen["/health/ready"] <= {200, 503} else []
    problems += [f"ready after {ready:.0f} s"] if ready > 20 else []
    problems += ["no hits"] if not hits else []
    figure = (
        f"{vectors:,} vectors of 384 dimensions: ready after {ready:.1f} s, before that "
        f"{sorted(seen['/health/ready'])} and a chat {early[0].status_code}; first search {first:.2f} s"
    )
    return Measured(figure, problems)


def _build(home: Path, vectors: int) -> None:
    library, shelves = Library(home), Shelves()
    collection = library.create_collection(NAME, find_embedder("bundled").passport())
    for number in range(vectors // CHUNKS_PER_SHELF):
        store(library, collection.id, shelves.shelf(number))
    library.close()
