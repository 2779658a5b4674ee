"""Files inside files: attachments and the content of encrypted files. A killed process leaves no trace of them."""

import logging
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.errors import ParserLimitError, ReaderFailedError, UnreadableFileError
from ingest.parsers.source import Source
from ingest.runtime.atomic_files import SCRATCH
from ingest.types import ParsedDocument

logger = logging.getLogger(__name__)

MAX_DEPTH = 3
"""Nesting depth up to which attachments are read."""


@contextmanager
def scratch_file() -> Generator[tuple[IO[bytes], Path]]:
    """Yield an empty temporary file and the path at which this process alone can open it.

    On a system with /proc the file has no name in any folder: it vanishes with the process, even if that is killed.
    """
    with tempfile.TemporaryFile(prefix=SCRATCH) as file:
        path = Path(f"/proc/self/fd/{file.fileno()}")
        if path.exists():
            yield file, path
            return
    with tempfile.NamedTemporaryFile(prefix=SCRATCH) as named:
        yield named, Path(named.name)


def read_attachment(content: bytes, name: str, source: Source) -> Iterator[ParsedDocument]:
    """Yield the pieces of a file that is attached to `source`, parsed by its own name and content.

    Raises only `UnreadableFileError`, even if its parser fails: the file around it can still be read.
    """
    from ingest.parsers.registry import parse_pieces  # the parsers in the registry import this module

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
            logger.exception("the parser of an attachment failed")
            raise ReaderFailedError(filename=name, detail=str(error)) from error
