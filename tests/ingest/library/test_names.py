"""Names of collections: one form for all that look alike, and none that nobody could use."""

import re
import unicodedata

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from ingest.library.names import MAX_NAME_CHARS, NAME_PATTERN, check_collection_name, normalize_name

ID = "vs_" + "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("plans", "plans"),
        ("  our   plans ", "our plans"),
        ("\tplans\n", "plans"),
        ("Caf\u0065\u0301", "Caf\u00e9"),
        ("报告", "报告"),
        ("vs_plans", "vs_plans"),
        (ID[:-1], ID[:-1]),
        ("x" * MAX_NAME_CHARS, "x" * MAX_NAME_CHARS),
    ],
)
def test_names_that_look_alike_are_one(typed: str, stored: str) -> None:
    assert check_collection_name(typed) == stored
    assert normalize_name(typed) == stored


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "1 to"),
        ("   ", "1 to"),
        ("x" * (MAX_NAME_CHARS + 1), "1 to"),
        ("a/b", "slashes"),
        ("..\\x", "slashes"),
        ("a\nb", "control"),
        ("a\x1b[31m", "control"),
        ("a\u202eb", "control"),
        ("a\0", "control"),
        (ID, "looks like"),
        (f" {ID} ", "looks like"),
    ],
)
def test_a_name_that_nobody_could_use_is_refused_with_a_reason(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_collection_name(name)


@given(st.text(st.characters(exclude_categories=["C"]), max_size=60))
def test_a_stored_name_is_found_as_it_is_typed_and_as_it_is_stored(typed: str) -> None:
    try:
        stored = check_collection_name(typed)
    except ValueError:
        reject()
    assert normalize_name(typed) == normalize_name(stored) == check_collection_name(stored) == stored


@given(text=st.text(max_size=12) | st.text("ab /\\\n\u200b\U000e0001\ue000\U0010e961", max_size=6))
def test_the_pattern_in_the_schema_says_which_names_are_taken(text: str) -> None:
    try:
        check_collection_name(text)
    except ValueError:
        is_taken = False
    else:
        is_taken = True
    assert (re.search(NAME_PATTERN, text) is not None) == is_taken


def test_control_and_format_characters_are_refused_whatever_the_version_of_unicode() -> None:
    taken = [char for char in map(chr, range(0x110000)) if re.search(NAME_PATTERN, f"a{char}b")]
    assert {unicodedata.category(char) for char in taken}.isdisjoint({"Cc", "Cf"})
    assert "\ue000" in taken
