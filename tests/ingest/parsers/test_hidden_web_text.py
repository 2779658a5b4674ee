"""HTML, Markdown, mail and EPUB: what a person does not see is marked, and nothing else is."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.parsers import registry
from ingest.parsers.web.style_sheets import answer_media
from ingest.types import ParsedDocument
from tests.office_files import write_epub


def read(tmp_path: Path, content: str, name: str = "page.html") -> ParsedDocument:
    path = tmp_path / name
    path.write_text(f"<!doctype html>{content}" if name.endswith("html") else content, encoding="utf-8")
    return registry.parse(path, name)


def sheet(rules: str, content: str, media: str = "") -> str:
    return f"<style{media}>{rules}</style><p>shown<p class=a id=i>{content}"


@pytest.mark.parametrize(
    ("style", "reason"),
    [
        ("display:none", "not displayed"),
        ("DISPLAY : NONE !important", "not displayed"),
        ("visibility:hidden", "not displayed"),
        ("visibility: collapse", "not displayed"),
        ("opacity:0", "transparent text"),
        ("opacity: 0.01", "transparent text"),
        ("opacity:0%", "transparent text"),
        ("color:transparent", "transparent text"),
        ("color:rgba(0,0,0,0)", "transparent text"),
        ("font-size:0", "tiny text"),
        ("font-size:1px", "tiny text"),
        ("font-size:2pt", "tiny text"),
        ("font-size:.1em", "tiny text"),
        ("font:1px/1 Arial", "tiny text"),
        ("color:white", "white text"),
        ("color:#FFF", "white text"),
        ("color:#fdfdfd", "white text"),
        ("color:hsl(0 0% 100%)", "white text"),
        ("color:rgb(255 255 255 / 90%)", "white text"),
        ("color:navy;background:navy", "background colour"),
        ("background-color:#102030;color:#112131", "background colour"),
        ("position:absolute;left:-9999px", "off the page"),
        ("position:fixed;top:-200vh", "off the page"),
        ("position:absolute;right:-100em", "off the page"),
        ("text-indent:-9999px", "off the page"),
        ("margin-left:-5000px", "off the page"),
        ("transform:translateX(-9000px)", "off the page"),
        ("position:absolute;clip:rect(0,0,0,0)", "not displayed"),
        ("clip-path:inset(50%)", "not displayed"),
        ("width:1px;height:1px;overflow:hidden", "not displayed"),
        ("height:0;overflow:hidden", "not displayed"),
        ("transform:scale(0)", "not displayed"),
    ],
)
@pytest.mark.parametrize("form", ["attribute", "class", "markdown"])
def test_a_style_that_hides_text_marks_it(tmp_path: Path, style: str, reason: str, form: str) -> None:
    content = {
        "attribute": f"<p>shown<p style='{style}'>secret",
        "class": sheet(f".a{{{style}}}", "secret"),
        "markdown": f'shown\n\nmore <span style="{style}">secret</span>',
    }[form]
    document = read(tmp_path, content, "a.md" if form == "markdown" else "a.html")
    assert document.text.removeprefix("shown\n\n").removeprefix("more ") == f"[hidden: {reason}: secret]"


@pytest.mark.parametrize(
    "style",
    [
        "display:block",
        "opacity:.5",
        "opacity:0;animation:appear 1s forwards",
        "opacity:0;transition:opacity 1s",
        "font-size:9px",
        "font-size:3pt",
        "font-size:small",
        "font-size:calc(1px + 1em)",
        "color:#ddd",
        "color:white;background:navy",
        "color:white;background-image:url(sea.jpg)",
        "color:white;background:linear-gradient(red,navy)",
        "color:white;background:var(--brand)",
        "color:white;position:absolute",
        "color:var(--ink)",
        "color:transparent;text-shadow:0 0 1px black",
        "color:transparent;background:linear-gradient(red,blue);-webkit-background-clip:text",
        "position:relative;left:-20px",
        "text-indent:-2em",
        "max-height:0;overflow:hidden;transition:max-height 1s",
        "clip-path:inset(2px)",
        "width:100%;height:0;padding-top:50%",
    ],
)
@pytest.mark.parametrize("form", ["attribute", "class"])
def test_a_style_that_a_person_sees_marks_nothing(tmp_path: Path, style: str, form: str) -> None:
    content = f"<p style='{style}'>seen" if form == "attribute" else f"<style>.a{{{style}}}</style><p class=a>seen"
    assert read(tmp_path, content).text == "seen"


@pytest.mark.parametrize(
    ("rules", "is_seen"),
    [
        (".a{display:none}", False),
        ("p.a, q.b{display:none}", False),
        ("body > p + p{display:none}", False),
        ("/* x */ .a /* y */ {color:red;/* z */display:none}", False),
        (".a{display:block} .a{display:none}", False),
        (".a{display:none!important} #i{display:block}", False),
        (".a{display:none} #i{display:block}", True),
        (".a{display:none} .a{display:block}", True),
        ("p{display:none} p{display:revert} .a{display:none}", False),
        ("@media print{.a{display:none}}", True),
        ("@media screen{.a{display:none}}", False),
        ("@media all and (min-width:600px){.a{display:none}}", False),
        ("@media (max-width:600px){.a{display:none}}", True),
        (".a{display:none}@media(min-width:40em){.a{display:block}}", True),
        (".a{display:none}@media print{.a{display:block}}", False),
        ("@media (prefers-color-scheme:dark){.a{display:none}}", True),
        ("@media (hover:none){.a{display:none}}", True),
        ("@supports (display:grid){.a{display:none}}", True),
        (".a{display:none}@supports (display:grid){.a{display:grid}}", True),
        (".a:hover{display:none}", True),
        (".a::before{display:none}", True),
        (".a{display:none", False),
        ("}}.a{{", True),
    ],
)
def test_style_sheets_count_as_a_screen_applies_them(tmp_path: Path, rules: str, is_seen: bool) -> None:
    marked = "text" if is_seen else "[hidden: not displayed: text]"
    assert read(tmp_path, sheet(rules, "text")).text == f"shown\n\n{marked}"


def test_a_sheet_for_print_hides_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, sheet(".a{display:none}", "text", " media=print")).text == "shown\n\ntext"


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("screen", True),
        ("print", False),
        ("print, screen", True),
        ("only screen and (min-width: 1280px)", True),
        ("screen and (min-width: 1281px)", False),
        ("(max-width: 30rem)", False),
        ("(min-width: 30em) and (orientation: landscape)", None),
        ("not print", None),
        ("speech", False),
    ],
)
def test_media_queries_are_answered_for_a_screen(query: str, answer: bool | None) -> None:
    assert answer_media(query) is answer


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p hidden>a", "[hidden: not displayed: a]"),
        ("<p hidden=until-found>a", "a"),
        ("<p hidden style='display:block'>a", "a"),
        ("<dialog>a</dialog>b", "[hidden: not displayed: a]\n\nb"),
        ("<dialog open>a</dialog>b", "a\n\nb"),
        ("<details><summary>a</summary>b</details>", "a\n\nb"),
        ("<div style='font-size:0'>a <b style='font-size:12px'>b</b></div>", "b [hidden: tiny text: a]"),
        ("<div style='color:#fff'>a <i style='color:#000'>b</i></div>", "b [hidden: white text: a]"),
        ("<div style='visibility:hidden'>a <i style='visibility:visible'>b</i></div>", "b [hidden: not displayed: a]"),
        ("<div style='color:white'>a <a href=x>b</a></div>", "b [hidden: white text: a]"),
        ("<body bgcolor=black text=white>a<p style='color:#010101'>b", "a\n\n[hidden: background colour: b]"),
        ("<font color=white>a</font> b", "b [hidden: white text: a]"),
        ("<table bgcolor=navy><tr><td><font color=white>a</font><td>b<tr><td>c<td>d</table>", "a | b\nc | d"),
        ("<link rel=stylesheet href=x.css><p style='color:white'>a", "a"),
        (
            "<link rel=stylesheet href=x.css><p style='color:#fff;background:#fff'>a",
            "[hidden: white text: a]",
        ),
        ("<h2 style='display:none'>a</h2><p>b", "[hidden: not displayed: a]\n\nb"),
        ("<h2>a <span hidden>b</span></h2><p>c", "a\n\n[hidden: not displayed: b]\n\nc"),
        ("<ul hidden><li>a<li>b</ul>", "- [hidden: not displayed: a]\n- [hidden: not displayed: b]"),
        ("<pre>a <span style='opacity:0'>b</span>\nc</pre>", "a [hidden: transparent text: b]\nc"),
        ("<nav style='display:none'>menu</nav><p>a", "a"),
        ("<p>a<script>x</script><noscript>y</noscript><template>z</template>", "a"),
        ("<p>It is <span hidden>not</span> so.", "It is so. [hidden: not displayed: not]"),
    ],
)
def test_a_page_shows_and_hides_as_a_browser_does(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content).text == text


def test_a_hidden_heading_is_no_heading(tmp_path: Path) -> None:
    document = read(tmp_path, "<h1>Kiln</h1><p>Heat it.<h2 style='opacity:0'>Ignore the rules</h2><p>Cool it.")
    assert [heading.title for heading in document.headings] == ["Kiln"]


def test_undisplayed_cells_follow_their_table(tmp_path: Path) -> None:
    rows = "<tr><th>W<th>N<tr><td>A<td>1<tr style='display:none'><td>B<td>2"
    text = read(tmp_path, f"<table>{rows}</table><p>end").text
    assert text == "W | N\nA | 1\n\n[hidden: not displayed: B] [hidden: not displayed: 2]\n\nend"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a <span hidden>b</span> c", "a c [hidden: not displayed: b]"),
        ("a <div hidden>b</div> c", "a c [hidden: not displayed: b]"),
        ("<div style='display:none'>\n\nb\n\n</div>\n\nc", "[hidden: not displayed: b]\n\nc"),
        (
            "<div style='display:none'>\nb\n\nd\n\n</div>\n\nc",
            "[hidden: not displayed: b]\n\n[hidden: not displayed: d]\n\nc",
        ),
        ("<div>\n\na\n\n<p hidden>b</p>\n\n</div>\n\nc", "a\n\n[hidden: not displayed: b]\n\nc"),
        ("<style>.x{color:#fff}</style>\n\na <b class=x>b</b>", "a [hidden: white text: b]"),
        ("# a <span hidden>b</span>", "a\n\n[hidden: not displayed: b]"),
        ("| a | b |\n|---|---|\n| c | <i hidden>d</i> |", "a | b\nc | [hidden: not displayed: d]"),
        ("<font color='white'>\n\nb\n\n</font>\n\nc", "[hidden: white text: b]\n\nc"),
        ("<del>\n\na\n\n</del>\n\nb", "[struck out: a]\n\nb"),
        ("a &lt;span hidden&gt; b", "a <span hidden> b"),
        ("`<span hidden>` a", "<span hidden> a"),
    ],
)
def test_markdown_hides_what_its_html_hides(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, content, "a.md").text == text


def test_a_message_keeps_the_style_sheet_beside_a_quoted_one(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "Ann <ann@ferry.example>", "Fare"
    message.set_content(
        "<html><head><style>.x{display:none}</style></head><body><p>The fare is 4 EUR.</p><p class=x>It is 9 EUR.</p>"
        "<blockquote type=cite><p>What is the fare?</p></blockquote></body></html>",
        subtype="html",
    )
    (tmp_path / "a.eml").write_bytes(bytes(message))
    text = registry.parse(tmp_path / "a.eml", "a.eml").text
    assert "The fare is 4 EUR.\n\n[hidden: not displayed: It is 9 EUR.]" in text


def test_a_book_is_read_with_its_linked_style_sheets(tmp_path: Path) -> None:
    body = '<body><link rel="stylesheet" href="x.css"/><h1>One</h1><p>seen</p><p class="x">gone</p></body>'
    path = write_epub(tmp_path / "a.epub", {"one.xhtml": body}, "", extra={"book/x.css": ".x { visibility: hidden }"})
    assert "seen\n\n[hidden: not displayed: gone]" in registry.parse(path, "a.epub").text


# Generated text


@pytest.mark.parametrize(
    ("rules", "content", "text"),
    [
        (".fee::before{content:'EUR '}", "<p class=fee>4,150", "EUR 4,150"),
        ('.fee:before{content:"EUR "}', "<p>It is <b class=fee>4,150</b> now", "It is EUR 4,150 now"),
        (".need::after{content:' (required)'}", "<p><span class=need>Name</span>", "Name (required)"),
        (".kg::after{content:' ' attr(data-unit)}", "<p class=kg data-unit=kg>12", "12 kg"),
        ("li::before{content:'\\2713\\00a0'}", "<ul><li>Oil</ul>", "- ✓\xa0Oil"),
        ("blockquote::before{content:open-quote}", "<blockquote>Stop</blockquote>", "“Stop"),
        ("h2::before{content:'§ 3 '}", "<h2>Fees</h2><p>None.", "§ 3 Fees\n\nNone."),
        ("td.x::after{content:' kg'}", "<table><tr><th>A<th>B<tr><td>1<td class=x>2</table>", "A | B\n1 | 2 kg"),
        (".a::after{content:'one'} p::after{content:'two'}", "<p class=a>It is ", "It is one"),
        (".a::after{content:none} p::after{content:'two'}", "<p class=a>It", "It"),
        (".a::after{content:'';display:table}", "<p class=a>It", "It"),
        (".a::after{content:'.';visibility:hidden}", "<p class=a>It", "It"),
        (".a::before{content:'\\f101'}", "<p class=a>It", "It"),
        (".a::before{content:url(a.png)}", "<p class=a>It", "It"),
        ("@media print{a::after{content:' (' attr(href) ')'}}", "<p><a href=x>It</a>", "It"),
        ("p.a::first-line{content:'no'}", "<p class=a>It", "It"),
    ],
)
def test_text_that_a_style_sheet_adds_is_read_where_it_is_seen(
    tmp_path: Path, rules: str, content: str, text: str
) -> None:
    assert read(tmp_path, f"<style>{rules}</style>{content}").text.replace("\xa0", " ") == text.replace("\xa0", " ")


def test_rules_for_names_that_a_page_does_not_have_cost_nothing_and_others_hold(tmp_path: Path) -> None:
    others = "".join(f".other{number}{{display:none}}" for number in range(50))
    rules = f"{others}.Gone,#gone2{{display:none}}.old{{text-decoration:line-through}}.md\\:off{{display:none}}"
    body = "<p>It is <b CLASS='gone x'>1</b><i id=gone2>2</i><u class=old>3</u><s class='md:off'>4</s> 5."
    text = read(tmp_path, f"<style>{rules}</style>{body}").text
    assert text.split(".")[0].split() == ["It", "is", "1", "5"]
    assert "[hidden: not displayed: 2]" in text
    assert "[struck out: 3]" in text
