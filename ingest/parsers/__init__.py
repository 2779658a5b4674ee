"""Files to documents: one format each. Everything here but this module is imported in worker processes only."""

import msgspec

from ingest.errors import (
    DamagedFileError,
    EmptyFileError,
    EncryptedFileError,
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
    NoTextError,
    ParserLimitError,
    UnreadableFileError,
    UnsupportedFormatError,
)
"""What a parser worker may raise; to be named in its `WorkerSpec`."""


class NextPiece(msgspec.Struct, frozen=True):
    """The next piece of a file, or None where there is no other."""

    piece: ChunkedDocument | None
