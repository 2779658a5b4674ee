# pyright: basic
"""Office files with a password (the adapter of `msoffcrypto-tool`)."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msoffcrypto
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.parsers.embedded_files import scratch_file
from ingest.parsers.source import Source
from ingest.types import ParsedDocument

_BROKEN = (FileFormatError, ParseError, DecryptionError, OSError, ValueError, KeyError, AttributeError, struct.error)


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield the pieces of the DOCX, XLSX or PPTX inside, which is decrypted into a nameless file.

    Raises `EncryptedFileError` without the right password, `DamagedFileError`, and the errors of the format's parser.
    """
    from ingest.parsers.registry import parse_pieces

    if not source.password:
        raise EncryptedFileError(filename=source.filename)
    with scratch_file() as (plain, path):
        _decrypt(source, source.password, plain)
        yield from parse_pieces(replace(source, path=path, password=None))


def _decrypt(source: Source, password: str, target: Any) -> None:
    with source.path.open("rb") as file:
        try:
            office: Any = msoffcrypto.OfficeFile(file)
            office.load_key(password=password, verify_password=True)
            office.decrypt(target)
        except InvalidKeyError as error:
            raise EncryptedFileError(filename=source.filename, is_password_wrong=True) from error
        except _BROKEN as error:
            raise DamagedFileError(filename=source.filename, detail="its encryption is broken or unknown") from error
    target.flush()
