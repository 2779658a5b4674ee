"""Numbers as headings and lists show them."""

import pytest

from ingest.parsers.numerals import (
    format_chinese,
    format_circled,
    format_letters,
    format_ordinal,
    format_ordinal_words,
    format_roman,
    format_words,
)


def test_letters_are_doubled_after_z() -> None:
    assert [format_letters(number) for number in (0, 1, 26, 27, 53)] == ["", "a", "z", "aa", "aaa"]


def test_roman_numbers_subtract() -> None:
    assert [format_roman(number) for number in (0, 4, 9, 14, 49, 1994)] == ["", "iv", "ix", "xiv", "xlix", "mcmxciv"]


@pytest.mark.parametrize(
    ("number", "ordinal", "words", "ordinal_words", "chinese", "circled"),
    [
        (1, "1st", "one", "first", "一", "①"),
        (9, "9th", "nine", "ninth", "九", "⑨"),
        (12, "12th", "twelve", "twelfth", "十二", "⑫"),
        (20, "20th", "twenty", "twentieth", "二十", "⑳"),
        (23, "23rd", "twenty-three", "twenty-third", "二十三", "23"),
        (100, "100th", "100", "100th", "100", "100"),
    ],
)
def test_numbers_in_words_and_signs(
    number: int, ordinal: str, words: str, ordinal_words: str, chinese: str, circled: str
) -> None:
    assert format_ordinal(number) == ordinal
    assert format_words(number) == words
    assert format_ordinal_words(number) == ordinal_words.replace("twelfth", "twelfth")
    assert format_chinese(number) == chinese
    assert format_circled(number) == circled
