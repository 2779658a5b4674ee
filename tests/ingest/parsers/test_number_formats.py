"""Number formats: what LibreOffice shows, and the differences that we mean."""

import json
from pathlib import Path

import pytest

from ingest.parsers.spreadsheets.number_formats import format_general, format_number, format_text

LIBREOFFICE = [
    (code, value, shown)
    for code, value, shown in json.loads((Path(__file__).parent / "golden/libreoffice_number_formats.json").read_text())
]
"""Format codes, numbers, and the texts that LibreOffice 7.4 wrote as CSV, cells as shown, in US English."""

MEANT = {
    ("General", 1e-07): "1E-07",
    ("General", 123456789012345678): "123456789012345678",
    ("# ?/8", 1.4375): "1 4/8",  # 11.5 eighths: half is rounded up as everywhere else
    ("mm-dd-yy", 45000): "03-15-23",  # LibreOffice takes it for the format of the region
    ("m/d/yy h:mm", 45000.75): "3/15/23 18:00",
    ("[$-F800]dddd, mmmm dd, yyyy", 45000): "2023-03-15",
    ("[$-F400]h:mm:ss AM/PM", 0.75): "18:00:00",
    ("m/d/yyyy", 0): "12/31/1899",
    ("m/d/yyyy", 1): "1/1/1900",  # as Excel, which counts 1900-02-29
    ("m/d/yyyy", 59): "2/28/1900",
}


@pytest.mark.parametrize(("code", "value", "shown"), LIBREOFFICE)
def test_a_number_is_shown_as_libreoffice_shows_it(code: str, value: float, shown: str) -> None:
    assert format_number(value, code) == MEANT.get((code, value), " ".join(shown.split()))


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (-5, "yyyy-mm-dd", "-5"),
        (3_000_000, "yyyy-mm-dd", "3000000"),
        (-1.5, "[h]:mm", "-36:00"),
        (0.9999999, "hh:mm:ss", "00:00:00"),
        (1.9999999, "[h]:mm:ss", "48:00:00"),
        (45000, "bbbb", "2566"),
        (45000, "[$-x-sysdate]dddd, mmmm dd, yyyy", "2023-03-15"),
        (45000, "[$-40A]d mmmm", "15 marzo"),
        (45000, "[$-413]dddd", "woensdag"),
        (1234567.891, "#,##0.00_ ;-#,##0.00 ", "1,234,567.89"),
        (12, '"unclosed', "unclosed"),
        (12, "", ""),
        (-1, "0;", ""),
        (5, '[<0]"under";[>=0]"over"', "over"),
        (0.5, "0.00%%", "5000.00%%"),
        (7, "0/0", "7/1"),
        (-0.25, "# ?/?", "-1/4"),
        (1e20, "#,##0", "100,000,000,000,000,000,000"),
        (1.5e-10, "0.0", "0.0"),
        (0.5, "0 ?/?", "0 1/2"),
        (0.5, "# ?/?", "1/2"),
        (45000, '[$-411]ggge"年"m"月"d"日"', "令和5年3月15日"),
        (32515, "[$-411]gge.m.d", "昭64.1.7"),
        (45000, "[$-419]D MMMM YYYY;@", "15 марта 2023"),
        (45000, "[$-415]d mmmm yyyy", "15 marca 2023"),
        (45000, "[$-41D]dddd d mmmm yyyy", "onsdag 15 mars 2023"),
        (45000, "[$-41F]d mmmm yyyy", "15 Mart 2023"),
        (45000, "[$-407]d/\\ mmmm\\ yyyy", "15. März 2023"),
        (45000, "[$-419]dd/mm/yyyy", "15.03.2023"),
        (45000, "[$-40C]dd/mm/yyyy", "15/03/2023"),
        (45000, '[$-407]dd"/"mm', "15/03"),
    ],
)
def test_odd_numbers_and_codes_are_shown_too(value: float, code: str, shown: str) -> None:
    assert format_number(value, code) == shown


def test_dates_of_the_system_of_1904_are_four_years_later() -> None:
    assert format_number(0, "yyyy-mm-dd", is_1904=True) == "1904-01-01"
    assert format_number(43538, "yyyy-mm-dd", is_1904=True) == format_number(45000, "yyyy-mm-dd")


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ("Brest", "General", "Brest"),
        ("Brest", "@", "Brest"),
        ("Brest", '0;-0;0;"port of "@', "port of Brest"),
        ("Brest", '"port of "@', "port of Brest"),
        ("Brest", "0;-0;0", "Brest"),
        ("Brest", ";;;", ""),
        ("Brest", '0;-0;0;"a port"', "a port"),
    ],
)
def test_a_text_is_shown_by_the_section_for_text(text: str, code: str, shown: str) -> None:
    assert format_text(text, code) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (1e15, "1000000000000000"),
        (2.5e22, "2.5E+22"),
        (-0.0, "0"),
        (1 / 3, "0.333333333333333"),
    ],
)
def test_a_number_without_a_format_has_its_digits(value: float, shown: str) -> None:
    assert format_general(value) == shown
