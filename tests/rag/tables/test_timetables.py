"""Rows of timetables: by times of day, by the first and the last, and by days of the week, in several languages."""

import pytest

from rag.questions.row_conditions import read_row_question
from rag.tables.clock_times import parse_clock_times
from rag.tables.lookup import find_named_cells
from rag.tables.moments import is_for_other_days
from rag.tables.selection import select_rows
from rag.tables.table import read_table
from tests.rag.tables_world import make_document, make_table, store_chunks

BUSES = [
    ["Departure", "To", "Arrival"],
    ["06:10", "Harbour", "06:42"],
    ["12:15", "Harbour", "12:47"],
    ["16:45", "Harbour", "17:17"],
    ["17:25", "Harbour", "17:57"],
    ["22:30", "Harbour", "23:02"],
]
COURSES = [
    ["Tag", "Uhrzeit", "Kurs"],
    ["Montag", "17:00", "Yoga"],
    ["Montag", "18:30", "Pilates"],
    ["Mittwoch", "19:15", "Judo"],
    ["Freitag", "20:00", "Volleyball"],
]
HOURS = [
    ["Day", "Opens", "Closes"],
    ["Monday to Friday", "06:00", "21:30"],
    ["Saturday", "07:00", "20:00"],
    ["Sun", "08:00", "18:00"],
]
FERRY = [
    ["Día", "Salida", "Llegada"],
    ["Lunes", "08:15", "09:00"],
    ["Miércoles", "10:00", "10:45"],
    ["Sáb y dom", "11:45", "12:30"],
]
TRAINS = [["Départ", "Arrivée"], ["7 h 05", "8 h 20"], ["12 h 40", "13 h 55"], ["18 h 10", "19 h 30"]]


def select(question: str, rows: list[list[str]]) -> list[str] | None:
    selection = select_rows(read_row_question(question), make_table(rows))
    return None if selection is None else [row.cells[0].text for row in selection.rows]


@pytest.mark.parametrize(
    ("question", "timetable", "first_cells"),
    [
        ("When does the next bus leave after 17:00?", BUSES, ["17:25"]),
        ("Which is the next bus after 4 pm?", BUSES, ["16:45"]),
        ("When is the first bus?", BUSES, ["06:10"]),
        ("When does the last bus to Harbour leave?", BUSES, ["22:30"]),
        ("Which buses leave before 12:30?", BUSES, ["06:10", "12:15"]),
        ("Which buses arrive after 17:30?", BUSES, ["17:25", "22:30"]),
        ("Which buses leave between 12:00 and 17:00?", BUSES, ["12:15", "16:45"]),
        ("When is the last bus before 17:00?", BUSES, ["16:45"]),
        ("Wann fährt der nächste Bus nach 17 Uhr?", BUSES, ["17:25"]),
        ("Welche Kurse beginnen nach 18 Uhr?", COURSES, ["Montag", "Mittwoch", "Freitag"]),
        ("Quel est le prochain train après 12 h ?", TRAINS, ["12 h 40"]),
        ("Quels trains partent avant 13 h 00 ?", TRAINS, ["7 h 05", "12 h 40"]),
        ("¿Qué ferry sale después de las 10:30?", FERRY, ["Sáb y dom"]),
    ],
)
def test_times_of_day_are_compared(question: str, timetable: list[list[str]], first_cells: list[str]) -> None:
    assert select(question, timetable) == first_cells


@pytest.mark.parametrize(
    ("question", "timetable", "first_cells"),
    [
        ("When does the boathouse open on Tuesday?", HOURS, ["Monday to Friday"]),
        ("How long is it open on Sundays?", HOURS, ["Sun"]),
        ("When does it close on Saturdays?", HOURS, ["Saturday"]),
        ("When is it open on weekdays?", HOURS, ["Monday to Friday"]),
        ("Welcher Kurs ist am Mittwoch?", COURSES, ["Mittwoch"]),
        ("Wann ist montags Yoga?", COURSES, ["Montag"]),
        ("¿A qué hora sale el ferry el miércoles?", FERRY, ["Miércoles"]),
        ("¿A qué hora sale el ferry el domingo?", FERRY, ["Sáb y dom"]),
        ("¿A qué hora sale el ferry el martes?", FERRY, []),
        ("Is there a course on Thursday?", COURSES, []),
        ("When is it open?", HOURS, None),
    ],
)
def test_a_day_of_the_week_selects_its_rows(
    question: str, timetable: list[list[str]], first_cells: list[str] | None
) -> None:
    assert select(question, timetable) == first_cells


@pytest.mark.parametrize(
    ("heading", "question", "is_other"),
    [
        ("Line 12 weekdays", "When is the last bus on Sundays?", True),
        ("Line 12 weekdays", "When is the last bus on Monday?", False),
        ("Line 12 Sundays", "When is the last bus on Sunday?", False),
        ("Linie 12", "Wann fährt sonntags der letzte Bus?", False),
        ("Samedi et dimanche", "À quelle heure part le bus le lundi ?", True),
    ],
)
def test_a_table_below_a_heading_for_other_days_is_left_out(heading: str, question: str, *, is_other: bool) -> None:
    table = read_table(store_chunks(make_document(BUSES, heading=heading)))
    assert is_for_other_days(question, table) == is_other


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("06:10", (370, 370)),
        ("06:10:00", (370, 370)),
        ("9:00 - 13:30", (540, 810)),
        ("17.05 Uhr", (1025, 1025)),
        ("18 Uhr", (1080, 1080)),
        ("18 h 30", (1110, 1110)),
        ("5 pm", (1020, 1020)),
        ("12:30 a.m.", (30, 30)),
        ("24 h", None),
        ("17", None),
        ("1.30", None),
        ("25:10", None),
        ("06:10 from Central", None),
    ],
)
def test_the_time_of_a_cell(text: str, minutes: tuple[int, int] | None) -> None:
    assert parse_clock_times(text) == minutes


def test_a_time_can_name_the_row_of_a_cell() -> None:
    cells = find_named_cells("What is the arrival of the bus at 12:15?", make_table(BUSES))
    assert [cell.cell.text for cell in cells] == ["12:47"]


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        ("Was ist der Bestand von LA-1004?", "42"),
        ("Wie hoch ist der Mindestbestand von LA-1004?", "10"),
        ("Wann wird die Bestellung B-772 geliefert?", None),
    ],
)
def test_a_column_is_named_by_its_own_word(question: str, cell: str | None) -> None:
    stock = [["Artikel", "Bestand", "Mindestbestand"], ["LA-1003", "18", "25"], ["LA-1004", "42", "10"]]
    assert [named.cell.text for named in find_named_cells(question, make_table(stock))] == ([cell] if cell else [])


def test_the_name_of_the_key_is_no_column_that_is_asked_for() -> None:
    orders = [
        ["Bestellung", "Bestellt am", "Liefertermin"],
        ["B-771", "2026-02-03", "2026-02-12"],
        ["B-772", "2026-02-05", "2026-02-26"],
    ]
    cells = find_named_cells("Wann wird die Bestellung B-772 geliefert?", make_table(orders))
    assert [cell.cell.text for cell in cells] == ["2026-02-26"]


def test_below_a_minimum_in_one_word_compares_with_its_column() -> None:
    stock = [["Artikel", "Bestand", "Mindestbestand"], ["LA-1003", "18", "25"], ["LA-1004", "42", "10"]]
    assert select("Welche Artikel liegen unter dem Mindestbestand?", stock) == ["LA-1003"]
