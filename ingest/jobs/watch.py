"""Notice that something changed below folders."""

from collections.abc import Generator, Sequence
from pathlib import Path

from watchfiles import watch

LOOK_ANYWAY_SECONDS = 30
"""What changed before the watch began, or on a disk that tells nothing, is noticed so late at the latest."""


def watch_folders(folders: Sequence[Path]) -> Generator[None, None, None]:
    """Yield whenever it is time to look at `folders`, until somebody presses Ctrl-C.

    A burst of changes is one occasion; where nothing was noticed it is time all the same, now and then.
    """
    occasions = watch(*folders, raise_interrupt=False, yield_on_timeout=True, rust_timeout=LOOK_ANYWAY_SECONDS * 1_000)
    for _ in occasions:
        yield
