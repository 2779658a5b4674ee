"""PowerPoint presentations: slide by slide, in reading order, notes and numbers included."""

from pathlib import Path

import pptx
import pytest
from lxml import etree
from PIL import Image
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.util import Cm

from ingest.errors import DamagedFileError, NoTextError, UnreadableFileError, UnsupportedFormatError
from ingest.parsers import registry
from ingest.types import Heading, Page, PageUnit, ParsedDocument
from tests.office_files import write_presentation, write_zip


def read(path: Path) -> ParsedDocument:
    return registry.parse(path, "tides.pptx")


def test_nothing_on_a_slide_is_lost(tmp_path: Path) -> None:
    document = read(write_presentation(tmp_path / "a"))
    first = "Tides\n\nleft\n\nright\n\nlower\n\nin a group\n\nNotes:\nSay hello.\nThen begin."
    second = "Port | Metres\nBrest | 6.1\nmerged\n\n | Height\nMay | 1.5\nJune | 2"
    assert document.text == f"{first}\n\n{second}"
    assert document.pages == (
        Page(1, 0, len(first), label="Tides"),
        Page(2, len(first) + 2, len(document.text)),
    )
    assert document.unit is PageUnit.SLIDE
    assert document.headings == (Heading(1, "Tides", 0),)
    assert [document.text[b.start : b.header_end] for b in document.blocks] == ["Port | Metres", " | Height"]


def test_what_newer_programs_show_is_read(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    box = slide.shapes.add_textbox(Cm(2), Cm(2), Cm(5), Cm(2))
    box.text_frame.text = "equation"
    compatibility = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    alternatives = etree.SubElement(slide.shapes._spTree, f"{{{compatibility}}}AlternateContent")
    for name in ("Choice", "Fallback"):
        etree.SubElement(alternatives, f"{{{compatibility}}}{name}")
    alternatives[0].append(box._element)
    presentation.save(str(tmp_path / "a"))
    assert read(tmp_path / "a").text == "equation"


def test_comments_on_a_slide_are_read(tmp_path: Path) -> None:
    presentation = pptx.Presentation(str(write_presentation(tmp_path / "a")))
    slide = presentation.slides[0]
    xml = b'<c xmlns:a="urn:a"><cm><text>Say more.</text></cm><cm><txBody><a:p><a:t>Done.</a:t></a:p></txBody></cm></c>'
    part = Part(PackURI("/ppt/comments/comment1.xml"), "application/xml", slide.part.package, xml)
    slide.part.relate_to(part, RELATIONSHIP_TYPE.COMMENTS)
    presentation.save(str(tmp_path / "a"))
    document = read(tmp_path / "a")
    assert document.text[: document.pages[0].end].endswith("Then begin.\n\n[comment: Say more.]\n\n[comment: Done.]")


def test_slides_of_pictures_alone_are_told(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    presentation = pptx.Presentation(str(write_presentation(tmp_path / "a")))
    for _ in range(2):
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        slide.shapes.add_picture(str(tmp_path / "a.png"), 0, 0)
    presentation.save(str(tmp_path / "a"))
    assert read(tmp_path / "a").warnings == ("pictures without text, which are not read: slides 3, 4",)


def test_slides_without_text_are_refused(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    presentation.slides.add_slide(presentation.slide_layouts[6])
    presentation.save(str(tmp_path / "a"))
    with pytest.raises(NoTextError):
        read(tmp_path / "a")


def test_a_container_without_its_parts_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError):
        read(write_zip(tmp_path / "a", {"ppt/presentation.xml": "", "[Content_Types].xml": "<Types/>"}))


def test_a_slide_show_is_refused_by_name(tmp_path: Path) -> None:
    types = "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml"
    with pytest.raises(UnsupportedFormatError, match="PPSX"):
        read(write_zip(tmp_path / "a", {"ppt/presentation.xml": "", "[Content_Types].xml": types}))


def test_a_file_cut_short_anywhere_is_refused_with_a_reason(tmp_path: Path) -> None:
    whole = write_presentation(tmp_path / "whole").read_bytes()
    for length in range(100, len(whole), 7000):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(UnreadableFileError):
            read(tmp_path / "cut")
