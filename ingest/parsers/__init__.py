"""Files to documents: one format each. Everything here but this module is imported in worker processes only."""

from ingest.errors import (
    DamagedFileError,
    EmptyFileError,
    EncryptedFileError,
    NoTextError,
    ParserLimitError,
    UnreadableFileError,
    UnsupportedFormatError,
)

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
