"""Notice that something changed below folders."""

from collections.abc import Generator, Sequence
from pathlib import Path

from watchfiles import watch


def watch_folders(folders: Sequence[Path]) -> Generator[set[Path], None, None]:
    """Yield the paths that changed below `folders`, some at a time, until the program is interrupted.

    What is yielded says only that it is time to look: a burst of changes comes as one, and a rename as two paths.
    """
    for changes in watch(*folders, recursive=True, raise_interrupt=True):
        yield {Path(path) for _, path in changes}
