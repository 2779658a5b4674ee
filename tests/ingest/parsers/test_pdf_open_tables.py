"""Tables of PDFs that are ruled across only, or not at all: columns by white space, merged and wrapped cells."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table

from ingest.parsers import registry
from ingest.parsers.pdf.open_tables import find_open_grids
from ingest.parsers.pdf.text_rows import find_gaps, group_rows
from ingest.text.word_boxes import WORD_DTYPE, find_boxes
from ingest.types import ParsedDocument

STYLE = getSampleStyleSheet()["BodyText"]
WARDS = [
    ["Ward", "Beds", "Free", "Note"],
    ["Surgery", "40", "3", "renovation in May"],
    ["Eye", "10", "2", ""],
    ["Ear", "12", "5", "closed on Sunday"],
]
WARD_LINES = [
    "Ward | Beds | Free | Note",
    "Surgery | 40 | 3 | renovation in May",
    "Eye | 10 | 2",
    "Ear | 12 | 5 | closed on Sunday",
]
YEARS = [
    ["Ward", "Beds in 2025", "", "Beds in 2026", ""],
    ["", "All", "Free", "All", "Free"],
    ["Surgery", "40", "3", "41", "1"],
    ["Eye", "10", "2", "11", "5"],
]
YEAR_LINES = [
    "Ward | Beds in 2025 / All | Beds in 2025 / Free | Beds in 2026 / All | Beds in 2026 / Free",
    "Surgery | 40 | 3 | 41 | 1",
    "Eye | 10 | 2 | 11 | 5",
]
REGIONS = [
    ["Region", "Depot", "Stock"],
    ["North", "Alden", "5"],
    ["", "Brenfield", "6"],
    ["", "Corran", "7"],
    ["South", "Dunmore", "8"],
    ["", "Eastly", "9"],
]
TOP, UNDER_HEADER = ("LINEABOVE", (0, 0), (-1, 0), 1, colors.black), ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black)
BOTTOM = ("LINEBELOW", (0, -1), (-1, -1), 1, colors.black)
EVERY = ("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.grey)
SPANS = [("SPAN", (1, 0), (2, 0)), ("SPAN", (3, 0), (4, 0))]
CODES = [
    ["Code", "Meaning"],
    ["E-101", "The air pressure is below the limit of the station and the operator must check the hose first."],
    ["E-102", "The label roll is empty; change it and press start, then wait for the green lamp to light up."],
]

ZONES = [
    *(["Zone", "Lane", "Rate"], ["Harbour", "Aft", "11"], ["", "Bow", "12"], ["", "Crane", "13"]),
    *(["Hill", "Dock", "14"], ["", "Elm", "15"], ["", "Fir", "16"]),
]
CENTRED_ZONES = [("SPAN", (0, 1), (0, 3)), ("SPAN", (0, 4), (0, 6)), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
ZONE_LINES = [
    *("Zone | Lane | Rate", "Harbour | Aft | 11", "Harbour | Bow | 12", "Harbour | Crane | 13"),
    *("Hill | Dock | 14", "Hill | Elm | 15", "Hill | Fir | 16"),
]


def read(tmp_path: Path, *flowables: Flowable | str) -> ParsedDocument:
    parts = [Paragraph(part, STYLE) if isinstance(part, str) else part for part in flowables]
    SimpleDocTemplate(str(tmp_path / "a.pdf"), pagesize=A4, invariant=1).build(parts)
    return registry.parse(tmp_path / "a.pdf", "a.pdf")


def lines(document: ParsedDocument) -> list[str]:
    (block,) = document.blocks
    return document.text[block.start : block.end].split("\n")


def wrap(rows: list[list[str]]) -> list[list[Any]]:
    return [rows[0], *([row[0], Paragraph(row[1], STYLE)] for row in rows[1:])]


@pytest.mark.parametrize(
    ("rows", "widths", "style", "expected"),
    [
        (WARDS, (90, 60, 60, 150), [TOP, UNDER_HEADER, BOTTOM], WARD_LINES),
        (WARDS, (90, 60, 60, 150), [EVERY], WARD_LINES),
        (WARDS, (90, 60, 60, 150), [("LINEBELOW", (0, 0), (-1, -2), 0.5, colors.grey)], WARD_LINES),
        (WARDS, (90, 60, 60, 150), [], WARD_LINES),
        (
            YEARS,
            (90, 60, 60, 60, 60),
            [TOP, BOTTOM, *SPANS, ("LINEBELOW", (0, 1), (-1, 1), 0.5, colors.black)],
            YEAR_LINES,
        ),
        (
            YEARS,
            (90, 60, 60, 60, 60),
            [
                *(TOP, BOTTOM, *SPANS, ("LINEBELOW", (0, 1), (-1, 1), 0.5, colors.black)),
                *(("LINEBELOW", (1, 0), (2, 0), 0.5, colors.black), ("LINEBELOW", (3, 0), (4, 0), 0.5, colors.black)),
                ("ALIGN", (1, 0), (-1, -1), "CENTER"),
            ],
            YEAR_LINES,
        ),
        (
            REGIONS,
            (90, 90, 60),
            [
                *(TOP, UNDER_HEADER, BOTTOM, ("SPAN", (0, 1), (0, 3)), ("SPAN", (0, 4), (0, 5))),
                *(("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LINEBELOW", (0, 3), (-1, 3), 0.5, colors.black)),
                ("LINEBELOW", (1, 1), (-1, 2), 0.25, colors.grey),
            ],
            [
                *("Region | Depot | Stock", "North | Alden | 5", "North | Brenfield | 6", "North | Corran | 7"),
                *("South | Dunmore | 8", "South | Eastly | 9"),
            ],
        ),
        (ZONES, (90, 90, 90), [TOP, UNDER_HEADER, BOTTOM, *CENTRED_ZONES], ZONE_LINES),
        (
            ZONES,
            (90, 90, 90),
            [TOP, UNDER_HEADER, BOTTOM, *CENTRED_ZONES, ("LINEBELOW", (0, 3), (-1, 3), 0.5, colors.black)],
            ZONE_LINES,
        ),
        (
            [["", *YEARS[0][1:]], ["Ward", *YEARS[1][1:]], *YEARS[2:]],
            (90, 60, 60, 60, 60),
            [
                *(TOP, BOTTOM, *SPANS, ("LINEBELOW", (0, 1), (-1, 1), 0.5, colors.black)),
                *(("LINEBELOW", (1, 0), (2, 0), 0.5, colors.black), ("LINEBELOW", (3, 0), (4, 0), 0.5, colors.black)),
                ("ALIGN", (1, 0), (-1, -1), "CENTER"),
            ],
            YEAR_LINES,
        ),
        (YEARS, (90, 60, 60, 60, 60), [EVERY, *SPANS], YEAR_LINES),
        (wrap(CODES), (60, 200), [TOP, EVERY, ("VALIGN", (0, 0), (-1, -1), "TOP")], [" | ".join(row) for row in CODES]),
        (
            wrap(CODES),
            (60, 200),
            [TOP, EVERY, ("VALIGN", (0, 0), (-1, -1), "MIDDLE")],
            [" | ".join(row) for row in CODES],
        ),
    ],
    ids=[
        *("rules around the header", "a rule under each row", "rules between rows", "no rules", "two header rows"),
        *("rules in the header", "merged downwards", "labels beside the middle", "groups of labels with rules"),
        *("a name below the others", "a rule under each row of the header", "wrapped cells", "wrapped cells, centred"),
    ],
)
def test_a_table_without_vertical_rules_is_read_in_rows(
    tmp_path: Path, rows: list[list[Any]], widths: tuple[int, ...], style: list[Any], expected: list[str]
) -> None:
    document = read(tmp_path, "Intro.", Table(rows, colWidths=list(widths), style=style), "After.")
    assert lines(document) == expected
    assert (document.text.split("\n")[0], document.text.split("\n")[-1]) == ("Intro.", "After.")


def test_labels_beside_the_middle_of_their_rows_count_for_all_of_them_without_rules_too(tmp_path: Path) -> None:
    assert lines(read(tmp_path, Table(ZONES, colWidths=[90, 90, 90], style=CENTRED_ZONES))) == ZONE_LINES


def test_the_words_of_a_row_keep_their_places_on_the_page(tmp_path: Path) -> None:
    style = [TOP, UNDER_HEADER, BOTTOM]
    document = read(tmp_path, "Intro.", Table(WARDS, colWidths=[90, 60, 60, 150], style=style))
    page, start = document.pages[0], document.text.index("renovation")
    (row,) = find_boxes(page, start, start + len("renovation in May"))
    (label,) = find_boxes(page, document.text.index("Surgery"), document.text.index("Surgery") + 7)
    assert row.x0 > label.x1 + 100
    assert abs(row.y0 - label.y0) < 1


@pytest.mark.parametrize("columns", [1, 2])
def test_prose_between_rules_stays_whole(tmp_path: Path, columns: int) -> None:
    sentence = "The warden of the store signs the list on each Monday and on each Friday."
    prose = Paragraph(f"{sentence} " * 3, STYLE)
    rows = [[prose] * columns] * 3
    document = read(tmp_path, Table(rows, colWidths=[460 / columns] * columns, style=[TOP, EVERY]))
    assert " ".join(document.text.split()).count(sentence) == 9 * columns
    assert not document.blocks


def test_lines_under_and_through_words_divide_no_row(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Item", "Price"],
        [Paragraph("<u>Crane</u> lane", STYLE), Paragraph("<strike>900</strike> 800", STYLE)],
        ["Berth", "40"],
    ]
    document = read(tmp_path, Table(rows, colWidths=[120, 120], style=[TOP, UNDER_HEADER, BOTTOM]))
    assert lines(document) == ["Item | Price", "Crane lane | [struck out: 900] 800", "Berth | 40"]


boxes = st.tuples(st.integers(0, 500), st.integers(0, 700), st.integers(1, 80)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + 10)
)
rules = st.tuples(st.integers(0, 300), st.integers(-50, 700), st.integers(1, 300)).map(
    lambda r: (r[0], r[1], r[0] + r[2], r[1] + 0.5)
)


@given(boxes=st.lists(boxes, max_size=30), rules=st.lists(rules, max_size=12))
def test_any_words_and_rules_make_grids_that_are_whole(
    boxes: list[tuple[int, int, int, int]], rules: list[tuple[float, float, float, float]]
) -> None:
    words = np.array([(5 * n, 5 * n + 4, n, box) for n, box in enumerate(boxes)], WORD_DTYPE)
    for grid in find_open_grids(np.array(rules, np.float32).reshape(-1, 4), words, []):
        cells = sum(area.rows * area.columns for area in grid.areas)
        assert cells == (len(grid.xs) - 1) * (len(grid.ys) - 1)
        assert 0 <= grid.header_rows < len(grid.ys)


@given(boxes=st.lists(boxes, min_size=1, max_size=30))
def test_rows_have_every_word_and_gaps_none(boxes: list[tuple[int, int, int, int]]) -> None:
    words = np.array([(5 * n, 5 * n + 4, n, box) for n, box in enumerate(boxes)], WORD_DTYPE)
    rows = group_rows(words)
    assert sum(cell.chars for row in rows for cell in row.cells) == 5 * len(boxes)
    assert [row.y0 for row in rows] == sorted(row.y0 for row in rows)
    assert all(left < right for left, right in find_gaps(rows))
