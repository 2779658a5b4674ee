# pyright: basic
"""Hugging Face datasets: rows become files to ingest (the adapter of `datasets`, an optional extra)."""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ingest.errors import IngestError

logger = logging.getLogger(__name__)

PREFIX = "hf:"
"""The prefix of a dataset's name, which tells it from a path."""

_MAX_NAME_CHARS = 80
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_TEXT_TYPES = ("string", "large_string", "string_view")


class DatasetsMissingError(IngestError):
    """The library that reads datasets is not installed."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("reading datasets needs an extra: pip install 'pincite[datasets]'")


class DatasetUnavailableError(IngestError):
    """The dataset, or the part of it that was asked for, cannot be had."""

    def __init__(self, *, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail
        super().__init__(f"dataset {name!r} cannot be read: {detail}")


class ColumnMissingError(IngestError):
    """The dataset has no such column, or none with text."""

    exit_code = 2

    def __init__(self, *, name: str, column: str, columns: tuple[str, ...]) -> None:
        self.name = name
        self.column = column
        self.columns = columns
        what = f"no column {column!r}" if column else "no column of text; name those to read"
        super().__init__(f"dataset {name!r} has {what}. Its columns are {', '.join(columns)}")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The columns that make a document: its text (all columns of strings if none is named), its title and its id."""

    text: tuple[str, ...] = ()
    title: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class RowFile:
    """One or more rows as a file: `source` is "hf:squad:train#12", `content` is text in UTF-8."""

    source: str
    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Rows:
    """One split: its rows and how documents made of them are called."""

    name: str
    dataset: Any
    columns: ColumnMapping


def split_reference(reference: str) -> tuple[str, str]:
    """Return the name and the split in "hf:NAME[:split]"; the split is empty if none is named."""
    name, _, split = reference.removeprefix(PREFIX).partition(":")
    return name, split


def read_rows_as_files(
    reference: str, *, columns: ColumnMapping | None = None, rows_per_document: int = 1, config: str = ""
) -> Iterator[RowFile]:
    """Yield the rows of "hf:NAME[:split]" as files in order, `rows_per_document` in each; all splits if none is named.

    NAME is a local copy (a folder of `save_to_disk`, a folder or file that `load_dataset` reads) if one exists, else
    a dataset on the hub. Rows without text are left out and counted in the log. Raises
    `DatasetsMissingError`, `DatasetUnavailableError` or `ColumnMissingError` before the first file.
    """
    if rows_per_document < 1:
        raise ValueError(f"a document cannot have {rows_per_document} rows")
    name, split = split_reference(reference)
    with TemporaryDirectory(prefix="pincite-dataset-") as folder:
        splits = [
            _Rows(
                f"{name}:{part}" if part else name, dataset, _check_columns(name, dataset, columns or ColumnMapping())
            )
            for part, dataset in _splits(name, split, config, folder)
        ]
        for rows in splits:
            yield from _files(rows, rows_per_document)


def _splits(name: str, split: str, config: str, folder: str) -> list[tuple[str, Any]]:
    """Return the splits by name; what is converted on the way is put into `folder`."""
    library = _library()
    try:
        loaded = _load(library, name, config, folder) if Path(name).exists() else _load_from_hub(library, name, config)
    except (OSError, ValueError, KeyError, library.exceptions.DatasetsError) as error:
        detail = " ".join(str(error).split())
        if library.config.HF_HUB_OFFLINE and not Path(name).exists():
            detail = "there is no copy of it here, and HF_HUB_OFFLINE forbids to ask the hub"
        raise DatasetUnavailableError(name=name, detail=detail) from error
    if not isinstance(loaded, Mapping):
        return [(split or str(loaded.split or ""), loaded)]
    if split and split not in loaded:
        raise DatasetUnavailableError(name=name, detail=f"it has no split {split!r}, but {', '.join(loaded)}")
    return [(split, loaded[split])] if split else list(loaded.items())


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DatasetsMissingError from error
    return datasets


def _load(library: Any, name: str, config: str, folder: str) -> Any:
    path = Path(name)
    if (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
        return library.load_from_disk(name)
    # The library would keep a copy in its cache, out of reach for whoever deletes the document.
    if path.is_file():
        return library.load_dataset(str(path.parent), data_files=path.name, cache_dir=folder)
    return library.load_dataset(name, config or None, cache_dir=folder)


def _load_from_hub(library: Any, name: str, config: str) -> Any:
    return library.load_dataset(name, config or None)


def _check_columns(name: str, dataset: Any, columns: ColumnMapping) -> ColumnMapping:
    """Return the mapping with the text columns named; raises `ColumnMissingError`."""
    names = tuple(dataset.column_names)
    reserved = {columns.title, columns.id}
    strings = (column for column in names if getattr(dataset.features[column], "dtype", "") in _TEXT_TYPES)
    text = columns.text or tuple(column for column in strings if column not in reserved)
    missing = next((column for column in (*text, columns.title, columns.id) if column and column not in names), None)
    if missing or not text:
        raise ColumnMissingError(name=name, column=missing or "", columns=names)
    return ColumnMapping(text, columns.title, columns.id)


def _files(rows: _Rows, rows_per_document: int) -> Iterator[RowFile]:
    selected = [column for column in (*rows.columns.text, rows.columns.title, rows.columns.id) if column]
    numbered = enumerate(rows.dataset.select_columns(list(dict.fromkeys(selected))))
    empty = 0
    while group := list(islice(numbered, rows_per_document)):
        filled = [(number, row, text) for number, row in group if (text := _text(row, rows.columns.text))]
        empty += len(group) - len(filled)
        if filled:
            yield _file(rows, filled)
    if empty:
        logger.warning("%s has %d rows without text, which were left out", rows.name, empty)


def _file(rows: _Rows, numbered: Sequence[tuple[int, Mapping[str, Any], str]]) -> RowFile:
    ids = [_value(row.get(rows.columns.id)) or str(number) for number, row, _ in numbered]
    titles = [_value(row.get(rows.columns.title)) for _, row, _ in numbered]
    place = ids[0] if len(ids) == 1 else f"{ids[0]}-{ids[-1]}"
    named = titles[0] if len(titles) == 1 and titles[0] else f"{rows.name} {place}"
    texts = [f"{title}\n\n{text}" if title else text for title, (_, _, text) in zip(titles, numbered, strict=True)]
    return RowFile(
        source=f"{PREFIX}{rows.name}#{place}",
        filename=f"{_filename(named)}.txt",
        content="\n\n".join(texts).encode("utf-8", "replace"),
    )


def _text(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Return the text of a row; several columns each begin with their name."""
    values = {column: _value(row[column]) for column in columns}
    parts = [value if len(columns) == 1 else f"{column}: {value}" for column, value in values.items() if value]
    return "\n\n".join(parts)


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value).strip()


def _filename(name: str) -> str:
    cleaned = _NOT_IN_NAMES.sub(" ", name)
    return " ".join(cleaned.split())[:_MAX_NAME_CHARS].strip(" .") or "row"
