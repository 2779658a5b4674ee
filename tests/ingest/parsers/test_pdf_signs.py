"""PDF pages as a person sees them: powers, indices and struck-out text, by files that reportlab and pypdf write."""

from pathlib import Path

import numpy as np
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from ingest.parsers import registry
from ingest.parsers.pdf.pages import make_page, make_plain_layout
from ingest.parsers.pdf.raised_digits import mark_raised_digits
from ingest.parsers.pdf.struck_text import find_struck, set_struck_apart
from ingest.text.annotations import find_annotations
from ingest.text.word_boxes import unpack_words
from ingest.types import ParsedDocument
from tests.files import new_canvas

STYLE = getSampleStyleSheet()["BodyText"]
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
GRID = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)])


def write(path: Path, *parts: str | Flowable) -> Path:
    """Write paragraphs in the markup of reportlab, and tables."""
    flowables = [Paragraph(part, STYLE) if isinstance(part, str) else part for part in parts]
    SimpleDocTemplate(str(path), pagesize=A4, invariant=1).build(flowables)
    return path


def read(tmp_path: Path, *parts: str | Flowable) -> ParsedDocument:
    return registry.parse(write(tmp_path / "a.pdf", *parts), "a.pdf")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("We counted 10<super>6</super> cells.", "We counted 10⁶ cells."),
        ("A dose of 5 &#215; 10<super>-3</super> g.", "A dose of 5 × 10⁻³ g."),
        ("An area of 12 m<super>2</super>.", "An area of 12 m²."),
        ("Wasser ist H<sub>2</sub>O, Luft hat CO<sub>2</sub>.", "Wasser ist H₂O, Luft hat CO₂."),
        ("La masse est x<sub>12</sub>.", "La masse est x₁₂."),
        ("The fee is EUR 415.<super>3</super> It rose.", "The fee is EUR 415.³ It rose."),
        ("<super>3</super> Children pay less than that.", "³ Children pay less than that."),
        ("The 5<super>th</super> floor has 106 rooms.", "The 5th floor has 106 rooms."),
        ("Room <font size=7>106</font> is small.", "Room 106 is small."),
        ("<font size=18>Part</font> 2 begins on page 106.", "Part 2 begins on page 106."),
        ("Room 5<font size=7>06</font> is small.", "Room 506 is small."),
        ("R<super>2n</super> has a letter.", "R2n has a letter."),
    ],
)
def test_digits_above_or_below_the_line_are_no_part_of_a_number(tmp_path: Path, markup: str, text: str) -> None:
    assert read(tmp_path, markup).text == text


@given(st.lists(st.tuples(st.sampled_from("07a(+ .é"), st.floats(1, 20), st.floats(0, 9)), min_size=1, max_size=20))
def test_marking_digits_changes_no_other_sign_and_no_offset(signs: list[tuple[str, float, float]]) -> None:
    codes = np.array([ord(sign) for sign, _, _ in signs], np.uint32)
    boxes = np.array([(6 * n, top, 6 * n + 5, top + height) for n, (_, height, top) in enumerate(signs)], np.float32)
    marked = mark_raised_digits(codes, boxes, np.zeros(len(codes), np.intp))
    assert len(marked) == len(codes)
    changed = [chr(code) for code in codes[marked != codes].tolist()]
    assert all(sign in "07(+" for sign in changed)


LONG = "this clause goes over the end of the line because it is much longer than the page is wide, and a bit more"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            "The rent is <strike>EUR 3,400</strike> EUR 4,150 a month. It is paid in May.",
            "The rent is EUR 4,150 a month. [struck out: EUR 3,400] It is paid in May.",
        ),
        (
            "The rent is <strike>EUR 3,400</strike>EUR 4,150 a month.",
            "The rent is EUR 4,150 a month. [struck out: EUR 3,400]",
        ),
        (
            "Die Miete beträgt <strike>340</strike> 415 Euro, die Kaution <strike>zwei</strike> drei Mieten.",
            "Die Miete beträgt 415 Euro, die Kaution drei Mieten. [struck out: 340] [struck out: zwei]",
        ),
        ("<strike>The old clause does not hold.</strike>", "[struck out: The old clause does not hold.]"),
        ("It holds. <strike>It does not hold.</strike>", "It holds. [struck out: It does not hold.]"),
        ("Le loyer est de 415 euros <strike>par mois</strike>.", "Le loyer est de 415 euros. [struck out: par mois]"),
        ("La cuota <strike>[anual]</strike> mensual", "La cuota mensual [struck out: (anual)]"),
        (f"It says: <strike>{LONG}</strike> nothing. Next.", f"It says: nothing. [struck out: {LONG}] Next."),
        ("The fee of <u>EUR 415</u> is underlined.", "The fee of EUR 415 is underlined."),
        ("Grade <strike>5</strike> 7 it is.", "Grade 7 it is. [struck out: 5]"),
    ],
)
def test_struck_text_stands_behind_its_sentence(tmp_path: Path, markup: str, text: str) -> None:
    document = read(tmp_path, markup)
    assert " ".join(document.text.split()) == text
    (page,) = document.pages
    words = [document.text[start:end] for start, end, _, _ in unpack_words(page.words).tolist()]
    assert {"struck", "out:", "[struck"}.isdisjoint(words)
    assert [word for word in words if " " in word or "\n" in word] == []


def test_struck_text_of_a_table_stays_in_its_cell(tmp_path: Path) -> None:
    texts = [
        ("Item", "Price", "Stock"),
        ("Bolt", "<strike>340</strike> 415", "12"),
        ("Nut", "77", "8"),
        ("Pin", "5", "31"),
    ]
    document = read(tmp_path, Table([[Paragraph(text, STYLE) for text in row] for row in texts], style=GRID))
    assert "Bolt | [struck out: 340] 415 | 12" in document.text.split("\n")
    block = document.blocks[0]
    assert document.text[block.start : block.end].startswith("Item | Price | Stock\nBolt | [struck out: 340] 415 | 12")


def test_the_rules_of_tables_and_long_lines_strike_nothing_out(tmp_path: Path) -> None:
    rows = [["Item", "Price"], ["Bolt", "340"], ["Nut", "77"]]
    tight = Table(rows, style=GRID, rowHeights=9)
    document = read(tmp_path, Table(rows, style=GRID), tight)
    assert find_annotations(document.text) == []


def test_a_strike_out_annotation_strikes_out(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.pdf", "The rent is EUR 3,400 EUR 4,150 a month.")
    page = registry.parse(plain, "plain.pdf").pages[0]
    boxes = [box for _, _, _, box in unpack_words(page.words)[3:5].tolist()]
    left, top, right, bottom = boxes[0][0], page.height - boxes[0][1], boxes[1][2], page.height - boxes[1][3]
    writer = pypdf.PdfWriter(clone_from=plain)
    points = (left, top, right, top, left, bottom, right, bottom)
    annotation = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/StrikeOut"),
            NameObject("/F"): NumberObject(4),
            NameObject("/Rect"): ArrayObject(map(FloatObject, (left, bottom, right, top))),
            NameObject("/QuadPoints"): ArrayObject(map(FloatObject, points)),
        }
    )
    writer.add_annotation(0, annotation)
    writer.write(tmp_path / "a.pdf")
    document = registry.parse(tmp_path / "a.pdf", "a.pdf")
    assert document.text == "The rent is EUR 4,150 a month. [struck out: EUR 3,400]"


SIGNS = st.sampled_from("ab .\n[")


@given(st.lists(st.tuples(SIGNS, st.booleans()), min_size=1, max_size=40))
def test_setting_struck_text_apart_keeps_every_character_but_white_space(signs: list[tuple[str, bool]]) -> None:
    codes = np.array([ord(sign) for sign, _ in signs], np.uint32)
    is_struck = np.array([is_struck and sign not in " \n" for sign, is_struck in signs], np.bool_)
    boxes = np.array([(6 * n, 0, 6 * n + 5, 10) for n in range(len(signs))], np.float32)
    order = set_struck_apart(codes, boxes, is_struck).tolist()
    kept = [entry for entry in order if entry >= 0]
    assert len(set(kept)) == len(kept)
    lost = set(range(len(codes))) - set(kept)
    assert all(chr(codes[place]) in " \n[" for place in lost)


def test_a_line_through_letters_strikes_them_and_no_other() -> None:
    boxes = np.array([(0, 0, 5, 10), (5, 0, 10, 10), (20, 0, 25, 10)], np.float32)
    strike, underline, rule = (0, 5, 10, 6), (0, 10, 10, 11), (0, 5, 400, 6)
    assert find_struck(boxes, np.array([strike], np.float32)).tolist() == [True, True, False]
    assert not find_struck(boxes, np.array([underline, rule], np.float32)).any()


@pytest.mark.parametrize(
    ("font", "stored", "shown"),
    [
        ("BAAAAA+OpenSymbol", "5 m", "5 μ"),
        ("OpenSymbol", "a£ b", "α≤ β"),
        ("Wingdings-Regular", "\xfc", "✓"),
        ("OpenSymbol", "5 × 3 ± 1", "5 × 3 ± 1"),
        ("LiberationSerif", "5 m", "5 m"),
    ],
)
def test_letters_that_a_symbol_font_draws_as_signs_are_those_signs(
    tmp_path: Path, font: str, stored: str, shown: str
) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    canvas.drawString(72, 700, "The dose:")
    canvas.setFont("Courier", 12)
    canvas.drawString(140, 700, stored)
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=tmp_path / "a.pdf")
    for entry in writer.pages[0]["/Resources"]["/Font"].values():  # type: ignore[index]
        if entry.get_object()["/BaseFont"] == "/Courier":
            entry.get_object()[NameObject("/BaseFont")] = NameObject(f"/{font}")
    writer.write(tmp_path / "a.pdf")
    text = registry.parse(tmp_path / "a.pdf", "a.pdf").text
    assert text == f"The dose: {shown}"


@pytest.mark.parametrize("size", [10.67, 12.0, 16.0])
@pytest.mark.parametrize(("rise", "text"), [(0.4, "10⁶ cells"), (-0.4, "10₆ cells"), (0.0, "106 cells")])
def test_digits_of_a_slightly_smaller_font_are_told_by_their_height(
    tmp_path: Path, size: float, rise: float, text: str
) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    line = canvas.beginText(72, 700)
    for part, scale, height in (("10", 1.0, 0.0), ("6", 0.88, rise), (" cells", 1.0, 0.0)):
        line.setFont("Helvetica", size * scale)
        line.setRise(size * height)
        line.textOut(part)
    canvas.drawText(line)
    canvas.save()
    assert registry.parse(tmp_path / "a.pdf", "a.pdf").text == text


@pytest.mark.parametrize(("rise", "text"), [(-0.225, "H₂O"), (0.0, "H2O")])
def test_an_index_hangs_lower_than_a_small_digit(tmp_path: Path, rise: float, text: str) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    line = canvas.beginText(72, 700)
    for part, scale, height in (("H", 1.0, 0.0), ("2", 0.58, rise / 2), ("O", 1.0, 0.0)):
        line.setFont("Helvetica", 11 * scale)
        line.setRise(11 * height)
        line.textOut(part)
    canvas.drawText(line)
    canvas.save()
    assert registry.parse(tmp_path / "a.pdf", "a.pdf").text == text


def test_signs_of_symbol_fonts_are_read_as_they_look() -> None:
    page = make_page(make_plain_layout("\uf0b7 5 \uf06dg are enough for one person, on every day of the year"))
    assert page.layout.text.startswith("• 5 μg are")


@pytest.mark.skipif(not DEJAVU.exists(), reason="a font with that hyphen")
def test_a_hyphen_that_breaks_no_line_is_a_hyphen(tmp_path: Path) -> None:
    pdfmetrics.registerFont(TTFont("DejaVu", str(DEJAVU)))
    text = '<font name="DejaVu">Part AB\u20114471 is in stock.</font>'
    assert read(tmp_path, text).text == "Part AB-4471 is in stock."
