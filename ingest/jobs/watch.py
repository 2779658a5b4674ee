"""Watch folders for changes."""

from collections.abc import Generator, Sequence
from pathlib import Path

from watchfiles import watch

POLL_SECONDS = 30
"""A change before the watch began, or on a disk without notifications, is seen after this time at the latest."""


def watch_folders(folders: Sequence[Path]) -> Generator[None, None, None]:
    """Yield when something below `folders` may have changed, until Ctrl-C.

    A burst of changes is one event; without notifications there is one every `POLL_SECONDS`.
    """
    events = watch(*folders, raise_interrupt=False, yield_on_timeout=True, rust_timeout=POLL_SECONDS * 1_000)
    for _ in events:
        yield
