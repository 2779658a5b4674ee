"""PDF: text, pages, headings, word boxes, pictures of pages, and refusals."""

import io
import re
from pathlib import Path

import pdfplumber
import pytest
from PIL import Image

from ingest.errors import DamagedFileError, EncryptedFileError, NoTextError
from ingest.parsers.pdf import parser as pdf
from ingest.parsers.pdf.parser import render_page
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.text.word_boxes import find_boxes, unpack_words
from ingest.types import Block, BlockKind, Box, Heading, ParsedDocument
from tests.files import (
    Line,
    encrypt_pdf,
    new_canvas,
    write_cropped_pdf,
    write_pdf,
    write_picture_pdf,
    write_table_pdf,
    write_turned_pdf,
    write_two_column_pdf,
)

HANDBOOK: tuple[list[Line], list[Line]] = (
    [("Harbour Handbook", 24), "", ("Mooring", 16), "Tie the bow first. Then tie", "the stern."],
    [("Fuel", 16), "Diesel is sold at pier 4.", "", "", "It closes at noon."],
)
ORDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
LETTERS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
LEFT = [f"The left column goes on with line {word}" for word in ORDINALS]
RIGHT = [f"The right column tells of item {word}" for word in LETTERS]


def parse(path: Path, filename: str, password: str | None = None, *, with_ocr: bool = True) -> ParsedDocument:
    return join_pieces(pdf.parse(Source(path, filename, password, with_ocr=with_ocr)))


def extract_page_texts(document: ParsedDocument) -> list[str]:
    return [document.text[page.start : page.end] for page in document.pages]


def words_of(document: ParsedDocument, number: int = 1) -> list[tuple[str, tuple[float, ...]]]:
    words = unpack_words(document.pages[number - 1].words)
    return [(document.text[start:end], tuple(box.tolist())) for start, end, _, box in words.tolist()]


def test_text_pages_and_headings_of_a_plain_file(tmp_path: Path) -> None:
    document = parse(write_pdf(tmp_path / "a.pdf", *HANDBOOK), "handbook.pdf")
    assert document.title == "Harbour Handbook"
    assert document.media_type == "application/pdf"
    assert extract_page_texts(document) == [
        "Harbour Handbook\n\nMooring\n\nTie the bow first. Then tie\nthe stern.",
        "Fuel\n\nDiesel is sold at pier 4.\n\nIt closes at noon.",
    ]
    assert document.text == "\n\n".join(extract_page_texts(document))
    assert document.headings == (
        Heading(1, "Harbour Handbook", 0),
        Heading(2, "Mooring", 18),
        Heading(2, "Fuel", document.pages[1].start),
    )
    assert document.blocks == ()
    assert document.warnings == ()


def test_an_outline_gives_the_headings_and_their_places(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "a.pdf", ["Intro", "Nets", "are mended."], ["Boats"], outline=[("Nets", 1), ("Boats", 2)]
    )
    document = parse(path, "a.pdf")
    assert document.headings == (Heading(1, "Nets", 6), Heading(1, "Boats", document.pages[1].start))


def test_an_outline_entry_that_is_not_on_its_page_stands_at_the_start_of_the_page(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["Intro", "Nets"], ["Boats"], outline=[("Ships", 2)])
    document = parse(path, "a.pdf")
    assert document.headings == (Heading(1, "Ships", document.pages[1].start),)


@pytest.mark.parametrize(
    ("stored", "title"), [("Tide Tables", "Tide Tables"), ("untitled", "a"), ("(anonymous)", "a"), ("scan01.pdf", "a")]
)
def test_the_title_is_the_stored_one_if_it_says_something(tmp_path: Path, stored: str, title: str) -> None:
    assert parse(write_pdf(tmp_path / "a.pdf", ["one line"], title=stored), "a.pdf").title == title


def test_a_word_broken_at_a_line_end_is_joined_and_keeps_both_places(tmp_path: Path) -> None:
    document = parse(write_pdf(tmp_path / "a.pdf", ["Always wear your har-", "ness on deck."]), "a.pdf")
    assert document.text == "Always wear your harness on deck."
    start = document.text.index("harness")
    first, second = find_boxes(document.pages[0], start, start + len("harness"))
    assert first.y1 < second.y1
    assert second.x0 == pytest.approx(72, abs=1)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["The self-locking nut is self-", "locking."], "The self-locking nut is self-locking."),
        (["Read part COB-", "RA of COBRA."], "Read part COBRA of COBRA."),
        (["From 2010-", "2012 it grew."], "From 2010-\n2012 it grew."),
        (["Hire full-", "and part-time crew."], "Hire full-\nand part-time crew."),
    ],
)
def test_a_hyphen_at_a_line_end_stays_where_it_belongs_to_the_word(tmp_path: Path, lines: list[str], text: str) -> None:
    assert parse(write_pdf(tmp_path / "a.pdf", lines), "a.pdf").text == text


@pytest.mark.parametrize("is_woven", [False, True])
def test_columns_are_read_one_after_the_other(tmp_path: Path, *, is_woven: bool) -> None:
    path = write_two_column_pdf(tmp_path / "a.pdf", LEFT, RIGHT, is_woven=is_woven)
    assert parse(path, "a.pdf").text == "\n".join(LEFT + RIGHT)


def test_rows_of_a_table_stay_whole(tmp_path: Path) -> None:
    rows = [("Berth", "Length", "Price"), *((f"B{n}", f"{n + 8} m", f"{n}0 EUR") for n in range(1, 9))]
    document = parse(write_table_pdf(tmp_path / "a.pdf", rows), "a.pdf")
    assert document.text.split("\n") == [" | ".join(row) for row in rows]
    assert document.blocks == (Block(BlockKind.TABLE, 0, len(document.text), len("Berth | Length | Price")),)


def test_a_raised_figure_stays_in_its_line(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    canvas.setFont("Helvetica", 12)
    canvas.drawString(72, 700, "An area of 5 m")
    canvas.setFont("Helvetica", 7)
    canvas.drawString(72 + canvas.stringWidth("An area of 5 m", "Helvetica", 12), 705, "2")
    canvas.save()
    assert parse(tmp_path / "a.pdf", "a.pdf").text == "An area of 5 m²"


def test_what_is_filled_in_a_form_is_read(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    canvas.drawString(72, 700, "Skipper:")
    canvas.acroForm.textfield(name="skipper", value="Ada Lovelace", x=130, y=690, width=200)
    canvas.save()
    assert parse(tmp_path / "a.pdf", "a.pdf").text == "Skipper:\nAda Lovelace"


def test_upside_down_text_reads_forwards(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    canvas.translate(500, 500)
    canvas.rotate(180)
    canvas.setFont("Helvetica", 12)
    canvas.drawString(0, 0, "first half ")
    canvas.drawString(canvas.stringWidth("first half ", "Helvetica", 12), 0, "second half")
    canvas.save()
    assert parse(tmp_path / "a.pdf", "a.pdf").text == "first half second half"


def test_word_boxes_agree_with_another_extractor(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["Tie the bow first. Then tie", "the stern."], ["Diesel is sold at pier 4."])
    document = parse(path, "a.pdf")
    assert_boxes_agree(path, document)
    assert (document.pages[0].width, document.pages[0].height) == pytest.approx((595.3, 841.9), abs=0.1)


def test_word_boxes_of_a_turned_page_are_those_of_the_page_as_shown(tmp_path: Path) -> None:
    path = write_turned_pdf(tmp_path / "a.pdf", "Low water at noon")
    document = parse(path, "a.pdf")
    assert document.text == "Low water at noon"
    assert (document.pages[0].width, document.pages[0].height) == (600, 400)
    assert_boxes_agree(path, document)


def test_word_boxes_of_a_cropped_page_count_from_the_edge_that_is_seen(tmp_path: Path) -> None:
    path = write_cropped_pdf(tmp_path / "a.pdf", inside="seen", outside="unseen")
    document = parse(path, "a.pdf")
    ((text, box),) = words_of(document)
    assert text == "seen"
    assert (document.pages[0].width, document.pages[0].height) == (400, 400)
    assert box == pytest.approx((50, 189, 76, 202), abs=3)


def assert_boxes_agree(path: Path, document: ParsedDocument) -> None:
    with pdfplumber.open(path) as plumbed:
        for page in plumbed.pages:
            theirs = [
                (word["text"], word["x0"], word["top"], word["x1"], word["bottom"]) for word in page.extract_words()
            ]
            ours = words_of(document, page.page_number)
            assert [text for text, _ in ours] == [word[0] for word in theirs]
            for (text, box), (_, *edges) in zip(ours, theirs, strict=True):
                assert box == pytest.approx(edges, abs=2.0), text


def test_a_picture_of_a_page_shows_the_boxes_in_yellow(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", *HANDBOOK)
    png = render_page(path, 1, [Box(1, 100, 100, 200, 120), Box(2, 300, 300, 400, 400)], width_pixels=595)
    picture = Image.open(io.BytesIO(png))
    assert picture.size == pytest.approx((595, 842), abs=1)
    assert picture.getpixel((199, 119)) == (255, 232, 92)
    assert picture.getpixel((350, 350)) == (255, 255, 255)


def test_a_page_that_does_not_exist_cannot_be_drawn(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["one"])
    with pytest.raises(DamagedFileError, match="it has no page 2"):
        render_page(path, 2, [])


def test_a_file_that_needs_a_password_is_refused_and_read_with_it(tmp_path: Path) -> None:
    plain = write_pdf(tmp_path / "plain.pdf", ["secret tide"])
    path = encrypt_pdf(plain, tmp_path / "locked.pdf", user_password="moon", owner_password="sun")
    with pytest.raises(EncryptedFileError):
        parse(path, "locked.pdf")
    with pytest.raises(EncryptedFileError):
        parse(path, "locked.pdf", password="mars")
    assert parse(path, "locked.pdf", password="moon").text == "secret tide"


def test_a_file_that_only_its_owner_may_change_is_read(tmp_path: Path) -> None:
    plain = write_pdf(tmp_path / "plain.pdf", ["open tide"])
    path = encrypt_pdf(plain, tmp_path / "owned.pdf", user_password="", owner_password="sun")
    assert parse(path, "owned.pdf").text == "open tide"


def test_pictures_without_words_are_refused_as_image_only(tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match=r"image only \(scanned\): 2 pages without text; no words can be read"):
        parse(write_picture_pdf(tmp_path / "a.pdf", pages=2), "a.pdf")


def test_a_blank_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match="1 page without text or pictures"):
        parse(write_pdf(tmp_path / "a.pdf", []), "a.pdf")


def test_pages_without_text_beside_pages_with_text_are_named_in_a_warning(tmp_path: Path) -> None:
    document = parse(write_picture_pdf(tmp_path / "a.pdf", pages=2, first=["Some text"]), "a.pdf")
    assert extract_page_texts(document) == ["Some text", "", ""]
    assert document.warnings == ("pages 2-3 without text (blank, or nothing that OCR can read)",)


def test_a_file_with_nothing_but_the_header_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n%%EOF\n")
    with pytest.raises(DamagedFileError):
        parse(path, "a.pdf")


def test_a_file_that_pdfium_gives_up_is_read_without_positions_and_with_a_warning(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["High tide"], ["at noon"])
    path.write_bytes(re.sub(rb"/Root \d+ 0 R", b"/Root 99 0 R", path.read_bytes()))
    document = parse(path, "a.pdf")
    assert extract_page_texts(document) == ["High tide", "at noon"]
    assert document.warnings == ("the file is damaged: its text was recovered without positions and may be incomplete",)
    assert find_boxes(document.pages[0], 0, 4) == ()


def test_a_page_that_is_broken_beside_pages_that_are_not_is_named_in_a_warning(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["High tide"], ["at noon"])
    path.write_bytes(re.sub(rb"/Kids \[ (\d+ 0 R)", rb"/Kids [ 88 0 R", path.read_bytes(), count=1))
    document = parse(path, "a.pdf")
    assert extract_page_texts(document) == ["", "at noon"]
    assert document.warnings == ("page 1 cannot be read",)


def test_a_file_cut_short_is_refused_or_read_with_a_warning(tmp_path: Path) -> None:
    whole = write_pdf(tmp_path / "whole.pdf", *HANDBOOK).read_bytes()
    for length in range(200, len(whole) - 8, 100):
        path = tmp_path / "cut.pdf"
        path.write_bytes(whole[:length])
        try:
            document = parse(path, "cut.pdf")
        except (DamagedFileError, NoTextError):
            continue
        assert any("missing" in warning or "damaged" in warning for warning in document.warnings), length


def test_a_pdf_of_which_hardly_anything_can_be_read_has_a_warning(tmp_path: Path) -> None:
    few = parse(write_pdf(tmp_path / "few.pdf", ["ab"]), "few.pdf")
    assert few.warnings == ("only 2 characters could be read in it; look whether the rest is missing",)
    assert parse(write_pdf(tmp_path / "more.pdf", ["a word"]), "more.pdf").warnings == ()
