"""Text, CSV, Markdown and HTML: exact documents from small files, and promises for every input."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.errors import NoTextError, ParserLimitError
from ingest.parsers import registry
from ingest.parsers.encoding import decode
from ingest.parsers.plain import text
from ingest.parsers.source import MAX_LINE_BYTES, Source, check_line_lengths
from ingest.parsers.spreadsheets import delimited
from ingest.parsers.web import html, markdown
from ingest.text.invisible import remove_invisible
from ingest.text.pieces import join_pieces
from ingest.types import Block, BlockKind, Heading, Page, PageUnit, ParsedDocument

Parser = Callable[[Source], Iterator[ParsedDocument]]

ANY_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def file_of(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "content"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def read_with(parse: Parser, path: Path, filename: str) -> ParsedDocument:
    return join_pieces(parse(Source(path, filename)))


def read_text(path: Path, filename: str) -> ParsedDocument:
    return read_with(text.parse, path, filename)


def read_table(path: Path, filename: str) -> ParsedDocument:
    return read_with(delimited.parse, path, filename)


def read_markdown(path: Path, filename: str) -> ParsedDocument:
    return read_with(markdown.parse, path, filename)


def read_html(path: Path, filename: str) -> ParsedDocument:
    return read_with(html.parse, path, filename)


def assert_sound(document: ParsedDocument) -> None:
    """Every offset is inside the text, and in order."""
    length = len(document.text)
    assert document.pages == (Page(1, 0, length),)
    starts = [heading.start for heading in document.headings]
    assert starts == sorted(starts)
    assert all(document.text.startswith(heading.title, heading.start) for heading in document.headings)
    borders = [place for block in document.blocks for place in (block.start, block.end)]
    assert borders == sorted(borders)
    assert all(0 <= b.start <= b.header_end <= b.end <= length for b in document.blocks)
    assert all(sign >= " " or sign in "\n\t" for sign in document.text)
    document.text.encode("utf-8")  # would raise over half of a surrogate pair


def test_a_text_file_is_kept_as_it_is(tmp_path: Path) -> None:
    document = read_text(file_of(tmp_path, "High\ttide\r\n\r\n  at noon\r"), "tides.txt")
    assert document == ParsedDocument(
        title="tides",
        media_type="text/plain",
        text="High\ttide\n\n  at noon\n",
        pages=(Page(1, 0, 21),),
        metadata={"encoding": "utf-8"},
        unit=PageUnit.LINE,
    )


def test_a_form_feed_beside_a_line_break_makes_no_line_of_its_own(tmp_path: Path) -> None:
    document = read_text(file_of(tmp_path, "one\n\x0ctwo\n\x0c\nfour\x0cfive"), "a.txt")
    assert document.text == "one\ntwo\n\nfour\nfive"


@pytest.mark.parametrize("parse", [read_text, read_table, read_markdown, read_html])
def test_a_file_of_white_space_has_no_text(tmp_path: Path, parse: object) -> None:
    assert callable(parse)
    with pytest.raises(NoTextError):
        parse(file_of(tmp_path, " \n\n "), "blank")


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        ("Höhe", "utf-8", "utf-8"),
        ("Höhe", "utf-8-sig", "utf-8-sig"),
        ("Höhe über Null, bei Flut", "utf-16", "utf-16"),
        ("Höhe über Null, bei Flut", "utf-16-le", "utf-16-le"),
        ("Höhe über Null, bei Flut", "utf-16-be", "utf-16-be"),
        ("Höhe", "latin-1", "cp1252"),
        ("„Flut“ – Höhe", "cp1252", "cp1252"),
        ("Прилив начинается в полдень, а отлив - вечером. " * 8, "cp1251", "cp1251"),
        ("涨潮在中午开始，退潮在晚上。水位由港务局测量。" * 8, "gb18030", "gb18030"),
    ],
)
def test_the_encoding_is_found_out(content: str, encoding: str, expected: str) -> None:
    decoded = decode(content.encode(encoding))
    assert decoded.text.removeprefix("\ufeff") == content
    assert (decoded.encoding, decoded.warnings) == (expected, ())


def test_a_byte_that_fits_nothing_is_shown_and_told() -> None:
    decoded = decode("ï".encode("utf-8-sig") + b"\xff tide")
    assert decoded.text == "ï\ufffd tide"
    assert decoded.warnings == ("1 places are not valid utf-8-sig and are shown as \ufffd",)


@given(content=st.binary(max_size=300))
@ANY_FILE
def test_any_bytes_become_clean_text(tmp_path: Path, content: bytes) -> None:
    try:
        document = read_text(file_of(tmp_path, content), "any.txt")
    except NoTextError:
        return
    assert_sound(document)


@given(content=st.text(max_size=200))
@ANY_FILE
def test_any_text_is_sound_as_markdown_html_and_csv(tmp_path: Path, content: str) -> None:
    path = file_of(tmp_path, content.encode("utf-8", "replace"))
    for parse in (read_markdown, read_html, read_table):
        try:
            assert_sound(parse(path, "any"))
        except NoTextError:
            continue


def test_a_table_has_one_row_a_line_and_its_header(tmp_path: Path) -> None:
    content = 'Item;Price;Note\nRope;4,50;"blue; 10 m"\n\nBuoy;12;"two\nlines";extra\n'
    document = read_table(file_of(tmp_path, content), "prices.csv")
    assert document.text == "Item | Price | Note\nRope | 4,50 | blue; 10 m\nBuoy | 12 | two lines | extra"
    assert document.blocks == (Block(BlockKind.TABLE, 0, len(document.text), 19),)
    assert document.metadata == {"encoding": "utf-8", "delimiter": ";"}
    assert document.media_type == "text/csv"
    assert_sound(document)


def test_a_table_whose_first_row_has_numbers_has_no_header(tmp_path: Path) -> None:
    document = read_table(file_of(tmp_path, "1\t2\n3\t4\n"), "a.tsv")
    assert document.text == "1 | 2\n3 | 4"
    assert document.blocks[0].header_end == 0
    assert document.media_type == "text/tab-separated-values"


def test_a_long_table_comes_in_pages_each_under_the_header(tmp_path: Path) -> None:
    rows = [f"{number},boat {number}" for number in range(delimited.ROWS_PER_PAGE * 2)]
    path = file_of(tmp_path, "\n".join(["id,name", *rows]))
    pieces = list(delimited.parse(Source(path, "a.csv")))
    assert [(piece.pages[0].number, piece.pages[0].label) for piece in pieces] == [
        (1, "rows 1 to 2000"),
        (2, "rows 2001 to 4000"),
    ]
    assert pieces[1].text.startswith("id | name\n2000 | boat 2000\n")
    assert {piece.unit for piece in pieces} == {PageUnit.PAGE}


def test_a_long_text_comes_in_pieces_of_whole_lines(tmp_path: Path) -> None:
    lines = [f"line {number} of the log of the ferry to the island" for number in range(100_000)]
    pieces = list(text.parse(Source(file_of(tmp_path, "\n".join(lines) + "\n"), "a.log")))
    assert len(pieces) > 1
    assert "\n".join(piece.text for piece in pieces) == "\n".join(lines) + "\n"
    assert [piece.pages[0].number for piece in pieces] == list(range(1, len(pieces) + 1))


def test_a_place_in_a_table_is_its_line_where_every_row_is_one(tmp_path: Path) -> None:
    def unit(content: str) -> PageUnit:
        return read_table(file_of(tmp_path, content), "a.csv").unit

    assert unit("a,b\n1,2\n") is PageUnit.LINE
    assert unit("a,b\n\n1,2\n") is PageUnit.PAGE
    assert unit('a,b\n1,"two\nlines"\n') is PageUnit.PAGE
    assert unit("\na,b\n1,2\n") is PageUnit.PAGE


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp", "Zs")), min_size=1, max_size=6
).filter(lambda cell: remove_invisible(cell) == cell)


@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=5), min_size=2, max_size=6))
@example(rows=[["0", "0", ";0"], ["0", ";"]])
@ANY_FILE
def test_no_cell_is_lost(tmp_path: Path, rows: list[list[str]]) -> None:
    quoted = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    document = read_table(file_of(tmp_path, quoted), "a.csv")
    assert document.text.split("\n") == [" | ".join(row).rstrip(" |") for row in rows if " | ".join(row).rstrip(" |")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("sep=;\nName;Amount\nTide;1,5", "Name | Amount\nTide | 1,5"),
        ("sep=,\r\nName,Amount\r\nTide,15", "Name | Amount\nTide | 15"),
        ("SEP=|\nName|Amount\nTide|15", "Name | Amount\nTide | 15"),
        ('"sep=;"\nName;Amount\nTide;15', "Name | Amount\nTide | 15"),
        ("sep=\t\nName\tAmount\nTide\t15", "Name | Amount\nTide | 15"),
        ("sep=^\nName^Amount\nTide^15", "Name | Amount\nTide | 15"),
        ("sep=;;\nName;Amount\nTide;15", "Name | Amount\nTide | 15"),
        ("\ufeffsep=;\nName;Amount\nTide;15", "Name | Amount\nTide | 15"),
        ("sep=a\nName;Amount", "sep=a\nName | Amount"),
        ("separator;x\nTide;15", "separator | x\nTide | 15"),
    ],
)
def test_a_first_line_that_tells_the_delimiter_is_no_row(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    document = read_table(path, "a.csv")
    assert document.text == text
    has_line = content.lstrip("\ufeff").lower().startswith(("sep=", '"sep=')) and "sep=a" not in content
    assert document.unit is (PageUnit.PAGE if has_line else PageUnit.LINE)


def test_markdown_is_text_with_structure(tmp_path: Path) -> None:
    content = (
        '---\ntitle: "Boat Care"\n---\n# Hull\n\nScrub *gently*, see [guide](https://x.org/a) and <b>rinse</b>.\n\n'
        "| Part | Wax |\n|---|---|\n| bow | **2** |\n\n1. Sand\n2. Paint\n   - twice\n\n```sh\nmake  dry\n```\n\n"
        "<ul><li>left</li><li>right</li></ul>\n"
    )
    document = read_markdown(file_of(tmp_path, content), "care.md")
    assert document.title == "Boat Care"
    assert document.text == (
        'title: "Boat Care"\n\nHull\n\nScrub gently, see guide (https://x.org/a) and rinse.\n\n'
        "Part | Wax\nbow | 2\n\n1. Sand\n2. Paint\n  - twice\n\nmake  dry\n\n- left\n- right"
    )
    assert document.headings == (Heading(1, "Hull", 20),)
    table, code = document.blocks
    assert document.text[table.start : table.end] == "Part | Wax\nbow | 2"
    assert document.text[table.start : table.header_end] == "Part | Wax"
    assert (code.kind, document.text[code.start : code.end]) == (BlockKind.CODE, "make  dry")
    assert_sound(document)


PAGE = """<!DOCTYPE html><html><head><title>Ferry FAQ</title><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><script>var x = "hidden";</script><p hidden>unseen</p>
<h1>Tickets</h1><p>Buy <b>on
board</b> or online.<br>Cash only.</p>
<ol start="3"><li>Queue<ul><li>early</li></ul></li><li>Pay</li></ol>
<table><caption>Fares</caption><tr><th>Zone</th><th>Fare</th></tr><tr><td>A</td><td>4<br>EUR</td></tr></table>
<table><tr><td><h2>Layout</h2><p>cell</p></td></tr></table>
<pre>line  one
  line two</pre><footer>Open daily</footer></body></html>"""


def test_a_web_page_is_what_a_reader_sees(tmp_path: Path) -> None:
    document = read_html(file_of(tmp_path, PAGE), "faq.html")
    assert document.title == "Ferry FAQ"
    assert document.text == (
        "[hidden: not displayed: unseen]\n\nTickets\n\nBuy on board or online.\nCash only.\n\n"
        "3. Queue\n  - early\n4. Pay\n\nFares\n\n"
        "Zone | Fare\nA | 4 EUR\n\nLayout\n\ncell\n\nline  one\n  line two\n\nOpen daily"
    )
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Tickets"), (2, "Layout")]
    table, code = document.blocks
    assert document.text[table.start : table.header_end] == "Zone | Fare"
    assert document.text[code.start : code.end] == "line  one\n  line two"
    assert_sound(document)


def test_a_page_of_nothing_but_a_menu_is_read(tmp_path: Path) -> None:
    assert read_html(file_of(tmp_path, "<nav><a>Home</a></nav>"), "a.html").text == "Home"


def test_the_encoding_that_a_page_declares_is_used(tmp_path: Path) -> None:
    page = '<meta charset="windows-1251"><p>Прилив</p>'.encode("cp1251")
    assert read_html(file_of(tmp_path, page), "a.html").text == "Прилив"


def test_a_page_that_nests_very_deeply_is_read(tmp_path: Path) -> None:
    page = "<div>" * 5_000 + "deep" + "</div>" * 5_000
    assert read_html(file_of(tmp_path, page), "a.html").text == "deep"


@pytest.mark.parametrize("filename", ["a.txt", "a.csv", "a.jsonl", "a.js"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_a_line_longer_than_any_that_people_write_is_refused_before_it_is_taken_in(
    tmp_path: Path, filename: str, line_break: str
) -> None:
    path = tmp_path / filename
    path.write_text(f"first{line_break}{'word ' * (MAX_LINE_BYTES // 5 + 2)}{line_break}last", newline="")
    with pytest.raises(ParserLimitError, match="a line of more than 8 MB; break it into lines"):
        registry.parse(path, filename)


def test_many_lines_are_not_one_long_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{'word ' * 200_000}\n" * 9)
    check_line_lengths(Source(path, "a.txt"))


def test_a_quotation_mark_that_nothing_closes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"' + "x,y\n" * 2_200_000)
    with pytest.raises(ParserLimitError, match="a quotation mark that nothing closes"):
        registry.parse(path, "a.csv")
