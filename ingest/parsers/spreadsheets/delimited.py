"""CSV (RFC 4180) and TSV: a table, one line for each row."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO

from ingest.errors import ParserLimitError
from ingest.parsers.document_builder import DocumentBuilder, normalize_signs, normalize_text
from ingest.parsers.encoding import DecodedText, decode_lines
from ingest.parsers.source import Source, check_line_lengths
from ingest.types import PageUnit, ParsedDocument

ROWS_PER_PAGE = 2_000

_BATCH_BYTES = 1024 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_ROWS_TO_TRY = 200
_MAX_CELL_CHARS = 8 << 20
"""A longer cell is a quotation mark that nothing closes."""
_SEPARATOR_LINE = re.compile(r"""\s*"?sep=([^\w\s"'.-]|\t)\1*"?\s*""", re.I)
"""A first line that tells spreadsheet programs the delimiter; it is no row."""
_MEDIA_TYPES = {"\t": "text/tab-separated-values"}


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a table, a long one in pages with the header on each; `metadata` has its delimiter and encoding.

    Every cell is in the text, even in rows that are longer than the first. The first row is the header unless it has a
    number. The places of a table of one page are lines if every row is one line of the file. Raises `NoTextError` if
    all cells are blank.
    """
    check_line_lengths(source)
    with source.path.open("rb") as file:
        table = _Table(file)
        rows = table.read_rows(source.filename)
        first = list(islice(rows, 1))
        header = [row for row in first if not any(map(_is_number, row))]
        pages = pairwise(_split_pages(chain(first[len(header) :], rows)))
        for number, (page, following) in enumerate(pages, 1):
            start = (number - 1) * ROWS_PER_PAGE
            label = f"rows {start + 1} to {start + len(page)}" if following or start else ""
            yield table.build_page(header, page, source, number=number, label=label)


class _Table:
    """The rows of a file, which is read on demand, with its encoding, delimiter and warnings."""

    def __init__(self, file: BinaryIO) -> None:
        batches = decode_lines(file, _BATCH_BYTES)
        first = next(batches, DecodedText("", "utf-8"))
        self.encoding = first.encoding
        text = normalize_text(first.text)
        self._told_delimiter = _read_separator_line(text)
        self.delimiter = self._told_delimiter or _detect_delimiter(text)
        self._batches = chain([first], batches)
        self._warnings: list[str] = []
        self._lines = 0

    def read_rows(self, filename: str) -> Iterator[list[str]]:
        """Yield the rows that have text in a cell; raises `ParserLimitError` at a cell that does not end."""
        csv.field_size_limit(_MAX_CELL_CHARS)  # global state of `csv`
        lines = self._read_lines()
        if self._told_delimiter:
            next(lines)
        try:
            for row in csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True):
                if any(cell.strip() for cell in row):
                    yield row
        except csv.Error as error:
            detail = "it has a cell that does not end: look for a quotation mark that nothing closes"
            raise ParserLimitError(filename=filename, detail=detail) from error

    def build_page(
        self, header: Sequence[list[str]], rows: Sequence[list[str]], source: Source, *, number: int, label: str
    ) -> ParsedDocument:
        """Return one page; an empty `label` means that it is the whole table."""
        builder = DocumentBuilder(first_page=number)
        if label:
            builder.begin_page(label)
        builder.add_table([*header, *rows], header_rows=len(header))
        warnings, self._warnings = self._warnings, []
        document = builder.build(
            title=Path(source.filename).stem,
            media_type=_MEDIA_TYPES.get(self.delimiter, "text/csv"),
            filename=source.filename,
            warnings=warnings,
            metadata={"encoding": self.encoding, "delimiter": self.delimiter},
        )
        is_line_by_line = not label and document.text.count("\n") + 1 == self._lines
        return replace(document, unit=PageUnit.LINE) if is_line_by_line else document

    def _read_lines(self) -> Iterator[str]:
        """Yield all lines, and count them up to the last one that is not blank."""
        count = 0
        for batch in self._batches:
            self._warnings.extend(batch.warnings)
            text = normalize_signs(batch.text)
            for line in (text if count else text.lstrip("\ufeff")).splitlines(keepends=True):
                count += 1
                self._lines = count if line.strip() else self._lines
                yield line


def _split_pages(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """Yield the rows in pages, then an empty page; the first page may be empty too."""
    yield list(islice(rows, ROWS_PER_PAGE))
    while page := list(islice(rows, ROWS_PER_PAGE)):
        yield page
    yield []


def _read_separator_line(text: str) -> str:
    """Return the delimiter that a first line `sep=;` tells; empty without such a line."""
    match = _SEPARATOR_LINE.fullmatch(text.partition("\n")[0])
    return match[1] if match else ""


def _detect_delimiter(text: str) -> str:
    """Return the delimiter that splits the most rows.

    Ties go to the one with the most rows of valid quotes, then to the one with the most rows of equal width.
    """
    lines = list(islice(text.splitlines(keepends=True), _ROWS_TO_TRY))
    csv.field_size_limit(_MAX_CELL_CHARS)

    def fitness(delimiter: str) -> tuple[int, int, int, int]:
        widths = Counter(width for width in _count_cells(lines, delimiter, is_strict=False) if width > 1)
        width, count = max(widths.items(), key=lambda item: item[1], default=(1, 0))
        valid = sum(width > 1 for width in _count_cells(lines, delimiter, is_strict=True))
        return sum(widths.values()), valid, count, width

    return max(_DELIMITERS, key=fitness)


def _count_cells(lines: Sequence[str], delimiter: str, *, is_strict: bool) -> Iterator[int]:
    """Yield the number of cells of each row; if strict, without rows in which a quote closes inside a cell."""
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=is_strict)
    while True:
        try:
            yield len(next(rows))
        except csv.Error:
            continue
        except StopIteration:
            return


def _is_number(cell: str) -> bool:
    digits = cell.strip().replace(",", "").replace(".", "").lstrip("+-").rstrip("%")
    return digits.isdigit()
