"""OCR of pages without a text layer: text, word boxes and warnings."""

import io
from pathlib import Path

import pypdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.errors import NoTextError
from ingest.parsers.images.ocr import recognize_text
from ingest.parsers.images.ocr_layout import lay_out_ocr
from ingest.parsers.pdf import parser as pdf
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.text.word_boxes import find_boxes
from ingest.types import Box, ParsedDocument
from tests.files import write_pdf
from tests.ingest.parsers.pictures import LINES, draw_picture, write_scan

TEXT = "\n".join(LINES)


def parse(path: Path, *, with_ocr: bool = True) -> ParsedDocument:
    return join_pieces(pdf.parse(Source(path, path.name, with_ocr=with_ocr)))


def place(document: ParsedDocument, words: str, page: int = 1) -> Box:
    start = document.text.index(words)
    (box,) = find_boxes(document.pages[page - 1], start, start + len(words))
    return box


def test_a_scan_is_read_with_the_places_of_its_words(tmp_path: Path) -> None:
    document = parse(write_scan(tmp_path / "a.pdf", draw_picture()))
    assert document.text == TEXT
    assert document.metadata == {"ocr": "page 1"}
    assert document.warnings == ()
    confidence = document.pages[0].ocr_confidence
    assert confidence is not None
    assert 0.8 < confidence <= 1
    box = place(document, "bow line")
    font = ImageFont.load_default(size=32)
    left = 60 + font.getlength("Tie the ")
    right = left + font.getlength("bow line")
    assert (box.x0, box.x1) == pytest.approx((left / 2, right / 2), abs=8)
    assert box.y0 < 68 < box.y1


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_scan_that_lies_on_its_side_is_read_and_its_places_are_those_of_the_page_as_shown(
    tmp_path: Path, turn: int
) -> None:
    document = parse(write_scan(tmp_path / "a.pdf", draw_picture(turn=turn)))
    assert document.text == TEXT
    page = document.pages[0]
    assert (page.width, page.height) == ((450, 200) if turn == 180 else (200, 450))
    first, last = place(document, LINES[0]), place(document, LINES[2])
    assert all(0 <= edge <= 450 for box in (first, last) for edge in (box.x0, box.y0, box.x1, box.y1))
    if turn == 180:
        assert last.y1 < first.y0
    else:
        assert first.y1 - first.y0 > 5 * (first.x1 - first.x0)
        assert (last.x0 > first.x1) == (turn == 90)


def test_a_scan_among_pages_of_text_loses_no_page(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter()
    writer.append(write_pdf(tmp_path / "text.pdf", ["The first page is text."]))
    writer.append(write_scan(tmp_path / "scan.pdf", draw_picture()))
    writer.append(write_pdf(tmp_path / "last.pdf", ["So is the last."]))
    writer.write(tmp_path / "a.pdf")
    document = parse(tmp_path / "a.pdf")
    texts = [document.text[page.start : page.end] for page in document.pages]
    assert texts == ["The first page is text.", TEXT, "So is the last."]
    assert [page.ocr_confidence is not None for page in document.pages] == [False, True, False]
    assert document.metadata == {"ocr": "page 2"}


def test_a_scan_with_a_stamp_of_text_is_read_as_a_scan(tmp_path: Path) -> None:
    document = parse(write_scan(tmp_path / "a.pdf", draw_picture(), stamp="Received 4 May"))
    assert TEXT in document.text
    assert document.pages[0].ocr_confidence is not None


def test_without_ocr_a_scan_is_refused(tmp_path: Path) -> None:
    path = write_scan(tmp_path / "a.pdf", draw_picture())
    with pytest.raises(NoTextError, match=r"image only \(scanned\): 1 page without text; OCR is off"):
        parse(path, with_ocr=False)


def test_columns_of_a_scan_are_read_one_after_the_other() -> None:
    left = [f"The left column goes on, line {number}" for number in range(10, 18)]
    right = [f"The right column tells of item {number}" for number in range(20, 28)]
    picture = Image.new("RGB", (1500, 700), "white")
    draw = ImageDraw.Draw(picture)
    for column, x in ((left, 60), (right, 800)):
        for number, line in enumerate(column):
            draw.text((x, 60 + 60 * number), line, fill="black", font=ImageFont.load_default(size=32))
    layout = lay_out_ocr(recognize_text(picture), 1.0)
    assert layout.text.split("\n") == left + right


def test_a_table_of_a_scan_is_a_table() -> None:
    rows = [
        ("Berth", "Length", "Price"),
        ("A1", "nine", "270 EUR"),
        ("A2", "eleven", "330 EUR"),
        ("B1", "six", "80 EUR"),
    ]
    picture = Image.new("RGB", (1200, 400), "white")
    draw = ImageDraw.Draw(picture)
    for number, row in enumerate(rows):
        for x, cell in zip((80, 480, 880), row, strict=True):
            draw.text((x, 60 + 60 * number), cell, fill="black", font=ImageFont.load_default(size=32))
    layout = lay_out_ocr(recognize_text(picture), 1.0)
    assert layout.text.split("\n") == [" | ".join(row) for row in rows]
    assert len(layout.tables) == 1


def test_the_first_page_of_a_long_scan_is_given_away_at_once(tmp_path: Path) -> None:
    path = write_scan(tmp_path / "a.pdf", *[draw_picture([line]) for line in LINES])
    pieces = pdf.parse(Source(path, path.name))
    first = next(pieces)
    assert (first.text, len(first.pages), first.total_pages) == (LINES[0], 1, 3)
    assert [page.number for piece in pieces for page in piece.pages] == [2, 3]


def test_a_picture_without_words_has_no_lines() -> None:
    assert recognize_text(Image.new("RGB", (200, 200), "white")).lines == ()
    assert recognize_text(Image.new("RGB", (5, 200), "white")).lines == ()


def test_a_page_that_is_hard_to_read_says_so(tmp_path: Path) -> None:
    blurred = draw_picture().resize((225, 100)).resize((900, 400))
    jpeg = io.BytesIO()
    blurred.save(jpeg, format="JPEG", quality=5)
    document = parse(write_scan(tmp_path / "a.pdf", Image.open(jpeg).convert("RGB")))
    confidence = document.pages[0].ocr_confidence
    assert confidence is not None
    warned = (f"page 1 read by OCR (confidence {confidence:.2f})",) if confidence < 0.8 else ()
    assert document.warnings == warned
