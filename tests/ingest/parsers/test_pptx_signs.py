"""What a person sees on a PowerPoint slide: hidden, struck out, merged, raised, in symbol fonts, described."""

from pathlib import Path
from typing import Any

import pptx
import pytest
from PIL import Image
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Cm

from ingest.parsers import registry
from ingest.types import ParsedDocument

_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_OFFICE_14 = "http://schemas.microsoft.com/office/drawing/2010/main"
_DECORATIVE = "http://schemas.microsoft.com/office/drawing/2017/decorative"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class Deck:
    """A presentation of one slide that tests change by hand."""

    def __init__(self, tmp_path: Path, title: str = "") -> None:
        self.path = tmp_path / "deck.pptx"
        self.presentation = pptx.Presentation()
        self.slide = self.add_slide(title)

    def add_slide(self, title: str = "") -> Any:
        slide: Any = self.presentation.slides.add_slide(self.presentation.slide_layouts[5 if title else 6])
        if title:
            slide.shapes.title.text = title
        return slide

    def add_box(self, runs: str) -> Any:
        """Add a text box with a paragraph of these runs in DrawingML."""
        box = self.slide.shapes.add_textbox(Cm(2), Cm(2), Cm(5), Cm(2))
        box._element.txBody.replace(box._element.txBody.p_lst[0], parse(f"<a:p>{runs}</a:p>"))
        return box

    def add_table(self, rows: list[list[str]], *merges: tuple[int, int, int, int]) -> Any:
        shape = self.slide.shapes.add_table(len(rows), len(rows[0]), Cm(2), Cm(2), Cm(10), Cm(4))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                shape.table.cell(row, column).text = text
        for top, left, bottom, right in merges:
            shape.table.cell(top, left).merge(shape.table.cell(bottom, right))
        return shape.table

    def read(self) -> ParsedDocument:
        self.presentation.save(str(self.path))
        return registry.parse(self.path, "deck.pptx")


def parse(xml: str) -> Any:
    head, rest = xml.split(">", 1)
    slash = "/" if head.endswith("/") else ""
    namespaces = f'xmlns:a="{_DRAWING}" xmlns:m="{_MATH}" xmlns:a14="{_OFFICE_14}"'
    return parse_xml(f"{head.rstrip('/')} {namespaces}{slash}>{rest}")


def run(text: str, attributes: str = "", fonts: str = "") -> str:
    return f"<a:r><a:rPr {attributes}>{fonts}</a:rPr><a:t>{text}</a:t></a:r>"


STRUCK, RAISED, LOWERED = 'strike="sngStrike"', 'baseline="30000"', 'baseline="-25000"'


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (
            f"{run('The fee is ')}{run('EUR 3,400', STRUCK)}{run('EUR 4,150')}{run(' a month.')}",
            "The fee is EUR 4,150 a month. [struck out: EUR 3,400]",
        ),
        (run("Old price: 12", 'strike="dblStrike"'), "[struck out: Old price: 12]"),
        (run("Price: 12", 'strike="noStrike"'), "Price: 12"),
        (f"{run('10')}{run('6', RAISED)}{run(' cells')}", "10⁶ cells"),
        (f"{run('H')}{run('2', LOWERED)}{run('O')}", "H₂O"),
        (f"{run('m')}{run('2', RAISED)}{run('')}", "m²"),
        (f"{run('x')}{run('n/2', RAISED)}", "x^(n/2)"),
        (f"{run('5')}{run('th', RAISED)}{run(' floor')}", "5th floor"),
        (run("10") + run("6", 'baseline="0"'), "106"),
        (run("10") + run("6", 'baseline="30%"'), "10⁶"),
    ],
)
def test_runs_are_read_as_they_look(tmp_path: Path, runs: str, text: str) -> None:
    deck = Deck(tmp_path)
    deck.add_box(runs)
    assert deck.read().text == text


SYMBOL_LATIN, SYMBOL = '<a:latin typeface="Symbol"/>', '<a:sym typeface="Symbol"/>'
WINGDINGS = '<a:sym typeface="Wingdings" pitchFamily="2" charset="2"/>'


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (f"{run('Dose: 5 ')}{run('m', '', SYMBOL_LATIN)}{run('g')}", "Dose: 5 μg"),
        (run("Dose: 5 ") + run("\uf06d", "", SYMBOL) + run("g"), "Dose: 5 μg"),
        (run("\uf06d", "", SYMBOL_LATIN + SYMBOL) + run("g"), "μg"),
        (run("pH \uf0a3 7", "", SYMBOL), "pH ≤ 7"),
        (run("Done \uf0fc", "", WINGDINGS), "Done ✓"),
        (f"{run('Start ')}{run('à', '', WINGDINGS)}{run(' Ende für alle', '', WINGDINGS)}", "Start → Ende für alle"),
        (f"{run('Good ')}{run('J', '', WINGDINGS)}", "Good ☺"),
        (run("déjà vu", "", WINGDINGS), "déjà vu"),
        (run("5 \uf06dg"), "5 μg"),
        (run("5 mg", "", '<a:latin typeface="Arial"/>'), "5 mg"),
    ],
)
def test_symbol_fonts_show_their_signs(tmp_path: Path, runs: str, text: str) -> None:
    deck = Deck(tmp_path)
    deck.add_box(runs)
    assert deck.read().text == text


def test_a_layout_strikes_out_what_its_placeholders_have(tmp_path: Path) -> None:
    deck = Deck(tmp_path, "Prices")
    layout_title = deck.slide.slide_layout.placeholders[0]._element.txBody
    style = '<a:lstStyle><a:lvl1pPr><a:defRPr strike="sngStrike"/></a:lvl1pPr></a:lstStyle>'
    layout_title.replace(layout_title.find(qn("a:lstStyle")), parse(style))
    deck.add_box(run("not a placeholder"))
    assert deck.read().text == "[struck out: Prices]\n\nnot a placeholder"


def test_a_master_raises_what_its_slides_have(tmp_path: Path) -> None:
    deck = Deck(tmp_path, "2")
    style = deck.presentation.slide_master._element.find(f"{qn('p:txStyles')}/{qn('p:titleStyle')}")
    style.find(f"{qn('a:lvl1pPr')}/{qn('a:defRPr')}").set("baseline", "30000")
    deck.slide.shapes.title.text_frame.paragraphs[0].add_run().text = "x"
    assert deck.read().text == "²ˣ"


def item(text: str, numbering: str = "", level: int = 0) -> str:
    return f'<a:p><a:pPr lvl="{level}">{numbering}</a:pPr>{run(text)}</a:p>'


def number(scheme: str, start: int = 1) -> str:
    return f'<a:buAutoNum type="{scheme}" startAt="{start}"/>'


ARABIC = number("arabicPeriod")


@pytest.mark.parametrize(
    ("paragraphs", "text"),
    [
        (item("a", ARABIC) + item("b", ARABIC), "1. a\n2. b"),
        (item("a", number("alphaLcParenR", 3)) + item("b", number("alphaLcParenR", 3)), "c) a\nd) b"),
        (item("a", number("romanUcPeriod", 4)), "IV. a"),
        (item("a", number("arabicParenBoth")), "(1) a"),
        (item("a", number("alphaUcPlain")), "A a"),
        (item("a", number("circleNumDbPlain", 7)), "7. a"),
        (item("a", ARABIC) + item("x") + item("b", ARABIC), "1. a\nx\n1. b"),
        (
            item("a", ARABIC)
            + item("s", number("alphaLcPeriod"), 1)
            + item("b", ARABIC)
            + item("t", number("alphaLcPeriod"), 1),
            "1. a\n  a. s\n2. b\n  a. t",
        ),
        (item("a", '<a:buChar char="•"/>') + item("b", ARABIC), "- a\n1. b"),
    ],
)
def test_list_items_have_the_numbers_that_the_slide_shows(tmp_path: Path, paragraphs: str, text: str) -> None:
    deck = Deck(tmp_path)
    body = deck.add_box("")._element.txBody
    body.remove(body.p_lst[0])
    for paragraph in parse(f"<a:list>{paragraphs}</a:list>"):
        body.append(paragraph)
    assert deck.read().text == text


def test_a_list_style_strikes_a_level(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    style = '<a:lstStyle><a:lvl1pPr><a:defRPr strike="sngStrike"/></a:lvl1pPr></a:lstStyle>'
    box = deck.add_box(run("gone") + run(" stays", 'strike="noStrike"'))
    box._element.txBody.replace(box._element.txBody.find(qn("a:lstStyle")), parse(style))
    assert deck.read().text.strip() == "stays [struck out: gone]"


def test_formulas_keep_their_powers(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    power = "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    deck.add_box(f"{run('Area: ')}<a14:m><m:oMath>{power}</m:oMath></a14:m>")
    assert deck.read().text == "Area: x²"


def test_hidden_slides_say_so_in_their_label(tmp_path: Path) -> None:
    deck = Deck(tmp_path, "Limits")
    deck.add_slide("Old limits")._element.set("show", "0")
    untitled = deck.add_slide()
    untitled.shapes.add_textbox(0, 0, Cm(5), Cm(2)).text_frame.text = "9 degrees"
    untitled._element.set("show", "false")
    deck.add_slide("New limits")._element.set("show", "1")
    labels = [page.label for page in deck.read().pages]
    assert labels == ["Limits", "Old limits (hidden)", "(hidden)", "New limits"]


def test_hidden_shapes_are_annotations(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    box = deck.add_box(run("Limit: 9"))
    box._element.find(f".//{qn('p:cNvPr')}").set("hidden", "1")
    deck.add_box(run("Limit: 7"))
    assert sorted(deck.read().text.split("\n\n")) == ["Limit: 7", "[hidden: shape: Limit: 9]"]


def test_a_struck_out_title_is_no_title(tmp_path: Path) -> None:
    deck = Deck(tmp_path, "x")
    body = deck.slide.shapes.title._element.txBody
    body.replace(body.p_lst[0], parse(f"<a:p>{run('Prices ')}{run('2025', STRUCK)}{run('2026')}</a:p>"))
    document = deck.read()
    assert document.text == "Prices 2026\n\n[struck out: 2025]"
    assert document.pages[0].label == "Prices 2026"


def test_cells_merged_downwards_count_for_each_row(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    rows = [["Region", "Depot", "Lanes"], ["North", "Aldwick", "4"], ["", "Brenfield", "6"], ["South", "Crane", "2"]]
    deck.add_table(rows, (1, 0, 2, 0))
    assert deck.read().text == "Region | Depot | Lanes\nNorth | Aldwick | 4\nNorth | Brenfield | 6\nSouth | Crane | 2"


def test_headers_of_two_rows_are_paths(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    rows = [["Ward", "Beds in 2025", "", "Beds in 2026", ""], ["", "All", "Free", "All", "Free"]]
    rows += [["Surgery", "40", "3", "38", "1"], ["Eye", "12", "0", "12", "2"]]
    deck.add_table(rows, (0, 0, 1, 0), (0, 1, 0, 2), (0, 3, 0, 4))
    header = "Ward | Beds in 2025 / All | Beds in 2025 / Free | Beds in 2026 / All | Beds in 2026 / Free"
    document = deck.read()
    assert document.text == f"{header}\nSurgery | 40 | 3 | 38 | 1\nEye | 12 | 0 | 12 | 2"
    assert document.text[: document.blocks[0].header_end] == header


@pytest.mark.parametrize(
    ("merge", "rows"),
    [
        ((1, 0, 1, 1), ["a | b | c", "d |  | f", "g | h | i"]),
        ((1, 1, 2, 2), ["a | b | c", "d | e", "g | e"]),
        ((1, 0, 2, 1), ["a | b | c", "d |  | f", "d |  | i"]),
        ((1, 2, 2, 2), ["a | b | c", "d | e | f", "g | h | f"]),
    ],
)
def test_no_column_moves_beside_merged_cells(tmp_path: Path, merge: tuple[int, int, int, int], rows: list[str]) -> None:
    cells = [["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]]
    top, left, bottom, right = merge
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            cells[row][column] = cells[row][column] if (row, column) == (top, left) else ""
    deck = Deck(tmp_path)
    deck.add_table(cells, merge)
    assert deck.read().text.split("\n") == rows


def test_struck_text_in_a_cell_is_an_annotation_of_the_cell(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    table = deck.add_table([["Item", "Rate"], ["Pallet", "x"], ["Crate", "5"]])
    body = table.cell(1, 1)._tc.txBody
    body.replace(body.p_lst[0], parse(f"<a:p>{run('11', STRUCK)}{run('13')}</a:p>"))
    assert deck.read().text == "Item | Rate\nPallet | 13 [struck out: 11]\nCrate | 5"


@pytest.mark.parametrize(
    ("description", "decorative", "text"),
    [
        ("Map of the strait: the wreck lies at buoy 12", "", "[picture: Map of the strait: the wreck lies at buoy 12]"),
        ("A wave", "1", ""),
        ("A wave", "0", "[picture: A wave]"),
        ("image1.png", "", ""),
        ("", "", ""),
    ],
)
def test_alternative_texts_are_read_and_decoration_is_not(
    tmp_path: Path, description: str, decorative: str, text: str
) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    deck = Deck(tmp_path)
    picture = deck.slide.shapes.add_picture(str(tmp_path / "a.png"), 0, Cm(9))
    properties = picture._element.find(f".//{qn('p:cNvPr')}")
    properties.set("descr", description)
    if decorative:
        extension = f'<adec:decorative xmlns:adec="{_DECORATIVE}" val="{decorative}"/>'
        properties.append(parse(f'<a:extLst><a:ext uri="x">{extension}</a:ext></a:extLst>'))
    deck.add_box(run("Chart room"))
    assert deck.read().text == f"Chart room\n\n{text}".strip()


def test_a_slide_with_only_a_described_picture_is_still_told(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    deck = Deck(tmp_path)
    picture = deck.slide.shapes.add_picture(str(tmp_path / "a.png"), 0, 0)
    picture._element.find(f".//{qn('p:cNvPr')}").set("descr", "Price list of the spring")
    document = deck.read()
    assert document.text == "[picture: Price list of the spring]"
    assert document.warnings == ("pictures without text, which are not read: slide 1",)


@pytest.mark.parametrize(
    ("authors", "kind", "comment"),
    [
        (
            '<l><cmAuthor id="7" name="Ann Lee"/></l>',
            "commentAuthors",
            '<l><cm authorId="7"><text>Why 9?</text></cm></l>',
        ),
        (
            '<l><author id="{A}" name="Ann Lee"/></l>',
            "authors",
            f'<l xmlns:a="{_DRAWING}"><cm authorId="{{A}}"><txBody><a:p><a:r><a:t>Why </a:t></a:r><a:r><a:t>9?</a:t>'
            "</a:r></a:p></txBody></cm></l>",
        ),
    ],
)
def test_comments_name_their_authors(tmp_path: Path, authors: str, kind: str, comment: str) -> None:
    deck = Deck(tmp_path, "Limits")
    package = deck.presentation.part.package
    for part, name, xml in (
        (deck.presentation.part, kind, authors),
        (deck.slide.part, "comments", comment),
    ):
        added = Part(PackURI(f"/ppt/{name}/part1.xml"), "application/xml", package, xml.encode())
        part.relate_to(added, f"{_RELATIONSHIPS}/{name}")
    assert deck.read().text == "Limits\n\n[comment by Ann Lee: Why 9?]"


def test_notes_keep_what_is_struck_out_apart(tmp_path: Path) -> None:
    deck = Deck(tmp_path, "Limits")
    body = deck.slide.notes_slide.notes_text_frame._txBody
    body.replace(body.p_lst[0], parse(f"<a:p>{run('Say ')}{run('9', STRUCK)}{run('7')}</a:p>"))
    assert deck.read().text == "Limits\n\nNotes:\nSay 7 [struck out: 9]"
