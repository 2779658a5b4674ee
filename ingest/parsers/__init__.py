"""Parsers: a file of any supported format to a document.

The other modules of this package are imported in worker processes only.
"""

import msgspec

from ingest.errors import (
    DamagedFileError,
    EmptyFileError,
    EncryptedFileError,
    NoOpenFileError,
    NoTextError,
    ParserLimitError,
    UnreadableFileError,
    UnsupportedFormatError,
)
from ingest.types import ChunkedDocument

PARSER_ERRORS: tuple[type[Exception], ...] = (
    DamagedFileError,
    EmptyFileError,
    EncryptedFileError,
    NoOpenFileError,
    NoTextError,
    ParserLimitError,
    UnreadableFileError,
    UnsupportedFormatError,
)
"""The errors of a parser worker, for the `errors` of its `WorkerSpec`."""


class NextPiece(msgspec.Struct, frozen=True):
    """The next piece of a file; None after the last."""

    piece: ChunkedDocument | None
