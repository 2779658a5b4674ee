"""Word documents: what a person sees, by signs, heights, marks of revision and merged cells."""

import zipfile
from pathlib import Path

import docx
import pytest

from ingest.parsers import registry
from ingest.types import ParsedDocument

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
STYLES = (
    '<w:style w:type="character" w:styleId="Raised"><w:name w:val="Raised"/><w:rPr><w:vertAlign w:val="superscript"/>'
    '</w:rPr></w:style><w:style w:type="character" w:styleId="Gone"><w:name w:val="Gone"/><w:rPr><w:strike/></w:rPr>'
    '</w:style><w:style w:type="character" w:styleId="GoneToo"><w:name w:val="GoneToo"/><w:basedOn w:val="Gone"/>'
    '</w:style><w:style w:type="paragraph" w:styleId="OldText"><w:name w:val="Old"/><w:rPr><w:strike/></w:rPr>'
    "</w:style>"
    '<w:style w:type="paragraph" w:styleId="Greek"><w:name w:val="Greek"/><w:rPr><w:rFonts w:ascii="Symbol" '
    'w:hAnsi="Symbol"/></w:rPr></w:style>'
)


def write(path: Path, body: str, **parts: str) -> Path:
    """Write a document with this body and the styles above; `parts` replace parts of the container."""
    plain = path.with_suffix(".plain.docx")
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Kiln"
    document.save(str(plain))
    text = (
        f'<w:document xmlns:w="{W}" xmlns:wp="{WP}" xmlns:a="{A}" '
        f'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>{body}</w:body></w:document>'
    )
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode("utf-8", "replace") if name.endswith((".xml", ".rels")) else old.read(name)
            if name == "word/document.xml":
                content = text
            elif name == "word/styles.xml" and isinstance(content, str):
                content = content.replace("</w:styles>", f"{STYLES}</w:styles>")
            new.writestr(name, parts.get(name, content))
    return path


def read(tmp_path: Path, body: str, **parts: str) -> ParsedDocument:
    return registry.parse(write(tmp_path / "a.docx", body, **parts), "a.docx")


def text_of(tmp_path: Path, body: str) -> str:
    return read(tmp_path, body).text.removeprefix("Kiln").strip()


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def fonts(name: str) -> str:
    return f'<w:rFonts w:ascii="{name}" w:hAnsi="{name}"/>'


def raised(value: str = "superscript") -> str:
    return f'<w:vertAlign w:val="{value}"/>'


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([run("5 "), run("m", fonts("Symbol")), run("g")], "5 μg"),
        ([run("5 "), run("\uf06d", fonts("Symbol")), run("g")], "5 μg"),
        ([run("5 \uf06dg")], "5 μg"),
        ([run("5 "), '<w:r><w:sym w:font="Symbol" w:char="F06D"/></w:r>', run("g")], "5 μg"),
        ([run("5 "), '<w:r><w:sym w:font="Symbol" w:char="006D"/></w:r>', run("g")], "5 μg"),
        ([run("T "), run("\xa3 40 \xb1", fonts("Symbol"))], "T ≤ 40 ±"),
        ([run("Done "), run("\xfc", fonts("Wingdings"))], "Done ✓"),
        ([run("Done "), run("P", fonts("Wingdings 2"))], "Done ✓"),
        ([run("a "), '<w:r><w:sym w:font="Wingdings" w:char="F0E0"/></w:r>', run(" b")], "a → b"),
        ([run("m", fonts("Arial")), run("μ", fonts("Symbol"))], "mμ"),
        ([run("m", '<w:rFonts w:hAnsi="Symbol"/>')], "m"),
        ([run("m", '<w:rFonts w:ascii="Symbol" w:asciiTheme="minorHAnsi" w:hAnsi="Symbol"/>')], "m"),
    ],
)
def test_symbol_fonts_are_read_as_the_sign_that_they_show(tmp_path: Path, runs: list[str], text: str) -> None:
    assert text_of(tmp_path, paragraph(*runs)) == text


def test_the_font_of_a_style_counts(tmp_path: Path) -> None:
    assert text_of(tmp_path, paragraph(run("a = b"), properties='<w:pStyle w:val="Greek"/>')) == "α = β"


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([run("10"), run("6", raised()), run(" cells")], "10⁶ cells"),
        ([run("10"), run("1", raised()), run("2", raised())], "10¹²"),
        ([run("10"), run("-3", raised())], "10⁻³"),
        ([run("H"), run("2", raised("subscript")), run("O")], "H₂O"),
        ([run("m"), run("2", '<w:rStyle w:val="Raised"/>')], "m²"),
        ([run("m"), run("2", '<w:rStyle w:val="Raised"/><w:vertAlign w:val="baseline"/>')], "m2"),
        ([run("x"), run("n/2", raised())], "x^(n/2)"),
        ([run("V"), run("eff", raised("subscript"))], "V_(eff)"),
        ([run("10"), run("6", '<w:position w:val="8"/>')], "10⁶"),
        ([run("the 5"), run("th", raised()), run(" day")], "the 5th day"),
        ([run("10"), run("m", raised() + fonts("Symbol"))], "10^(μ)"),
        ([run("H"), run("2", '<w:position w:val="-2"/><w:sz w:val="14"/>'), run("O")], "H₂O"),
        ([run("10"), run("6", '<w:position w:val="3"/><w:sz w:val="14"/>'), run(" cells")], "10⁶ cells"),
        ([run("Room 1"), run("06", '<w:position w:val="2"/>')], "Room 106"),
    ],
)
def test_superscripts_and_subscripts_are_kept_apart(tmp_path: Path, runs: list[str], text: str) -> None:
    assert text_of(tmp_path, paragraph(*runs)) == text


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([run("is "), run("7", "<w:strike/>"), run(" 8.")], "is 8.\n[struck out: 7]"),
        ([run("is "), run("7", "<w:dstrike/>"), run(" 8.")], "is 8.\n[struck out: 7]"),
        ([run("is "), run("7", '<w:strike w:val="true"/>'), run(" 8.")], "is 8.\n[struck out: 7]"),
        ([run("is "), run("7", '<w:strike w:val="0"/>'), run(" 8.")], "is 7 8."),
        ([run("is "), run("7", '<w:rStyle w:val="Gone"/>'), run(" 8.")], "is 8.\n[struck out: 7]"),
        ([run("is "), run("7", '<w:rStyle w:val="GoneToo"/>'), run(" 8.")], "is 8.\n[struck out: 7]"),
        ([run("is "), run("7", '<w:rStyle w:val="Gone"/><w:strike w:val="false"/>'), run(" 8.")], "is 7 8."),
        ([run("is "), run("7", "<w:vanish/>"), run(" 8.")], "is 8.\n[hidden: formatting: 7]"),
        ([run("is "), run("7", '<w:vanish w:val="off"/>'), run(" 8.")], "is 7 8."),
        ([run("is "), run("7", '<w:sz w:val="2"/>'), run(" 8.")], "is 8.\n[hidden: tiny text: 7]"),
        ([run("is "), run("7", '<w:sz w:val="4"/><w:szCs w:val="24"/>'), run(" 8.")], "is 8.\n[hidden: tiny text: 7]"),
        ([run("is"), run(" ", '<w:sz w:val="2"/>'), run("8.")], "is 8."),
        ([run("is "), run("7", '<w:sz w:val="5"/>'), run(" 8.")], "is 7 8."),
        ([run("is "), run("7", '<w:sz w:val="9.5"/>'), run(" 8.")], "is 7 8."),
        ([run("is "), run("7", '<w:strike/><w:sz w:val="2"/>'), run(" 8.")], "is 8.\n[hidden: tiny text: 7]"),
        ([run("all", "<w:strike/>"), run(" of it", "<w:strike/>")], "[struck out: all of it]"),
        (
            [run("is "), '<w:del w:author="Ann"><w:r><w:delText>7</w:delText></w:r></w:del>', run("8")],
            "is 8\n[deleted by Ann: 7]",
        ),
        (
            [run("is "), '<w:moveFrom w:author="Bo"><w:r><w:t>7</w:t></w:r></w:moveFrom>', run("8")],
            "is 8\n[deleted by Bo: 7]",
        ),
        ([run("is "), '<w:ins w:author="Ann"><w:r><w:t>8</w:t></w:r></w:ins>'], "is 8"),
        (
            [run("is "), '<w:ins><w:del w:author="B"><w:r><w:delText>8</w:delText></w:r></w:del></w:ins>', run("9")],
            "is 9\n[deleted by B: 8]",
        ),
    ],
)
def test_withdrawn_and_hidden_text_is_no_part_of_the_sentence(tmp_path: Path, runs: list[str], text: str) -> None:
    assert text_of(tmp_path, paragraph(*runs)) == text


def test_a_struck_paragraph_style_strikes_its_runs_but_those_that_a_character_style_toggles(tmp_path: Path) -> None:
    body = paragraph(run("old"), run(" valid", '<w:rStyle w:val="Gone"/>'), properties='<w:pStyle w:val="OldText"/>')
    assert text_of(tmp_path, body) == "valid\n[struck out: old]"


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ('<w:rPr><w:del w:author="a"/></w:rPr>', "The notice is ninety days."),
        ('<w:rPr><w:moveFrom w:author="a"/></w:rPr>', "The notice is ninety days."),
        ("<w:rPr><w:vanish/></w:rPr>", "The notice is ninety days."),
        ('<w:rPr><w:ins w:author="a"/></w:rPr>', "The notice\n\nis ninety days."),
        ("<w:rPr><w:vanish/><w:specVanish/></w:rPr>", "The notice\n\nis ninety days."),
        ('<w:framePr w:dropCap="drop"/>', "The notice is ninety days."),
    ],
)
def test_paragraphs_without_a_mark_between_them_are_one(tmp_path: Path, properties: str, text: str) -> None:
    body = paragraph(run("The notice "), properties=properties) + paragraph(run("is ninety days."))
    assert text_of(tmp_path, body) == text


def test_paragraphs_in_a_cell_without_a_mark_between_them_are_one(tmp_path: Path) -> None:
    mark = '<w:rPr><w:del w:author="a"/></w:rPr>'
    cell = paragraph(run("nine"), properties=mark) + paragraph(run("ty"))
    assert text_of(tmp_path, table([["a", cell]])) == "a | ninety"


def test_a_deletion_of_several_paragraphs_leaves_one(tmp_path: Path) -> None:
    mark = '<w:rPr><w:del w:author="a"/></w:rPr>'
    gone = '<w:del w:author="a"><w:r><w:delText>gone </w:delText></w:r></w:del>'
    body = paragraph(run("One "), gone, properties=mark) + paragraph(gone, properties=mark) + paragraph(run("two."))
    assert text_of(tmp_path, body) == "One two.\n[deleted by a: gone gone]"


def test_ruby_is_left_out_and_its_base_stays_whole(tmp_path: Path) -> None:
    def ruby(base: str, reading: str) -> str:
        return f"<w:r><w:ruby><w:rubyPr/><w:rt>{run(reading)}</w:rt><w:rubyBase>{run(base)}</w:rubyBase></w:ruby></w:r>"

    assert text_of(tmp_path, paragraph(ruby("電", "でん"), ruby("池", "ち"), run("は"))) == "電池は"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (run("Kündigungs") + "<w:r><w:softHyphen/></w:r>" + run("frist"), "Kündigungsfrist"),
        (run("Kündigungs\u00adfrist"), "Kündigungsfrist"),
        (run("X") + "<w:r><w:noBreakHyphen/></w:r>" + run("ray"), "X-ray"),
        ("<w:r><w:fldChar><w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData></w:fldChar></w:r>", "☒"),
        ("<w:r><w:fldChar><w:ffData><w:checkBox><w:default w:val='0'/></w:checkBox></w:ffData></w:fldChar></w:r>", "☐"),
        (
            '<w:r><w:fldChar><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="no"/>'
            '<w:listEntry w:val="yes"/></w:ddList></w:ffData></w:fldChar></w:r>',
            "yes",
        ),
        (
            run("Fee") + '<w:r><w:footnoteReference w:id="9" w:customMarkFollows="1"/><w:t>*</w:t></w:r>' + run(" 5"),
            "Fee 5",
        ),
    ],
)
def test_signs_that_are_no_text_runs(tmp_path: Path, content: str, text: str) -> None:
    assert text_of(tmp_path, paragraph(content)) == text


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ('descr="The wreck lies at buoy 12"', "See.\n[picture: The wreck lies at buoy 12]"),
        ('title="Harbour"', "See.\n[picture: Harbour]"),
        ('descr="scan0001.png"', "See."),
        ('descr="C:\\Users\\x\\map.jpg"', "See."),
        ('descr="Picture 3"', "See."),
        ('descr="A map [old]&#10;&#10;Description automatically generated"', "See.\n[picture: A map (old)]"),
        ('descr=""', "See."),
    ],
)
def test_alternative_texts_of_pictures_follow_their_paragraph(tmp_path: Path, attributes: str, text: str) -> None:
    picture = f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="x" {attributes}/></wp:inline></w:drawing></w:r>'
    assert text_of(tmp_path, paragraph(run("See."), picture)) == text


def test_comments_follow_their_paragraph_or_stand_in_their_cell(tmp_path: Path) -> None:
    document = docx.Document()
    written = document.add_paragraph("The fee is 5.")
    document.add_comment(written.runs, text="Ask Bo", author="Ann", initials="A")
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "a", "b"
    document.add_comment(table.rows[0].cells[0].paragraphs[0].runs, text="check", author="Bo", initials="B")
    document.save(str(tmp_path / "a.docx"))
    text = registry.parse(tmp_path / "a.docx", "a.docx").text
    assert text == "The fee is 5.\n[comment by Ann: Ask Bo]\n\na [comment by Bo: check] | b"


def table(rows: list[list[str]], *, row_properties: dict[int, str] | None = None) -> str:
    """Return a table; a cell that begins with "<w:tcPr" or "<w:p" is XML."""
    lines: list[str] = []
    for number, cells in enumerate(rows):
        properties = (row_properties or {}).get(number, "")
        xml = "".join(f"<w:tc>{cell if cell.startswith('<') else paragraph(run(cell))}</w:tc>" for cell in cells)
        lines.append(f"<w:tr><w:trPr>{properties}</w:trPr>{xml}</w:tr>")
    return f"<w:tbl>{''.join(lines)}</w:tbl>"


def cell(text: str, *, span: int = 1, merge: str = "") -> str:
    vertical = f'<w:vMerge w:val="{merge}"/>' if merge == "restart" else ("<w:vMerge/>" if merge else "")
    return f'<w:tcPr><w:gridSpan w:val="{span}"/>{vertical}</w:tcPr>{paragraph(run(text))}'


HEADER = "<w:tblHeader/>"


@pytest.mark.parametrize(
    ("rows", "properties", "text"),
    [
        (
            [["R", "D", "P"], [cell("North", merge="restart"), "Charger", "35"], [cell("", merge="on"), "Cable", "9"]],
            {},
            "R | D | P\nNorth | Charger | 35\nNorth | Cable | 9",
        ),
        ([["a", "b", "c"], [cell("wide", span=2), "3"]], {}, "a | b | c\nwide |  | 3"),
        ([["a", "b", "c"], ["x", "y"]], {1: '<w:gridBefore w:val="1"/>'}, "a | b | c\n | x | y"),
        ([["a", "b", "c"], ["x", "y"]], {1: '<w:gridAfter w:val="1"/>'}, "a | b | c\nx | y"),
        (
            [["Ward", cell("Beds in 2026", span=2)], ["", "Free", "Used"], ["S", "1", "40"]],
            {0: HEADER, 1: HEADER},
            "Ward | Beds in 2026 / Free | Beds in 2026 / Used\nS | 1 | 40",
        ),
        (
            [
                [cell("Ward", merge="restart"), cell("Beds in 2026", span=2)],
                [cell("", merge="on"), "Free", "Used"],
                ["S", "1", "40"],
            ],
            {0: HEADER, 1: HEADER},
            "Ward | Beds in 2026 / Free | Beds in 2026 / Used\nS | 1 | 40",
        ),
        (
            [
                [cell("Ward", merge="restart"), cell("Beds in 2026", span=2)],
                [cell("", merge="on"), "Free", "Used"],
                ["S", "1", "40"],
            ],
            {},
            "Ward | Beds in 2026 / Free | Beds in 2026 / Used\nS | 1 | 40",
        ),
        ([["a", "b"], ["c", "d"]], {0: '<w:tblHeader w:val="0"/>'}, "a | b\nc | d"),
        ([["a", "b"], ["c", "d"]], {1: '<w:del w:author="Ann"/>'}, "a | b\n[deleted by Ann: c] | [deleted by Ann: d]"),
        ([["a", "b"], ["c", "d"]], {1: "<w:hidden/>"}, "a | b\n[hidden: row: c] | [hidden: row: d]"),
        ([["a", paragraph(run("7", "<w:strike/>"), run(" 8"))]], {}, "a | 8 [struck out: 7]"),
        (
            [
                ["<w:tcPr><w:hMerge w:val='restart'/></w:tcPr><w:p/>", "<w:tcPr><w:hMerge/></w:tcPr><w:p/>", "c"],
                ["1", "2", "3"],
            ],
            {},
            " |  | c\n1 | 2 | 3",
        ),
    ],
)
def test_cells_of_a_table_stay_in_their_columns(
    tmp_path: Path, rows: list[list[str]], properties: dict[int, str], text: str
) -> None:
    assert read(tmp_path, table(rows, row_properties=properties)).text.removeprefix("Kiln\n\n") == text


def test_a_header_of_several_rows_is_the_header_of_the_table(tmp_path: Path) -> None:
    rows = [["Ward", cell("Beds", span=2)], ["", "Free", "Used"], ["S", "1", "40"]]
    document = read(tmp_path, table(rows, row_properties={0: HEADER, 1: HEADER}))
    (block,) = document.blocks
    assert document.text[block.start : block.header_end] == "Ward | Beds / Free | Beds / Used"


@pytest.mark.parametrize("part", ["word/header1.xml", "word/styles.xml", "word/numbering.xml", "docProps/core.xml"])
def test_a_damaged_part_costs_that_part(tmp_path: Path, part: str) -> None:
    document = read(tmp_path, paragraph(run("The fee is 5.")), **{part: "<w:cut"})
    assert document.text.removeprefix("Kiln\n\n") == "The fee is 5."
    assert document.warnings == (f"a damaged part is left out: {part}",)


def test_a_link_to_a_part_that_is_missing_is_no_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "whole.docx", paragraph(run("The fee is 5.")))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "a.docx", "w") as new:
        for name in old.namelist():
            if name != "word/theme/theme1.xml":
                new.writestr(name, old.read(name))
    assert registry.parse(tmp_path / "a.docx", "a.docx").text == "Kiln\n\nThe fee is 5."


def test_a_struck_item_of_a_list_has_its_number(tmp_path: Path) -> None:
    document = docx.Document()
    for name in ("first", "second", "third"):
        document.add_paragraph(style="List Number").add_run(name).font.strike = name == "second"
    document.save(str(tmp_path / "a.docx"))
    assert registry.parse(tmp_path / "a.docx", "a.docx").text == "1. first\n2. [struck out: second]\n3. third"


def field(instruction: str, *result: str) -> str:
    marks = [f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")]
    code = f'<w:r><w:instrText xml:space="preserve">{instruction}</w:instrText></w:r>'
    return f"{marks[0]}{code}{marks[1] if result else ''}{''.join(result)}{marks[2]}"


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([run("5 "), field(" SYMBOL 109 \\f Symbol "), run("g")], "5 μg"),
        ([run("5 "), field(" SYMBOL 109 \\f Symbol ", run("m", fonts("Symbol"))), run("g")], "5 μg"),
        ([run("Add "), field(" EQ \\f(1,2) "), run(" litre")], "Add 1/2 litre"),
        ([run("See "), field(" REF _1 ", run("3.1")), run(".")], "See 3.1."),
        ([run("See "), field(" IF ", field(" EQ \\f(1,2) ")), run(".")], "See 1/2."),
        ([field(" PAGE "), run("end")], "end"),
    ],
)
def test_a_field_without_a_result_is_what_word_draws(tmp_path: Path, runs: list[str], text: str) -> None:
    assert text_of(tmp_path, paragraph(*runs)) == text


def level(number: int, format_: str, pattern: str, more: str = "") -> str:
    values = f'<w:start w:val="1"/><w:numFmt w:val="{format_}"/>{more}<w:lvlText w:val="{pattern}"/>'
    return f'<w:lvl w:ilvl="{number}">{values}</w:lvl>'


@pytest.mark.parametrize(
    ("levels", "labels"),
    [
        ([level(0, "upperRoman", "Article %1"), level(1, "decimal", "%1.%2", "<w:isLgl/>")], ["Article I", "1.1"]),
        ([level(0, "ordinal", "%1"), level(1, "cardinalText", "%2")], ["1st", "One"]),
        ([level(0, "ordinalText", "%1"), level(1, "decimalEnclosedCircle", "%2")], ["First", "①"]),
        ([level(0, "chineseCounting", "第%1条"), level(1, "decimalFullWidth", "%2")], ["第一条", "１"]),
        ([level(0, "russianLower", "%1)"), level(1, "numberInDash", "%2")], ["а)", "- 1 -"]),
    ],
)
def test_numbers_of_lists_have_the_format_of_their_level(tmp_path: Path, levels: list[str], labels: list[str]) -> None:
    numbering = (
        f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="1">{"".join(levels)}</w:abstractNum>'
        '<w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )
    items = [
        paragraph(run(name), properties=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="7"/></w:numPr>')
        for depth, name in enumerate(("Scope", "Terms"))
    ]
    text = read(tmp_path, "".join(items), **{"word/numbering.xml": numbering}).text
    assert [line.strip() for line in text.splitlines()[-2:]] == [f"{labels[0]} Scope", f"{labels[1]} Terms"]
