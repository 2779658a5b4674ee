"""How much processor time a process may spend on a piece of work, enforced by the kernel.

Native code cannot be interrupted, so the timer ends the process: its exit is `OUT_OF_TIME`. OCR, which takes long for a
good reason, is done `without_limit`.
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager

OUT_OF_TIME = f"signal {signal.SIGPROF.name}"
"""How a process has ended that used more processor time than it was given; see `WorkerCrashedError.how`."""


@contextmanager
def limit_effort(cpu_seconds: float) -> Generator[None]:
    """Let the block use so much processor time, of all threads together."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def without_limit() -> Generator[None]:
    """Do not count the processor time of the block."""
    seconds_left, _ = signal.setitimer(signal.ITIMER_PROF, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, seconds_left)
