"""What a person sees in OpenDocument texts and slides: struck-out, hidden and merged text, signs, pictures."""

from pathlib import Path

import pytest

from ingest.parsers import registry
from ingest.types import ParsedDocument
from tests.office_files import write_opendocument

FO = 'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'


def style(name: str, properties: str, family: str = "text", more: str = "") -> str:
    return (
        f'<style:style style:name="{name}" style:family="{family}" {more}>'
        f"<style:text-properties {FO} {properties}/></style:style>"
    )


STYLES = "".join(
    [
        style("Struck", 'style:text-line-through-style="solid"'),
        style("Child", "", more='style:parent-style-name="Struck"'),
        style("Plain", 'style:text-line-through-style="none"'),
        style("Super", 'style:text-position="super 58%"'),
        style("Raised", 'style:text-position="33% 58%"'),
        style("Sub", 'style:text-position="sub 58%"'),
        style("Hidden", 'text:display="none"'),
        style("Greek", 'style:font-name="Symbol"'),
        style("Ticks", 'fo:font-family="Wingdings"'),
        style("Latin", 'style:font-name="Arial"'),
        style("Gone", 'style:text-line-through-style="solid"', "paragraph"),
        '<style:style style:name="off" style:family="drawing-page"><style:drawing-page-properties '
        'presentation:visibility="hidden"/></style:style>',
        '<style:style style:name="on" style:family="drawing-page"><style:drawing-page-properties '
        'presentation:visibility="visible"/></style:style>',
    ]
)


def read(tmp_path: Path, body: str, kind: str = "text") -> ParsedDocument:
    path = write_opendocument(tmp_path / "a", kind, body, lists=STYLES)
    return registry.parse(path, "a.odt" if kind == "text" else "a.odp")


def span(name: str, text: str) -> str:
    return f'<text:span text:style-name="{name}">{text}</text:span>'


def frame(content: str, more: str = "") -> str:
    return f"<draw:frame {more}><draw:text-box>{content}</draw:text-box></draw:frame>"


@pytest.mark.parametrize("kind", ["text", "presentation"])
@pytest.mark.parametrize(
    ("paragraph", "text"),
    [
        (f"The fee is {span('Struck', 'EUR 3,400')}EUR 4,150.", "The fee is EUR 4,150. [struck out: EUR 3,400]"),
        (f"{span('Child', 'old')} new", "new [struck out: old]"),
        (span("Struck", f"old {span('Plain', 'kept')}"), "kept [struck out: old]"),
        (f"10{span('Super', '6')} cells", "10⁶ cells"),
        (f"10{span('Raised', '6')} cells", "10⁶ cells"),
        (f"H{span('Sub', '2')}O", "H₂O"),
        (f"5 {span('Greek', 'm')}g", "5 μg"),
        (f"5 {span('Greek', chr(0xF06D))}g", "5 μg"),
        (f"Done {span('Ticks', chr(0xF0FC))}", "Done ✓"),
        (f"5 {span('Latin', 'm')}g", "5 mg"),
        (f"Limit 7{span('Hidden', ' not 9')}", "Limit 7 [hidden: formatting: not 9]"),
        (
            'Limit 7<text:hidden-text text:is-hidden="true" text:string-value="not 9"/>',
            "Limit 7 [hidden: formatting: not 9]",
        ),
        (
            "Limit 7<office:annotation><dc:creator>Ann</dc:creator><text:p>or 9?</text:p></office:annotation>",
            "Limit 7 [comment by Ann: or 9?]",
        ),
    ],
)
def test_runs_are_read_as_they_look(tmp_path: Path, kind: str, paragraph: str, text: str) -> None:
    body = f"<text:p>{paragraph}</text:p>"
    document = read(tmp_path, body if kind == "text" else f"<draw:page>{frame(body)}</draw:page>", kind)
    assert document.text.strip() == text


def test_a_paragraph_style_strikes_a_paragraph(tmp_path: Path) -> None:
    assert read(tmp_path, '<text:p text:style-name="Gone">Old price</text:p>').text == "[struck out: Old price]"


def test_tracked_deletions_name_their_author(tmp_path: Path) -> None:
    deletion = (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><office:change-info><dc:creator>Ann'
        "</dc:creator></office:change-info><text:p>EUR 3,400</text:p></text:deletion></text:changed-region>"
        "</text:tracked-changes>"
    )
    body = f'{deletion}<text:p>The fee is <text:change text:change-id="c1"/>EUR 4,150.</text:p>'
    assert read(tmp_path, body).text == "The fee is EUR 4,150. [deleted by Ann: EUR 3,400]"


def test_hidden_sections_paragraphs_and_shapes_are_annotations(tmp_path: Path) -> None:
    box = frame("<text:p>gone</text:p>", 'draw:display="none"')
    body = (
        '<text:section text:display="none"><text:p>Old.</text:p><text:p>Older.</text:p></text:section>'
        '<text:section><text:p>Shown.</text:p></text:section><text:p>Not<text:hidden-paragraph text:is-hidden="true"/>'
        f" seen</text:p><text:p>Box{box}</text:p>"
    )
    expected = [
        "[hidden: formatting: Old. Older.]",
        "Shown.",
        "[hidden: formatting: Not seen]",
        "Box",
        "[hidden: shape: gone]",
    ]
    assert read(tmp_path, body).text.split("\n\n") == expected


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


COVERED = "<table:covered-table-cell/>"


def table(*rows: str, header: int = 0) -> str:
    def write(cells: str) -> str:
        return f"<table:table-row>{cells}</table:table-row>"

    head = "".join(map(write, rows[:header]))
    top = f"<table:table-header-rows>{head}</table:table-header-rows>" if header else ""
    return f"<table:table>{top}{''.join(map(write, rows[header:]))}</table:table>"


ROWS_2, COLUMNS_2 = 'table:number-rows-spanned="2"', 'table:number-columns-spanned="2"'
TABLES = [
    (
        table(
            cell("Region") + cell("Depot"),
            cell("North", ROWS_2) + cell("Aldwick"),
            COVERED + cell("Brenfield"),
            cell("South") + cell("Crane"),
            header=1,
        ),
        "Region | Depot\nNorth | Aldwick\nNorth | Brenfield\nSouth | Crane",
    ),
    (
        table(
            cell("Ward", ROWS_2) + cell("Beds in 2026", COLUMNS_2) + COVERED,
            COVERED + cell("All") + cell("Free"),
            cell("Surgery") + cell("38") + cell("1"),
            header=2,
        ),
        "Ward | Beds in 2026 / All | Beds in 2026 / Free\nSurgery | 38 | 1",
    ),
    (
        table(cell("a") + cell("b") + cell("c"), cell("d", COLUMNS_2) + COVERED + cell("e")),
        "a | b | c\nd |  | e",
    ),
    (
        table(
            cell("a") + cell("b") + cell("c"),
            cell("d", f"{ROWS_2} {COLUMNS_2}") + COVERED + cell("e"),
            2 * COVERED + cell("f"),
        ),
        "a | b | c\nd |  | e\nd |  | f",
    ),
    (
        table(cell("a") + cell("b"), cell("x") + cell(f"{span('Struck', '11')}13")),
        "a | b\nx | 13 [struck out: 11]",
    ),
]


@pytest.mark.parametrize("kind", ["text", "presentation"])
@pytest.mark.parametrize(("body", "text"), TABLES)
def test_merged_cells_stay_in_their_rows_and_columns(tmp_path: Path, kind: str, body: str, text: str) -> None:
    slide = f"<draw:page><draw:frame>{body}</draw:frame></draw:page>"
    assert read(tmp_path, body if kind == "text" else slide, kind).text == text


@pytest.mark.parametrize("kind", ["text", "presentation"])
@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("<svg:desc>Map: the wreck lies at buoy 12</svg:desc>", "[picture: Map: the wreck lies at buoy 12]"),
        ("<svg:title>Tide chart</svg:title>", "[picture: Tide chart]"),
        ("<svg:title>image1.png</svg:title>", ""),
        ("", ""),
    ],
)
def test_alternative_texts_of_pictures_are_read(tmp_path: Path, kind: str, description: str, text: str) -> None:
    picture = f"<draw:frame><draw:image/>{description}</draw:frame>"
    body = f"<text:p>Chart room{picture}</text:p>"
    slide = f"<draw:page>{frame('<text:p>Chart room</text:p>')}{picture}</draw:page>"
    assert read(tmp_path, body if kind == "text" else slide, kind).text == f"Chart room\n\n{text}".strip()


def test_decoration_is_left_out(tmp_path: Path) -> None:
    more = 'xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0" loext:decorative="true"'
    picture = f"<draw:frame {more}><draw:image/><svg:desc>A wave</svg:desc></draw:frame>"
    assert read(tmp_path, f"<text:p>Chart room{picture}</text:p>").text == "Chart room"


def test_hidden_slides_say_so_in_their_label(tmp_path: Path) -> None:
    def slide(title: str, name: str) -> str:
        box = frame(f"<text:p>{title}</text:p>", 'presentation:class="title"') if title else frame("<text:p>9</text:p>")
        return f'<draw:page draw:style-name="{name}">{box}</draw:page>'

    body = slide("Limits", "on") + slide("Old limits", "off") + slide("", "off") + slide("End", "")
    labels = [page.label for page in read(tmp_path, body, "presentation").pages]
    assert labels == ["Limits", "Old limits (hidden)", "(hidden)", "End"]


def test_comments_of_a_slide_come_last_and_struck_titles_are_no_titles(tmp_path: Path) -> None:
    inner = "<dc:creator>Ann</dc:creator><text:p>Why?</text:p>"
    comment = f'<office:annotation svg:x="0cm" svg:y="0cm">{inner}</office:annotation>'
    title = frame(f"<text:p>Prices {span('Struck', '2025')}2026</text:p>", 'presentation:class="title"')
    body = f"<draw:page>{comment}{title}{frame('<text:p>EUR 9</text:p>')}</draw:page>"
    document = read(tmp_path, body, "presentation")
    assert document.text == "Prices 2026\n\n[struck out: 2025]\n\nEUR 9\n\n[comment by Ann: Why?]"
    assert document.pages[0].label == "Prices 2026"


def test_a_slide_with_only_a_described_picture_is_still_told(tmp_path: Path) -> None:
    picture = "<draw:frame><draw:image/><svg:desc>Price list of the spring</svg:desc></draw:frame>"
    document = read(tmp_path, f"<draw:page>{picture}</draw:page>", "presentation")
    assert document.text == "[picture: Price list of the spring]"
    assert document.warnings == ("pictures without text, which are not read: slide 1",)
