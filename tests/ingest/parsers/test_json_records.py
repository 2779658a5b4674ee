"""JSON and JSON Lines: every value is in the text, readable, in order."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import NoTextError
from ingest.parsers.plain import json_records
from ingest.parsers.plain.json_records import RECORDS_PER_PAGE
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.types import BlockKind, PageUnit, ParsedDocument

ANY_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def pieces_of(tmp_path: Path, content: str | bytes, name: str = "data.json") -> list[ParsedDocument]:
    path = tmp_path / "content"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(json_records.parse(Source(path, name)))


def read(tmp_path: Path, content: str | bytes, name: str = "data.json") -> ParsedDocument:
    return join_pieces(pieces_of(tmp_path, content, name))


def test_an_object_is_lines_with_its_lists_and_objects_under_headings(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        '{"name": "Pier", "tags": ["old", "wood"], "size": {"m": {"long": 12.50}}, '
        '"boats": [{"id": 1, "crew": null}, {"crew": true, "id": 2}], "last": "end"}',
    )
    assert document.text == (
        "name: Pier\ntags: old, wood\n\nsize\n\nm.long: 12.50\n\nboats\n\nid | crew\n1\n2 | true\n\nlast: end"
    )
    assert [heading.title for heading in document.headings] == ["size", "boats"]
    (table,) = document.blocks
    assert document.text[table.start : table.header_end] == "id | crew"
    assert document.metadata == {"encoding": "utf-8"}


def test_numbers_keep_their_digits_and_keys_that_stand_twice_are_both_read(tmp_path: Path) -> None:
    digits = "9" * 5_000
    document = read(tmp_path, f'{{"n": {digits}, "n": NaN, "x": 1e400, "y": 1.10}}')
    assert document.text == f"n: {digits}\nn: NaN\nx: 1e400\ny: 1.10"


def test_records_that_differ_are_paragraphs(tmp_path: Path) -> None:
    document = read(tmp_path, '[{"a": [{"b": 1}, 2]}, "tide", {"c": {}, "d": []}]')
    assert document.text == "a[0].b: 1\na[1]: 2\n\ntide\n\nc: {}\nd: []"


def test_records_with_long_texts_are_no_table(tmp_path: Path) -> None:
    text = "High tide is at noon. " * 60
    document = read(tmp_path, json.dumps([{"id": 1, "text": text}, {"id": 2, "text": "short"}]))
    assert document.blocks == ()
    assert document.text == f"id: 1\ntext: {text.rstrip()}\n\nid: 2\ntext: short"


def test_a_long_list_comes_in_pages_each_under_the_header(tmp_path: Path) -> None:
    pieces = pieces_of(tmp_path, json.dumps([{"id": n, "name": f"boat {n}"} for n in range(RECORDS_PER_PAGE + 5)]))
    assert [piece.pages[0].label for piece in pieces] == ["records 1 to 200", "records 201 to 205"]
    assert [piece.pages[0].number for piece in pieces] == [1, 2]
    assert [piece.total_pages for piece in pieces] == [2, 2]
    assert pieces[1].text.startswith("id | name\n200 | boat 200\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"a": 1 // why\n}', "line 1, column 9: Expecting ',' delimiter"),
        ('{"a": 1', "line 1, column 8: Expecting ',' delimiter"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_is_not_json_is_kept_as_it_is_with_a_warning(tmp_path: Path, content: str, reason: str) -> None:
    document = read(tmp_path, content)
    assert document.text == content
    assert document.warnings == (f"it is not valid JSON ({reason}) and is kept as plain text",)


def test_pictures_in_a_notebook_are_left_out_and_told(tmp_path: Path) -> None:
    picture = "iVBORw0KGgo9Aa+/" * 100
    notebook = {"cells": [{"source": ["import os\n", "os.sep"], "outputs": [{"image/png": picture}]}]}
    document = read(tmp_path, json.dumps(notebook), "a.ipynb")
    assert document.text == (
        "cells\n\n[0].source: import os\nos.sep\n[0].outputs[0].image/png: (1,600 characters of encoded data)".replace(
            "[0].source", "source"
        ).replace("[0].outputs", "outputs")
    )
    assert document.warnings == ("encoded binary data (base64) in it was left out",)


def test_each_line_of_json_lines_is_one_line_of_text(tmp_path: Path) -> None:
    content = '{"a": "x\\ny", "b": {"c": 1}}\n\n{"a": \n[1, 2]\n{}\n"\\u2028end"'
    document = read(tmp_path, content, "data.jsonl")
    assert document.text.split("\n") == ["a: x y | b.c: 1", "", '{"a":', "1, 2", "{}", "end"]
    assert document.warnings == ("line 3 is not valid JSON (Expecting value) and is kept as it is",)
    assert document.unit is PageUnit.LINE
    assert [(block.kind, block.start, block.header_end) for block in document.blocks] == [(BlockKind.TABLE, 0, 0)]


def test_big_json_lines_come_in_pieces_of_whole_lines(tmp_path: Path) -> None:
    lines = [json.dumps({"id": n, "text": "tide " * 50}) for n in range(6_000)]
    lines[5_000] = "{"
    pieces = pieces_of(tmp_path, "\n".join(lines) + "\n", "data.jsonl")
    assert len(pieces) > 1
    assert sum(piece.text.count("\n") + 1 for piece in pieces) == 6_000
    assert [page.number for piece in pieces for page in piece.pages] == list(range(1, len(pieces) + 1))
    assert [warning.split(" is")[0] for piece in pieces for warning in piece.warnings] == ["line 5001"]


def test_many_broken_lines_are_not_told_one_by_one(tmp_path: Path) -> None:
    warnings = read(tmp_path, "{\n" * 100, "data.jsonl").warnings
    assert len(warnings) == 21
    assert warnings[-1] == "more lines from 21 on are not valid JSON and are kept as they are"


def test_json_lines_are_told_from_json_and_read_in_any_encoding(tmp_path: Path) -> None:
    content = '{"a": "Flut"}\n{"a": "Höhe"}\n'
    assert read(tmp_path, content.encode("utf-16"), "data.json").text == "a: Flut\na: Höhe"
    assert read(tmp_path, content.encode("utf-16"), "data.jsonl").metadata == {"encoding": "utf-16"}


@pytest.mark.parametrize(("content", "name"), [("[]", "a.json"), ('""', "a.json"), ("\n\n", "a.jsonl")])
def test_a_file_without_values_has_no_text(tmp_path: Path, content: str, name: str) -> None:
    with pytest.raises(NoTextError):
        read(tmp_path, content, name)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc é\n|", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz.", max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(values=st.lists(VALUES, min_size=1, max_size=8))
@ANY_FILE
def test_any_records_keep_their_lines(tmp_path: Path, values: list[object]) -> None:
    content = "\n".join(json.dumps(value) for value in values)
    try:
        document = read(tmp_path, content, "data.jsonl")
    except NoTextError:
        return
    assert document.text.count("\n") == len(values) - 1
    assert document.warnings == ()


@given(value=VALUES)
@ANY_FILE
def test_any_value_is_sound(tmp_path: Path, value: object) -> None:
    try:
        document = read(tmp_path, json.dumps(value))
    except NoTextError:
        return
    assert all(document.text.startswith(heading.title, heading.start) for heading in document.headings)
    assert all(0 <= b.start <= b.header_end <= b.end <= len(document.text) for b in document.blocks)
