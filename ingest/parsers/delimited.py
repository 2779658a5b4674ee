"""CSV and TSV: a table, one row a line."""

import csv
from collections import Counter
from itertools import islice
from pathlib import Path

from ingest.parsers.assembly import TextAssembly, clean
from ingest.parsers.encoding import decode
from ingest.types import ParsedDocument

_DELIMITERS = (",", ";", "\t", "|")
_ROWS_TO_TRY = 200
_MAX_FIELD_CHARS = 1 << 30
_MEDIA_TYPES = {"\t": "text/tab-separated-values"}


def parse(path: Path, filename: str) -> ParsedDocument:
    """Read a table; delimiter and encoding are found out and kept in `metadata`.

    Every cell is in the text, also where rows are longer than the first. The first row is the header
    unless a number stands in it. Raises `NoTextError` where there is nothing in the cells.
    """
    decoded = decode(path.read_bytes())
    text = clean(decoded.text)
    delimiter = _delimiter(text)
    rows = [row for row in _rows(text, delimiter) if any(cell.strip() for cell in row)]
    assembly = TextAssembly()
    assembly.table(rows, header_rows=int(bool(rows) and not any(map(_is_number, rows[0]))))
    return assembly.build(
        title=Path(filename).stem,
        media_type=_MEDIA_TYPES.get(delimiter, "text/csv"),
        filename=filename,
        warnings=decoded.warnings,
        metadata={"encoding": decoded.encoding, "delimiter": delimiter},
    )


def _rows(text: str, delimiter: str) -> list[list[str]]:
    # The limit is the module's only state; a cell as long as the file must not be an error.
    csv.field_size_limit(_MAX_FIELD_CHARS)
    return list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=True))


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the most rows into the same number of cells, more than one."""
    lines = list(islice(text.splitlines(keepends=True), _ROWS_TO_TRY))
    csv.field_size_limit(_MAX_FIELD_CHARS)

    def fitness(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row)
        width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        return (count, width) if width > 1 else (0, 0)

    return max(_DELIMITERS, key=fitness)


def _is_number(cell: str) -> bool:
    digits = cell.strip().replace(",", "").replace(".", "").lstrip("+-").rstrip("%")
    return digits.isdigit()
