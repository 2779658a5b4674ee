"""F1, F3, F6, F7: the process is killed at its system calls, and the disk fails, fills up or cannot be written."""

import ctypes
import os
import random
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.faults import homes, tracing
from tests.faults.sharded import sweep
from tests.faults.steps import STEPS
from tests.live import free_port
from tests.scorecard.check import CannotRunError, Measured
from tests.scorecard.server import Server, cli, search, serve, start, upload, wait_until
from tests.scorecard.workload import COLLECTION, Workload

SEED = 20261201
EVERY_POINT = 1_000_000
SERVER_CALLS = ("pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate")
CLONE_NEWNS = 0x00020000
SERVERS_OWN = ("server.json",)
"""What a server that was killed leaves beside what a library knows; its next start removes it."""
DISK_MB, INODES = 16, 64
KEPT_FILES = 3
"""Of those that filled the disk; the others are deleted, so that reading ends soon."""


def crash_sweep(folder: Path, points: int = EVERY_POINT, server_points: int = 60, seconds: float = 7_200) -> Measured:
    """F1: at every call of every step that changes the disk, and at calls of a whole server, a kill loses nothing."""
    _need_tracing()
    swept = sweep("kill", points, seconds)
    tried, known = sum(each.tried for each in swept), sum(each.points for each in swept)
    problems = [f"{each.step}: {problem}" for each in swept for problem in each.problems]
    fired, served = server_kills(folder, server_points)
    figure = f"{tried} of {known} points of {len(STEPS)} steps, and {fired} kills of a server at its own calls"
    return Measured(figure, [*problems, *served], "" if tried == known else f"{known - tried} points of steps")


def part_of_sweep(folder: Path, share: float) -> Measured:
    """F1 at a share of its points, 150 a step being about all of the longest one."""
    return crash_sweep(folder, max(1, round(150 * share)), max(1, round(60 * share)))


def _need_tracing() -> None:
    if (reason := tracing.why_not()) is not None:
        raise CannotRunError(reason)


def server_kills(folder: Path, points: int) -> tuple[int, list[str]]:
    """Kill a server at chosen calls while it reads, deletes and converses; return how often, and what went wrong."""
    home, port, problems, fired = folder / "home", free_port(), [], 0
    workload: Workload | None = None
    plan = [(call, number) for number in range(1, points + 1) for call in SERVER_CALLS][:points]
    for call, number in plan:
        server = start(home, port=port)
        if workload is None:
            workload = Workload(server)
            workload.begin()
        workload.server = server
        at = f"{call} {number}"
        problems += [f"before {at}: {each}" for each in workload.verify(random.Random(SEED), is_thorough=True)]
        with trace(server, f"inject={call}:signal=SIGKILL:when={number}"), suppress(httpx.TransportError):
            one_of_each(workload)
        fired += server.process.poll() is not None
        server.kill()
        problems += [f"at {at}: {each}" for each in problems_of(home)]
    return fired, problems


def one_of_each(workload: Workload) -> None:
    """Do everything that changes the disk, once, and wait until it is done."""
    dice = random.Random(SEED)
    with workload.server.client() as client:
        workload.converse(client)
        workload.add(client)
        workload.add(client)
        workload.server.wait_until_read(COLLECTION, 60)
        workload.delete(client, dice)


def problems_of(home: Path) -> list[str]:
    """Return what is wrong with the home of a server that was killed."""
    return [each for each in homes.look(home)[1] if not any(name in each for name in SERVERS_OWN)]


@contextmanager
def trace(server: Server, inject: str) -> Generator[None]:
    """Let one of the server's system calls go wrong inside the block."""
    call = inject.split("=", 1)[1].split(":", 1)[0]
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject]
    tracer = subprocess.Popen([*command, "-p", str(server.process.pid)], stderr=subprocess.DEVNULL)
    status = Path(f"/proc/{server.process.pid}/status")
    wait_until(lambda: "TracerPid:\t0" not in status.read_text(), 20, "strace does not attach")
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()


DISK_FAULTS = (
    "inject=fsync,fdatasync:error=EIO:when=1",
    "inject=fsync,fdatasync:error=EIO:when=3",
    "inject=fsync,fdatasync:error=EIO:when=1+",
    "inject=pwrite64:error=EIO:when=20",
    "inject=pwrite64:error=EIO:when=5+",
    "inject=pwrite64:error=ENOSPC:when=10+",
)


def bad_disk(folder: Path, faults: Sequence[str] = DISK_FAULTS) -> Measured:
    """F3: what the disk has refused is told, is never acknowledged later, and spoils nothing else."""
    _need_tracing()
    problems: list[str] = []
    told: Counter[int] = Counter()
    for number, fault in enumerate(faults):
        home, port = folder / str(number) / "home", free_port()
        server = start(home, port=port)
        workload = Workload(server)
        workload.begin()
        one_of_each(workload)
        with trace(server, fault):
            for _ in range(4):
                with suppress(httpx.HTTPStatusError, httpx.TransportError, TimeoutError):
                    _change(workload, told)
        if server.process.poll() is None:
            with server.client() as client:
                found = client.post(f"/v1/vector_stores/{COLLECTION}/search", json={"query": "pump"})
                problems += [f"{fault}: a search afterwards: {found.status_code}"] if found.status_code >= 500 else []
            server.kill()
        problems += [f"{fault}: {each}" for each in problems_of(home)]
        workload.server = start(home, port=port)
        problems += [f"{fault}: {each}" for each in workload.verify(random.Random(SEED), is_thorough=True)]
        with workload.server.client() as client:
            workload.add(client)
        problems += [f"{fault}: {each}" for each in workload.verify(random.Random(SEED), is_thorough=True)]
        workload.server.stop()
        problems += [f"{fault}: {status}" for status in told if status not in (200, 404, 503, 507)]
        if cli(home, "check").returncode:
            problems.append(f"{fault}: pincite check finds something")
    said = ", ".join(f"{count} x {status}" for status, count in sorted(told.items()))
    problems += [] if told[503] + told[507] else ["no fault was ever told"]
    return Measured(
        f"{len(faults)} faults of the disk under a server: {said}; all that was acknowledged is there", problems
    )


def _change(workload: Workload, told: Counter[int]) -> None:
    with workload.server.client(timeout=60) as client:
        client.event_hooks["response"].append(lambda response: told.update([response.status_code]))
        workload.add(client)
        workload.delete(client, random.Random(SEED))


def own_mounts() -> None:
    """Give this process its own table of mounts, which ends with it."""
    if os.geteuid() != 0:
        raise CannotRunError("only root may mount a disk")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise CannotRunError(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
    _mount("--make-rprivate", "/")


def _mount(*options: str) -> None:
    said = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if said.returncode:
        raise CannotRunError(f"a disk cannot be mounted here: {said.stderr.strip()}")


def full_disk(folder: Path) -> Measured:
    """F6: a disk without space or without inodes refuses in words, still answers, and goes on when there is room."""
    own_mounts()
    parts, problems = [], []
    for kind, options in (("space", f"size={DISK_MB}m"), ("inodes", f"size=64m,nr_inodes={INODES}")):
        disk = folder / kind
        disk.mkdir()
        _mount("-t", "tmpfs", "-o", options, "tmpfs", str(disk))
        figure, found = _fill_and_enlarge(disk, kind)
        parts.append(figure)
        problems += [f"{kind}: {each}" for each in found]
    return Measured("; ".join(parts), problems)


def _fill_and_enlarge(disk: Path, kind: str) -> tuple[str, list[str]]:
    problems: list[str] = []
    with serve(disk / "home", {"TMPDIR": str(disk)}) as server, server.client() as client:
        server.add("first.txt", b"The pump is blue.")
        server.wait_until_read()
        ids, refusal = _fill(server, client, 40_000 if kind == "space" else 100)
        if refusal.status_code not in (503, 507) or not refusal.json()["error"].get("code"):
            problems.append(f"an upload: {refusal.status_code} {refusal.text[:200]}")
        queue = client.get("/v1/queue").json()
        if (queue["estimate_seconds"] or 0) > 86_400:
            problems.append(f"the queue estimates {queue}")
        if not search(client, "blue pump"):
            problems.append("nothing is found")
        deleted = Counter(client.delete(f"/v1/files/{file_id}").status_code for file_id in ids[KEPT_FILES:])
        problems += [f"deleting: {dict(deleted)}"] if set(deleted) != {200} else []
        _mount("-o", "remount,size=256m,nr_inodes=100000", str(disk))
        late = server.add("late.txt", b"The valve is red.")
        documents = {each["id"]: each for each in server.wait_until_read()}
        bad = {each["status"] for each in documents.values()} - {"completed"}
        problems += [f"after enlarging documents are {bad}"] if bad or late not in documents else []
    log = server.log.read_text(errors="replace")
    problems += [f"{log.count('Traceback')} tracebacks in the log"] if "Traceback" in log else []
    return (
        f"no {kind}: upload {refusal.status_code} after {len(ids)} files, search 200, all read after enlarging",
        problems,
    )


def _fill(server: Server, client: httpx.Client, size: int) -> tuple[list[str], httpx.Response]:
    dice, ids = random.Random(SEED), []
    for number in range(2_000):
        body = f"File {number}. ".encode() + dice.randbytes(size // 2).hex().encode()
        try:
            ids.append(upload(client, f"{number}.txt", body))
            client.post("/v1/vector_stores/docs/files", json={"file_id": ids[-1]}).raise_for_status()
        except httpx.HTTPStatusError as error:
            return ids, error.response
    raise AssertionError(f"{len(ids)} files fit on a disk of {shutil.disk_usage(server.home).total} bytes")


def read_only_home(folder: Path) -> Measured:
    """F7: a home that can only be read is searched, and refuses changes in words."""
    own_mounts()
    home, problems = folder / "home", []
    with serve(home) as server:
        server.add("pump.txt", b"The pump is blue.")
        server.wait_until_read()
    _mount("--bind", str(home), str(home))
    _mount("-o", "remount,ro,bind", str(home))
    try:
        with serve(home) as server, server.client() as client:
            if not search(client, "blue pump"):
                problems.append("nothing is found")
            answer = client.post("/v1/files", files={"file": ("a.txt", b"a")}, data={"purpose": "assistants"})
            if answer.status_code not in (503, 507, 403):
                problems.append(f"an upload: {answer.status_code}")
            message = answer.json().get("error", {}).get("message", "")
        log = server.log.read_text(errors="replace")
        figure = f"served read-only: search 200, upload {answer.status_code} “{message}”"
    except RuntimeError:
        log = (folder / "home.log").read_text(errors="replace")
        said = cli(home, "search", "pump")
        figure = f"not served; search exits {said.returncode}: {said.stderr.strip()[-160:]}"
        problems += [] if said.returncode == 0 else ["a read-only home cannot be searched"]
    problems += ["a traceback in the log"] if "Traceback" in log else []
    return Measured(figure, problems)
