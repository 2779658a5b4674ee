"""A confined process has its files and its memory, and nothing else: each door is tried from inside."""

import os
import platform
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import WorkerFailedError
from ingest.runtime import landlock, seccomp
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.confinement import Confinement, find_program_folders
from ingest.runtime.supervisor import Worker

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT_SECONDS = 60.0
LINUX = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
needs_landlock = pytest.mark.skipif(not LINUX or landlock.find_version() == 0, reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(not LINUX, reason="there is no filter for this machine")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `inside/a.txt`, which the worker may read, `scratch`, and `outside.txt`."""
    folder = tmp_path_factory.mktemp("world")
    for name in ("inside", "scratch"):
        (folder / name).mkdir()
    (folder / "inside" / "a.txt").write_text("may be read")
    (folder / "outside.txt").write_text("a secret")
    return folder


@pytest.fixture(scope="module")
def confined(world: Path) -> Iterator[Worker]:
    readable = (str(world / "inside"), str(ROOT / "tests"), str(ROOT / "rag"))
    confinement = Confinement(readable, str(world / "scratch"))
    worker = Worker(WorkerSpec("confined", "tests.worker_targets:obedient", confinement=confinement))
    yield worker
    worker.close()


def ask(worker: Worker, method: str, **params: Any) -> Any:
    return worker.call(method, params, object, timeout_seconds=TIMEOUT_SECONDS)


def refused(worker: Worker, method: str, **params: Any) -> bool:
    """Whether a worker is refused what it tries; it goes on afterwards."""
    with pytest.raises(WorkerFailedError) as caught:
        ask(worker, method, **params)
    return "PermissionError" in caught.value.message


def test_it_reads_its_files_and_no_others(world: Path, confined: Worker) -> None:
    assert ask(confined, "read_file", path=str(world / "inside" / "a.txt")) == "may be read"


@needs_landlock
@pytest.mark.parametrize("name", ["outside.txt", "inside/link.txt", "inside/../outside.txt"])
def test_a_file_outside_is_refused_however_it_is_named(world: Path, confined: Worker, name: str) -> None:
    link = world / "inside" / "link.txt"
    if not link.is_symlink():
        link.symlink_to(world / "outside.txt")
    assert refused(confined, "read_file", path=str(world / name))


@needs_landlock
def test_the_memory_and_the_environment_of_other_processes_are_refused(confined: Worker) -> None:
    assert refused(confined, "read_file", path=f"/proc/{os.getpid()}/environ")


@needs_landlock
@pytest.mark.parametrize("name", ["inside/a.txt", "inside/new.txt", "outside.txt", "new.txt"])
def test_it_writes_nowhere(world: Path, confined: Worker, name: str) -> None:
    assert refused(confined, "write_file", path=str(world / name))


def test_it_has_temporary_files_which_leave_nothing(world: Path, confined: Worker) -> None:
    assert ask(confined, "keep_scratch") == b"kept"
    assert ask(confined, "write_file", path=str(world / "scratch" / "a")) == "done"
    assert list((world / "scratch").iterdir()) == []


@needs_seccomp
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_it_has_no_network(confined: Worker, world: Path, family: socket.AddressFamily) -> None:
    addresses: dict[int, object] = {
        socket.AF_INET: ("127.0.0.1", 80),
        socket.AF_INET6: ("::1", 80),
        socket.AF_UNIX: str(world / "s"),
    }
    assert refused(confined, "connect", family=int(family), address=addresses[family])


@needs_seccomp
@pytest.mark.parametrize("method", ["run_program", "fork", "raise_limit"])
def test_it_starts_nothing_and_lifts_no_limit(confined: Worker, method: str) -> None:
    assert refused(confined, method)


@needs_seccomp
def test_it_signals_no_other_process(confined: Worker) -> None:
    assert refused(confined, "signal", pid=os.getpid())
    assert ask(confined, "signal", pid=confined.pid) == "reached"


def test_it_still_has_threads(confined: Worker) -> None:
    assert ask(confined, "use_threads") == 45


@needs_seccomp
def test_no_program_gives_it_privileges(confined: Worker) -> None:
    status = Path(f"/proc/{confined.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


def test_a_worker_without_confinement_keeps_everything(world: Path) -> None:
    worker = Worker(WorkerSpec("free", "tests.worker_targets:obedient"))
    try:
        assert ask(worker, "read_file", path=str(world / "outside.txt")) == "a secret"
    finally:
        worker.close()


def test_the_folders_of_the_program_are_never_a_whole_disk_or_a_home() -> None:
    folders = find_program_folders()
    assert str(ROOT / "ingest") in folders
    assert {"/", str(Path.home()), str(ROOT)}.isdisjoint(folders)


def test_a_kernel_that_refuses_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert seccomp.refuse_system_calls() is False
    monkeypatch.setattr(landlock, "_call", refuse)
    assert landlock.restrict_files(readable=["/"], writable=[], devices=[]) is False


def refuse(*_: object) -> int:
    """Be a kernel without Landlock."""
    raise OSError(38, "Function not implemented")
