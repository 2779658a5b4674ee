"""Symbol fonts: the sign that a person sees."""

import pytest

from ingest.parsers.symbol_fonts import decode_private_use, decode_symbols, is_symbol_font


@pytest.mark.parametrize(
    ("font", "text", "signs"),
    [
        ("Symbol", "m", "μ"),
        ("Symbol", "\uf06d", "μ"),
        ("SymbolMT", "\xa3 \xb3 \xb1 \xb4", "≤ ≥ ± ×"),
        ("ABCDEF+Symbol", "abgW", "αβγΩ"),
        ("Wingdings", "\xfc\xfb\uf0fe\uf0a8", "✓✗☑☐"),
        ("Wingdings-Regular", "\uf0e0", "→"),
        ("Wingdings 2", "PO", "✓✗"),
        ("Wingdings 3", "\uf022", "→"),
        ("Webdings", "a", "✔"),
        ("ZapfDingbats", "3", "✓"),
        ("Symbol", "μ – 漢", "μ – 漢"),
        ("Arial", "m\uf06d", "m\uf06d"),
    ],
)
def test_a_code_is_the_sign_that_its_font_shows(font: str, text: str, signs: str) -> None:
    assert decode_symbols(text, font) == signs


def test_only_fonts_of_signs_are_symbol_fonts() -> None:
    names = ["Symbol", "symbol", "Wingdings", "Wingdings 3", "Webdings", "Arial", "Segoe UI Symbol", "OpenSymbol", ""]
    assert [is_symbol_font(name) for name in names] == [True] * 5 + [False] * 4


def test_private_codes_without_a_font_are_signs_of_symbol_or_usual_bullets() -> None:
    assert decode_private_use("5 \uf06dg \uf0a3 9, \uf0b7 \uf0a7 \uf0e0 \uf0fc \ue123") == "5 μg ≤ 9, • ▪ → ✓ \ue123"
