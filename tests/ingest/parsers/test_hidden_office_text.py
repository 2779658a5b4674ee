"""Office formats and RTF: text in the colour of its background, tiny text, hidden pages; what is seen is not marked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pptx
import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Color, Font, PatternFill
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.util import Cm, Pt

from ingest.parsers import registry
from ingest.types import HiddenReason, ParsedDocument
from tests.ingest.parsers.test_docx_signs import paragraph, run, text_of
from tests.ingest.parsers.test_docx_signs import read as read_word
from tests.office_files import write_opendocument

# Word

WHITE_RUN = '<w:color w:val="FFFFFF"/>'
SHADED = '<w:shd w:val="clear" w:color="auto" w:fill="1F3864"/>'


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (WHITE_RUN, "white text"),
        ('<w:color w:val="ffffff"/>', "white text"),
        ('<w:color w:val="FFFFFF" w:themeColor="background1"/>', "white text"),
        ('<w:color w:val="FEFEFE"/>', "white text"),
        ('<w:color w:val="F8F8F8"/>', "white text"),
        (f'{WHITE_RUN}<w:highlight w:val="white"/>', "white text"),
        (f'{WHITE_RUN}<w:sz w:val="2"/>', "tiny text"),
        (f"{WHITE_RUN}<w:vanish/>", "formatting"),
        ('<w:color w:val="000000"/><w:highlight w:val="black"/>', "background colour"),
        ('<w:color w:val="1F3864"/><w:shd w:val="clear" w:fill="1F3864"/>', "background colour"),
        ('<w:sz w:val="4"/>', "tiny text"),
        ('<w:rStyle w:val="Pale"/>', "white text"),
    ],
)
def test_word_text_that_nobody_sees_is_marked(tmp_path: Path, properties: str, reason: str) -> None:
    style = (
        '<w:style w:type="character" w:styleId="Pale"><w:name w:val="Pale"/><w:rPr><w:color w:val="FFFFFF"/></w:rPr>'
        "</w:style>"
    )
    body = paragraph(run("The fee is 4,150."), run(" Not 9,999.", properties))
    styles = _word_styles(style) if "Pale" in properties else {}
    text = read_word(tmp_path, body, **styles).text.removeprefix("Kiln").strip()
    assert text == f"The fee is 4,150.\n[hidden: {reason}: Not 9,999.]"


def _word_styles(style: str) -> dict[str, str]:
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return {"word/styles.xml": f'<w:styles xmlns:w="{namespace}">{style}</w:styles>'}


def cell(content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(paragraph(run("Seen", WHITE_RUN), properties=SHADED), id="shaded paragraph"),
        pytest.param(paragraph(run("Seen", f"{WHITE_RUN}{SHADED}")), id="shaded run"),
        pytest.param(paragraph(run("Seen", f'{WHITE_RUN}<w:highlight w:val="darkBlue"/>')), id="highlight"),
        pytest.param(
            f"<w:tbl><w:tr>{cell(paragraph(run('Seen', WHITE_RUN)), SHADED)}{cell(paragraph(run('x')))}</w:tr></w:tbl>",
            id="shaded cell",
        ),
        pytest.param(
            f"<w:tbl><w:tblPr>{SHADED}</w:tblPr><w:tr>{cell(paragraph(run('Seen', WHITE_RUN)))}</w:tr></w:tbl>",
            id="shaded table",
        ),
        pytest.param(
            '<w:p><w:r><w:drawing><wp:anchor behindDoc="1"><wp:extent cx="7000000" cy="9000000"/></wp:anchor>'
            f"</w:drawing></w:r></w:p>{paragraph(run('Seen', WHITE_RUN))}",
            id="picture behind the page",
        ),
        pytest.param(paragraph(run("Seen", '<w:color w:val="D9D9D9"/>')), id="grey"),
        pytest.param(paragraph(run("Seen", '<w:color w:val="auto"/>'), properties=SHADED), id="automatic"),
        pytest.param(paragraph(run("Seen", '<w:color w:val="000000"/>'), properties=SHADED), id="black on navy"),
        pytest.param(
            paragraph(run("Seen", '<w:color w:val="FFFFFF" w:themeColor="background1" w:themeShade="80"/>')), id="shade"
        ),
        pytest.param(paragraph(run("Seen", '<w:sz w:val="5"/>')), id="small print"),
    ],
)
def test_word_text_that_a_person_sees_is_not_marked(tmp_path: Path, body: str) -> None:
    text = text_of(tmp_path, body)
    assert "Seen" in text
    assert "[hidden" not in text


def test_the_colour_of_a_table_style_is_not_taken_for_white_paper(tmp_path: Path) -> None:
    style = (
        '<w:style w:type="table" w:styleId="Dark"><w:name w:val="Dark"/><w:tblStylePr w:type="firstRow"><w:tcPr>'
        f"{SHADED}</w:tcPr></w:tblStylePr></w:style>"
    )
    table = '<w:tbl><w:tblPr><w:tblStyle w:val="{}"/></w:tblPr><w:tr>{}{}</w:tr></w:tbl>'
    cells = cell(paragraph(run("Ward", WHITE_RUN))), cell(paragraph(run("Beds")))
    styles = _word_styles(style)
    assert "[hidden" not in read_word(tmp_path, table.format("Dark", *cells), **styles).text
    assert "[hidden: white text: Ward] | Beds" in read_word(tmp_path, table.format("Other", *cells), **styles).text


# Excel

PALE = Font(color="FFFFFFFF")
NAVY = PatternFill("solid", fgColor="FF1F3864")


def read_sheet(tmp_path: Path, build: Callable[[Worksheet], None]) -> ParsedDocument:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Part", "Price"], ["Bolt", 4], ["Nut", 9]):
        sheet.append(row)
    build(sheet)
    book.save(tmp_path / "a.xlsx")
    return registry.parse(tmp_path / "a.xlsx", "a.xlsx")


def styled(font: Font, fill: PatternFill | None = None) -> Callable[[Worksheet], None]:
    def build(sheet: Worksheet) -> None:
        for column in "AB":
            sheet[f"{column}3"].font = font
            if fill is not None:
                sheet[f"{column}3"].fill = fill

    return build


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        pytest.param(styled(PALE), "white text", id="white"),
        pytest.param(styled(Font(color="FFFAFAFA")), "white text", id="nearly white"),
        pytest.param(styled(Font(color=Color(theme=0))), "white text", id="paper of the theme"),
        pytest.param(styled(Font(color=Color(indexed=9))), "white text", id="white of the palette"),
        pytest.param(styled(Font(color=Color(theme=0, tint=-0.05))), "white text", id="paper a shade darker"),
        pytest.param(styled(Font(color=Color(theme=4, tint=0.95))), "white text", id="a tint that is nearly white"),
        pytest.param(styled(PALE, PatternFill("solid", fgColor="FFFFFFFF")), "white text", id="white on white"),
        pytest.param(styled(Font(color="FF1F3864"), NAVY), "background colour", id="navy on navy"),
        pytest.param(
            styled(Font(color=Color(theme=3)), PatternFill("solid", fgColor=Color(theme=3))),
            "background colour",
            id="theme on theme",
        ),
        pytest.param(
            styled(Font(color=Color(indexed=18)), PatternFill("solid", fgColor="FF000080")),
            "background colour",
            id="navy of the palette",
        ),
        pytest.param(styled(Font(sz=1)), "tiny text", id="tiny"),
        pytest.param(styled(Font(sz=2)), "tiny text", id="two points"),
        pytest.param(lambda sheet: setattr(sheet.row_dimensions[3], "hidden", True), "row", id="hidden row"),
    ],
)
def test_cells_that_nobody_sees_are_marked(tmp_path: Path, build: Callable[[Worksheet], None], reason: str) -> None:
    lines = read_sheet(tmp_path, build).text.split("\n")
    assert lines[-1] == f"[hidden: {reason}: Nut] | [hidden: {reason}: 9]"
    assert lines[-2] == "Bolt | 4"


def _add_table(sheet: Worksheet) -> None:
    table = Table(displayName="Parts", ref="A1:B3")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleDark1", showRowStripes=True)
    sheet.add_table(table)
    for row in sheet["A1:B3"]:
        for entry in row:
            entry.font = PALE


def _add_condition(sheet: Worksheet) -> None:
    sheet["B3"].font = PALE
    sheet.conditional_formatting.add("B2:B3", CellIsRule("greaterThan", ["5"], fill=NAVY))


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(styled(PALE, NAVY), id="white on navy"),
        pytest.param(styled(PALE, PatternFill("gray125")), id="white on a pattern"),
        pytest.param(styled(Font(color="FFBFBFBF")), id="grey"),
        pytest.param(styled(Font(sz=6)), id="small"),
        pytest.param(styled(Font(color=Color(theme=0, tint=-0.5))), id="darker paper"),
        pytest.param(styled(Font(color=Color(theme=0)), PatternFill("solid", fgColor=Color(theme=4))), id="theme"),
        pytest.param(styled(Font(color=Color(theme=4, tint=0.4))), id="lighter theme"),
        pytest.param(styled(Font(color=Color(indexed=10)), NAVY), id="red of the palette"),
        pytest.param(styled(Font(color=Color(theme=99))), id="no colour of the theme"),
        pytest.param(_add_table, id="table style"),
        pytest.param(_add_condition, id="conditional format"),
    ],
)
def test_cells_that_a_person_sees_are_not_marked(tmp_path: Path, build: Callable[[Worksheet], None]) -> None:
    assert read_sheet(tmp_path, build).text.endswith("Part | Price\nBolt | 4\nNut | 9")


def test_a_white_run_in_a_cell_is_marked(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["A3"] = CellRichText("Nut ", TextBlock(InlineFont(color="FFFFFFFF"), "not"), " M8")

    assert read_sheet(tmp_path, build).text.endswith("Nut M8 [hidden: white text: not] | 9")


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_the_page_of_a_hidden_sheet_says_why(tmp_path: Path, state: str) -> None:
    def build(sheet: Worksheet) -> None:
        assert sheet.parent is not None
        other = sheet.parent.create_sheet("Old")
        other["A1"], other.sheet_state = "Bolt costs 3", state

    pages = read_sheet(tmp_path, build).pages
    assert [(page.label, page.hidden) for page in pages] == [("Sheet", None), ("Old (hidden)", HiddenReason.SHEET)]


# PowerPoint


def read_deck(tmp_path: Path, build: Callable[[Any, Any], None]) -> ParsedDocument:
    deck = pptx.Presentation()
    build(deck, deck.slides.add_slide(deck.slide_layouts[6]))
    deck.save(str(tmp_path / "a.pptx"))
    return registry.parse(tmp_path / "a.pptx", "a.pptx")


def add_box(
    slide: Any, text: str = "Limit 9", *, left: float = 2, top: float = 2, color: str = "", size: float = 0
) -> Any:
    box = slide.shapes.add_textbox(Cm(left), Cm(top), Cm(6), Cm(2))
    letters = box.text_frame.paragraphs[0].add_run()
    letters.text = text
    if color:
        letters.font.color.rgb = RGBColor.from_string(color)
    if size:
        letters.font.size = Pt(size)
    return box


def _on_dark_slide(_: Any, slide: Any) -> None:
    slide.background.fill.solid()
    slide.background.fill.fore_color.rgb = RGBColor.from_string("1F3864")
    add_box(slide, color="1F3864")


def _paper_of_theme(_: Any, slide: Any) -> None:
    box = add_box(slide)
    box.text_frame.paragraphs[0].runs[0].font.color.theme_color = MSO_THEME_COLOR.BACKGROUND_1


def _white_on_white_shape(_: Any, slide: Any) -> None:
    box = add_box(slide, color="FFFFFF")
    box.fill.solid()
    box.fill.fore_color.rgb = RGBColor.from_string("FFFFFF")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        pytest.param(lambda _, slide: add_box(slide, color="FFFFFF"), "white text", id="white"),
        pytest.param(lambda _, slide: add_box(slide, color="FBFBFB"), "white text", id="nearly white"),
        pytest.param(_paper_of_theme, "white text", id="paper of the theme"),
        pytest.param(_white_on_white_shape, "white text", id="white on a white shape"),
        pytest.param(_on_dark_slide, "background colour", id="navy on a navy slide"),
        pytest.param(lambda _, slide: add_box(slide, size=1), "tiny text", id="one point"),
        pytest.param(lambda _, slide: add_box(slide, size=2), "tiny text", id="two points"),
        pytest.param(lambda _, slide: add_box(slide, left=-20), "off the page", id="left of the slide"),
        pytest.param(lambda _, slide: add_box(slide, top=40), "off the page", id="below the slide"),
    ],
)
def test_slide_text_that_nobody_sees_is_marked(tmp_path: Path, build: Callable[[Any, Any], None], reason: str) -> None:
    assert read_deck(tmp_path, build).text == f"[hidden: {reason}: Limit 9]"


def _white_on_navy_slide(_: Any, slide: Any) -> None:
    slide.background.fill.solid()
    slide.background.fill.fore_color.rgb = RGBColor.from_string("1F3864")
    add_box(slide, color="FFFFFF")


def _white_on_navy_shape(_: Any, slide: Any) -> None:
    box = add_box(slide, color="FFFFFF")
    box.fill.solid()
    box.fill.fore_color.rgb = RGBColor.from_string("1F3864")


def _white_over_another_shape(_: Any, slide: Any) -> None:
    slide.shapes.add_shape(1, Cm(1), Cm(1), Cm(10), Cm(5))
    add_box(slide, color="FFFFFF")


def _white_in_a_styled_shape(_: Any, slide: Any) -> None:
    shape = slide.shapes.add_shape(1, Cm(2), Cm(2), Cm(6), Cm(2))
    shape.text_frame.text = "Limit 9"
    shape.text_frame.paragraphs[0].runs[0].font.color.rgb = RGBColor.from_string("FFFFFF")


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(_white_on_navy_slide, id="navy slide"),
        pytest.param(_white_on_navy_shape, id="navy shape"),
        pytest.param(_white_over_another_shape, id="over another shape"),
        pytest.param(_white_in_a_styled_shape, id="shape with a style"),
        pytest.param(lambda _, slide: add_box(slide, color="BFBFBF"), id="grey"),
        pytest.param(lambda _, slide: add_box(slide, size=5), id="small"),
        pytest.param(lambda _, slide: add_box(slide, left=-3), id="cut off by the edge"),
        pytest.param(lambda _, slide: add_box(slide), id="no colour"),
    ],
)
def test_slide_text_that_a_person_sees_is_not_marked(tmp_path: Path, build: Callable[[Any, Any], None]) -> None:
    assert read_deck(tmp_path, build).text == "Limit 9"


def test_the_page_of_a_hidden_slide_says_why(tmp_path: Path) -> None:
    def build(deck: Any, slide: Any) -> None:
        add_box(slide, "Limit 7")
        other = deck.slides.add_slide(deck.slide_layouts[6])
        add_box(other, "Limit 9")
        other._element.set("show", "0")

    assert [page.hidden for page in read_deck(tmp_path, build).pages] == [None, HiddenReason.SLIDE]


# OpenDocument

_FO = 'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'


def odf_style(name: str, family: str, *properties: str) -> str:
    parts = "".join(f"<style:{part.replace(' ', f'-properties {_FO} ', 1)}/>" for part in properties)
    return f'<style:style style:name="{name}" style:family="{family}">{parts}</style:style>'


_ODF_STYLES = "".join(
    [
        odf_style("pale", "text", 'text fo:color="#ffffff"'),
        odf_style("paler", "text", 'text fo:color="#fdfdfd"'),
        odf_style("tiny", "text", 'text fo:font-size="1pt"'),
        odf_style("boxed", "text", 'text fo:color="#ffffff" fo:background-color="#1f3864"'),
        odf_style("same", "text", 'text fo:color="#1f3864" fo:background-color="#1f3864"'),
        odf_style("auto", "text", 'text fo:color="#ffffff" style:use-window-font-color="true"'),
        odf_style("grey", "text", 'text fo:color="#bfbfbf"'),
        odf_style("dark", "paragraph", 'paragraph fo:background-color="#1f3864"'),
        odf_style("navy", "table-cell", 'table-cell fo:background-color="#1f3864"'),
        odf_style("palecell", "table-cell", 'text fo:color="#ffffff"'),
        odf_style("navycell", "table-cell", 'text fo:color="#ffffff"', 'table-cell fo:background-color="#1f3864"'),
    ]
)


def read_odf(tmp_path: Path, body: str, kind: str = "text") -> str:
    names = {"text": "a.odt", "spreadsheet": "a.ods", "presentation": "a.odp"}
    path = write_opendocument(tmp_path / "a", kind, body, lists=_ODF_STYLES)
    return registry.parse(path, names[kind]).text


def spanned(style: str, text: str = "9") -> str:
    return f'<text:span text:style-name="{style}">{text}</text:span>'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<text:p>Limit 7{spanned('pale')}</text:p>", "Limit 7 [hidden: white text: 9]"),
        (f"<text:p>Limit 7{spanned('paler')}</text:p>", "Limit 7 [hidden: white text: 9]"),
        (f"<text:p>Limit 7{spanned('tiny')}</text:p>", "Limit 7 [hidden: tiny text: 9]"),
        (f"<text:p>Limit 7{spanned('same')}</text:p>", "Limit 7 [hidden: background colour: 9]"),
        (f"<text:p>Limit {spanned('boxed')}</text:p>", "Limit 9"),
        (f"<text:p>Limit {spanned('auto')}</text:p>", "Limit 9"),
        (f"<text:p>Limit {spanned('grey')}</text:p>", "Limit 9"),
        (f'<text:p text:style-name="dark">Limit {spanned("pale")}</text:p>', "Limit 9"),
        (
            "<text:p>See <draw:frame><draw:text-box><text:p>Limit "
            f"{spanned('pale')}</text:p></draw:text-box></draw:frame></text:p>",
            "See\n\nLimit 9",
        ),
    ],
)
def test_opendocument_text_is_marked_where_nobody_sees_it(tmp_path: Path, body: str, text: str) -> None:
    assert read_odf(tmp_path, body) == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ('draw:background-size="full"', "Limit 7 [hidden: white text: 9]"),
        ('draw:fill="none"', "Limit 7 [hidden: white text: 9]"),
        ('draw:fill="solid" draw:fill-color="#ffffff"', "Limit 7 [hidden: white text: 9]"),
        ('draw:fill="solid" draw:fill-color="#1f3864"', "Limit 79"),
        ('draw:fill="bitmap"', "Limit 79"),
    ],
)
def test_the_fill_of_a_page_of_text_is_behind_its_letters(tmp_path: Path, page: str, text: str) -> None:
    styles = _ODF_STYLES + odf_style("page", "drawing-page", f"drawing-page {page}")
    path = write_opendocument(tmp_path / "a", "text", f"<text:p>Limit 7{spanned('pale')}</text:p>", lists=styles)
    assert registry.parse(path, "a.odt").text == text


# OpenDocument presentations

_SLIDE_STYLES = _ODF_STYLES + "".join(
    [
        odf_style("clear", "graphic", 'graphic draw:fill="none" draw:fill-color="#1f3864"'),
        odf_style("filled", "graphic", 'graphic draw:fill="solid" draw:fill-color="#1f3864"'),
        odf_style("white", "graphic", 'graphic draw:fill="solid" draw:fill-color="#ffffff"'),
        odf_style("glass", "graphic", 'graphic draw:fill="solid" draw:fill-color="#1f3864" draw:opacity="40%"'),
        odf_style("shaded", "graphic", 'graphic draw:fill="gradient"'),
        odf_style("night", "drawing-page", 'drawing-page draw:fill="solid" draw:fill-color="#1f3864"'),
        odf_style("day", "drawing-page", "drawing-page"),
    ]
)


def shape(content: str, style: str = "clear", *, x: float = 2, y: float = 2) -> str:
    place = f'svg:x="{x}cm" svg:y="{y}cm" svg:width="6cm" svg:height="1cm"'
    return f'<draw:custom-shape draw:style-name="{style}" {place}><text:p>{content}</text:p></draw:custom-shape>'


def read_slide(tmp_path: Path, shapes: str, *, page: str = "day", on_master: str = "") -> str:
    layout = f'fo:page-width="28cm" fo:page-height="21cm" {_FO}'
    master = (
        f'<style:page-layout style:name="L"><style:page-layout-properties {layout}/></style:page-layout>'
        f'<style:master-page style:name="M" style:page-layout-name="L" draw:style-name="day">{on_master}'
        "</style:master-page>"
    )
    body = f'<draw:page draw:master-page-name="M" draw:style-name="{page}">{shapes}</draw:page>'
    path = write_opendocument(tmp_path / "a", "presentation", body, lists=_SLIDE_STYLES, master=master)
    return registry.parse(path, "a.odp").text


PALE_LINE = f"Limit 7{spanned('pale')}"
NAVY_LINE = f"Limit 7{spanned('same')}"


@pytest.mark.parametrize(
    ("shapes", "text"),
    [
        (shape(PALE_LINE), "Limit 7 [hidden: white text: 9]"),
        (shape(PALE_LINE, "white"), "Limit 7 [hidden: white text: 9]"),
        (shape("Ward", "filled", y=9) + shape(PALE_LINE, y=2), "Limit 7 [hidden: white text: 9]\n\nWard"),
        (f"<draw:g>{shape(PALE_LINE)}</draw:g>", "Limit 7 [hidden: white text: 9]"),
        (shape("Limit 9", x=-9), "[hidden: off the page: Limit 9]"),
        (shape("Limit 9", x=28), "[hidden: off the page: Limit 9]"),
        (
            f"<draw:g>{shape('Limit 9', y=21.5)}{shape('Limit 7')}</draw:g>",
            "Limit 7\n\n[hidden: off the page: Limit 9]",
        ),
    ],
)
def test_opendocument_slides_are_marked_where_nobody_sees_them(tmp_path: Path, shapes: str, text: str) -> None:
    assert read_slide(tmp_path, shapes) == text


@pytest.mark.parametrize(
    "shapes",
    [
        pytest.param(shape(PALE_LINE, "filled"), id="filled"),
        pytest.param(shape(PALE_LINE, "glass"), id="half transparent"),
        pytest.param(shape(PALE_LINE, "shaded"), id="gradient"),
        pytest.param(shape(PALE_LINE, "unknown"), id="style that is missing"),
        pytest.param(shape("", "filled") + shape(PALE_LINE), id="on another shape"),
        pytest.param(shape("Limit 79", x=27), id="half off the slide"),
    ],
)
def test_opendocument_slides_that_a_person_sees_are_not_marked(tmp_path: Path, shapes: str) -> None:
    assert read_slide(tmp_path, shapes) == "Limit 79"


def test_the_background_of_an_opendocument_slide_is_behind_its_letters(tmp_path: Path) -> None:
    assert read_slide(tmp_path, shape(PALE_LINE), page="night") == "Limit 79"
    assert read_slide(tmp_path, shape(NAVY_LINE), page="night") == "Limit 7 [hidden: background colour: 9]"
    assert read_slide(tmp_path, shape(PALE_LINE), on_master=shape("", "filled")) == "Limit 79"


def test_a_shaded_cell_of_an_opendocument_text_shows_white_letters(tmp_path: Path) -> None:
    def row(style: str) -> str:
        letters = f"<text:p>{spanned('pale', 'Ward')}</text:p>"
        named = f'<table:table-cell table:style-name="{style}">{letters}</table:table-cell>'
        return f"<table:table-row>{named}<table:table-cell><text:p>Beds</text:p></table:table-cell></table:table-row>"

    table = f'<table:table table:name="T">{row("navy")}{row("none")}</table:table>'
    assert read_odf(tmp_path, table) == "Ward | Beds\n[hidden: white text: Ward] | Beds"


def test_white_cells_of_an_opendocument_sheet_are_marked(tmp_path: Path) -> None:
    def row(style: str) -> str:
        cells = "".join(
            f'<table:table-cell table:style-name="{style}" office:value-type="string"><text:p>{text}</text:p>'
            "</table:table-cell>"
            for text in ("Bolt", "old")
        )
        return f"<table:table-row>{cells}</table:table-row>"

    sheet = f'<table:table table:name="S">{row("none")}{row("navycell")}{row("palecell")}</table:table>'
    assert read_odf(tmp_path, sheet, "spreadsheet").split("\n")[2:] == [
        "Bolt | old",
        "Bolt | old",
        "[hidden: white text: Bolt] | [hidden: white text: old]",
    ]


# RTF

_COLORS = rb"{\colortbl;\red0\green0\blue0;\red255\green255\blue255;\red31\green56\blue100;\red250\green250\blue250;}"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"Limit 7{\cf2  not 9}\par", "Limit 7\n[hidden: white text: not 9]"),
        (rb"Limit 7{\cf4  not 9}\par", "Limit 7\n[hidden: white text: not 9]"),
        (rb"Limit 7{\fs2  not 9}\par", "Limit 7\n[hidden: tiny text: not 9]"),
        (rb"Limit 7{\fs4  not 9}\par", "Limit 7\n[hidden: tiny text: not 9]"),
        (rb"Limit 7{\v  not 9}\par", "Limit 7\n[hidden: formatting: not 9]"),
        (rb"Limit 7{\cf3\highlight3  not 9}\par", "Limit 7\n[hidden: background colour: not 9]"),
        (rb"Limit 7{\cf3\chcbpat3  not 9}\par", "Limit 7\n[hidden: background colour: not 9]"),
        (rb"Limit 7\cf2  not 9\cf0  end\par", "Limit 7 end\n[hidden: white text: not 9]"),
        (rb"Limit {\cf2\highlight3 9}\par", "Limit 9"),
        (rb"Limit {\cf2\chcbpat3 9}\par", "Limit 9"),
        (rb"\cbpat3 Limit {\cf2 9}\par", "Limit 9"),
        (rb"\cf2 \plain Limit 9\par", "Limit 9"),
        (rb"Limit {\cf0 9}\par", "Limit 9"),
        (rb"Limit {\cf99 9}\par", "Limit 9"),
        (rb"Limit {\fs8 9}\par", "Limit 9"),
        (rb"\trowd\clcbpat3\cellx900\cellx1800\intbl{\cf2 Ward}\cell Beds\cell\row", "Ward | Beds"),
        (rb"\trowd\cellx900\cellx1800\intbl{\cf2 Ward}\cell Beds\cell\row", "[hidden: white text: Ward] | Beds"),
    ],
)
def test_rtf_text_is_marked_where_nobody_sees_it(tmp_path: Path, body: bytes, text: str) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}}" + _COLORS + body + b"}")
    assert registry.parse(path, "a.rtf").text == text
