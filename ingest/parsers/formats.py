"""What kind of file this is: by its content first, by its name second."""

import mmap
import re
import zipfile
from enum import StrEnum
from pathlib import Path

from ingest.errors import DamagedFileError, EmptyFileError, EncryptedFileError, UnsupportedFormatError
from ingest.parsers.encoding import looks_like_text

SUPPORTED = "PDF, Word (DOCX), HTML, Markdown, CSV, TSV and plain text"

_HEAD_BYTES = 4096
_PDF_MARK_WITHIN = 1024
_MAX_MIME_TYPE_BYTES = 100
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Format(StrEnum):
    """The formats that Pincite reads."""

    PDF = "pdf"
    DOCX = "docx"
    HTML = "html"
    MARKDOWN = "markdown"
    DELIMITED = "delimited"
    TEXT = "text"


_BY_SUFFIX = {
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xhtml": Format.HTML,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".mdown": Format.MARKDOWN,
    ".mkd": Format.MARKDOWN,
    ".csv": Format.DELIMITED,
    ".tsv": Format.DELIMITED,
    ".tab": Format.DELIMITED,
}
_BINARY_SUFFIXES = {".pdf": "PDF", ".docx": "Word (DOCX)"}
"""Names that promise a format which its content would show."""

_UNSUPPORTED_BY_CONTENT = (
    (re.compile(rb"\{\\rtf"), "RTF"),
    (re.compile(rb"\x89PNG\r\n"), "scanned image (PNG)"),
    (re.compile(rb"\xff\xd8\xff"), "scanned image (JPEG)"),
    (re.compile(rb"GIF8[79]a"), "scanned image (GIF)"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "scanned image (TIFF)"),
    (re.compile(rb"BM.{4}\x00{4}", re.S), "scanned image (BMP)"),
    (re.compile(rb"RIFF.{4}WEBP", re.S), "scanned image (WebP)"),
    (re.compile(rb".{4}ftyp(?:heic|heix|mif1|avif)", re.S), "scanned image (HEIC)"),
    (re.compile(rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg[^>]*>\s*)?<svg\b", re.S), "drawing (SVG)"),
    (re.compile(rb"AT&TFORM"), "scanned document (DjVu)"),
    (re.compile(rb".{60}(?:BOOKMOBI|TEXtREAd)", re.S), "e-book (MOBI)"),
    (re.compile(rb"%!PS"), "PostScript document (PS)"),
    (re.compile(rb"\x1f\x8b"), "compressed archive (GZIP)"),
    (re.compile(rb"BZh[1-9]"), "compressed archive (BZIP2)"),
    (re.compile(rb"\xfd7zXZ\x00"), "compressed archive (XZ)"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "compressed archive (7Z)"),
    (re.compile(rb"Rar!\x1a\x07"), "compressed archive (RAR)"),
    (re.compile(rb"SQLite format 3\x00"), "SQLite database"),
    (re.compile(rb"PAR1"), "Parquet table"),
    (re.compile(rb"\x7fELF|MZ.{58}\x00{4}", re.S), "program"),
    (re.compile(rb"ID3|OggS|fLaC|RIFF.{4}WAVE", re.S), "sound recording"),
    (re.compile(rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI ", re.S), "video or sound recording"),
)
_UNSUPPORTED_BY_SUFFIX = {
    ".pptx": "PowerPoint presentation (PPTX)",
    ".xlsx": "Excel workbook (XLSX)",
    ".odt": "OpenDocument text (ODT)",
    ".ods": "OpenDocument spreadsheet (ODS)",
    ".odp": "OpenDocument presentation (ODP)",
    ".epub": "e-book (EPUB)",
    ".eml": "e-mail (EML)",
    ".mbox": "mailbox (MBOX)",
    ".rtf": "RTF",
    ".ipynb": "Jupyter notebook (IPYNB)",
    ".doc": "legacy Word document (DOC)",
    ".xls": "legacy Excel workbook (XLS)",
    ".ppt": "legacy PowerPoint presentation (PPT)",
    ".msg": "Outlook message (MSG)",
}
_OLE_STREAMS = (
    ("WordDocument", "legacy Word document (DOC)"),
    ("PowerPoint Document", "legacy PowerPoint presentation (PPT)"),
    ("Workbook", "legacy Excel workbook (XLS)"),
    ("__substg1.0_", "Outlook message (MSG)"),
)
_ZIP_MIME_TYPES = {
    "application/epub+zip": "e-book (EPUB)",
    "application/vnd.oasis.opendocument.text": "OpenDocument text (ODT)",
    "application/vnd.oasis.opendocument.spreadsheet": "OpenDocument spreadsheet (ODS)",
    "application/vnd.oasis.opendocument.presentation": "OpenDocument presentation (ODP)",
}
_ZIP_MEMBERS = {
    "ppt/presentation.xml": "PowerPoint presentation (PPTX)",
    "xl/workbook.xml": "Excel workbook (XLSX)",
    "xl/workbook.bin": "Excel workbook (XLSB)",
    "META-INF/MANIFEST.MF": "Java archive (JAR)",
}
_HTML_START = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.I | re.S)
_MAIL_HEADER = re.compile(rb"^(?:from|to|subject|date|received|message-id|mime-version|return-path):", re.I | re.M)
_MIN_MAIL_HEADERS = 3


def identify(path: Path, filename: str) -> Format:
    """Return the format of a file that Pincite reads.

    Raises `EmptyFileError`, `EncryptedFileError`, `DamagedFileError`, or `UnsupportedFormatError` with the
    name of the format.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise EmptyFileError(filename=filename)
    if b"%PDF-" in head[:_PDF_MARK_WITHIN]:
        return Format.PDF
    if head.startswith(_OLE_MAGIC):
        raise _ole_refusal(path, filename)
    if head.startswith(b"PK\x03\x04"):
        return _identify_zip(path, filename)
    for pattern, name in _UNSUPPORTED_BY_CONTENT:
        if pattern.match(head):
            raise _unsupported(filename, name)
    return _identify_text(head, filename)


def _identify_text(head: bytes, filename: str) -> Format:
    suffix = Path(filename).suffix.lower()
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML_START.match(text):
        return Format.HTML
    if suffix in _UNSUPPORTED_BY_SUFFIX:
        raise _unsupported(filename, _UNSUPPORTED_BY_SUFFIX[suffix])
    if suffix in _BINARY_SUFFIXES:
        raise DamagedFileError(filename=filename, detail=f"its content is not {_BINARY_SUFFIXES[suffix]}")
    if not looks_like_text(head):
        raise _unsupported(filename, "unknown binary data")
    if suffix not in _BY_SUFFIX and _is_mail(text):
        raise _unsupported(filename, _UNSUPPORTED_BY_SUFFIX[".eml"])
    return _BY_SUFFIX.get(suffix, Format.TEXT)


def _is_mail(text: bytes) -> bool:
    headers = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[0]
    names = {match.group().lower() for match in _MAIL_HEADER.finditer(headers)}
    return len(names) >= _MIN_MAIL_HEADERS and bool(re.match(rb"[\w-]+:|From ", headers))


def _identify_zip(path: Path, filename: str) -> Format:
    suffix = Path(filename).suffix.lower()
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mime_type = _beginning(archive, "mimetype") if "mimetype" in names else ""
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        if suffix in _UNSUPPORTED_BY_SUFFIX:
            raise _unsupported(filename, _UNSUPPORTED_BY_SUFFIX[suffix]) from error
        raise DamagedFileError(filename=filename, detail="its container (ZIP) is cut short or broken") from error
    if "word/document.xml" in names:
        return Format.DOCX
    if mime_type.strip() in _ZIP_MIME_TYPES:
        raise _unsupported(filename, _ZIP_MIME_TYPES[mime_type.strip()])
    known = next((name for member, name in _ZIP_MEMBERS.items() if member in names), None)
    if known is None and suffix in _BINARY_SUFFIXES:
        raise DamagedFileError(filename=filename, detail=f"its content is not {_BINARY_SUFFIXES[suffix]}")
    raise _unsupported(filename, known or _UNSUPPORTED_BY_SUFFIX.get(suffix, "compressed archive (ZIP)"))


def _beginning(archive: zipfile.ZipFile, member: str) -> str:
    with archive.open(member) as file:
        return file.read(_MAX_MIME_TYPE_BYTES).decode("ascii", "replace")


def _ole_refusal(path: Path, filename: str) -> EncryptedFileError | UnsupportedFormatError:
    """Tell a password-protected file of today's Office from a file of the old one by its stream names."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            return EncryptedFileError(filename=filename)
        for stream, name in _OLE_STREAMS:
            if content.find(stream.encode("utf-16-le")) >= 0:
                return _unsupported(filename, name)
    return _unsupported(filename, "legacy Office document")


def _unsupported(filename: str, name: str) -> UnsupportedFormatError:
    return UnsupportedFormatError(filename=filename, format_name=name, supported=SUPPORTED)
