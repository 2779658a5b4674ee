"""Superscripts and subscripts: apart from the number or word that they stand at."""

import pytest

from ingest.text.superscripts import format_subscript, format_superscript


@pytest.mark.parametrize(
    ("before", "text", "shown"),
    [
        ("10", "6", "⁶"),
        ("10", "−3", "⁻³"),
        ("m", "2", "²"),
        ("Ca", "2+", "²⁺"),
        ("x", "n", "ⁿ"),
        ("x", "n/2", "^(n/2)"),
        ("x", "(n/2)", "^(n/2)"),
        ("word", "1,2", "^(1,2)"),
        ("5", "th", "th"),
        ("", "th", "ᵗʰ"),
        ("Orbit", "TM", "™"),
        ("word", "*", "*"),
        ("m", "²", "²"),
        ("10", "6 ", "⁶ "),
        ("10", " q ", " ^(q) "),
        ("", " ", " "),
        ("", "a whole line that stands in small print above the others", None),
    ],
)
def test_a_superscript_is_kept_apart(before: str, text: str, shown: str | None) -> None:
    assert format_superscript(text, before=before) == (text if shown is None else shown)


@pytest.mark.parametrize(
    ("text", "shown"), [("2", "₂"), ("max", "ₘₐₓ"), ("eff", "_(eff)"), ("n+1", "ₙ₊₁"), ("Q", "_(Q)")]
)
def test_a_subscript_is_kept_apart(text: str, shown: str) -> None:
    assert format_subscript(text) == shown
