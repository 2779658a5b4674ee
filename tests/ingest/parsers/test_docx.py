"""Word documents: all of their text, in reading order."""

import zipfile
from pathlib import Path

import docx
import pytest

from ingest.errors import (
    DamagedFileError,
    NoTextError,
    ParserLimitError,
    UnreadableFileError,
    UnsupportedFormatError,
)
from ingest.parsers import registry
from ingest.parsers.source import Source
from ingest.parsers.word import parser
from ingest.types import Heading, ParsedDocument
from tests.files import write_docx


def parse(path: Path, filename: str) -> ParsedDocument:
    (document,) = parser.parse(Source(path, filename))
    return document


def rewritten(source: Path, path: Path, **members: bytes) -> Path:
    """Copy a container with some members replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, members.pop(name) if name in members else old.read(name))
        for name, content in members.items():
            new.writestr(name, content)
    return path


def test_nothing_that_is_written_is_lost(tmp_path: Path) -> None:
    document = parse(write_docx(tmp_path / "a.docx"), "manual.docx")
    assert document.title == "Kiln Manual"
    assert document.text == (
        "Kiln Manual, edition 3\n\nFiring\n\nHeat slowly to 600 degrees.\n\n1. Open the vent\n2. Light the burner\n\n"
        "Cones\n\nCone | Degrees\n04 | 1060\n6 | 1222 fast, slow;\n\n"
        "Cones bend when done\n\nFootnote 1: Orton cones.\n\nKeep children away.\n\nDanger: hot surfaces"
    )
    assert document.headings == (
        Heading(1, "Firing", document.text.index("Firing")),
        Heading(2, "Cones", document.text.index("Cones")),
    )
    (table,) = document.blocks
    assert document.text[table.start : table.header_end] == "Cone | Degrees"
    assert document.text[table.start : table.end].endswith("fast, slow;")
    assert len(document.pages) == 1


def test_headings_are_numbered_as_word_shows_them(tmp_path: Path) -> None:
    numbering = (
        '<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:abstractNum w:abstractNumId="1">'
        '<w:lvl w:ilvl="0"><w:start w:val="2"/><w:numFmt w:val="upperRoman"/><w:pStyle w:val="Heading1"/>'
        '<w:lvlText w:val="Part %1:"/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:pStyle w:val="Heading2"/>'
        '<w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )
    document = docx.Document()
    for style in ("Heading 1", "Heading 2"):
        properties = document.styles[style].element.get_or_add_pPr()
        properties.get_or_add_numPr().get_or_add_numId().val = 1
    for level, title in ((1, "Clay"), (2, "Red"), (2, "White"), (1, "Glaze"), (2, "Ash")):
        document.add_heading(title, level)
    document.save(str(tmp_path / "plain.docx"))
    path = rewritten(tmp_path / "plain.docx", tmp_path / "a.docx", **{"word/numbering.xml": numbering.encode()})
    titles = [heading.title for heading in parse(path, "a.docx").headings]
    assert titles == ["Part II: Clay", "II.a Red", "II.b White", "Part III: Glaze", "III.a Ash"]


def test_hidden_text_stands_behind_its_paragraph(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("kept ")
    paragraph.add_run("hidden").font.hidden = True
    paragraph.add_run("shown")
    document.save(str(tmp_path / "a.docx"))
    assert parse(tmp_path / "a.docx", "a.docx").text == "kept shown\n[hidden: formatting: hidden]"


def test_a_document_without_text_is_refused(tmp_path: Path) -> None:
    docx.Document().save(str(tmp_path / "a.docx"))
    with pytest.raises(NoTextError):
        parse(tmp_path / "a.docx", "a.docx")


def test_a_container_that_would_grow_too_large_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    plain = write_docx(tmp_path / "plain.docx")
    path = rewritten(plain, tmp_path / "a.docx", **{"word/media/image.bin": bytes(64 * 1024 * 1024)})
    with pytest.raises(ParserLimitError, match="would grow"):
        parse(path, "a.docx")


def test_a_part_that_is_not_well_formed_is_damage(tmp_path: Path) -> None:
    plain = write_docx(tmp_path / "plain.docx")
    path = rewritten(plain, tmp_path / "a.docx", **{"word/document.xml": b"<w:document"})
    with pytest.raises(DamagedFileError):
        parse(path, "a.docx")


def test_a_document_with_macros_is_refused_by_name(tmp_path: Path) -> None:
    plain = write_docx(tmp_path / "plain.docx")
    with zipfile.ZipFile(plain) as archive:
        types = archive.read("[Content_Types].xml")
    types = types.replace(
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
    )
    path = rewritten(plain, tmp_path / "a.docx", **{"[Content_Types].xml": types})
    with pytest.raises(UnsupportedFormatError, match="macros"):
        parse(path, "a.docx")


def test_a_file_cut_short_anywhere_is_refused_with_a_reason(tmp_path: Path) -> None:
    whole = write_docx(tmp_path / "whole.docx").read_bytes()
    path = tmp_path / "cut.docx"
    for length in range(100, len(whole), 3000):
        path.write_bytes(whole[:length])
        with pytest.raises(UnreadableFileError):
            registry.parse(path, "cut.docx")
