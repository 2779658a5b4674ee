"""Which model files are found, and what they are called."""

from pathlib import Path

import pytest

from rag.models import catalog
from rag.models.catalog import BUNDLED_ID, find_models


@pytest.fixture(autouse=True)
def no_bundled_model(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "bundled" not in request.function.__name__:
        monkeypatch.setattr(catalog, "find_bundled_model", lambda: None)


def put(home: Path, name: str, size_bytes: int = 1) -> Path:
    path = home / "models" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size_bytes)
    return path


def ids(home: Path) -> list[str]:
    return [entry.id for entry in find_models(home)]


def test_a_home_without_models_has_none(tmp_path: Path) -> None:
    assert find_models(tmp_path) == []


def test_models_are_named_for_their_files_the_largest_first(tmp_path: Path) -> None:
    put(tmp_path, "Small-Q4.gguf", 10)
    path = put(tmp_path, "maker/Large-Q8.gguf", 20)
    put(tmp_path, "notes.txt")
    entries = find_models(tmp_path)
    assert [(entry.id, entry.size_bytes) for entry in entries] == [("large-q8", 20), ("small-q4", 10)]
    assert entries[0].path == path


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    put(tmp_path, "one/model.gguf", 3)
    put(tmp_path, "Two/Model.gguf", 2)
    put(tmp_path, "model.gguf", 1)
    assert ids(tmp_path) == ["models/one/model", "models/two/model", "models/model"]


def test_a_model_in_several_parts_counts_once_with_all_its_bytes(tmp_path: Path) -> None:
    first = put(tmp_path, "Big-00001-of-00002.gguf", 5)
    put(tmp_path, "Big-00002-of-00002.gguf", 7)
    (entry,) = find_models(tmp_path)
    assert (entry.id, entry.path, entry.size_bytes) == ("big", first, 12)


def test_the_image_reader_of_a_model_is_no_model(tmp_path: Path) -> None:
    put(tmp_path, "mmproj-model-f16.gguf")
    assert find_models(tmp_path) == []


def test_the_bundled_model_comes_last_and_keeps_its_name(tmp_path: Path) -> None:
    put(tmp_path, f"{BUNDLED_ID}.gguf")
    entries = find_models(tmp_path)
    assert [entry.id for entry in entries] == [f"models/{BUNDLED_ID}", BUNDLED_ID]
    assert entries[-1].path.is_file()
    assert entries[-1].size_bytes > 50_000_000
