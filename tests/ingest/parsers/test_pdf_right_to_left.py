"""Right-to-left lines: codes, numbers, dates, brackets and percent signs in reading order, whatever PDFium makes."""

from pathlib import Path

import numpy as np
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from ingest.parsers.pdf import parser as pdf
from ingest.parsers.pdf.right_to_left import order_line
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.text.word_boxes import find_boxes
from ingest.types import ParsedDocument
from tests.files import new_canvas

DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
MIRRORED = str.maketrans("()[]{}", ")(][}{")


def read_drawn(visual: str, *, is_page_right_to_left: bool = True) -> str:
    """Return the reading order of a line that is drawn as `visual`, the glyphs given in the order of their places."""
    codes = np.array([ord(sign) for sign in visual], np.uint32)
    left = np.arange(len(visual), dtype=np.float32) * 6
    boxes = np.stack([left, np.zeros_like(left), left + 6, np.full_like(left, 10)], axis=1)
    glyphs = order_line(
        np.arange(len(visual)), codes, boxes, 10.0, is_page_right_to_left=is_page_right_to_left
    ).tolist()
    return "".join(chr(codes[glyph]) for glyph in glyphs)


def drawn(*parts: str) -> str:
    """Return what a page shows from left to right: the parts come in reading order, Hebrew and Arabic ones reversed."""
    return "".join(
        part[::-1].translate(MIRRORED) if any(sign >= "\u0590" and sign.isalpha() for sign in part) else part
        for part in reversed(parts)
    )


@pytest.mark.parametrize(
    "parts",
    [
        ("מספר החוזה הוא ", "AB-7731", " והוא בתוקף"),
        ("קוד התקלה ", "E-204", " מחייב עצירה"),
        ("ומספר סידורי ", "SN-55-0412", "."),
        ("עד ", "31.12.2027", " בלבד"),
        ("עד ", "31/12/2027", " בלבד"),
        ("הנחה של ", "15%", " על המחיר"),
        ("סכום ", "1,250.50", " ₪ בלבד"),
        ("הדגם ", "Model X-9 (rev. B)", " נבדק"),
        ("סעיף (ראו ", "12", ") מחייב"),
        ("טלפון ", "03-555-0142", " שלוחה ", "7"),
        ("AB-7731", " הוא קוד הבקרה"),
        ("בשעות ", "10:00", "–", "12:30", " בלבד"),
        ("המשקל ", "12", " ", "kg", " לכל היותר"),
        ("לפי ", "Windows 10", " בלבד ומעלה"),
        ("כתובת ", "info@example.org", " למענה"),
        ("رقم العقد ", "AB-7731", " ساري"),
        ("حتى ", "31/12/2027", " فقط"),
        ("رمز العطل ", "E-204", " يتطلب التوقف"),
        ("الطراز ", "Model X-9 (rev. B)", " جاهز"),
        ("القسم (انظر ", "12", ") هنا"),
        ("النسبة ", "15", "%", " فقط"),
        ("التاريخ ", "2027", "-", "12", "-", "31", " فقط"),
        ("العدد ", "١٢٣", " في ", "٣١/١٢/٢٠٢٧"),
        ("المبلغ ", "1,250.50", " درهم"),
    ],
)
def test_what_is_drawn_is_read_in_its_order(parts: tuple[str, ...]) -> None:
    assert read_drawn(drawn(*parts)) == "".join(parts)


@pytest.mark.parametrize(
    ("visual", "text"),
    [
        ("The word םולש means peace.", "The word שלום means peace."),
        ("See code AB-12 (7-ק) here.", "See code AB-12 (ק-7) here."),
        ("Part AB-7731 for לעמ only, 15%.", "Part AB-7731 for מעל only, 15%."),
    ],
)
def test_a_word_in_a_left_to_right_line_is_read_backwards_alone(visual: str, text: str) -> None:
    assert read_drawn(visual, is_page_right_to_left=False) == text


@pytest.mark.parametrize(
    ("visual", "text"),
    [
        ("אוה דוקה AB-7731 אלו E-204.", "הקוד הוא AB-7731 ולא E-204."),
        ("ריחמה X-9 אל BX!", "המחיר X-9 לא BX!"),
        (".E-204 אלו AB-7731 אוה דוקה", "הקוד הוא AB-7731 ולא E-204."),
    ],
)
def test_the_end_of_a_sentence_tells_the_direction_of_its_line(visual: str, text: str) -> None:
    assert read_drawn(visual) == text


@pytest.mark.parametrize("text", ["Model AB-7731 (rev. B), 15%", "31.12.2027", "水位 12 m", ""])
def test_lines_without_right_to_left_letters_stay(text: str) -> None:
    assert read_drawn(text) == text


def test_columns_of_a_line_are_read_from_right_to_left() -> None:
    assert read_drawn(f"{'12'}{' ' * 9}{'AB-7'}{' ' * 9}{'דוק'}").split() == ["קוד", "AB-7", "12"]


def test_a_mark_stays_with_its_letter_wherever_pdfium_puts_it() -> None:
    left = {"1": 0, "2": 6, " ": 12, "א": 18, "ב": 24, "\u05b8": 25, "\u05bc": 26}
    for text in ("ב\u05bc\u05b8א 12", "א\u05bc\u05b8ב 12"):
        codes = np.array([ord(sign) for sign in text], np.uint32)
        boxes = np.array([(left[sign], 0, left[sign] + (2 if left[sign] > 24 else 6), 10) for sign in text], np.float32)
        glyphs = order_line(np.arange(len(text)), codes, boxes, 10.0, is_page_right_to_left=True)
        assert "".join(chr(codes[glyph]) for glyph in glyphs) == "ב\u05bc\u05b8א 12"


def write_drawn(path: Path, lines: list[str]) -> ParsedDocument:
    """Write lines as they look, as programs do that have laid the text out themselves; read them again."""
    pdfmetrics.registerFont(TTFont("DejaVu", str(DEJAVU)))
    canvas = new_canvas(path)
    canvas.setFont("DejaVu", 13)
    for row, line in enumerate(lines):
        canvas.drawRightString(530, 780 - 28 * row, line)
    canvas.save()
    return join_pieces(pdf.parse(Source(path, "a.pdf", with_ocr=False)))


@pytest.mark.skipif(not DEJAVU.exists(), reason="a font with Hebrew letters")
def test_codes_in_hebrew_lines_of_a_file_stay_as_drawn_and_can_be_pinned(tmp_path: Path) -> None:
    rows = [
        ("מספר החוזה הוא ", "AB-7731", " והוא בתוקף עד ", "31.12.2027"),
        ("קוד התקלה ", "E-204", " (ראו סעיף ", "12", ") מחייב ", "15%"),
        ("מספר סידורי ", "SN-55-0412"),
    ]
    document = write_drawn(tmp_path / "a.pdf", [drawn(*row) for row in rows])
    assert document.text == "\n".join("".join(row) for row in rows)
    start = document.text.index("AB-7731")
    (box,) = find_boxes(document.pages[0], start, start + len("AB-7731"))
    assert 45 < box.x1 - box.x0 < 65
