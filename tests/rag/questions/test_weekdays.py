"""The days of the week that questions and cells name."""

import pytest

from rag.questions.weekdays import read_weekday_cell, read_weekdays


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        ("Monday", {0}),
        ("Monday to Friday", {0, 1, 2, 3, 4}),
        ("Mo–Fr", {0, 1, 2, 3, 4}),
        ("Mon-Thu and Sat", {0, 1, 2, 3, 5}),
        ("Sunday to Monday", {6, 0}),
        ("lunes a viernes", {0, 1, 2, 3, 4}),
        ("samedi et dimanche", {5, 6}),
        ("lunedì, mercoledì", {0, 2}),
        ("segunda-feira", {0}),
        ("ma t/m vr", {0, 1, 2, 3, 4}),
        ("Weekend", {5, 6}),
        ("täglich", {0, 1, 2, 3, 4, 5, 6}),
        ("Yoga", set()),
        ("Friday prayer", set()),
        ("", set()),
    ],
)
def test_a_cell_of_days(cell: str, days: set[int]) -> None:
    assert read_weekday_cell(cell) == days


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("When does the bus leave on Sundays?", {6}),
        ("Was ist montags und dienstags?", {0, 1}),
        ("¿Abre de lunes a jueves?", {0, 1, 2, 3}),
        ("Can I see Mo in Di's office?", set()),
        ("What is the segunda?", set()),
    ],
)
def test_a_question_names_days_in_full(question: str, days: set[int]) -> None:
    assert read_weekdays(question) == days
