"""Cells that a question names by row and column."""

import pytest

from rag.tables.lookup import find_named_cells
from tests.rag.tables_world import LAB, make_table

BEDS = [
    ["Ward", "Beds in 2025 / Free", "Beds in 2025 / Used", "Beds in 2026 / Free", "Beds in 2026 / Used"],
    ["Cardiology", "4", "31", "7", "28"],
    ["Surgery", "2", "40", "1", "41"],
]
RENTAL = [["Bicycle", "Day", "Week"], ["Porter 2", "29 euros", "139 euros"], ["Finch", "17 euros", "79 euros"]]
COURSE = [["Analyte", "12 Jan 2026", "23 Mar 2026"], ["Potassium (mmol/L)", "4.4", "5.6"], ["Ferritin", "24", "11"]]
DEPOTS = [
    ["Region", "Depot", "Capacity"],
    ["North", "Brenfield", "400"],
    ["North", "Brenfield West", "120"],
    ["South", "Corran", "80"],
]
DEPOTS_FR = [["Dépôt", "Capacité"], ["Corran", "80"], ["Aldwick", "400"]]


def look_up(question: str, rows: list[list[str]]) -> list[tuple[str, str, str]]:
    return [(named.key.text, named.column, named.cell.text) for named in find_named_cells(question, make_table(rows))]


@pytest.mark.parametrize(
    ("question", "rows", "cells"),
    [
        ("How many beds were free in Surgery in 2026?", BEDS, [("Surgery", "Beds in 2026 / Free", "1")]),
        ("How many used beds did Cardiology have in 2025?", BEDS, [("Cardiology", "Beds in 2025 / Used", "31")]),
        ("What does a Finch cost per week?", RENTAL, [("Finch", "Week", "79 euros")]),
        ("What is the price of the Porter 2 for a day?", RENTAL, [("Porter 2", "Day", "29 euros")]),
        ("Which region is the depot Corran in?", DEPOTS, [("Corran", "Region", "South")]),
        ("What is the capacity of Brenfield?", DEPOTS, [("Brenfield", "Capacity", "400")]),
        ("What is the capacity of Brenfield West?", DEPOTS, [("Brenfield West", "Capacity", "120")]),
        ("Welche Capacity hat Corran?", DEPOTS, [("Corran", "Capacity", "80")]),
        (
            "Quelle est la capacité de Corran ?",
            [["Dépôt", "Capacité"], ["Corran", "80"]],
            [("Corran", "Capacité", "80")],
        ),
        ("What is the reference of Ferritin?", LAB, [("Ferritin", "Reference", "30 - 400")]),
        ("Ferritin: which unit and which result?", LAB, [("Ferritin", "Result", "11"), ("Ferritin", "Unit", "ug/L")]),
        ("What was the potassium on 12 January 2026?", COURSE, [("Potassium (mmol/L)", "12 Jan 2026", "4.4")]),
        ("Wie hoch war Ferritin am 23. März 2026?", COURSE, [("Ferritin", "23 Mar 2026", "11")]),
    ],
)
def test_a_cell_is_named_by_its_row_and_its_column(
    question: str, rows: list[list[str]], cells: list[tuple[str, str, str]]
) -> None:
    assert look_up(question, rows) == cells


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many beds were free in Surgery?", BEDS),
        ("How many beds were free in 2026?", BEDS),
        ("What does a Finch cost?", RENTAL),
        ("Which depots are in the region North?", DEPOTS),
        ("Which flag does Sodium have?", LAB),
        ("Who founded the company?", DEPOTS),
    ],
)
def test_without_a_clear_row_and_column_no_cell_is_named(question: str, rows: list[list[str]]) -> None:
    assert look_up(question, rows) == []
