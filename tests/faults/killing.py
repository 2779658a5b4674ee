"""Kill the process that reads a batch, again and again, at random moments.

`python -m tests.faults.killing HOME SEED KILLS` forks readers and kills all but the last; it prints how many it killed.
"""

import os
import random
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

import apsw

from ingest.storage.home import DATABASE_NAME
from ingest.storage.jobs import MAX_STARTS
from tests.faults.reader import HomeReader
from tests.raw_database import raw_database

PAUSE_SECONDS = 0.02
SHORTEST_SECONDS, LONGEST_SECONDS = 0.02, 0.4
WAIT_SECONDS = 60.0


def read_all(home: Path) -> None:
    """Read until nothing is left to be done."""
    reader = HomeReader(home, PAUSE_SECONDS)
    while (state := reader.library.queue_state()).queued or state.reading:
        time.sleep(0.02)
    reader.close()


def killed_after(home: Path, seconds: float) -> bool:
    """Start a reader and kill it after so many seconds; False if it had ended by itself.

    A document that was interrupted often is let through first: on a busy machine a reader that is killed so early gets
    nowhere, and the library gives such a document up.
    """
    pid = os.fork()
    if pid == 0:
        try:
            read_all(home)
            os._exit(0)
        finally:
            os._exit(3)
    time.sleep(seconds)
    deadline = time.monotonic() + WAIT_SECONDS
    while has_nearly_failed(home) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise AssertionError(f"a reader failed with {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status)


def has_nearly_failed(home: Path) -> bool:
    """Whether a document is queued or read that one kill more would fail."""
    sql = "SELECT count(*) FROM documents WHERE status IN ('queued', 'reading') AND starts >= ?"
    with closing(raw_database(home / DATABASE_NAME, apsw.SQLITE_OPEN_READONLY)) as db:
        db.set_busy_timeout(round(1_000 * WAIT_SECONDS))
        return bool(db.execute(sql, (MAX_STARTS - 1,)).get)


def main(home: Path, seed: int, kills: int) -> None:
    """Kill so many readers, then let one read to the end."""
    chosen = random.Random(seed)  # noqa: S311 (a test's own dice)
    killed = sum(killed_after(home, chosen.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)) for _ in range(kills))
    read_all(home)
    sys.stdout.write(f"{killed}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
