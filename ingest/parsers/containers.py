# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Open the containers of office and book formats, ZIP archives of XML parts, within limits against ZIP bombs."""

import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from lxml import etree
from lxml.etree import _Element as Element

from ingest.errors import DamagedFileError, EncryptedFileError, ParserLimitError

_MAX_MEMBERS = 10_000
_MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_MAX_XML_BYTES = 96 * 1024 * 1024
_MAX_RATIO = 200
_SMALL_BYTES = 16 * 1024 * 1024
_ENCRYPTED_FLAG = 0x1
_XML_SUFFIXES = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")

_BROKEN: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ArithmeticError),
    *(KeyError, IndexError, TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError),
)
"""What the libraries raise for containers with a wrong index or incomplete parts."""


@contextmanager
def translate_errors(filename: str, *library_errors: type[Exception]) -> Generator[None]:
    """Translate the errors that libraries raise for a broken file into `DamagedFileError`.

    `library_errors` are those of the library in use.
    """
    try:
        yield
    except SyntaxError as error:  # what every XML reader raises
        raise DamagedFileError(filename=filename, detail="a part of it is not well-formed XML") from error
    except RecursionError:
        raise  # the registry translates it
    except (*_BROKEN, *library_errors) as error:
        raise DamagedFileError(filename=filename, detail="a part of its container is missing or broken") from error


@contextmanager
def open_container(path: Path, filename: str) -> Generator[zipfile.ZipFile]:
    """Open a ZIP archive whose unpacked size is within the limits.

    Raises `ParserLimitError` and `EncryptedFileError` before anything is unpacked. The limits hold for the sizes in the
    archive's index; `zipfile` never unpacks more of a member than its index entry says.
    """
    with zipfile.ZipFile(path) as archive:
        _check_sizes(archive, filename)
        yield archive


def parse_xml(content: bytes) -> Element:
    """Return the root of an XML part; no entity is resolved and nothing outside the part is read."""
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def recover_xml(content: bytes) -> Element | None:
    """Return the root of a part that is not well-formed, with what can be read of it; None if that is nothing."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        return etree.fromstring(content, parser)
    except SyntaxError:
        return None


def read_part(archive: zipfile.ZipFile, member: str) -> Element | None:
    """Return the root of an XML part; None if there is no such part."""
    return parse_xml(archive.read(member)) if member in archive.NameToInfo else None


def _check_sizes(archive: zipfile.ZipFile, filename: str) -> None:
    members = archive.infolist()
    packed = sum(member.compress_size for member in members)
    unpacked = sum(member.file_size for member in members)
    largest_xml = max((m.file_size for m in members if m.filename.endswith(_XML_SUFFIXES)), default=0)
    if len(members) > _MAX_MEMBERS:
        raise ParserLimitError(filename=filename, detail=f"it has {len(members)} parts, more than {_MAX_MEMBERS}")
    if unpacked > _MAX_UNPACKED_BYTES or largest_xml > _MAX_XML_BYTES:
        raise ParserLimitError(filename=filename, detail=f"unpacked it would take {unpacked // 2**20} MiB")
    if unpacked > _SMALL_BYTES and unpacked > _MAX_RATIO * packed:
        raise ParserLimitError(filename=filename, detail=f"unpacked it would grow {unpacked // packed} times")
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise EncryptedFileError(filename=filename)
