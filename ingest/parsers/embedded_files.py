"""Files inside files: attachments, and what encrypted files hold. A killed process leaves no trace of them."""

import logging
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.errors import ParserLimitError, ReaderFailedError, UnreadableFileError
from ingest.parsers.source import Source
from ingest.types import ParsedDocument

logger = logging.getLogger(__name__)

MAX_DEPTH = 3
"""Attachments of attachments of attachments are read, what is inside those is not."""


@contextmanager
def scratch_file() -> Generator[tuple[IO[bytes], Path]]:
    """Lend an empty file and the path at which this process alone can open it.

    Where the system has open files under /proc, it never has a name: it is gone with the process, however that ends.
    """
    with tempfile.TemporaryFile(prefix="pincite-") as file:
        path = Path(f"/proc/self/fd/{file.fileno()}")
        if path.exists():
            yield file, path
            return
    with tempfile.NamedTemporaryFile(prefix="pincite-") as named:
        yield named, Path(named.name)


def read_attachment(content: bytes, name: str, source: Source) -> Iterator[ParsedDocument]:
    """Yield the pieces of a file that is attached to `source`, read as its own name and content say.

    Raises `UnreadableFileError`, also where its reader fails: what is around it can be read all the same.
    """
    from ingest.parsers.registry import parse_pieces  # the registry knows the parsers that use this module

    if source.depth >= MAX_DEPTH:
        raise ParserLimitError(filename=name, detail=f"it is inside {MAX_DEPTH} other files")
    with scratch_file() as (file, path):
        file.write(content)
        file.flush()
        try:
            yield from parse_pieces(source.attachment(path, name))
        except UnreadableFileError:
            raise
        except Exception as error:
            logger.exception("the reader of an attachment failed")
            raise ReaderFailedError(filename=name, detail=str(error)) from error
