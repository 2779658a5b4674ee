"""Kill the process that reads a batch, again and again, at random moments.

`python -m tests.faults.killing HOME SEED KILLS` forks readers and kills all but the last; it prints how many it killed.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.faults.reader import HomeReader

PAUSE_SECONDS = 0.02
SHORTEST_SECONDS, LONGEST_SECONDS = 0.02, 0.4


def read_all(home: Path) -> None:
    """Read until nothing is left to be done."""
    reader = HomeReader(home, PAUSE_SECONDS)
    while (state := reader.library.queue_state()).queued or state.reading:
        time.sleep(0.02)
    reader.close()


def killed_after(home: Path, seconds: float) -> bool:
    """Start a reader and kill it after so many seconds; False where it had ended by itself."""
    pid = os.fork()
    if pid == 0:
        try:
            read_all(home)
            os._exit(0)
        finally:
            os._exit(3)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise AssertionError(f"a reader failed with {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status)


def main(home: Path, seed: int, kills: int) -> None:
    """Kill so many readers, then let one read to the end."""
    chosen = random.Random(seed)  # noqa: S311 (a test's own dice)
    killed = sum(killed_after(home, chosen.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)) for _ in range(kills))
    read_all(home)
    sys.stdout.write(f"{killed}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
