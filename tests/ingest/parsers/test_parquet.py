"""Parquet tables: rows in pages with their header, and warnings about omitted columns."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import DamagedFileError, EncryptedFileError, NoTextError
from ingest.parsers.source import Source
from ingest.parsers.spreadsheets import parquet
from ingest.types import ParsedDocument


def pieces_of(path: Path, columns: dict[str, Any], **options: Any) -> list[ParsedDocument]:
    pq.write_table(pa.table(columns), path, **options)
    return list(parquet.parse(Source(path, "boats.parquet")))


def test_rows_come_in_pages_under_their_header(tmp_path: Path) -> None:
    names = [f"boat {number}" for number in range(450)]
    pieces = pieces_of(tmp_path / "a", {"id": list(range(450)), "name": names}, row_group_size=300)
    assert [piece.pages[0].label for piece in pieces] == [
        "rows 1 to 200",
        "rows 201 to 300",
        "rows 301 to 450",
    ]
    assert [(piece.pages[0].number, piece.total_pages) for piece in pieces] == [(1, 3), (2, 3), (3, 3)]
    assert pieces[2].text.startswith("id | name\n300 | boat 300\n")
    (table,) = pieces[2].blocks
    assert pieces[2].text[table.start : table.header_end] == "id | name"
    assert pieces[0].title == "boats"


def test_every_kind_of_value_is_readable_and_bytes_are_left_out_with_a_warning(tmp_path: Path) -> None:
    columns = {
        "day": [datetime.date(2024, 2, 3), None],
        "time": pa.array([1_234_567_891_234_567_891] * 2, pa.timestamp("ns")),
        "price": [Decimal("1.50")] * 2,
        "ok": [True, False],
        "crew": [[{"name": "Bö", "age": 4}], None],
        "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32())),
        "kind": pa.array(["tug", "tug"]).dictionary_encode(),
        "picture": [b"x", b"y"],
        "image": [{"bytes": b"x", "path": "a.png"}] * 2,
    }
    (piece,) = pieces_of(tmp_path / "a", columns)
    assert piece.text.split("\n") == [
        "day | time | price | ok | crew | map | kind",
        '2024-02-03 | 2009-02-13 23:31:31.234567891 | 1.50 | true | [{"name":"Bö","age":4}] | {"a":1} | tug',
        " | 2009-02-13 23:31:31.234567891 | 1.50 | false |  | {} | tug",
    ]
    assert piece.warnings == ("columns that hold bytes were left out: picture, image",)


def test_rows_with_long_texts_are_no_table(tmp_path: Path) -> None:
    (piece,) = pieces_of(tmp_path / "a", {"id": ["1", "2"], "text": ["line\n" * 300, "short"]})
    assert piece.blocks == ()
    assert piece.text.endswith("line\n\nid: 2\ntext: short")


def test_a_table_without_rows_or_with_nothing_but_bytes_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match="no rows"):
        pieces_of(tmp_path / "a", {"id": pa.array([], pa.int64())})
    with pytest.raises(NoTextError, match="nothing but bytes"):
        pieces_of(tmp_path / "a", {"picture": [b"x"]})


def test_broken_and_encrypted_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    pieces_of(path, {"id": list(range(1000))})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedFileError):
        list(parquet.parse(Source(path, "boats.parquet")))
    path.write_bytes(b"PAR1....PARE")
    with pytest.raises(EncryptedFileError):
        list(parquet.parse(Source(path, "boats.parquet")))


def test_floats_of_32_and_16_bits_are_short_decimals(tmp_path: Path) -> None:
    single = pa.float32()
    columns = {
        "x": pa.array([0.1, None], single),
        "half": pa.array([0.1, 2.5], single).cast(pa.float16()),
        "list": pa.array([[0.1, 0.2], None], pa.list_(single)),
        "pair": pa.array([{"a": 0.3, "b": 0.3}, None], pa.struct([("a", single), ("b", pa.float64())])),
        "map": pa.array([[("k", 0.7)], None], pa.map_(pa.string(), single)),
        "code": pa.array([0.1, 0.1], single).dictionary_encode(),
        "large": pa.array([16777216, 1e30], single),
        "odd": pa.array([float("nan"), float("inf")], single),
        "double": pa.array([0.1, 0.2]),
    }
    (piece,) = pieces_of(tmp_path / "a", columns)
    assert piece.text.split("\n")[1:] == [
        '0.1 | 0.1 | [0.1,0.2] | {"a":0.3,"b":0.3} | {"k":0.7} | 0.1 | 16777216.0 | nan | 0.1',
        " | 2.5 |  |  |  | 0.1 | 1e+30 | inf | 0.2",
    ]
