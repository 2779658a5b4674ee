"""HTML, Markdown and EPUB as a person sees them: merged cells, struck text, superscripts, ruby, pictures, notes."""

import zipfile
from pathlib import Path

import pytest

from ingest.errors import DamagedFileError
from ingest.parsers import registry
from ingest.types import ParsedDocument
from tests.office_files import write_epub


def read(tmp_path: Path, content: str, name: str = "page.html") -> ParsedDocument:
    path = tmp_path / name
    path.write_text(f"<!doctype html>{content}" if name.endswith("html") else content, encoding="utf-8")
    return registry.parse(path, name)


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (
            "<tr><th>R<th>D<th>C<tr><td rowspan=2>North<td>A<td>1<tr><td>B<td>2<tr><td>South<td>E<td>3",
            ["R | D | C", "North | A | 1", "North | B | 2", "South | E | 3"],
        ),
        (
            "<tr><th>R<th>D<th>C<tr><td>A<td rowspan=2>both<td>1<tr><td>B<td>2",
            ["R | D | C", "A | both | 1", "B | both | 2"],
        ),
        (
            "<tr><th>R<th>D<th>C<tr><td>A<td>1<td rowspan=2>last<tr><td>B<td>2",
            ["R | D | C", "A | 1 | last", "B | 2 | last"],
        ),
        (
            "<tr><th>R<th>D<th>C<tr><td colspan=2>Total<td>155<tr><td>A<td>B<td>2",
            ["R | D | C", "Total |  | 155", "A | B | 2"],
        ),
        (
            "<tr><th>R<th>D<th>C<tr><td rowspan=2 colspan=2>both<td>1<tr><td>2<tr><td>x<td>y<td>3",
            ["R | D | C", "both |  | 1", "both |  | 2", "x | y | 3"],
        ),
        (  # to the end of the row group
            "<tr><th>R<th>D<tbody><tr><td rowspan=0>N<td>1<tr><td>2</tbody><tbody><tr><td>S<td>3</tbody>",
            ["R | D", "N | 1", "N | 2", "S | 3"],
        ),
        (  # not over the end of the row group
            "<tr><th>R<th>D<tbody><tr><td rowspan=9>N<td>1</tbody><tbody><tr><td>S<td>3</tbody>",
            ["R | D", "N | 1", "S | 3"],
        ),
        (
            "<tr><th rowspan=2>Ward<th colspan=2>Beds in 2026<tr><th>Free<th>Used<tr><td>A<td>1<td>2",
            ["Ward | Beds in 2026 / Free | Beds in 2026 / Used", "A | 1 | 2"],
        ),
        (
            "<thead><tr><td rowspan=3>Ward<td colspan=4>Beds<tr><td colspan=2>2025<td colspan=2>2026"
            "<tr><td>Free<td>Used<td>Free<td>Used</thead><tr><td>A<td>1<td>2<td>3<td>4",
            [
                "Ward | Beds / 2025 / Free | Beds / 2025 / Used | Beds / 2026 / Free | Beds / 2026 / Used",
                "A | 1 | 2 | 3 | 4",
            ],
        ),
        (  # without th: the merged cells show the header
            "<tr><td rowspan=2>Ward<td colspan=2>Beds<tr><td>Free<td>Used<tr><td>A<td>1<td>2",
            ["Ward | Beds / Free | Beds / Used", "A | 1 | 2"],
        ),
        (
            "<tr><th colspan=3>Beds in 2026<tr><th>Ward<th>Free<th>Used<tr><td>A<td>1<td>2",
            ["Beds in 2026", "Ward | Free | Used", "A | 1 | 2"],
        ),
        (
            "<tr><td></td><th>Free<th>Used<tr><th>A<td>1<td>2",
            [" | Free | Used", "A | 1 | 2"],
        ),
        (
            "<tr><th>D<th>N<tr><th colspan=2>North<tr><td>A<td>1<tr><th colspan=2>South<tr><td>B<td>2",
            ["D | N", "North", "A | 1", "South", "B | 2"],
        ),
        (
            "<tr><th colspan=2>Opening hours<tr><td>Mon<td>9-5<tr><td>Tue<td>9-6",
            ["Opening hours", "Mon | 9-5", "Tue | 9-6"],
        ),
        (  # the foot is shown last
            "<tfoot><tr><td>Sum<td>3</tfoot><thead><tr><th>W<th>N</thead><tbody><tr><td>A<td>3</tbody>",
            ["W | N", "A | 3", "Sum | 3"],
        ),
        (  # what is hidden takes no column and no row
            "<tr><th>W<th style='display:none'>x<th>N<tr hidden><td>q<td>r<td>s<tr><td>A<td hidden>y<td>1",
            ["W | N", "A | 1", "", " ".join(f"[hidden: not displayed: {text}]" for text in "xqrsy")],
        ),
        (  # a column in which no cell begins is no column
            "<tr><th colspan=2>A<th>B<tr><td colspan=2>x<td>1<tr><td colspan=2>y<td>2",
            ["A | B", "x | 1", "y | 2"],
        ),
        ("<tr><th>A<th>B<tr><td colspan=99>wide<tr><td>1<td>2", ["A | B", "wide", "1 | 2"]),
        ("<tr><th><h3>A</h3><th><h3>B</h3><tr><td>1<td>2", ["A | B", "1 | 2"]),
        ("<tr><th>Price<td>155", ["Price | 155"]),
    ],
)
def test_no_column_of_a_table_moves(tmp_path: Path, rows: str, lines: list[str]) -> None:
    document = read(tmp_path, f"<table>{rows}</table>")
    assert document.text.split("\n") == lines


def test_a_header_of_several_rows_is_the_header_of_the_table(tmp_path: Path) -> None:
    rows = "<tr><th rowspan=2>Ward<th colspan=2>Beds<tr><th>Free<th>Used<tr><td>A<td>1<td>2"
    document = read(tmp_path, f"<p>x<table>{rows}</table>")
    (table,) = document.blocks
    assert document.text[table.start : table.header_end] == "Ward | Beds / Free | Beds / Used"


@pytest.mark.parametrize("element", ["div", "span"])
def test_a_table_that_only_its_roles_say_to_be_one_is_read_in_rows(tmp_path: Path, element: str) -> None:
    def row(role: str, *texts: str) -> str:
        cells = "".join(f"<{element} role={role}>{text}</{element}>" for text in texts)
        return f"<div role=row>{cells}</div>"

    document = read(
        tmp_path, f"<div role=table>{row('columnheader', 'Name', 'Rate')}{row('cell', 'Ann', '<b>12</b>')}</div>"
    )
    (table,) = document.blocks
    assert document.text == "Name | Rate\nAnn | 12"
    assert document.text[: table.header_end] == "Name | Rate"


def test_the_layout_of_the_source_of_a_formula_is_no_text(tmp_path: Path) -> None:
    source = "<p>Area <math>\n  <msup>\n    <mi>x</mi>\n    <mn>2</mn>\n  </msup>\n</math> m"
    assert read(tmp_path, source).text == "Area x² m"


def test_a_long_merged_text_stands_once(tmp_path: Path) -> None:
    text = "long " * 80
    document = read(tmp_path, f"<table><tr><th>A<th>B<tr><td rowspan=3>{text}<td>1<tr><td>2<tr><td>3</table>")
    assert document.text.endswith("| 1\n | 2\n | 3")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>5 <font face=Symbol>m</font>g", "5 μg"),
        ("<p>5 <font face='symbol, Times'>m</font>g, x <FONT FACE=Symbol>&pound;</FONT> 7", "5 μg, x ≤ 7"),
        ("<p>5 <span style='font-family:Symbol'>m</span>g", "5 μg"),
        ("<p>5 <span style='font: bold 12pt/1.2 \"Symbol\"'>m</span>g", "5 μg"),
        ("<p>5 <span style='mso-char-type:symbol;mso-symbol-font-family:Symbol'>&#61549;</span>g", "5 μg"),
        ("<style>.sy {font-family: Symbol}</style><p>5 <i class=sy>m</i>g", "5 μg"),
        ("<style>p.w span {font-family: Wingdings, sans-serif}</style><p class=w><span>&uuml;</span> done", "✓ done"),
        ("<p style='font-family:Symbol'>a <span style='font:7pt \"Times New Roman\"'>a</span> b", "α a β"),
        ("<ul><li><b style='font-family:Symbol'>D</b> T</ul>", "- Δ T"),
        ("<table><tr><th>N<th>U<tr><td>5<td style='font-family:Symbol'>m</table>", "N | U\n5 | μ"),
        ("<h2><font face=Wingdings>&#252;</font> Done</h2>", "✓ Done"),
        ("<p style='font-family: Arial, Symbol'>5 m <span style='font-family:\"Segoe UI Symbol\"'>m</span>", "5 m m"),
    ],
)
def test_a_symbol_font_shows_signs(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content).text == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>Fee <s>EUR 3,400</s> EUR 4,150 a month.", "Fee EUR 4,150 a month. [struck out: EUR 3,400]"),
        ("<p>Fee <del>EUR 3,400</del><ins>EUR 4,150</ins>.", "Fee EUR 4,150. [struck out: EUR 3,400]"),
        ("<p>Fee <strike>5</strike> <s>6</s> 7", "Fee 7 [struck out: 5] [struck out: 6]"),
        ("<p style='color:red; text-decoration: line-through'>Old</p><p>New", "[struck out: Old]\n\nNew"),
        ("<p>Fee <span style='TEXT-DECORATION-LINE:underline line-through'>5</span> 4", "Fee 4 [struck out: 5]"),
        ("<style>/* a */ .old, p > i {text-decoration:line-through}</style><p>a <i>b</i>", "a [struck out: b]"),
        ("<ul><li><s>Norvik AS</s><li>Zed</ul>", "- [struck out: Norvik AS]\n- Zed"),
        ("<p>one<br><s>two</s><br>three", "one\n[struck out: two]\nthree"),
        ("<del><p>One</p><p>Two</p></del><p>Three", "[struck out: One]\n\n[struck out: Two]\n\nThree"),
        ("<h2>Fees <s>2025</s> 2026</h2><p>x", "Fees 2026\n\n[struck out: 2025]\n\nx"),
        ("<table><tr><th>I<th>P<tr><td>A<td><s>11</s> 13</table>", "I | P\nA | 13 [struck out: 11]"),
        (
            "<table><tr><th>I<th>P<tr style='text-decoration:line-through'><td>A<td>11<tr><td>B<td>5</table>",
            "I | P\n[struck out: A] | [struck out: 11]\nB | 5",
        ),
        ("<pre>a <del>b</del>\n  c</pre>", "a [struck out: b]\n  c"),
        ("<p>10<s><sup>6</sup></s><sup>7</sup>", "10⁷ [struck out: ⁶]"),
    ],
)
def test_struck_text_is_no_part_of_its_sentence(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content).text == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>5 × 10<sup>6</sup> and 10<sup>-3</sup>", "5 × 10⁶ and 10⁻³"),
        ("<p>H<sub>2</sub>O, Ca<sup>2+</sup>, 20 m<sup>2</sup>", "H₂O, Ca²⁺, 20 m²"),
        ("<p>x<sup>n/2</sup> k<sub>eff</sub>", "x^(n/2) k_(eff)"),
        ("<p>the 5<sup>th</sup> Orbit<sup>TM</sup>", "the 5th Orbit™"),
        ("<p>10<span style='vertical-align: super; font-size: 8pt'>6</span>", "10⁶"),
        ("<style>.calibre5 {font-size: .8em; vertical-align: super}</style><p>10<i class=calibre5>6</i>", "10⁶"),
        ("<style>small {vertical-align:sub}</style><p>H<small>2</small>O", "H₂O"),
        ("<p>10<span style='font-size:.8em; position:relative; top:-.33em; vertical-align:baseline'>6</span>", "10⁶"),
        ("<style>.s {font-size: 0.8em; position: relative; top: 0.08em}</style><p>H<i class=s>2</i>O", "H₂O"),
        ("<p>10<span style='font-size:70%;position:relative;bottom:4px'>6</span>", "10⁶"),
        ("<p>10<span style='position:relative;top:-3.0pt;mso-text-raise:3.0pt'>6</span>", "10⁶"),
        ("<p>10<span style='vertical-align:30%;font-size:smaller'>6</span>", "10⁶"),
        ("<p>Room <span style='position:relative;top:-1px'>106</span>", "Room 106"),
        ("<p>Room 1<span style='font-size:80%'>06</span>", "Room 106"),
        ("<table><tr><th>a<th>b<tr><td>10<sup>6</sup><td>m<sup>3</sup></table>", "a | b\n10⁶ | m³"),
        ("<h1>10<sup>6</sup> cells</h1>", "10⁶ cells"),
        ("<math><msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", "x²=1/2"),
        (
            "<math><msubsup><mi>y</mi><mn>1</mn><mn>2</mn></msubsup><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>"
            "<mi>c</mi></mfrac><msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt></math>",
            "y₁²(a+b)/c√(a+b)",
        ),
    ],
)
def test_superscripts_and_subscripts_stand_apart(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content).text == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>the letter<sup><a href='#fn1'>1</a></sup> came", "the letter came"),
        ("<p>cost 120<sup><a href='#fn1'>3</a></sup> euros", "cost 120 euros"),
        ("<p>cost 120<a href='#fn1'><sup>3</sup></a> euros", "cost 120 euros"),
        ("<p>cost 120<a epub:type='noteref' href='n.xhtml#x'>3</a> euros", "cost 120 euros"),
        ("<p>cost 120<a role=doc-noteref href='#x'>3</a> euros", "cost 120 euros"),
        ("<p>cost 120<a class=footnote-ref href='#x'>a</a> euros", "cost 120 euros"),
        ("<p>cost 120<sup><a href='#1'>1</a>, <a href='#2'>2</a></sup> euros", "cost 120 euros"),
        ("<p>cost 120<sup class=reference><a href='#c'>[1]</a></sup> euros", "cost 120[1] euros"),
        ("<p>10<sup><a href='https://x.example/'>6</a></sup> of <a href='#s'>2</a>", "10⁶ of 2"),
        ("<p>the letter<a href='notes.xhtml#n1'>1</a> and 120<a href='#n2'>3</a>", "the letter and 120"),
        ("<p>see chapter <a href='#c2'>2</a>", "see chapter 2"),
        ("<p>see</p><p id=n2><sup><a href='#r2'>2</a></sup> Dated 1911. <a href='#r2'>↩</a>", "see\n\n2 Dated 1911."),
        ('<p><a class="sdfootnotesym" href="#sdfootnote1anc">1</a>First note.', "1 First note."),
        ('<p><a href="#s1">1</a>. Scope', "1. Scope"),
    ],
)
def test_the_mark_of_a_note_is_no_part_of_a_word_or_number(tmp_path: Path, content: str, text: str) -> None:
    assert " ".join(read(tmp_path, content).text.split(" ")).strip() == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p><img src=a.png alt='The wreck lies [near] buoy 12'>", "[picture: The wreck lies (near) buoy 12]"),
        ("<p>Press <img alt='Start'>to go", "Press [picture: Start] to go"),
        ("<p>x<img alt='Green flag'>y", "x [picture: Green flag] y"),
        ("<p>x<img alt=''><img><img alt='IMG_1.jpg'><img alt=Logo><img role=presentation alt=Wave>", "x"),
        ("<p>fine <img alt='😀'>", "fine 😀"),
        (
            "<figure><img alt='Harbour at dusk'><figcaption>Harbour at dusk, 1911</figcaption></figure>",
            "Harbour at dusk, 1911",
        ),
        ("<h1><img alt='ACME Ferries'></h1><p>x", "ACME Ferries\n\nx"),
        ("<div role=img aria-label='Floor plan'></div>", "[picture: Floor plan]"),
        ("<p>x <span role=img aria-label='Warning'></span>", "x [picture: Warning]"),
        ("<p>x <img aria-hidden=true alt='{\\displaystyle E=mc^{2}}'>", "x E=mc^{2}"),
        (
            "<svg><title>Site plan</title><defs><text>no</text></defs><text>Assembly point</text>"
            "<text><tspan x=1 y=2>Line one</tspan><tspan x=1 y=9>line two</tspan><tspan> runs</tspan></text></svg>",
            "[picture: Site plan]\nAssembly point\nLine one\nline two runs",
        ),
        ("<p>Press <svg><title>Start</title><path d=x /></svg> now", "Press [picture: Start] now"),
        ("<p>a<svg aria-hidden=true><title>x</title><path /></svg>", "a"),
        ("<table><tr><th>a<th>b<tr><td><svg><text>up</text><text>down</text></svg><td>2</table>", "a | b\nup down | 2"),
    ],
)
def test_pictures_are_read_as_their_descriptions(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content).text == text


OPTIONS = "<option value=1>Aspirin<option value=2 {}>Ibuprofen 400<option label='None at all'>"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f"<p>Dose: <select>{OPTIONS.format('selected')}</select>.", "Dose: Ibuprofen 400 ."),
        (f"<p>Dose: <select>{OPTIONS.format('')}</select>", "Dose: Aspirin"),
        ("<p>Dose: <select><option disabled>Choose<option>Aspirin</select>", "Dose: Aspirin"),
        ("<p>Dose: <select><option disabled selected>Choose<option>Aspirin</select>", "Dose: Choose"),
        ("<p>Dose: <select multiple><option selected>A<option>B<option selected>C</select>", "Dose: A, C"),
        ("<p>Dose: <select multiple><option>A<option>B</select> mg", "Dose: mg"),
        ("<p>Dose: <select><optgroup label=Old><option>A</optgroup><optgroup><option selected>B</select>", "Dose: B"),
        ("<p>Dose: <select><option label='5 mg' selected>5</select>", "Dose: 5 mg"),
        ("<p>Dose: <select></select>10", "Dose: 10"),
        ("<p>Dose: <input list=d value=5><datalist id=d><option>7</datalist>", "Dose: 5"),
    ],
)
def test_a_menu_shows_the_option_that_is_chosen(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content).text == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p><ruby>食<rp>(</rp><rt>た</rt><rp>)</rp></ruby>べる", "食べる"),
        ("<p><ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>を読む", "漢字を読む"),
        ("<p><ruby><rb>北<rb>京<rtc><rt>běi<rt>jīng</rtc></ruby>市", "北京市"),
        ("<p><ruby>OJ<rp>(</rp><rt>Orange juice</rt><rp>)</rp></ruby> is cold", "OJ (Orange juice) is cold"),
        ("<div><template shadowrootmode=open><p>Shadow: <slot></slot></p></template>light</div>", "Shadow: light"),
        (
            "<x-card><template shadowrootmode='closed'><h2><slot name=t>none</slot></h2><template>no</template><p>end"
            "</template><i slot=t>Title</i>unseen</x-card><p>after",
            "Title\n\nend\n\nafter",
        ),
        (
            "<template><p>no</p></template><dialog>closed</dialog><dialog open>opened</dialog>",
            "[hidden: not displayed: closed]\n\nopened",
        ),
        (
            "<details><summary>More</summary>inside</details><p hidden>no<p hidden=until-found>yes",
            "More\n\ninside\n\n[hidden: not displayed: no]\n\nyes",
        ),
        ("<ol type=a><li>x<li>y</ol>", "a. x\nb. y"),
        ("<ol style='list-style-type: upper-roman'><li>x<li value=7>y<li>z</ol>", "I. x\nVII. y\nVIII. z"),
        ("<p>The <st1:place>London</st1:place> fee<o:p></o:p> rose", "The London fee rose"),
        ("<p><input type=checkbox checked>yes <input type=radio>no <input value=42>", "☑ yes ○ no 42"),
        ("<p>He said <q>hold fast</q>.", "He said “hold fast”."),
        ("<p>Kündi&shy;gungs&shy;frist, Lager&#8203;haus, Werk&zwnj;zeug", "Kündigungsfrist, Lagerhaus, Werkzeug"),
    ],
)
def test_the_rest_of_a_page_is_what_a_reader_sees(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content).text == text


@pytest.mark.parametrize("label", ["x-cp1251", "windows-1251", " cp1251"])
@pytest.mark.parametrize(
    "meta", ["<meta charset='{}'>", "<meta http-equiv=Content-Type content='text/html; charset={}'>"]
)
def test_the_charset_that_a_page_names_is_the_one_that_browsers_take(tmp_path: Path, label: str, meta: str) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(f"<!doctype html>{meta.format(label)}<p>Батарея лежит".encode("cp1251"))
    assert registry.parse(path, "a.html").text == "Батарея лежит"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("The fee is ~~EUR 3,400~~ EUR 4,150.", "The fee is EUR 4,150. [struck out: EUR 3,400]"),
        ("- ~~Norvik AS~~\n- Zed", "- [struck out: Norvik AS]\n- Zed"),
        ("# Fees ~~2025~~ 2026\n\nx", "Fees 2026\n\n[struck out: 2025]\n\nx"),
        ("| a | b |\n|-|-|\n| ~~11~~ 13 | 2 |", "a | b\n13 [struck out: 11] | 2"),
        ("one <del>two</del> three\nfour", "one three [struck out: two]\nfour"),
        ("~~all **of** it~~", "[struck out: all of it]"),
        ("`~~code~~` and a < b & List<String>", "~~code~~ and a < b & List"),
        ("see [the ~~old~~ guide](https://x.example/g)", "see the guide (https://x.example/g) [struck out: old]"),
        ("<del>\n\nBlock *one*\n\ntwo\n\n</del>\n\nthree", "[struck out: Block one]\n\n[struck out: two]\n\nthree"),
        ("1. ~~a~~ b\n2. ~~c\n   d~~", "1. b [struck out: a]\n2. [struck out: c]\n[struck out: d]"),
        ("10<sup>6</sup> H<sub>2</sub>O", "10⁶ H₂O"),
        ("![Map: the wreck at buoy 12](m.png) and ![](x.png)", "[picture: Map: the wreck at buoy 12] and"),
        ("the letter[^1] came\n\n[^1]: Amended.", "the letter[1] came\n\n[1]: Amended."),
        ("<ruby>食<rt>た</rt></ruby>べる", "食べる"),
        ("<table><tr><th>R<th>D<tr><td rowspan=2>N<td>1<tr><td>2</table>", "R | D\nN | 1\nN | 2"),
        ("| Code | Use |\n|---|---|\n| `a|b` | pipe |\n| `c` \\| d | x |\n", "Code | Use\na|b | pipe\nc | d | x"),
        ("```\n|A|B|\n|-|-|\n| `a|b` |\n```\n", "|A|B|\n|-|-|\n| `a|b` |"),
        ("Run `a|b` now.", "Run a|b now."),
    ],
)
def test_markdown_is_what_its_page_shows(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content, "page.md").text.rstrip() == text


def test_a_book_is_read_as_its_pages_show_it(tmp_path: Path) -> None:
    chapters = {
        "one.xhtml": "<body><h1>One</h1><p>Mira got the letter<a epub:type='noteref' href='#n1'>1</a> <s/>for "
        "<span class='gone'>900</span> 800 crowns.</p><p>10<sup>6</sup></p></body>",
        "map.xhtml": "<body><p><img src='m.png' alt='The wreck at buoy 12'/></p></body>",
        "cover.xhtml": "<body><img src='c.png' alt='Cover'/></body>",
        "two.xhtml": "<head><link rel='stylesheet' href='s.css'/></head><body><h1>Two</h1>"
        "<p>for <span class='gone'>900</span> 800 crowns, 10<b class='up'>6</b>.</p></body>",
    }
    style = {"book/s.css": ".gone { text-decoration: line-through; } .up { vertical-align: super }"}
    document = registry.parse(write_epub(tmp_path / "a", chapters, "", extra={**style}), "a.epub")
    assert document.text == (
        "One\n\nMira got the letter for 900 800 crowns.\n\n10⁶\n\n[picture: The wreck at buoy 12]\n\n"
        "Two\n\nfor 800 crowns, 10⁶. [struck out: 900]"
    )
    assert [page.label for page in document.pages] == ["One", "Two"]


def damage(path: Path, *members: str) -> None:
    """Overwrite the stored bytes of members of an archive."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        infos = [archive.getinfo(member) for member in members]
    for info in infos:
        start = info.header_offset + 30 + len(info.filename)
        data[start : start + info.compress_size] = b"\xff" * info.compress_size
    path.write_bytes(data)


TOC = "<navPoint><navLabel><text>{0}</text></navLabel><content src='{0}.xhtml'/></navPoint>"


def test_a_damaged_chapter_costs_that_chapter(tmp_path: Path) -> None:
    chapters = {f"{name}.xhtml": f"<body><p>text of {name}</p></body>" for name in ("one", "two", "three")}
    path = write_epub(tmp_path / "a", chapters, "".join(map(TOC.format, ("one", "two", "three"))))
    damage(path, "book/two.xhtml")
    document = registry.parse(path, "a.epub")
    assert document.text == "text of one\n\ntext of three"
    assert document.warnings == ("chapter 'two' (book/two.xhtml) is damaged and was not read",)


def test_a_damaged_table_of_contents_costs_its_titles(tmp_path: Path) -> None:
    path = write_epub(tmp_path / "a", {"one.xhtml": "<body><h1>One</h1><p>tide</p></body>"}, TOC.format("one"))
    damage(path, "book/toc.ncx")
    document = registry.parse(path, "a.epub")
    assert [page.label for page in document.pages] == ["One"]
    assert len(document.warnings) == 1


def test_a_book_of_damaged_chapters_is_damaged(tmp_path: Path) -> None:
    path = write_epub(tmp_path / "a", {"one.xhtml": "<body><p>tide</p></body>"}, "")
    damage(path, "book/one.xhtml")
    with pytest.raises(DamagedFileError, match="chapter"):
        registry.parse(path, "a.epub")
