"""Run a function in a forked process under strace, which counts its system calls or lets one of them go wrong."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PERSISTENCE_CALLS = (
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "ftruncate",
    "unlink",
    "mkdir",
)
"""What changes the disk. Every one is a point at which a process can end."""

PR_SET_PTRACER = 0x59616D61
PR_SET_PTRACER_ANY = -1 & 0xFFFFFFFFFFFFFFFF
FAILED = 3
_CALL = re.compile(r"^(\w+)\(")

Report = Callable[[str], None]
"""How the forked process tells its parent, one line at a time, how far it got."""


@dataclass(frozen=True, slots=True)
class Call:
    """The `number`-th call of one kind that a process makes."""

    name: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a forked process ended, and what it said before."""

    lines: tuple[str, ...]
    signal: int
    exit_code: int


def why_not() -> str | None:
    """Return why nothing can be traced here, or None where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed (apt-get install strace)"
    try:
        outcome = run(lambda report: report("fine"), ["-e", "trace=none"])
    except PermissionError as error:
        return str(error)
    return None if outcome.lines == ("fine",) else "strace cannot trace a process here"


def count_calls(work: Callable[[Report], None], log: Path) -> list[Call]:
    """Return the calls that change the disk, in their order; of `openat` those that may create a file."""
    run(work, ["-y", "-s", "0", "-o", str(log), "-e", f"trace={','.join(PERSISTENCE_CALLS)}"])
    counts = dict.fromkeys(PERSISTENCE_CALLS, 0)
    calls: list[Call] = []
    for line in log.read_text().splitlines():
        if (match := _CALL.match(line)) is None:
            continue
        name = match[1]
        counts[name] += 1
        if name != "openat" or "O_CREAT" in line:
            calls.append(Call(name, counts[name], line))
    return calls


def run_with_fault(work: Callable[[Report], None], call: Call, fault: str, *, lasting: bool = False) -> Outcome:
    """Run `work` and let one of its calls go wrong, or all of its kind from that one on.

    A fault is written as strace does: `signal=SIGKILL` ends the process before the call, `error=EIO` fails it.
    """
    inject = f"inject={call.name}:{fault}:when={call.number}{'+' if lasting else ''}"
    return run(work, ["-o", os.devnull, "-e", f"trace={call.name}", "-e", inject])


def run(work: Callable[[Report], None], options: Sequence[str] | None) -> Outcome:
    """Fork, let strace attach with these options (or not at all, with None), and wait for the end.

    Raises `PermissionError` where strace may not attach.
    """
    go, give_go = os.pipe()
    hear, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(give_go)
        os.close(hear)
        _be_the_child(work, go, tell)
    os.close(go)
    os.close(tell)
    tracer = None
    try:
        tracer = None if options is None else _attach(pid, options)
        os.write(give_go, b"!")
    finally:
        os.close(give_go)
        with os.fdopen(hear, "r") as stream:
            lines = stream.read().splitlines()
        _, status = os.waitpid(pid, 0)
        if tracer is not None:
            tracer.communicate()
    return Outcome(tuple(lines), os.WTERMSIG(status), os.WEXITSTATUS(status))


def _attach(pid: int, options: Sequence[str]) -> "subprocess.Popen[str]":
    tracer = subprocess.Popen(
        ["strace", *options, "-p", str(pid)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    if "attached" not in said:
        tracer.communicate()
        raise PermissionError(said.strip())
    return tracer


def _be_the_child(work: Callable[[Report], None], go: int, tell: int) -> None:
    code = FAILED
    try:
        _allow_tracing()
        if os.read(go, 1):
            work(lambda line: _say(tell, line))
            code = 0
    except BaseException:  # noqa: BLE001 (a fork must never come back into the tests)
        with suppress(OSError):
            _say(tell, traceback.format_exc())
    finally:
        os._exit(code)


def _say(tell: int, line: str) -> None:
    os.writev(tell, [f"{line}\n".encode()])  # not `write`, which may be what is made to fail


def _allow_tracing() -> None:
    """Let a process that is not a parent attach, where the kernel's Yama module forbids it by default."""
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(PR_SET_PTRACER_ANY))


if __name__ == "__main__":
    sys.stdout.write(why_not() or "")
