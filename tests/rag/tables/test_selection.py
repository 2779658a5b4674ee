"""Rows by conditions of the question, settled on typed columns."""

import pytest

from rag.questions.row_conditions import read_row_question
from rag.tables.selection import select_rows
from rag.tables.table import Table
from tests.rag.tables_world import BUDGET, LAB, make_table

DEPOTS = [
    ["Depot", "Region", "Staff", "Rent EUR", "Opened"],
    ["Brenfield", "North", "12", "4,200.00", "1 March 2019"],
    ["Aldwick", "North", "31", "9,150.00", "12 May 2021"],
    ["Corran", "South", "7", "2,300.00", "3 June 2023"],
    ["Dunmore", "West", "18", "4,900.00", "30 November 2020"],
]
RACKS = [["Rack", "Load", "Limit"], ["A1", "480 kg", "0.5 t"], ["A2", "620 kg", "0.6 t"], ["A3", "90 kg", "0.1 t"]]
STOCK = [["Article", "Price EUR", "In stock"], ["OC-1", "4.00", "18"], ["OC-2", "7.00", "57"]]
STAFF_DE = [
    ["Name", "Abteilung", "Gehalt", "Anteil"],
    ["Weber", "Lager", "2.900,00 €", "12,5 %"],
    ["Krause", "Büro", "3.450,50 €", "8,0 %"],
    ["Sommer", "Lager", "4.100,00 €", "25,0 %"],
]
PANEL = [
    ["Test", "Result", "Unit", "Min", "Max"],
    ["Iron", "41", "µg/dL", "60", "170"],
    ["Ferritin", "19", "ng/mL", "13", "150"],
    ["Glucose", "112", "mg/dL", "70", "99"],
    ["CRP", "3.1", "mg/L", "", "5.0"],
]
PARTS = [
    ["Part", "Name", "Stock", "Minimum stock", "Weight g"],
    ["P-40", "Valve body", "120", "100", "430"],
    ["P-41", "Valve stem", "64", "80", "95"],
    ["P-47", "Flange", "22", "20", "1250"],
    ["P-45", "Spring", "90", "90", "12"],
]
PRICES = [
    ["Article", "Unit", "Price EUR"],
    ["Rail clamp", "piece", "5.20"],
    ["End stop", "piece", "2.05"],
    ["Cable duct", "m", "5.60"],
    ["Terminals", "box", "71.00"],
]


def select(question: str, rows: list[list[str]]) -> list[str] | None:
    selection = select_rows(read_row_question(question), make_table(rows))
    return None if selection is None else [row.cells[0].text for row in selection.rows]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which results in the lab report are below the reference range?", ["Ferritin"]),
        ("Which results are above the reference range?", ["Potassium", "Creatinine"]),
        ("Which results are outside the normal range?", ["Potassium", "Creatinine", "Ferritin"]),
        ("Which results are not within the reference range?", ["Potassium", "Creatinine", "Ferritin"]),
        ("Which results are within the reference range?", ["Sodium", "Urea", "TSH"]),
        ("Welche Werte liegen unter dem Referenzbereich?", ["Ferritin"]),
        ("Welche Ergebnisse liegen außerhalb des Referenzbereichs?", ["Potassium", "Creatinine", "Ferritin"]),
        ("Quels résultats sont inférieurs à la plage de référence ?", ["Ferritin"]),
        ("¿Qué resultados están por debajo del rango de referencia?", ["Ferritin"]),
        ("Quali risultati sono al di sotto dell'intervallo di riferimento?", ["Ferritin"]),
        ("Quais resultados estão abaixo da faixa de referência?", ["Ferritin"]),
        ("Welke resultaten liggen onder het referentiebereik?", ["Ferritin"]),
        ("Which results have flag L?", ["Ferritin"]),
        ("Which results are flagged H?", ["Potassium", "Creatinine"]),
        ("List the analytes with the flag 'H'", ["Potassium", "Creatinine"]),
        ("Welche Analyte haben Flag H?", ["Potassium", "Creatinine"]),
        ("Which results are in mmol/L?", ["Sodium", "Potassium"]),
        ("How many results are flagged?", ["Potassium", "Creatinine", "Ferritin"]),
        ("Which analytes have a flag?", ["Potassium", "Creatinine", "Ferritin"]),
        ("Welche Analyte haben eine Flag?", ["Potassium", "Creatinine", "Ferritin"]),
    ],
)
def test_ranges_and_flags(question: str, rows: list[str]) -> None:
    assert select(question, LAB) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which departments are more than 10% over plan?", ["Marketing", "IT"]),
        ("Which departments overspent by more than 10%?", ["Marketing", "IT"]),
        ("Which departments are under plan by more than 3%?", ["Sales"]),
        ("Which departments are over budget?", ["Marketing", "IT"]),
        ("Which departments spent less than planned?", ["Sales", "HR"]),
        ("Which departments have an actual above 200,000?", ["Sales", "IT"]),
        ("How many departments have a plan between 80,000 and 130,000?", ["Marketing", "HR"]),
        ("Which department has the highest plan?", ["Sales"]),
        ("Which department has the lowest variance?", ["Sales"]),
        ("Which department had the highest overspend?", ["IT"]),
        ("Welche Abteilungen liegen mehr als 10 % über Plan?", ["Marketing", "IT"]),
        ("Quels services dépassent le plan de plus de 10 % ?", ["Marketing", "IT"]),
        ("¿Qué departamentos superan el plan en más del 10 %?", ["Marketing", "IT"]),
        ("Quali reparti superano il piano di oltre il 10%?", ["Marketing", "IT"]),
        ("Quais departamentos estão mais de 10% acima do plano?", ["Marketing", "IT"]),
        ("Welke afdelingen zitten meer dan 10% boven plan?", ["Marketing", "IT"]),
    ],
)
def test_deviations_from_a_plan_without_the_total(question: str, rows: list[str]) -> None:
    assert select(question, BUDGET) == rows


def test_a_deviation_that_no_column_states_is_computed() -> None:
    rows = [row[:3] for row in BUDGET]
    assert select("Which departments are more than 10% over plan?", rows) == ["Marketing", "IT"]
    assert select("Which departments are over plan by more than 20,000?", rows) == ["IT"]
    assert select("Which departments are more than 3% below plan?", rows) == ["Sales"]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which depots have more than 12 staff?", ["Aldwick", "Dunmore"]),
        ("Which depots have at least 12 staff?", ["Brenfield", "Aldwick", "Dunmore"]),
        ("Which depots have 18 or more staff?", ["Aldwick", "Dunmore"]),
        ("Which depots in the North region have more than 20 staff?", ["Aldwick"]),
        ("How many depots are in the region North?", ["Brenfield", "Aldwick"]),
        ("Which depots are in the North?", ["Brenfield", "Aldwick"]),
        ("Which depots cost more than 4,500 euros?", ["Aldwick", "Dunmore"]),
        ("Which depot has the cheapest rent?", ["Corran"]),
        ("Which depot has the most staff?", ["Aldwick"]),
        ("Which depots were opened after 2020?", ["Aldwick", "Corran"]),
        ("Which depots were opened before 1 January 2021?", ["Brenfield", "Dunmore"]),
        ("Which depot opened last?", ["Corran"]),
        ("Which depots have between 10 and 20 staff?", ["Brenfield", "Dunmore"]),
        ("Which depots have exactly 7 staff?", ["Corran"]),
        ("Which depots have more than 100 staff?", []),
    ],
)
def test_amounts_dates_values_and_extremes(question: str, rows: list[str]) -> None:
    assert select(question, DEPOTS) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Welche Mitarbeiter haben ein Gehalt über 3.000 €?", ["Krause", "Sommer"]),
        ("Wer hat das höchste Gehalt?", ["Sommer"]),
        ("Welche Mitarbeiter haben einen Anteil von mindestens 12,5 %?", ["Weber", "Sommer"]),
        ("Wie viele Mitarbeiter arbeiten im Lager?", ["Weber", "Sommer"]),
    ],
)
def test_numbers_as_another_country_writes_them(question: str, rows: list[str]) -> None:
    assert select(question, STAFF_DE) == rows


def test_points_that_group_thousands_do_so_in_the_question_too() -> None:
    rows = [["Ort", "Einwohner"], ["Aldwick", "850"], ["Corran", "1.500"], ["Dunmore", "12.300"]]
    assert select("Welche Orte haben mehr als 1.200 Einwohner?", rows) == ["Corran", "Dunmore"]
    assert select("Welcher Ort hat die wenigsten Einwohner?", rows) == ["Aldwick"]


@pytest.mark.parametrize(
    ("column", "question", "rows"),
    [
        ("Gehalt EUR", "Wer hat ein Gehalt von mehr als 4.000 EUR?", ["Cem", "Emil"]),
        ("Gehalt (€)", "Wer hat ein Gehalt unter 3.000 €?", ["Ben"]),
        ("Salaris EUR", "Wie heeft een salaris van meer dan 4.000 EUR?", ["Cem", "Emil"]),
        ("Stipendio EUR", "Chi ha uno stipendio di più di 4.000 EUR?", ["Cem", "Emil"]),
        ("Sueldo EUR", "¿Quién tiene un sueldo de más de 4.000 EUR?", ["Cem", "Emil"]),
        ("Salário EUR", "Quem tem um salário de mais de 4.000 EUR?", ["Cem", "Emil"]),
        ("Salaire EUR", "Qui a un salaire de plus de 4 000 EUR ?", ["Cem", "Emil"]),
        ("Pay EUR", "Whose pay is above 4,000 EUR?", ["Cem", "Emil"]),
    ],
)
def test_bare_amounts_whose_points_group_thousands(column: str, question: str, rows: list[str]) -> None:
    assert select(question, [["Name", column], ["Ben", "2.850"], ["Cem", "4.400"], ["Emil", "4.150"]]) == rows


def test_units_are_converted() -> None:
    assert select("Which racks are above the limit?", RACKS) == ["A2"]
    assert select("Which racks have a load over 0.4 t?", RACKS) == ["A1", "A2"]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which results are below the detection limit?", DEPOTS),
        (
            "Which depots have more than 10 parking spaces and more than 3 docks?",
            [["Depot", "A", "B"], *[["x", "1", "2"]] * 3],
        ),
        (
            "What is the maximum speed of the Porter 2?",
            [["Model", "Maximum speed"], ["Porter 2", "25"], ["Finch", "20"]],
        ),
        ("How many staff work in Brenfield?", DEPOTS),
        ("Which analyte has the highest result?", LAB),
        ("Who founded the company?", DEPOTS),
        ("Which depots have more than 10 staff and the longest contract?", DEPOTS),
        ("Who may approve a discount of more than 15 percent?", STOCK),
        ("Wer genehmigt einen Rabatt von mehr als 15 Prozent?", STOCK),
        ("Which discounts exceed 15 %?", STOCK),
        ("What lasts longer than 15 hours?", STOCK),
        ("What may weigh more than 15 kg?", STOCK),
    ],
)
def test_what_the_table_does_not_settle_is_not_guessed(question: str, rows: list[list[str]]) -> None:
    assert select(question, rows) is None


def test_the_rows_are_all_that_have_a_value() -> None:
    table: Table = make_table([["Depot", "Staff"], ["A", "12"], ["B", "n/a"], ["C", "30"], ["D", "5"]])
    selection = select_rows(read_row_question("Which depots have more than 10 staff?"), table)
    assert selection is not None
    assert ([row.cells[0].text for row in selection.rows], selection.compared) == (["A", "C"], 3)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which values are below their minimum?", ["Iron"]),
        ("Which results are above the maximum?", ["Glucose"]),
        ("Which tests are out of range?", ["Iron", "Glucose"]),
        ("Which values are within the normal range?", ["Ferritin", "CRP"]),
        ("Which results are too low?", ["Iron"]),
        ("Which results are too high?", ["Glucose"]),
        ("Welche Werte sind zu hoch?", ["Glucose"]),
        ("Welche Werte liegen unter dem Minimum?", ["Iron"]),
        ("Quels résultats sont trop bas ?", ["Iron"]),
        ("¿Qué resultados son demasiado bajos?", ["Iron"]),
        ("Which results are abnormal?", ["Iron", "Glucose"]),
    ],
)
def test_a_minimum_and_a_maximum_in_columns_of_their_own_are_a_range(question: str, rows: list[str]) -> None:
    assert select(question, PANEL) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which parts are below their minimum stock?", ["P-41"]),
        ("Which parts are below their minimum?", ["P-41"]),
        ("Welche Teile liegen unter dem Minimum?", ["P-41"]),
        ("What is the heaviest part?", ["P-47"]),
        ("Welches Teil ist das leichteste?", ["P-45"]),
        ("Which parts weigh less than 100 g?", ["P-41", "P-45"]),
    ],
)
def test_one_column_bounds_another_one_by_its_name(question: str, rows: list[str]) -> None:
    assert select(question, PARTS) == rows


def test_prices_compare_although_the_articles_are_sold_by_different_units() -> None:
    assert select("What is the cheapest article?", PRICES) == ["End stop"]
    assert select("Which article is the most expensive?", PRICES) == ["Terminals"]


def test_too_high_is_not_read_from_a_table_without_any_bounds() -> None:
    assert select("Which rents are too high?", DEPOTS) is None
