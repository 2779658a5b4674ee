"""Identify the format of a file: by its content first, by its name second."""

import json
import mmap
import re
import zipfile
from pathlib import Path

from ingest.errors import DamagedFileError, EmptyFileError, UnsupportedFormatError
from ingest.parsers import format_signatures as signatures
from ingest.parsers.encoding import is_text
from ingest.parsers.format_signatures import SUPPORTED, Format

__all__ = ["SUPPORTED", "Format", "identify"]

_HEAD_BYTES = 4096
_PDF_MARK_WITHIN = 1024
_MAX_MIME_TYPE_BYTES = 100
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_BOM = b"\xef\xbb\xbf"

_HTML_START = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.I | re.S)
_XML_START = re.compile(rb"\s*<\?xml\s")
_SCRIPT_START = re.compile(rb"#!\s*/\S+|<\?php\b")
_JSON_START = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{])")
_JSON_ENDS = (b"}", b"]")
_MAILBOX_START = re.compile(rb"From \S+ .*\d{4}\r?\n[\w-]+:")
_MAIL_HEADER = re.compile(rb"^(?:from|to|subject|date|received|message-id|mime-version|return-path):", re.I | re.M)
_MIN_MAIL_HEADERS = 3
_BROKEN_ZIP = (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, RuntimeError)


def identify(path: Path, filename: str) -> Format:
    """Return the format of a file.

    Raises `EmptyFileError`, `DamagedFileError`, or `UnsupportedFormatError` with the name of the format.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise EmptyFileError(filename=filename)
    if b"%PDF-" in head[:_PDF_MARK_WITHIN]:
        return Format.PDF
    if head.startswith(_OLE_MAGIC):
        return _identify_ole(path, filename)
    if head.startswith(b"PK\x03\x04"):
        return _identify_zip(path, filename)
    format_ = next((format_ for pattern, format_ in signatures.BY_CONTENT if pattern.match(head)), None)
    return format_ or _identify_text(path, head, filename)


def _identify_text(path: Path, head: bytes, filename: str) -> Format:
    name, suffix = filename.lower(), Path(filename).suffix.lower()
    text = head.removeprefix(_BOM)
    format_by_name = Format.CODE if name in signatures.CODE_NAMES else signatures.BY_SUFFIX.get(suffix)
    refused = next((name for pattern, name in signatures.REFUSED_BY_CONTENT if pattern.match(head)), None)
    if refused:
        raise _unsupported_error(filename, refused)
    if _HTML_START.match(text) and (format_by_name is not Format.CODE or _XML_START.match(text)):
        return Format.HTML
    if suffix in signatures.REFUSED_BY_SUFFIX:
        raise _unsupported_error(filename, signatures.REFUSED_BY_SUFFIX[suffix])
    if suffix in signatures.BINARY_SUFFIXES:
        raise DamagedFileError(filename=filename, detail=f"its content is not {signatures.BINARY_SUFFIXES[suffix]}")
    if not is_text(head):
        raise _unsupported_error(filename, "unknown binary data")
    return format_by_name or _guess_text(path, text, may_be_data=suffix not in signatures.PLAIN_SUFFIXES)


def _guess_text(path: Path, text: bytes, *, may_be_data: bool) -> Format:
    """Return the format of a text whose name does not identify it."""
    if _MAILBOX_START.match(text):
        return Format.MBOX
    if _is_mail(text):
        return Format.EML
    if may_be_data and _JSON_START.match(text):
        return _guess_json(path, text)
    return Format.CODE if may_be_data and (_SCRIPT_START.match(text) or _XML_START.match(text)) else Format.TEXT


def _is_mail(text: bytes) -> bool:
    headers = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[0]
    names = {match.group().lower() for match in _MAIL_HEADER.finditer(headers)}
    return len(names) >= _MIN_MAIL_HEADERS and bool(re.match(rb"[\w-]+:", headers))


def _guess_json(path: Path, text: bytes) -> Format:
    """Distinguish JSON from a text that begins with a bracket by its end, and JSON Lines by its first two lines."""
    lines = text.splitlines()
    if len(lines) > 1 and _is_json(lines[0]) and lines[1].lstrip().startswith((b"{", b"[")):
        return Format.JSON_LINES
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _HEAD_BYTES, 0))
        return Format.JSON if file.read().rstrip().endswith(_JSON_ENDS) else Format.TEXT


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _identify_zip(path: Path, filename: str) -> Format:
    suffix = Path(filename).suffix.lower()
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mime_type = _read_beginning(archive, "mimetype").strip() if "mimetype" in names else ""
    except _BROKEN_ZIP as error:
        raise DamagedFileError(filename=filename, detail="its container (ZIP) is cut short or broken") from error
    formats = (format_ for member, format_ in signatures.ZIP_MEMBERS.items() if member in names)
    format_ = signatures.ZIP_MIME_TYPES.get(mime_type) or next(formats, None)
    if format_:
        return format_
    refused = next((name for member, name in signatures.REFUSED_ZIP_MEMBERS.items() if member in names), None)
    if refused is None and suffix in signatures.BINARY_SUFFIXES:
        raise DamagedFileError(filename=filename, detail=f"its content is not {signatures.BINARY_SUFFIXES[suffix]}")
    raise _unsupported_error(filename, refused or signatures.REFUSED_BY_SUFFIX.get(suffix, "compressed archive (ZIP)"))


def _read_beginning(archive: zipfile.ZipFile, member: str) -> str:
    with archive.open(member) as file:
        return file.read(_MAX_MIME_TYPE_BYTES).decode("ascii", "replace")


def _identify_ole(path: Path, filename: str) -> Format:
    """Distinguish a password-protected Office Open XML file from a legacy Office file by its OLE stream names."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(_ENCRYPTED_STREAM) >= 0:
            return Format.PROTECTED_OFFICE
        streams = (name for stream, name in signatures.OLE_STREAMS if content.find(stream.encode("utf-16-le")) >= 0)
        raise _unsupported_error(filename, next(streams, "legacy Office document"))


def _unsupported_error(filename: str, name: str) -> UnsupportedFormatError:
    return UnsupportedFormatError(filename=filename, format_name=name, supported=SUPPORTED)
