"""Format identification: by content first, by name second; unsupported formats are refused by name."""

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
        ("a.txt", b'{"tide": 1}', Format.TEXT),
        ("a.txt", b"PAR1 is the first parameter", Format.TEXT),
        ("a.csv", b"ID3,name", Format.DELIMITED),
        ("a", b"[1] The first note of a page", Format.TEXT),
        ("a.doc", rb"{\rtf1 tide}", Format.RTF),
        ("a", b"PAR1\x15\x00", Format.PARQUET),
        ("a.pdf", b"\xff\xd8\xff\xe0", Format.IMAGE),
        ("a.png", b"\x89PNG\r\n\x1a\n", Format.IMAGE),
        ("a.tif", b"II*\x00", Format.IMAGE),
        ("a.gif", b"GIF89a", Format.IMAGE),
        ("a.bmp", b"BM\x01\x02\x03\x04\x00\x00\x00\x00", Format.IMAGE),
        ("a.webp", b"RIFF\x01\x02\x03\x04WEBP", Format.IMAGE),
        ("a.eml", b"Subject: tide\n\nhello", Format.EML),
        ("mail", b"From: a@b.org\nTo: c@d.org\nSubject: tide\n\nhello", Format.EML),
        ("mail", b"From a@b.org Mon May  1 12:00:00 2024\nSubject: tide\n\nhello", Format.MBOX),
        ("a.mbox", b"no mail", Format.MBOX),
        ("a.json", b'{"tide": 1}', Format.JSON),
        ("data", b'[\n {"tide": 1}]\n', Format.JSON),
        ("a.jsonl", b'{"tide": 1}', Format.JSON_LINES),
        ("data", b'{"tide": 1}\n{"tide": 2}\n', Format.JSON_LINES),
        ("a.py", b"tide = 1", Format.CODE),
        ("Makefile", b"tide:", Format.CODE),
        ("a.php", b"<html><?php echo 1 ?></html>", Format.CODE),
        ("a.xml", b"<?xml version='1.0'?><tide/>", Format.CODE),
        ("a.xml", b"<?xml version='1.0'?><html>", Format.HTML),
        ("run", b"#!/bin/sh\necho tide", Format.CODE),
        ("a.docx", zip_of(**{"xl/workbook.xml": b""}), Format.XLSX),
        ("a", zip_of(**{"word/document.xml": b""}), Format.DOCX),
        ("a.zip", zip_of(**{"ppt/presentation.xml": b""}), Format.PPTX),
        ("a", zip_of(mimetype=b"application/epub+zip"), Format.EPUB),
        ("a", zip_of(mimetype=b"application/vnd.oasis.opendocument.text"), Format.ODT),
        ("a", zip_of(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), Format.ODS),
        ("a", zip_of(mimetype=b"application/vnd.oasis.opendocument.presentation"), Format.ODP),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), Format.PROTECTED_OFFICE),
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
        ("a.svg", b"<?xml version='1.0'?>\n<svg>", "drawing (SVG)"),
        ("a.gz", b"\x1f\x8b\x08", "compressed archive (GZIP)"),
        ("a.heic", b"\x00\x00\x00\x18ftypheic", "picture (HEIC)"),
        ("a.xlsx", zip_of(**{"xl/workbook.bin": b""}), "Excel workbook (XLSB)"),
        ("a.zip", zip_of(a=b"1"), "compressed archive (ZIP)"),
        ("a.doc", OLE + "WordDocument".encode("utf-16-le"), "legacy Word document (DOC)"),
        ("a.xls", OLE + "Workbook".encode("utf-16-le"), "legacy Excel workbook (XLS)"),
        ("a.mp3", b"ID3\x03\x00", "sound recording"),
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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((f"a{suffix}", b"tide") for suffix in (".pdf", ".docx", ".rtf", ".png", ".parquet", ".epub")),
        ("a.docx", zip_of(a=b"1")[:-10]),
        ("a.pptx", zip_of(a=b"1")),
    ],
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
