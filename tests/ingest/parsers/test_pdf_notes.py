"""What stands beside the text of a PDF: notes, FreeText, form fields, XFA forms; and fonts without a Unicode map."""

from pathlib import Path

import pypdf
import pytest
from pypdf.annotations import FreeText, Highlight, Text
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject, TextStringObject

from ingest.parsers.pdf import parser as pdf
from ingest.parsers.pdf.pages import PageState, make_page, make_plain_layout
from ingest.parsers.source import Source
from ingest.text.annotations import AnnotationKind, find_annotations
from ingest.text.pieces import join_pieces
from ingest.types import ParsedDocument
from tests.files import write_pdf

RECT = (400.0, 600.0, 420.0, 620.0)
RICH = '900 &amp; <span style="text-decoration:line-through">old</span>more'
RICH_TEXT = "The rent was lowered to 900 & more [struck out: old]"
ENGLISH = (
    "Quarantine of damaged batteries lasts ten days in the blue store. Every battery that was dropped is put on the "
    "shelf for the red list. The warden of the store signs the list on each Monday and Friday."
)


def read(path: Path) -> ParsedDocument:
    return join_pieces(pdf.parse(Source(path, "a.pdf", with_ocr=False)))


def annotate_pdf(path: Path, *annotations: DictionaryObject, page: int = 0) -> Path:
    writer = pypdf.PdfWriter(clone_from=path)
    for annotation in annotations:
        writer.add_annotation(page, annotation)
    writer.write(path)
    return path


def make_annotation(subtype: str, **entries: str) -> DictionaryObject:
    annotation = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject(f"/{subtype}"),
            NameObject("/Rect"): ArrayObject(map(FloatObject, RECT)),
            NameObject("/F"): NumberObject(4),
        }
    )
    for key, value in entries.items():
        annotation[NameObject(f"/{key}")] = TextStringObject(value)
    return annotation


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (Text(rect=RECT, text="Check with the notary."), "[note: Check with the notary.]"),
        (make_annotation("Text", Contents="Check it.", T="Ada"), "[note by Ada: Check it.]"),
        (
            make_annotation("Text", Contents="Größe prüfen: 10 °C", T="Jörg Öz"),
            "[note by Jörg Öz: Größe prüfen: 10 °C]",
        ),
        (make_annotation("Text", Contents="see [4]\r\nand\rmore"), "[note: see (4) and more]"),
        (make_annotation("Highlight", Contents="Outdated.", T="Bo"), "[note by Bo: Outdated.]"),
        (make_annotation("Underline", Contents="Outdated."), "[note: Outdated.]"),
        (make_annotation("Caret", Contents="Insert a date."), "[note: Insert a date.]"),
        (make_annotation("Square", Contents="This part is new."), "[note: This part is new.]"),
        (make_annotation("Ink", Contents="Signed by hand."), "[note: Signed by hand.]"),
        (make_annotation("FreeText", Contents="The rent was lowered to 900."), "The rent was lowered to 900."),
        (make_annotation("FreeText", RC=f"<body><p>The rent was <b>lowered</b> to {RICH}</p></body>"), RICH_TEXT),
        (make_annotation("Text", RC="<body><p>Check&#160;it.</p></body>", T="Ada"), "[note by Ada: Check it.]"),
        (make_annotation("FreeText", Contents="It is 900.", RC="<body><p>It is 800.</p></body>"), "It is 900."),
        (make_annotation("Widget", V="Ada Lovelace", T="name"), "Ada Lovelace"),
    ],
)
def test_notes_stand_at_the_end_of_their_page(tmp_path: Path, annotation: DictionaryObject, text: str) -> None:
    path = annotate_pdf(write_pdf(tmp_path / "a.pdf", ["The first page."], ["The second page."]), annotation)
    assert read(path).text == f"The first page.\n\n{text}\n\nThe second page."


@pytest.mark.parametrize(
    "annotation",
    [
        make_annotation("Popup", Contents="a copy of the note"),
        make_annotation("Link", Contents="a link"),
        make_annotation("Text", Contents="  "),
        make_annotation("Text"),
        make_annotation("Highlight", Contents="The first\npage."),
        Highlight(rect=RECT, quad_points=ArrayObject(map(FloatObject, RECT * 2))),
    ],
)
def test_what_is_no_note_or_repeats_the_page_is_left_out(tmp_path: Path, annotation: DictionaryObject) -> None:
    path = annotate_pdf(write_pdf(tmp_path / "a.pdf", ["The first page."]), annotation)
    assert read(path).text == "The first page."


def test_hidden_notes_are_left_out(tmp_path: Path) -> None:
    note = make_annotation("Text", Contents="a draft")
    note[NameObject("/F")] = NumberObject(2)
    assert read(annotate_pdf(write_pdf(tmp_path / "a.pdf", ["The page."]), note)).text == "The page."


def test_free_text_with_an_appearance_is_read_once(tmp_path: Path) -> None:
    path = annotate_pdf(
        write_pdf(tmp_path / "a.pdf", ["Page."]), FreeText(text="Rent is 900.", rect=(50, 500, 300, 530))
    )
    assert read(path).text.count("Rent is 900.") == 1


def test_a_page_of_nothing_but_notes_has_their_text(tmp_path: Path) -> None:
    path = annotate_pdf(write_pdf(tmp_path / "a.pdf", []), make_annotation("Text", Contents="Only this."))
    document = read(path)
    assert (document.text, document.warnings) == ("[note: Only this.]", ())


def test_notes_do_not_stand_between_the_halves_of_a_sentence(tmp_path: Path) -> None:
    first = ["The harbour office says of every ship that it may"]
    second = ["discharge at night if the wind is low and it is dry."]
    path = annotate_pdf(write_pdf(tmp_path / "a.pdf", first, second), make_annotation("Text", Contents="Really?"))
    document = read(path)
    assert f"{first[0]}\n{second[0]}" in document.text
    assert [kind for _, _, kind in find_annotations(document.text)] == [AnnotationKind.NOTE]
    page = document.pages[0]
    assert "[note: Really?]" in document.text[page.start : page.end]


def test_headings_do_not_depend_on_notes(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [("Fuel", 24), "Diesel is sold at the pier."])
    headings = read(path).headings
    notes = [make_annotation("Text", Contents=f"A remark of some length, number {number}") for number in range(9)]
    assert read(annotate_pdf(path, *notes)).headings == headings


def test_xfa_forms_are_named_in_a_warning(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["Please wait."])
    writer = pypdf.PdfWriter(clone_from=path)
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
        {
            NameObject("/Fields"): ArrayObject(),
            NameObject("/XFA"): ArrayObject([TextStringObject("template"), TextStringObject("<template/>")]),
        }
    )
    writer.write(path)
    (warning,) = read(path).warnings
    assert warning.startswith("it is an XFA form")
    assert read(write_pdf(tmp_path / "b.pdf", ["A page."])).warnings == ()


def shift(text: str, unmapped: str) -> str:
    """Return what PDFium reads if a font has no map and its glyphs are in the usual order."""
    return "".join(unmapped if sign == " " else chr(ord(sign) - 29) for sign in text)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (shift(ENGLISH, "\ufffd"), PageState.UNMAPPED),
        (shift(ENGLISH.upper().lower(), "\ue003"), PageState.UNMAPPED),
        ("\ue041\ue042 \ue043\ue044", PageState.UNMAPPED),
        (ENGLISH, PageState.TEXT),
        (ENGLISH.replace("battery", "\ufffd"), PageState.TEXT),
        ("Wszczęcie postępowania w sprawie \ufffd strzyżenia krzewów przy drodze gminnej. " * 4, PageState.TEXT),
        ("Strč prst skrz krk, zvlh smrk, čtvrt hrst zrn. Vlk zmrzl, " * 4, PageState.TEXT),
        ("Кварантин батарей \ufffd длится десять дней. " * 6, PageState.TEXT),
        ("E = mc\ufffd, x \ufffd y", PageState.TEXT),
        ("TX-4471 RX-9 SN-55-0412 BX-12 " * 12, PageState.TEXT),
    ],
)
def test_text_without_words_among_unmapped_signs_is_unusable(text: str, state: PageState) -> None:
    assert make_page(make_plain_layout(text)).state is state
