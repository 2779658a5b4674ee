"""JSON and JSON Lines: records as readable text."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.errors import NoTextError
from ingest.parsers.document_builder import DocumentBuilder, format_row, reveal_text
from ingest.parsers.encoding import DecodedText, decode, decode_lines
from ingest.parsers.plain import code
from ingest.parsers.plain.json_layout import Json, JsonWriter, load
from ingest.parsers.source import Source, check_line_lengths
from ingest.types import Block, BlockKind, Page, PageUnit, ParsedDocument

JSON_MEDIA_TYPE = "application/json"
JSON_LINES_MEDIA_TYPE = "application/jsonl"

RECORDS_PER_PAGE = 200
_LINE_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_PIECE_BYTES = 1024 * 1024
_MAX_WARNED_LINES = 20


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield the records of a JSON or JSON Lines file.

    JSON Lines: one line of text for each line of the file, so that places are lines; an invalid line stays as it is,
    with a warning. JSON: lines of "key: value" under the top-level keys, records of one shape as tables, a long list in
    pages. Invalid JSON (comments, a truncated file) stays as it is, with a warning. Raises `NoTextError` if there is no
    value.
    """
    if Path(source.filename).suffix.lower() in _LINE_SUFFIXES:
        yield from _parse_lines(source)
        return
    decoded = decode(source.path.read_bytes())
    try:
        value = load(decoded.text)
    except (ValueError, RecursionError) as error:
        if _has_value_in_first_line(decoded.text):
            yield from _parse_lines(source)
        else:
            yield from _parse_as_code(source, _explain(error))
        return
    yield from _parse_value(value, decoded, source)


def _parse_value(value: Json, decoded: DecodedText, source: Source) -> Iterator[ParsedDocument]:
    writer = JsonWriter()
    parts = _split_pages(value)
    has_text = False
    for number, part in enumerate(parts, 1):
        builder = DocumentBuilder(first_page=number)
        if isinstance(part, list) and len(parts) > 1:
            first = (number - 1) * RECORDS_PER_PAGE
            builder.begin_page(f"records {first + 1} to {first + len(part)}")
        writer.write(part, builder)
        if builder.has_text:
            has_text = True
            yield builder.build(
                title=Path(source.filename).stem,
                media_type=JSON_MEDIA_TYPE,
                filename=source.filename,
                warnings=(*decoded.warnings, *_warn_of_omitted(writer)),
                metadata={"encoding": decoded.encoding},
                total_pages=len(parts),
            )
    if not has_text:
        raise NoTextError(filename=source.filename, detail="there are no values in it")


def _split_pages(value: Json) -> Sequence[Json]:
    """Return a list in lists of one page each, any other value by itself."""
    if not isinstance(value, list):
        return [value]
    return [value[start : start + RECORDS_PER_PAGE] for start in range(0, len(value), RECORDS_PER_PAGE)]


def _parse_as_code(source: Source, reason: str) -> Iterator[ParsedDocument]:
    warning = f"it is not valid JSON ({reason}) and is kept as plain text"
    for piece in code.parse(source):
        yield replace(piece, warnings=(*piece.warnings, warning))


def _has_value_in_first_line(text: str) -> bool:
    first, _, rest = text.lstrip().partition("\n")
    try:
        load(first)
    except (ValueError, RecursionError):
        return False
    return bool(rest.strip())


def _parse_lines(source: Source) -> Iterator[ParsedDocument]:
    check_line_lengths(source)
    formatter = _LineFormatter()
    encoding = ""
    has_text = False
    with source.path.open("rb") as file:
        for number, decoded in enumerate(decode_lines(file, _PIECE_BYTES), 1):
            encoding = encoding or decoded.encoding
            text = "\n".join(map(formatter.format_line, decoded.text.removesuffix("\n").split("\n")))
            has_text = has_text or bool(text.strip())
            yield ParsedDocument(
                title=Path(source.filename).stem,
                media_type=JSON_LINES_MEDIA_TYPE,
                text=text,
                pages=(Page(number, 0, len(text)),),
                blocks=(Block(BlockKind.TABLE, 0, len(text), 0),),
                warnings=(*decoded.warnings, *formatter.take_warnings()),
                metadata={"encoding": encoding},
                unit=PageUnit.LINE,
            )
    if not has_text:
        raise NoTextError(filename=source.filename, detail="there is nothing but white space in it")


class _LineFormatter:
    """Formats the lines of a file one by one, and collects warnings about invalid ones."""

    def __init__(self) -> None:
        self._number = 0
        self._invalid = 0
        self._warnings: list[str] = []
        self._writer = JsonWriter()

    def format_line(self, line: str) -> str:
        """Return the record of the next line on one line, or the line itself if it is invalid."""
        self._number += 1
        if not line.strip():
            return ""
        try:
            value = load(line)
        except (ValueError, RecursionError) as error:
            self._warn_of_invalid(error)
            return " ".join(reveal_text(line).split())
        return format_row([reveal_text(text) for text in self._writer.format_lines(value)])

    def _warn_of_invalid(self, error: ValueError | RecursionError) -> None:
        self._invalid += 1
        if self._invalid <= _MAX_WARNED_LINES:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else _explain(error)
            self._warnings.append(f"line {self._number} is not valid JSON ({reason}) and is kept as it is")
        elif self._invalid == _MAX_WARNED_LINES + 1:
            self._warnings.append(f"more lines from {self._number} on are not valid JSON and are kept as they are")

    def take_warnings(self) -> list[str]:
        """Return the warnings since the last call."""
        warnings = [*self._warnings, *_warn_of_omitted(self._writer)]
        self._warnings = []
        return warnings


def _warn_of_omitted(writer: JsonWriter) -> Sequence[str]:
    return ["encoded binary data (base64) in it was left out"] if writer.omitted else []


def _explain(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return "it is nested too deeply"
