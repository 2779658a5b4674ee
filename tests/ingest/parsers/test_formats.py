"""What kind of file it is: content first, name second; what is not read is refused by name."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import (
    DamagedFileError,
    EmptyFileError,
    EncryptedFileError,
    UnreadableFileError,
    UnsupportedFormatError,
)
from ingest.parsers.formats import Format, identify
from tests.files import write_docx, write_pdf

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "content"
    path.write_bytes(content)
    return path


def zip_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.md", b"# Tides", Format.MARKDOWN),
        ("a.csv", b"a,b", Format.DELIMITED),
        ("A.TSV", b"a\tb", Format.DELIMITED),
        ("a.html", b"<p>tide</p>", Format.HTML),
        ("a.txt", b"<!DOCTYPE html><p>tide", Format.HTML),
        ("a.txt", b"\xef\xbb\xbf<html>", Format.HTML),
        ("a.log", b"tide", Format.TEXT),
        ("notes", "Flut und Ebbe: Höhe".encode("latin-1"), Format.TEXT),
        ("a.txt", "tide".encode("utf-16-le"), Format.TEXT),
    ],
)
def test_formats_that_are_read(tmp_path: Path, name: str, content: bytes, expected: Format) -> None:
    assert identify(file_of(tmp_path, content), name) is expected


def test_a_wrong_suffix_does_not_matter_where_the_content_tells(tmp_path: Path) -> None:
    assert identify(write_pdf(tmp_path / "a.pdf", ["tide"]), "tide.txt") is Format.PDF
    assert identify(write_docx(tmp_path / "a.docx"), "tide.pdf") is Format.DOCX


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("a.rtf", rb"{\rtf1 tide}", "RTF"),
        ("a.doc", rb"{\rtf1 tide}", "RTF"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "scanned image (PNG)"),
        ("a.pdf", b"\xff\xd8\xff\xe0", "scanned image (JPEG)"),
        ("a.tif", b"II*\x00", "scanned image (TIFF)"),
        ("a.svg", b"<?xml version='1.0'?>\n<svg>", "drawing (SVG)"),
        ("a.gz", b"\x1f\x8b\x08", "compressed archive (GZIP)"),
        ("a.eml", b"Subject: tide\n\nhello", "e-mail (EML)"),
        ("mail", b"From: a@b.org\nTo: c@d.org\nSubject: tide\n\nhello", "e-mail (EML)"),
        ("a.epub", zip_of(mimetype=b"application/epub+zip"), "e-book (EPUB)"),
        ("a.odt", zip_of(mimetype=b"application/vnd.oasis.opendocument.text"), "OpenDocument text (ODT)"),
        ("a.pptx", zip_of(**{"ppt/presentation.xml": b""}), "PowerPoint presentation (PPTX)"),
        ("a.docx", zip_of(**{"xl/workbook.xml": b""}), "Excel workbook (XLSX)"),
        ("a.zip", zip_of(a=b"1"), "compressed archive (ZIP)"),
        ("a.doc", OLE + "WordDocument".encode("utf-16-le"), "legacy Word document (DOC)"),
        ("a.xls", OLE + "Workbook".encode("utf-16-le"), "legacy Excel workbook (XLS)"),
        ("a.bin", b"\x00\x01\x02\x03 tide", "unknown binary data"),
    ],
)
def test_other_formats_are_refused_by_name(tmp_path: Path, name: str, content: bytes, format_name: str) -> None:
    with pytest.raises(UnsupportedFormatError) as caught:
        identify(file_of(tmp_path, content), name)
    assert caught.value.format_name == format_name
    assert caught.value.filename == name


def test_an_empty_file_is_refused_whatever_its_name(tmp_path: Path) -> None:
    with pytest.raises(EmptyFileError):
        identify(file_of(tmp_path, b""), "a.pdf")


def test_an_office_file_under_a_password_is_encrypted(tmp_path: Path) -> None:
    with pytest.raises(EncryptedFileError):
        identify(file_of(tmp_path, OLE + "EncryptedPackage".encode("utf-16-le")), "a.docx")


@pytest.mark.parametrize(
    ("name", "content"), [("a.pdf", b"tide"), ("a.docx", b"tide"), ("a.docx", zip_of(a=b"1")[:-10])]
)
def test_content_that_its_name_does_not_promise_is_damaged(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(DamagedFileError):
        identify(file_of(tmp_path, content), name)


@given(
    content=st.binary(min_size=1, max_size=200), suffix=st.sampled_from([".pdf", ".docx", ".txt", ".csv", ".eml", ""])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_have_a_format_or_a_reason(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = file_of(tmp_path, content)
    with suppress(UnreadableFileError):
        assert identify(path, f"file{suffix}") in Format
