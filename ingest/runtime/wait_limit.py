"""Limit the wait for a child process by the time in which it could run, not by the clock on the wall.

On a busy machine a child may get a tenth of a core, and on a slow disk it waits for the file that it loads. Neither
says that it hangs. Linux counts what a thread waited for a core (`/proc/PID/task/TID/schedstat`, second field, in
nanoseconds) and what a process had read from disk (`/proc/PID/io`, `read_bytes`); elsewhere the wall clock decides.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NANOSECONDS = 1e-9


@dataclass(frozen=True, slots=True)
class _Sample:
    """What the system has counted for a process: when, on the cores, waiting for one (by thread), bytes read."""

    time: float
    cpu_seconds: float
    queue_seconds: dict[str, float]
    read_bytes: int


class WaitLimit:
    """Counts a wait for process `pid` until it reaches `seconds` in which the process could run.

    Up to the first `update` the wall clock counts: most waits are too short to ask the system about.
    """

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._seconds = self._left = seconds
        self._last: _Sample | None = None
        self._started = time.monotonic()

    @property
    def seconds_left(self) -> float:
        """How much longer the process may run without an answer; at most 0 if the wait is over."""
        return self._left

    def update(self) -> None:
        """Count the time since the last update, without what the process waited for a core or for the disk."""
        sample = _take_sample(self._pid)
        self._left -= sample.time - self._started if self._last is None else _running_seconds(self._last, sample)
        self._last = sample

    def finish(self) -> float:
        """Return the seconds that count, after the last update too."""
        if self._last is None:
            return time.monotonic() - self._started
        self.update()
        return self._seconds - self._left


@dataclass(slots=True)
class Allowance:
    """The seconds that a process may run for several calls together; each call takes off what it used."""

    seconds_left: float


def _running_seconds(before: _Sample, after: _Sample) -> float:
    elapsed = after.time - before.time
    cpu_seconds = after.cpu_seconds - before.cpu_seconds
    if after.read_bytes > before.read_bytes:
        return min(cpu_seconds, elapsed)
    queued = max(
        (seconds - before.queue_seconds.get(id_, 0.0) for id_, seconds in after.queue_seconds.items()), default=0.0
    )
    return max(elapsed - queued, 0.0)


def _take_sample(pid: int) -> _Sample:
    process = Path(f"/proc/{pid}")
    cpu_seconds, read_bytes = 0.0, 0
    queue_seconds: dict[str, float] = {}
    # A process that has ended has no files any more; what ended a thread is in no sum, and need not be.
    with suppress(OSError, ValueError, IndexError):
        for task in (process / "task").iterdir():
            running, waiting, _ = (task / "schedstat").read_text(encoding="ascii").split()
            cpu_seconds += int(running) * NANOSECONDS
            queue_seconds[task.name] = int(waiting) * NANOSECONDS
        lines = (process / "io").read_text(encoding="ascii").splitlines()
        read_bytes = next(int(line.split()[1]) for line in lines if line.startswith("read_bytes:"))
    return _Sample(time.monotonic(), cpu_seconds, queue_seconds, read_bytes)
