"""Tables of PDFs whose cells are divided by rules: merged cells, headers of several rows, cells of several lines."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from ingest.parsers import registry
from ingest.parsers.pdf.grids import GridArea, find_grids
from ingest.text.word_boxes import unpack_words
from ingest.types import ParsedDocument
from tests.files import new_canvas

STYLE = getSampleStyleSheet()["BodyText"]
Span = tuple[tuple[int, int], tuple[int, int]]


def make_table(rows: list[list[Any]], *spans: Span, frame: bool = True) -> Table:
    """Return a table; spans are (column, row) of their first and last cell, as in reportlab."""
    commands: list[Any] = [("GRID" if frame else "INNERGRID", (0, 0), (-1, -1), 0.5, colors.black)]
    commands += [("SPAN", first, last) for first, last in spans]
    return Table(rows, style=TableStyle([*commands, ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]))


def read(tmp_path: Path, *flowables: Flowable) -> ParsedDocument:
    SimpleDocTemplate(str(tmp_path / "a.pdf"), pagesize=A4, invariant=1).build(list(flowables))
    return registry.parse(tmp_path / "a.pdf", "a.pdf")


def lines(document: ParsedDocument) -> list[str]:
    (block,) = document.blocks
    return document.text[block.start : block.end].split("\n")


BEDS = [
    ["Ward", "Beds in 2026", "", "Head"],
    ["", "Free", "Used", ""],
    ["North", "12", "30", "Alm"],
    ["", "14", "28", "Bek"],
    ["South", "3", "41", "Cox"],
]
BEDS_SPANS: tuple[Span, ...] = (((1, 0), (2, 0)), ((0, 0), (0, 1)), ((3, 0), (3, 1)), ((0, 2), (0, 3)))


@pytest.mark.parametrize(
    ("rows", "spans", "expected"),
    [
        (
            BEDS,
            BEDS_SPANS,
            [
                "Ward | Beds in 2026 / Free | Beds in 2026 / Used | Head",
                "North | 12 | 30 | Alm",
                "North | 14 | 28 | Bek",
                "South | 3 | 41 | Cox",
            ],
        ),
        (
            [["Zone", "Spur", "Tempo"], ["Hafen", "Kai", "20"], ["", "Kran", "8"], ["", "Silo", "15"]],
            (((0, 1), (0, 3)),),
            ["Zone | Spur | Tempo", "Hafen | Kai | 20", "Hafen | Kran | 8", "Hafen | Silo | 15"],
        ),
        (
            [["Poste", "Prix"], ["Quai", "12,50"], ["fermé pendant l'hiver", ""], ["Grue", "9,00"]],
            (((0, 2), (1, 2)),),
            ["Poste | Prix", "Quai | 12,50", "fermé pendant l'hiver", "Grue | 9,00"],
        ),
        (
            [["Tarifas 2026", "", ""], ["Puerto", "Invierno", "Verano"], ["Vigo", "12", "15"]],
            (((0, 0), (2, 0)),),
            ["Tarifas 2026", "Puerto | Invierno | Verano", "Vigo | 12 | 15"],
        ),
        (
            [["Molo", "Nord", "", "Sud", ""], ["", "min", "max", "min", "max"], ["A", "1", "2", "3", "4"]],
            (((0, 0), (0, 1)), ((1, 0), (2, 0)), ((3, 0), (4, 0))),
            ["Molo | Nord / min | Nord / max | Sud / min | Sud / max", "A | 1 | 2 | 3 | 4"],
        ),
        (
            [["Kade", "Prijs", "Btw"], ["Noord", "", "21%"], ["Zuid", "45", ""], ["West", "7", "9%"]],
            (),
            ["Kade | Prijs | Btw", "Noord |  | 21%", "Zuid | 45", "West | 7 | 9%"],
        ),
        (
            [["Cais", "Preço"], ["Norte", "12"], ["", "14"], ["Sul", "3"]],
            (((0, 1), (0, 2)),),
            ["Cais | Preço", "Norte | 12", "Norte | 14", "Sul | 3"],
        ),
        (
            [["A-1", "12.5", "980"], ["B-2", "9.75", "45"]],
            (),
            ["A-1 | 12.5 | 980", "B-2 | 9.75 | 45"],
        ),
        (
            [["Free", "Free", ""], ["", "Free", "Used"], ["12", "3", "4"]],
            (((0, 0), (0, 1)), ((1, 0), (2, 0))),
            ["Free | Free | Free / Used", "12 | 3 | 4"],
        ),
    ],
)
def test_every_row_has_the_cells_that_stand_beside_it(
    tmp_path: Path, rows: list[list[Any]], spans: tuple[Span, ...], expected: list[str]
) -> None:
    document = read(tmp_path, Paragraph("Before it.", STYLE), make_table(rows, *spans), Paragraph("After it.", STYLE))
    assert lines(document) == expected
    assert document.text.startswith("Before it.\n\n")
    assert document.text.endswith("\n\nAfter it.")
    check_words(document)


def check_words(document: ParsedDocument) -> None:
    """Check that words are in text order, without overlap, and none has a space in it."""
    (page,) = document.pages
    words = unpack_words(page.words)
    assert (words["start"][1:] >= words["end"][:-1]).all()
    texts = [document.text[start:end] for start, end, _, _ in words.tolist()]
    assert all(text and not set(text) & set(" \n") for text in texts)


def test_the_words_of_a_table_have_their_boxes(tmp_path: Path) -> None:
    document = read(tmp_path, make_table(BEDS, *BEDS_SPANS))
    (page,) = document.pages
    words = {document.text[start:end]: box for start, end, _, box in unpack_words(page.words).tolist()}
    assert words["Alm"][0] == words["Bek"][0] > words["30"][2]
    assert words["Alm"][3] < words["Bek"][1]
    north, alm, bek = words["North"], words["Alm"], words["Bek"]
    assert alm[1] < north[1] < bek[1]
    assert [word for word in words if word == "North"] == ["North"]


def test_the_header_is_repeated_for_every_part_of_a_table(tmp_path: Path) -> None:
    document = read(tmp_path, make_table(BEDS, *BEDS_SPANS))
    (block,) = document.blocks
    assert document.text[block.start : block.header_end] == "Ward | Beds in 2026 / Free | Beds in 2026 / Used | Head"


def test_the_lines_of_a_cell_stay_together(tmp_path: Path) -> None:
    long = "Two cranes and a ferry that carries cars and lorries over the river every hour"
    rows = [["Season", "Staff", "Remarks"], ["Spring", "14", long], ["Summer", "39", "None"]]
    cells = [[Paragraph(text, STYLE) for text in row] for row in rows]
    table = Table(cells, colWidths=(80, 60, 120), style=TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
    document = read(tmp_path, table)
    assert lines(document) == ["Season | Staff | Remarks", f"Spring | 14 | {long}", "Summer | 39 | None"]
    check_words(document)


def test_struck_text_keeps_its_brackets(tmp_path: Path) -> None:
    texts = [["Item", "Price"], ["<strike>Bolt</strike>", "12"], ["Nut", "<strike>340</strike>"], ["Pin", "5"]]
    table = make_table([[Paragraph(text, STYLE) for text in row] for row in texts])
    document = read(tmp_path, Paragraph("It is <strike>5</strike>", STYLE), table, Paragraph("After it.", STYLE))
    assert document.text == (
        "It is [struck out: 5]\n\nItem | Price\n[struck out: Bolt] | 12\nNut | [struck out: 340]\nPin | 5\n\nAfter it."
    )


def test_a_frame_around_prose_is_no_table(tmp_path: Path) -> None:
    prose = "The harbour of Ostrow has 412 berths, and a night costs EUR 21.75 from the first of May. " * 6
    boxes = make_table([[Paragraph(prose, STYLE), Paragraph(prose, STYLE)], ["", ""]])
    document = read(tmp_path, boxes)
    assert document.blocks == ()
    assert document.text.count("412 berths") == 12


def test_text_beside_a_grid_leaves_it_as_it_is(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    canvas.grid([100, 200, 300], [600, 620, 640])
    for row, y in enumerate((605, 625)):
        for column, x in enumerate((105, 205)):
            canvas.drawString(x, y, f"cell{row}{column}")
        canvas.drawString(305, y, "beside")
    canvas.save()
    document = registry.parse(tmp_path / "a.pdf", "a.pdf")
    assert document.text.count("beside") == 2
    assert document.text.count("cell") == 4
    check_words(document)


@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.sampled_from(["a", "Bb", "12", "3.5 kg", ""]), min_size=width, max_size=width),
            min_size=2,
            max_size=5,
        )
    )
)
@example([["a", "a"], ["a", "a"], ["", "a"]])  # PDFium reads what stands alone below as the end of the word above
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_word_of_a_table_is_lost_or_moved_to_another_row(tmp_path: Path, rows: list[list[str]]) -> None:
    document = read(tmp_path, Paragraph("Before it.", STYLE), make_table(rows))
    written = sorted("".join("".join(text for row in rows for text in row).split()))
    assert sorted("".join(document.text.removeprefix("Before it.").replace("|", "").split())) == written
    check_words(document)
    if document.blocks:
        stripped = [" ".join(line.replace("|", " ").split()) for line in lines(document)]
        assert stripped == [text for row in rows if (text := " ".join(" ".join(row).split()))]


def rule(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return (x0, y0, x1, y1)


ACROSS = [rule(0, y, 60, y + 1) for y in (0, 20, 40)]
DOWN = [rule(x, 0, x + 1, 40) for x in (0, 30, 60)]


def test_rules_that_meet_are_a_grid() -> None:
    (grid,) = find_grids(np.array([*ACROSS, *DOWN], np.float32))
    assert grid.areas == (GridArea(0, 0, 1, 1), GridArea(0, 1, 1, 1), GridArea(1, 0, 1, 1), GridArea(1, 1, 1, 1))


def test_a_rule_that_is_missing_merges_two_cells() -> None:
    half = rule(30, 20, 60, 21)
    (grid,) = find_grids(np.array([ACROSS[0], half, ACROSS[2], *DOWN], np.float32))
    assert grid.areas == (GridArea(0, 0, 2, 1), GridArea(0, 1, 1, 1), GridArea(1, 1, 1, 1))


def test_two_tables_are_two_grids() -> None:
    rules = np.array([*ACROSS, *DOWN], np.float32)
    below = rules + np.array([0, 100, 0, 100], np.float32)
    assert [grid.ys[0] for grid in find_grids(np.concatenate([below, rules]))] == [0.5, 100.5]


@pytest.mark.parametrize(
    "rules",
    [
        ACROSS,
        DOWN,
        [*ACROSS[:2], *DOWN[:2]],
        [*ACROSS, *[rule(x, 100, x + 1, 140) for x in (0, 30, 60)]],
        [ACROSS[0], rule(0, 20, 30, 21), ACROSS[2], DOWN[0], rule(30, 20, 31, 40), DOWN[2]][:5],
    ],
)
def test_other_rules_are_no_grid(rules: list[tuple[float, float, float, float]]) -> None:
    assert find_grids(np.array(rules, np.float32)) == []
