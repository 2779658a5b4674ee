"""What libraries of others write is read as their independent readers read it; nothing is lost and no cell moves."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.registry import parse
from tests.differential.__main__ import find_files, main
from tests.differential.comparison import Reading, compare, count_words
from tests.differential.readers import READERS, Reader, find_readers
from tests.differential.writers import HEADER, ITEMS, PARAGRAPHS, ROWS, TITLE, WRITERS, write_all

LIBRARIES = ("python-docx", "python-pptx", "openpyxl", "xlsxwriter", "reportlab", "email", "csv", "markdown")
"""The writers that the development dependencies bring."""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    paths = write_all(tmp_path_factory.mktemp("documents"))
    return {path.stem: path for path in paths}


def find_libraries(path: Path) -> list[Reader]:
    """Return the readers that need no program: each takes a fraction of a second."""
    return [reader for reader in find_readers(path) if not reader.program]


@pytest.mark.parametrize("writer", LIBRARIES)
def test_nothing_that_an_independent_reader_reads_is_missing(documents: dict[str, Path], writer: str) -> None:
    path = documents[writer]
    text = parse(path, path.name).text
    for reader in find_libraries(path):
        comparison = compare(text, reader.read(path))
        assert comparison.words > 0
        assert (reader.name, comparison.missing, comparison.missing_rows) == (reader.name, Counter(), ())


@pytest.mark.parametrize("writer", LIBRARIES)
def test_everything_that_was_written_is_read(documents: dict[str, Path], writer: str) -> None:
    path = documents[writer]
    parts = {"xlsxwriter": PARAGRAPHS[:1], "openpyxl": PARAGRAPHS, "csv": ()}.get(writer, (TITLE, *PARAGRAPHS, *ITEMS))
    rows = () if writer == "email" else (HEADER, *ROWS)
    comparison = compare(parse(path, path.name).text, Reading("\n".join(parts), rows))
    assert (comparison.missing, comparison.missing_rows) == (Counter(), ())


def test_every_format_has_an_independent_reader_and_a_writer() -> None:
    assert {suffix for reader in READERS for suffix in reader.suffixes} >= {suffix for _, suffix in WRITERS}


@given(st.text(max_size=200))
def test_a_text_has_all_of_itself(text: str) -> None:
    comparison = compare(text, Reading(text))
    assert (comparison.missing, comparison.extra, comparison.words_kept) == (Counter(), Counter(), comparison.words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10⁶ Cells, CELLS", {"106": 1, "cells": 2}),
        ("exam-\nple of 3.5 kg", {"example": 1, "of": 1, "3.5": 1, "kg": 1}),
        ("EUR 1,200.50 at 08:15", {"eur": 1, "1,200.50": 1, "at": 1, "08:15": 1}),
        ("日本語 text", {"日": 1, "本": 1, "語": 1, "text": 1}),
        ("Kündi\u00adgung", {"kündigung": 1}),
    ],
)
def test_words_are_counted_without_regard_to_their_form(text: str, words: dict[str, int]) -> None:
    assert count_words(text) == Counter(words)


@pytest.mark.parametrize(
    ("text", "row", "is_kept"),
    [
        ("A | 12 | x", ("A", "12", "x"), True),
        ("A 12\nx", ("A", "12", "x"), False),
        ("12 | A", ("A", "12"), False),
        ("A |  | x", ("A", "", "x"), True),
        ("North | A | 12", ("A", "12"), True),
    ],
)
def test_a_row_is_kept_if_its_cells_stand_in_one_line_in_order(text: str, row: tuple[str, ...], is_kept: bool) -> None:
    comparison = compare(text, Reading("", (row,)))
    assert comparison.missing_rows == (() if is_kept else (row,))
    assert comparison.cells_kept == (comparison.cells if is_kept else 0)


def test_a_run_lists_the_shares_and_the_differences(
    documents: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(find_files([documents["csv"].parent])) == sorted(documents.values())
    assert main([str(documents["csv"])]) == 0
    assert "| .csv | pandas | 1 | 1.000 | 1.000 |" in capsys.readouterr().out
    assert main([str(documents["csv"]), "--differences"]) == 0
    assert capsys.readouterr().out.startswith("csv.csv: pandas, 20 of 20 words")
