"""Numbers as headings and lists show them."""

from ingest.parsers.numerals import format_letters, format_roman


def test_letters_are_doubled_after_z() -> None:
    assert [format_letters(number) for number in (0, 1, 26, 27, 53)] == ["", "a", "z", "aa", "aaa"]


def test_roman_numbers_subtract() -> None:
    assert [format_roman(number) for number in (0, 4, 9, 14, 49, 1994)] == ["", "iv", "ix", "xiv", "xlix", "mcmxciv"]
