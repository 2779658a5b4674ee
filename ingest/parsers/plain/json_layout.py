"""Write JSON values as text for people: lines of "key: value", and tables for records of one shape. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ingest.parsers.document_builder import DocumentBuilder

MAX_CELL_CHARS = 1000
"""Records with a longer value do not become a table: each value gets its own line."""

_ENCODED = re.compile(r"(?:data:[\w/+.;=-]+,)?[A-Za-z0-9+/_-]{500}[A-Za-z0-9+/_=\s-]*")
_CHARACTER_CLASSES = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))
_ENCODED_SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Record:
    """An object with its members in file order, duplicate keys included."""

    members: tuple[tuple[str, "Json"], ...]


Json: TypeAlias = str | bool | Record | list["Json"] | None
"""A JSON value (RFC 8259); numbers are their text in the file, so that none is rounded."""


def load(text: str) -> Json:
    """Return the value in `text`; raises `ValueError` if it is no JSON, `RecursionError` if it is nested too deeply."""
    value: Json = json.loads(
        text,
        object_pairs_hook=lambda members: Record(tuple(members)),
        parse_int=str,
        parse_float=str,
        parse_constant=str,
        strict=False,
    )
    return value


class JsonWriter:
    """Writes values; `omitted` counts the strings of encoded binary data (base64) that it replaces by a note."""

    def __init__(self) -> None:
        self.omitted = 0

    def write(self, value: Json, builder: DocumentBuilder) -> None:
        """Add a value; the objects and lists in an object come under their keys as headings."""
        if isinstance(value, list):
            self.write_records(value, builder)
            return
        if not isinstance(value, Record):
            builder.add_paragraph(self._format_scalar(value))
            return
        lines: list[str] = []
        for key, inner in value.members:
            if _is_plain(inner):
                lines.extend(self.format_lines(Record(((key, inner),))))
                continue
            builder.add_paragraph("\n".join(lines))
            lines = []
            builder.add_heading(1, key)
            self.write_records(inner if isinstance(inner, list) else [inner], builder)
        builder.add_paragraph("\n".join(lines))

    def write_records(self, records: Sequence[Json], builder: DocumentBuilder) -> None:
        """Add a list: as a table if its objects are flat and have the same keys, else each value as a paragraph."""
        rows = [record for record in records if isinstance(record, Record)]
        header = [key for key, _ in rows[0].members] if rows else []
        if len(records) > 1 and len(rows) == len(records) and _have_same_keys(rows, header):
            cells = [[self._format_scalar(dict(row.members)[key], null="") for key in header] for row in rows]
            write_rows(header, cells, builder)
        elif all(map(_is_scalar, records)):
            builder.add_paragraph("\n".join(self._format_scalar(record) for record in records))
        else:
            for record in records:
                builder.add_paragraph("\n".join(self.format_lines(record)))

    def format_lines(self, value: Json) -> list[str]:
        """Return a line "path: value" for each scalar inside; its path is the keys to it joined by dots."""
        lines: list[str] = []
        stack: list[tuple[str, Json]] = [("", value)]
        while stack:
            path, value = stack.pop()
            inner = _find_children(path, value)
            if inner:
                stack.extend(reversed(inner))
            else:
                text = self._format_list(value) if isinstance(value, list) else self._format_scalar(value)
                lines.append(f"{path}: {text}" if path else text)
        return lines

    def _format_list(self, values: Sequence[Json]) -> str:
        texts = [self._format_scalar(value) for value in values]
        # Jupyter notebooks store a text as the list of its lines.
        separator = "" if any(text.endswith("\n") for text in texts) else ", "
        return separator.join(texts) or "[]"

    def _format_scalar(self, value: Json, null: str = "null") -> str:
        if isinstance(value, str):
            return self._replace_encoded(value)
        if isinstance(value, Record):
            return "{}"
        return null if value is None else json.dumps(value)

    def _replace_encoded(self, text: str) -> str:
        if len(text) < _ENCODED_SAMPLE or not _ENCODED.fullmatch(text):
            return text
        if not all(kind.search(text) for kind in _CHARACTER_CLASSES):
            return text
        self.omitted += 1
        return f"({len(text):,} characters of encoded data)"


def write_rows(header: Sequence[str], rows: Sequence[Sequence[str]], builder: DocumentBuilder) -> None:
    """Add rows as a table, or each as lines of "name: value" if a cell is long."""
    if all(len(cell) <= MAX_CELL_CHARS for row in rows for cell in row):
        builder.add_table([header, *rows], header_rows=1)
        return
    for row in rows:
        lines = [f"{name}: {cell}" for name, cell in zip(header, row, strict=True) if cell.strip()]
        builder.add_paragraph("\n".join(lines))


def _find_children(path: str, value: Json) -> list[tuple[str, Json]]:
    """Return the values in an object or in a list that has more than scalars, with their paths; none for a scalar."""
    if isinstance(value, Record):
        return [(f"{path}.{key}" if path else key, inner) for key, inner in value.members]
    if isinstance(value, list) and not all(map(_is_scalar, value)):
        return [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    return []


def _have_same_keys(rows: Sequence[Record], header: Sequence[str]) -> bool:
    keys = set(header)
    return len(header) > 1 and all(
        len(row.members) == len(keys) and {key for key, _ in row.members} == keys and _is_flat(row) for row in rows
    )


def _is_flat(row: Record) -> bool:
    return all(_is_scalar(inner) for _, inner in row.members)


def _is_scalar(value: Json) -> bool:
    return not isinstance(value, list) and not (isinstance(value, Record) and value.members)


def _is_plain(value: Json) -> bool:
    """Return whether a value fits one line: a scalar or a list of scalars."""
    return _is_scalar(value) or (isinstance(value, list) and all(map(_is_scalar, value)))
