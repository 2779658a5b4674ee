"""Fields of Word that store no result: what Word draws for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.field_codes import show_field


@pytest.mark.parametrize(
    ("instruction", "shown"),
    [
        (' SYMBOL 109 \\f "Symbol" \\s 10 ', "μ"),
        ("SYMBOL 0xFC \\f Wingdings", "✓"),
        (" EQ \\f(1,2) ", "1/2"),
        ("EQ \\f(a+b;2c)", "(a+b)/2c"),
        ("EQ x\\s\\up8(n+1)", "xⁿ⁺¹"),
        ("EQ H\\s\\do4(2)O", "H₂O"),
        ("EQ \\r(3,x)", "³√x"),
        ("EQ \\r(,a+b)", "√(a+b)"),
        ("EQ \\o\\ac(○,12)", "⑫"),
        ('EQ \\* jc2 \\* "Font:MS Mincho" \\* hps10 \\o\\ad(\\s\\up 9(かん),漢)', "漢"),
        ("EQ \\b(\\f(1,2))", "(1/2)"),
        ("EQ 5\\,5", "5,5"),
        ("EQ \\x(done)", "done"),
        (" PAGE ", ""),
        (' HYPERLINK "https://x.example" ', ""),
    ],
)
def test_a_field_without_a_result_is_what_word_draws(instruction: str, shown: str) -> None:
    assert show_field(instruction) == shown


@given(st.text(alphabet="\\fros(),;12ab ", max_size=60))
def test_any_equation_ends(text: str) -> None:
    assert isinstance(show_field(f"EQ {text}"), str)


def test_equations_nested_without_end_are_read() -> None:
    assert "1" in show_field("EQ " + "\\f(" * 500 + "1,2" + ")" * 500)
