"""The values of cells: numbers with units, dates, ranges, and how they compare."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.questions.comparison_words import Comparison
from rag.tables.values import Notation, Scale, Value, find_notation, parse_value

numbers = st.integers(0, 10_000)


def number(value: str, dimension: str = "") -> Value:
    return Value(Decimal(value), Decimal(value), Scale(dimension))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5.6", number("5.6")),
        ("-12,750", number("-12750")),
        ("12.1%", number("12.1", "percent")),
        ("EUR 3,400", number("3400", "euro")),
        ("4.890,50 €", number("4890.50", "euro")),
        ("17 euros", number("17", "euro")),
        ("2 kg", number("2000", "mass")),
        ("41 beds", number("41")),
        ("ca. 90", number("90")),
        ("136 - 145", Value(Decimal(136), Decimal(145))),
        ("13 – 150", Value(Decimal(13), Decimal(150))),
        ("0.70–1.20", Value(Decimal("0.70"), Decimal("1.20"))),
        ("2 to 3 kg", Value(Decimal(2000), Decimal(3000), Scale("mass"))),
        ("10 bis 20", Value(Decimal(10), Decimal(20))),
        ("< 4.20", Value(None, Decimal("4.20"))),
        ("≥ 60", Value(Decimal(60), None)),
        ("up to 5", Value(None, Decimal(5))),
        ("mindestens 5", Value(Decimal(5), None)),
    ],
)
def test_a_cell_states_a_number_or_a_range(text: str, value: Value) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize(
    "text", ["", "Porter 2", "Room 12 on floor 3", "CC-410", "North", "Q1 2026 and Q2 2026", "1.2.3"]
)
def test_a_cell_of_words_states_no_number(text: str) -> None:
    assert parse_value(text) is None


def test_the_other_cells_tell_how_numbers_and_dates_are_written() -> None:
    assert find_notation(["1.500", "2,50"]) == Notation(groups_by_points=True)
    assert parse_value("1.500", Notation(groups_by_points=True)) == number("1500")
    assert parse_value("1.500") == number("1.5")
    assert find_notation(["850", "1.500", "12.300"]) == Notation(groups_by_points=True)
    assert find_notation(["0.500", "1.250", "3"]) == find_notation(["1.500", "2.750"]) == Notation()
    assert find_notation(["1.500", "2.750"], are_amounts=True) == Notation(groups_by_points=True)
    assert (
        find_notation(["0.500", "1.250"], are_amounts=True) == find_notation(["1.50"], are_amounts=True) == Notation()
    )
    assert find_notation(["03/05/2026", "03/28/2026"]) == Notation(is_month_first=True)
    assert parse_value("03/05/2026", Notation(is_month_first=True)) == parse_value("5 March 2026")
    assert parse_value("03/05/2026") == parse_value("3 May 2026")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("31.01.2026", "01.02.2026"), ("2025-12-31", "1 January 2026"), ("5 mars 2026", "15 maart 2026")],
)
def test_days_are_in_order(earlier: str, later: str) -> None:
    first, second = parse_value(earlier), parse_value(later)
    assert first is not None
    assert second is not None
    assert first.satisfies("below", second)
    assert second.satisfies("above", first)
    assert not first.satisfies("above", second)


@given(low=numbers, high=numbers, value=numbers)
def test_a_value_is_below_within_or_above_a_range(low: int, high: int, value: int) -> None:
    limits = Value(Decimal(min(low, high)), Decimal(max(low, high)))
    single = number(str(value))
    places: list[Comparison] = ["below", "within", "above"]
    assert [single.satisfies(place, limits) for place in places].count(True) == 1
    assert single.satisfies("outside", limits) != single.satisfies("within", limits)
    assert single.satisfies("at least", number(str(low))) != single.satisfies("below", number(str(low)))
    assert single.satisfies("at most", number(str(low))) != single.satisfies("above", number(str(low)))


def test_a_range_without_a_bound_has_nothing_beyond_it() -> None:
    limit = parse_value("< 4.20")
    assert limit is not None
    assert not number("0").satisfies("below", limit)
    assert number("5").satisfies("above", limit)
    assert number("5").satisfies("outside", limit)
