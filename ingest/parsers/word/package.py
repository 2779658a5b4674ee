# pyright: basic
"""Open a Word document within the limits of `ingest.parsers.containers` (the adapter of `python-docx`)."""

import zipfile
import zlib
from pathlib import Path

import docx
from docx.document import Document

from ingest.errors import UnsupportedFormatError
from ingest.parsers.containers import open_container
from ingest.parsers.formats import SUPPORTED
from ingest.parsers.word.damaged_parts import copy_without_damage

_MAX_INDEX_BYTES = 1024 * 1024
_REFUSED_TYPES = (
    (b"macroEnabled.main+xml", "Word document with macros (DOCM)"),
    (b"wordprocessingml.template.main+xml", "Word template (DOTX)"),
)
_STRICT_NAMESPACE = b"purl.oclc.org/ooxml"


def open_document(path: Path, filename: str) -> tuple[Document, list[str]]:
    """Return the document in a DOCX file, and the names of the damaged parts that it is opened without.

    Raises what `open_container` and `docx.Document` raise, and `UnsupportedFormatError` for macros, templates and
    Strict Open XML.
    """
    with open_container(path, filename) as archive:
        _check_kind(archive, filename)
        try:
            return docx.Document(str(path)), []
        except (SyntaxError, KeyError, zipfile.BadZipFile, zlib.error, EOFError):
            copy, damaged = copy_without_damage(archive)
            return docx.Document(copy), damaged


def _check_kind(archive: zipfile.ZipFile, filename: str) -> None:
    types = _read_beginning(archive, "[Content_Types].xml")
    for mark, name in _REFUSED_TYPES:
        if mark in types:
            raise UnsupportedFormatError(filename=filename, format_name=name, supported=SUPPORTED)
    if _STRICT_NAMESPACE in _read_beginning(archive, "_rels/.rels"):
        name = "Word document in the Strict Open XML form"
        raise UnsupportedFormatError(filename=filename, format_name=name, supported=SUPPORTED)


def _read_beginning(archive: zipfile.ZipFile, member: str) -> bytes:
    with archive.open(member) as file:
        return file.read(_MAX_INDEX_BYTES)
