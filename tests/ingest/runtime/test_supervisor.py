"""A supervised process answers, fails alone, and comes back."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import (
    EmptyFileError,
    WorkerBusyError,
    WorkerCrashedError,
    WorkerFailedError,
    WorkerTimeoutError,
)
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.supervisor import Worker
from ingest.runtime.worker_pool import WorkerPool

SPEC = WorkerSpec("test", "tests.worker_targets:obedient", {"name": "w"}, errors=(EmptyFileError,))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(SPEC)
    yield made
    made.close()


def echo(worker: Worker, value: str) -> dict[str, str]:
    return worker.call("echo", {"value": value}, dict[str, str], timeout_seconds=20)


def test_a_call_is_answered(worker: Worker) -> None:
    assert echo(worker, "héllo") == {"name": "w", "value": "héllo"}


def test_a_worker_inherits_what_it_needs_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "PINCITE_API_KEY": "a",
        "PINCITE_REMOTE_KEY": "b",
        "HF_TOKEN": "c",
        "AWS_SECRET_ACCESS_KEY": "d",
        "DATABASE_URL": "postgres://me:e@db",
        "LD_API_KEY": "f",
    }
    needed = {"HF_HOME": "/models", "OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": "0", "TOKENIZERS_PARALLELISM": "x"}
    for name, value in (secrets | needed).items():
        monkeypatch.setenv(name, value)
    worker = Worker(SPEC)
    environment = worker.call("environment", {}, dict[str, str], timeout_seconds=60)
    worker.close()
    assert not secrets.keys() & environment.keys()
    assert environment["PATH"]
    assert {name: environment.get(name) for name in needed} == needed | {"TOKENIZERS_PARALLELISM": "false"}


def test_a_stream_yields_its_answers_in_order(worker: Worker) -> None:
    assert list(worker.stream("count", {"to": 5}, int, timeout_seconds=20)) == [0, 1, 2, 3, 4]


def test_calls_from_many_threads_get_their_own_answers(worker: Worker) -> None:
    answers: dict[str, dict[str, str]] = {}
    threads = [
        threading.Thread(target=lambda value=str(number): answers.update({value: echo(worker, value)}))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answers[value]["value"] == value for value in map(str, range(20)))


def test_closing_a_stream_stops_the_work_in_the_child(worker: Worker) -> None:
    stream = worker.stream("count", {"to": 10_000, "pause": 0.01}, int, timeout_seconds=20)
    assert next(stream) == 0
    stream.close()
    started = time.monotonic()
    echo(worker, "next")
    assert time.monotonic() - started < 5


def test_an_expected_error_arrives_as_itself(worker: Worker) -> None:
    with pytest.raises(EmptyFileError) as caught:
        worker.call("refuse", {"filename": "a.pdf"}, str, timeout_seconds=20)
    assert caught.value.filename == "a.pdf"


def test_an_unexpected_error_says_what_it_was_and_the_worker_lives(worker: Worker) -> None:
    pid = worker.pid
    with pytest.raises(WorkerFailedError, match="ZeroDivisionError: an accident"):
        worker.call("stumble", {}, str, timeout_seconds=20)
    assert (echo(worker, "x")["value"], worker.pid) == ("x", pid)


def test_noise_on_standard_output_does_not_break_the_protocol(worker: Worker) -> None:
    assert worker.call("shout", {}, str, timeout_seconds=20) == "still in step"


def test_a_worker_that_dies_says_how_and_the_next_call_works(worker: Worker) -> None:
    with pytest.raises(WorkerCrashedError, match="SIGSEGV"):
        worker.call("die", {}, str, timeout_seconds=20)
    assert echo(worker, "alive")["value"] == "alive"


def test_a_worker_that_hangs_is_killed_and_the_next_call_works(worker: Worker) -> None:
    echo(worker, "start")
    pid = worker.pid
    with pytest.raises(WorkerTimeoutError, match=r"0\.5 seconds"):
        worker.call("hang", {}, str, timeout_seconds=0.5)
    assert echo(worker, "alive")["value"] == "alive"
    assert worker.pid != pid


@pytest.fixture
def shared_core(worker: Worker) -> Iterator[None]:
    """Let the worker share one core with three processes that never sleep."""
    echo(worker, "start")
    assert worker.pid is not None
    cores = os.sched_getaffinity(0)
    for task in Path(f"/proc/{worker.pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {min(cores)})
    rivals = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    for rival in rivals:
        os.sched_setaffinity(rival.pid, {min(cores)})
    yield
    for rival in rivals:
        rival.kill()
        rival.wait()
    worker.recycle()


@pytest.mark.slow
def test_a_worker_on_a_busy_machine_has_the_time_that_it_needs(worker: Worker, shared_core: None) -> None:
    started = time.monotonic()
    assert worker.call("spin", {"cpu_seconds": 3.0}, str, timeout_seconds=4.0) == "done"
    assert time.monotonic() - started > 4.0


@pytest.mark.slow
def test_a_worker_that_never_ends_is_stopped_on_a_busy_machine_too(worker: Worker, shared_core: None) -> None:
    with pytest.raises(WorkerTimeoutError):
        worker.call("spin", {"cpu_seconds": 3600.0}, str, timeout_seconds=2.0)


def test_everybody_who_waits_learns_that_the_worker_died() -> None:
    worker = Worker(SPEC)
    echo(worker, "start")
    errors: list[str] = []

    def wait() -> None:
        with pytest.raises(WorkerCrashedError) as caught:
            worker.call("hang", {}, str, timeout_seconds=20)
        errors.append(caught.value.how)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert worker.pid is not None
    os.kill(worker.pid, 9)
    for thread in threads:
        thread.join(timeout=10)
    assert errors == ["signal SIGKILL"] * 3
    worker.close()


def test_a_worker_that_cannot_start_says_why() -> None:
    worker = Worker(WorkerSpec("bad", "tests.worker_targets:broken", {"filename": "m.gguf"}, errors=(EmptyFileError,)))
    with pytest.raises(EmptyFileError, match=r"m\.gguf"):
        worker.start()


def test_memory_over_the_limit_fails_the_call_alone() -> None:
    worker = Worker(WorkerSpec("small", "tests.worker_targets:obedient", memory_limit_bytes=1 << 30))
    with pytest.raises(WorkerFailedError, match="MemoryError"):
        worker.call("eat", {"bytes": 4 << 30}, int, timeout_seconds=20)
    assert worker.call("eat", {"bytes": 10}, int, timeout_seconds=20) == 10
    worker.close()


def test_a_closed_worker_answers_nobody() -> None:
    worker = Worker(SPEC)
    echo(worker, "x")
    pid = worker.pid
    worker.close()
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(WorkerCrashedError, match="closed"):
        echo(worker, "x")


def test_a_pool_replaces_a_process_after_its_share_of_calls() -> None:
    pool = WorkerPool(SPEC, size=1, calls_per_process=2)
    pids: list[int | None] = []
    for _ in range(4):
        with pool.lease() as worker:
            echo(worker, "x")
            pids.append(worker.pid)
    assert pids[0] == pids[1] != pids[2] == pids[3]
    pool.close()


def test_a_worker_that_gives_way_to_others_runs_at_its_niceness() -> None:
    worker = Worker(WorkerSpec("modest", "tests.worker_targets:obedient", niceness=7))
    worker.start()
    assert worker.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, worker.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 7
    worker.close()


def test_a_process_that_was_reaped_is_not_killed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(SPEC)
    with pytest.raises(WorkerCrashedError):
        worker.call("die", {}, str, timeout_seconds=20)
    killed: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, _: killed.append(group))
    worker.close()
    assert killed == []


def test_a_pool_whose_processes_are_all_busy_says_so() -> None:
    pool = WorkerPool(SPEC, size=1, calls_per_process=2)
    with (
        pool.lease(),
        pytest.raises(WorkerBusyError, match="every test process is busy"),
        pool.lease(timeout_seconds=0.01),
    ):
        pass
    with pool.lease(timeout_seconds=0.01):
        pass
    pool.close()
