"""JSON and JSON Lines: records as text that people can read."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.errors import NoTextError
from ingest.parsers.document_builder import DocumentBuilder, format_row, normalize_text
from ingest.parsers.encoding import DecodedText, decode, decode_lines
from ingest.parsers.plain import code
from ingest.parsers.plain.json_layout import Json, JsonWriter, load
from ingest.parsers.source import Source
from ingest.types import Block, BlockKind, Page, PageUnit, ParsedDocument

JSON_MEDIA_TYPE = "application/json"
JSON_LINES_MEDIA_TYPE = "application/jsonl"

RECORDS_PER_PAGE = 200
_LINE_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_PIECE_BYTES = 1024 * 1024
_MAX_TOLD_LINES = 20


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield the records of a JSON or JSON Lines file.

    JSON Lines: one line of text for each line of the file, so that a place is its line; a broken one is kept as
    it is, with a warning. JSON: lines of "key: value" under the top-level keys, lists of like records as
    tables, a long list in pages. What is no JSON (comments, a file cut short) is kept as it is, with a
    warning. Raises `NoTextError` where there is nothing.
    """
    if Path(source.filename).suffix.lower() in _LINE_SUFFIXES:
        yield from _parse_lines(source)
        return
    decoded = decode(source.path.read_bytes())
    try:
        value = load(decoded.text)
    except (ValueError, RecursionError) as error:
        if _has_a_value_in_its_first_line(decoded.text):
            yield from _parse_lines(source)
        else:
            yield from _as_it_is(source, _reason(error))
        return
    yield from _parse_value(value, decoded, source)


def _parse_value(value: Json, decoded: DecodedText, source: Source) -> Iterator[ParsedDocument]:
    writer = JsonWriter()
    parts = _parts(value)
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
                warnings=(*decoded.warnings, *_left_out(writer)),
                metadata={"encoding": decoded.encoding},
                total_pages=len(parts),
            )
    if not has_text:
        raise NoTextError(filename=source.filename, detail="there are no values in it")


def _parts(value: Json) -> Sequence[Json]:
    """Return a long list as lists of one page each, and anything else as it is."""
    if not isinstance(value, list):
        return [value]
    return [value[start : start + RECORDS_PER_PAGE] for start in range(0, len(value), RECORDS_PER_PAGE)]


def _as_it_is(source: Source, reason: str) -> Iterator[ParsedDocument]:
    warning = f"it is not valid JSON ({reason}) and is kept as plain text"
    for piece in code.parse(source):
        yield replace(piece, warnings=(*piece.warnings, warning))


def _has_a_value_in_its_first_line(text: str) -> bool:
    first, _, rest = text.lstrip().partition("\n")
    try:
        load(first)
    except (ValueError, RecursionError):
        return False
    return bool(rest.strip())


def _parse_lines(source: Source) -> Iterator[ParsedDocument]:
    lines = _Lines()
    encoding = ""
    has_text = False
    with source.path.open("rb") as file:
        for number, decoded in enumerate(decode_lines(file, _PIECE_BYTES), 1):
            encoding = encoding or decoded.encoding
            text = "\n".join(map(lines.read, decoded.text.removesuffix("\n").split("\n")))
            has_text = has_text or bool(text.strip())
            yield ParsedDocument(
                title=Path(source.filename).stem,
                media_type=JSON_LINES_MEDIA_TYPE,
                text=text,
                pages=(Page(number, 0, len(text)),),
                blocks=(Block(BlockKind.TABLE, 0, len(text), 0),),
                warnings=(*decoded.warnings, *lines.take_warnings()),
                metadata={"encoding": encoding},
                unit=PageUnit.LINE,
            )
    if not has_text:
        raise NoTextError(filename=source.filename, detail="there is nothing but white space in it")


class _Lines:
    """Turns the lines of a file into lines of text, one for one, and counts what is wrong with them."""

    def __init__(self) -> None:
        self._number = 0
        self._broken = 0
        self._warnings: list[str] = []
        self._writer = JsonWriter()

    def read(self, line: str) -> str:
        """Return the next line's record on one line, or the line itself where it is broken."""
        self._number += 1
        if not line.strip():
            return ""
        try:
            value = load(line)
        except (ValueError, RecursionError) as error:
            self._note_broken(error)
            return " ".join(normalize_text(line).split())
        return format_row([normalize_text(text) for text in self._writer.lines(value)])

    def _note_broken(self, error: ValueError | RecursionError) -> None:
        self._broken += 1
        if self._broken <= _MAX_TOLD_LINES:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else _reason(error)
            self._warnings.append(f"line {self._number} is not valid JSON ({reason}) and is kept as it is")
        elif self._broken == _MAX_TOLD_LINES + 1:
            self._warnings.append(f"more lines from {self._number} on are not valid JSON and are kept as they are")

    def take_warnings(self) -> list[str]:
        """Return the warnings since the last call."""
        warnings = [*self._warnings, *_left_out(self._writer)]
        self._warnings = []
        return warnings


def _left_out(writer: JsonWriter) -> Sequence[str]:
    return ["encoded binary data (base64) in it was left out"] if writer.left_out else []


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return "it is nested too deeply"
