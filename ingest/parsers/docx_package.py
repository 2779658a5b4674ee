# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Open the container of a Word document, once it is known to be harmless (the adapter of `python-docx`)."""

import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from lxml import etree

from ingest.errors import DamagedFileError, EncryptedFileError, ParserLimitError, UnsupportedFormatError
from ingest.parsers.formats import SUPPORTED

_MAX_MEMBERS = 10_000
_MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_MAX_XML_BYTES = 96 * 1024 * 1024
_MAX_RATIO = 200
_SMALL_BYTES = 16 * 1024 * 1024
_ENCRYPTED_FLAG = 0x1
_MAX_INDEX_BYTES = 1024 * 1024
_REFUSED_TYPES = (
    (b"macroEnabled.main+xml", "Word document with macros (DOCM)"),
    (b"wordprocessingml.template.main+xml", "Word template (DOTX)"),
)
_STRICT_NAMESPACE = b"purl.oclc.org/ooxml"

_BROKEN = (
    *(OpcError, zipfile.BadZipFile, zlib.error, EOFError, OSError),
    *(KeyError, ValueError, AttributeError, NotImplementedError, RuntimeError),
)
"""What the libraries raise over containers whose index points to nowhere or whose parts miss what they need."""


@contextmanager
def reading(filename: str) -> Generator[None]:
    """Translate what the libraries raise over a broken file, which can be at any place that touches it."""
    try:
        yield
    except etree.XMLSyntaxError as error:
        raise DamagedFileError(filename=filename, detail="a part of it is not well-formed XML") from error
    except _BROKEN as error:
        raise DamagedFileError(filename=filename, detail="a part of its container is missing or broken") from error


def open_document(path: Path, filename: str) -> Document:
    """Return the document in a DOCX file.

    Raises `ParserLimitError` before anything is unpacked where it would grow too large, and
    `EncryptedFileError` or `UnsupportedFormatError` where it is no plain DOCX.
    """
    with zipfile.ZipFile(path) as archive:
        _check_sizes(archive, filename)
        _check_kind(archive, filename)
    return docx.Document(str(path))


def _check_sizes(archive: zipfile.ZipFile, filename: str) -> None:
    members = archive.infolist()
    packed = sum(member.compress_size for member in members)
    unpacked = sum(member.file_size for member in members)
    largest_xml = max((m.file_size for m in members if m.filename.endswith((".xml", ".rels"))), default=0)
    if len(members) > _MAX_MEMBERS:
        raise ParserLimitError(filename=filename, detail=f"it has {len(members)} parts, more than {_MAX_MEMBERS}")
    if unpacked > _MAX_UNPACKED_BYTES or largest_xml > _MAX_XML_BYTES:
        raise ParserLimitError(filename=filename, detail=f"unpacked it would take {unpacked // 2**20} MiB")
    if unpacked > _SMALL_BYTES and unpacked > _MAX_RATIO * packed:
        raise ParserLimitError(filename=filename, detail=f"unpacked it would grow {unpacked // packed} times")
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise EncryptedFileError(filename=filename)


def _check_kind(archive: zipfile.ZipFile, filename: str) -> None:
    types = _beginning(archive, "[Content_Types].xml")
    for mark, name in _REFUSED_TYPES:
        if mark in types:
            raise UnsupportedFormatError(filename=filename, format_name=name, supported=SUPPORTED)
    if _STRICT_NAMESPACE in _beginning(archive, "_rels/.rels"):
        name = "Word document in the Strict Open XML form"
        raise UnsupportedFormatError(filename=filename, format_name=name, supported=SUPPORTED)


def _beginning(archive: zipfile.ZipFile, member: str) -> bytes:
    with archive.open(member) as file:
        return file.read(_MAX_INDEX_BYTES)
