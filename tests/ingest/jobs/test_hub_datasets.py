"""Rows of Hugging Face datasets as files: from copies on disk, without a network."""

import json
import sys
from pathlib import Path

import pytest

from ingest.jobs.hub_datasets import (
    ColumnMapping,
    ColumnMissingError,
    DatasetsMissingError,
    DatasetUnavailableError,
    RowFile,
    read_rows_as_files,
    split_reference,
)

datasets = pytest.importorskip("datasets")

ROWS = {
    "key": ["a1", "a2", "a3"],
    "name": ["Tides", "", "Ropes/knots"],
    "text": ["High at noon.", "", "Tie it twice."],
    "more": ["Low at six.", None, None],
    "count": [1, 2, 3],
}


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def saved(tmp_path: Path) -> str:
    rows = datasets.Dataset.from_dict(ROWS)
    datasets.DatasetDict({"train": rows, "test": rows.select([0])}).save_to_disk(str(tmp_path / "copy"))
    return str(tmp_path / "copy")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("hf:squad", ("squad", "")),
        ("hf:rajpurkar/squad:train", ("rajpurkar/squad", "train")),
        ("./copy:test", ("./copy", "test")),
    ],
)
def test_a_reference_names_a_dataset_and_perhaps_a_split(reference: str, expected: tuple[str, str]) -> None:
    assert split_reference(reference) == expected


def test_columns_become_text_title_and_id_and_rows_without_text_are_left_out(tmp_path: Path) -> None:
    name = saved(tmp_path)
    mapping = ColumnMapping(text=("text",), title="name", id="key")
    assert list(read_rows_as_files(f"hf:{name}:train", columns=mapping)) == [
        RowFile(f"hf:{name}:train#a1", "Tides.txt", b"Tides\n\nHigh at noon."),
        RowFile(f"hf:{name}:train#a3", "Ropes knots.txt", b"Ropes/knots\n\nTie it twice."),
    ]


def test_all_columns_of_strings_are_read_where_none_is_named_and_all_splits(tmp_path: Path) -> None:
    name = saved(tmp_path)
    files = list(read_rows_as_files(name, columns=ColumnMapping(id="key", title="name")))
    assert [file.source for file in files] == [f"hf:{name}:train#a1", f"hf:{name}:train#a3", f"hf:{name}:test#a1"]
    assert files[0].content == b"Tides\n\ntext: High at noon.\n\nmore: Low at six."


def test_short_rows_share_a_document(tmp_path: Path) -> None:
    name = saved(tmp_path)
    (file,) = read_rows_as_files(f"{name}:train", columns=ColumnMapping(text=("text", "count")), rows_per_document=10)
    assert file.source == f"hf:{name}:train#0-2"
    assert file.content.decode() == "text: High at noon.\n\ncount: 1\n\ncount: 2\n\ntext: Tie it twice.\n\ncount: 3"


def test_a_file_is_read_and_nothing_of_it_is_kept_in_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    path = tmp_path / "notes.jsonl"
    path.write_text(json.dumps({"body": "Ebb and flow", "parts": ["a", "b"]}) + "\n", "utf-8")
    (file,) = read_rows_as_files(str(path), columns=ColumnMapping(text=("body", "parts")))
    assert file.source == f"hf:{path}:train#0"
    assert file.content == b'body: Ebb and flow\n\nparts: ["a", "b"]'
    assert not list(tmp_path.glob("cache/**/*.arrow"))


def test_what_is_not_there_is_told_before_the_first_file(tmp_path: Path) -> None:
    name = saved(tmp_path)
    with pytest.raises(ColumnMissingError, match=r"no column 'body'\. Its columns are key, name, text, more, count"):
        next(read_rows_as_files(name, columns=ColumnMapping(text=("body",))))
    with pytest.raises(DatasetUnavailableError, match="no split 'dev', but train, test"):
        next(read_rows_as_files(f"{name}:dev"))
    with pytest.raises(DatasetUnavailableError, match="HF_HUB_OFFLINE forbids"):
        next(read_rows_as_files("hf:no-one/nothing:train"))


def test_without_the_library_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DatasetsMissingError, match=r"pip install 'pincite\[datasets\]'"):
        next(read_rows_as_files("hf:squad"))
