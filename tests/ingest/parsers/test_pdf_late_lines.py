"""PDF pages that draw cells, labels and form fields out of order are read in the order in which a person reads."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.parsers import registry
from tests.files import new_canvas

Drawn = tuple[float, float, str]
"""Left edge and distance from the top in points, and a text."""

ROWS: list[Drawn] = [
    *((60, 100, "Part"), (160, 100, "Price"), (260, 100, "Remark")),
    *((60, 115, "Bolt"), (160, 115, "4.20"), (260, 115, "steel")),
    *((60, 130, "Nut"), (160, 130, "1.10")),
    *((60, 145, "Washer"), (160, 145, "0.30"), (260, 145, "copper")),
    *((60, 160, "Screw"), (160, 160, "2.90")),
]


def read(path: Path, drawn: Sequence[Drawn]) -> str:
    canvas = new_canvas(path)
    for x, y, text in drawn:
        canvas.drawString(x, 792 - y, text)
    canvas.save()
    return registry.parse(path, "a.pdf").text


def test_cells_that_are_drawn_after_their_table_stand_in_their_rows(tmp_path: Path) -> None:
    late = [(260.0, 130.0, "brass"), (260.0, 160.0, "zinc")]
    assert read(tmp_path / "a.pdf", ROWS + late).splitlines() == [
        "Part | Price | Remark",
        "Bolt | 4.20 | steel",
        "Nut | 1.10 | brass",
        "Washer | 0.30 | copper",
        "Screw | 2.90 | zinc",
    ]


def test_a_cell_between_others_that_is_drawn_late_stands_between_them(tmp_path: Path) -> None:
    rows = [entry for entry in ROWS if entry[2] != "4.20"]
    assert "Bolt | 4.20 | steel" in read(tmp_path / "a.pdf", [*rows, (160.0, 115.0, "4.20")])


def test_a_row_that_is_drawn_late_stands_between_its_neighbours(tmp_path: Path) -> None:
    names: Sequence[Drawn] = [(60, 100 + 15 * n, f"Gate {n} opens at {n}.") for n in range(1, 6) if n != 3]
    lines = read(tmp_path / "a.pdf", [*names, (60, 145, "Gate 3 opens at 3.")]).split("\n")
    assert [line for line in lines if line] == [f"Gate {n} opens at {n}." for n in range(1, 6)]


def test_columns_of_prose_stay_in_the_order_in_which_they_are_drawn(tmp_path: Path) -> None:
    words = "the pilot keeps his distance from the quay in all weather"
    left: Sequence[Drawn] = [(60, 100 + 14 * n, f"{n} left {words}"[:40]) for n in range(5)] + [(60, 170, "left ends.")]
    right: Sequence[Drawn] = [(330, 100 + 14 * n, f"{n} right {words}"[:40]) for n in range(5)] + [
        (330, 170, "it ends.")
    ]
    text = read(tmp_path / "a.pdf", [*left, *right])
    assert text.split() == " ".join(text for _, _, text in [*left, *right]).split()


def test_blocks_side_by_side_stay_whole(tmp_path: Path) -> None:
    sender: Sequence[Drawn] = [(60, 100 + 14 * n, text) for n, text in enumerate(("Harbour Ltd", "Quay 7", "Ostrow"))]
    dates: Sequence[Drawn] = [
        (330, 100 + 14 * n, text) for n, text in enumerate(("Invoice 2026-0311", "Due 12 May", "VAT 19%"))
    ]
    assert read(tmp_path / "a.pdf", [*sender, *dates]).split("\n")[:3] == ["Harbour Ltd", "Quay 7", "Ostrow"]


@pytest.mark.parametrize("height", [16, 22])
def test_the_fields_of_a_form_stand_beside_their_labels(tmp_path: Path, height: int) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    for y, label, value in ((700, "Name", "Bo Berg"), (660, "Berth", "A-12"), (620, "Length of the boat", "9.75 m")):
        canvas.drawString(72, y, label)
        canvas.acroForm.textfield(
            name=label, value=value, x=220, y=y - height / 2 + 3, width=150, height=height, fontSize=11
        )
    canvas.save()
    lines = registry.parse(tmp_path / "a.pdf", "a.pdf").text.split("\n")
    assert [" ".join(line.replace("|", " ").split()) for line in lines if line] == [
        "Name Bo Berg",
        "Berth A-12",
        "Length of the boat 9.75 m",
    ]
