"""Tables as the library has them: through the real parsers and the real chunker, without a model."""

from collections.abc import Sequence
from pathlib import Path

from ingest.chunking.chunker import ChunkSpec, split
from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.registry import parse
from ingest.types import ParsedDocument, StoredChunk
from rag.tables.headers import name_columns_by_first_row
from rag.tables.table import Table, continues, is_table, read_table
from tests.fakes import WordTokenizer

LAB = [
    ["Analyte", "Result", "Unit", "Reference", "Flag"],
    ["Sodium", "139", "mmol/L", "136 - 145", ""],
    ["Potassium", "5.6", "mmol/L", "3.5 - 5.1", "H"],
    ["Creatinine", "1.31", "mg/dL", "0.70 - 1.20", "H"],
    ["Urea", "38", "mg/dL", "17 - 43", ""],
    ["Ferritin", "11", "ug/L", "30 - 400", "L"],
    ["TSH", "2.10", "mIU/L", "< 4.20", ""],
]
BUDGET = [
    ["Department", "Plan", "Actual", "Variance", "Variance %"],
    ["Marketing", "120,000", "134,500", "14,500", "12.1%"],
    ["Sales", "310,000", "297,250", "-12,750", "-4.1%"],
    ["IT", "205,000", "231,800", "26,800", "13.1%"],
    ["HR", "88,000", "86,100", "-1,900", "-2.2%"],
    ["Total", "723,000", "749,650", "26,650", "3.7%"],
]


def make_document(rows: Sequence[Sequence[str]], *, header_rows: int = 1, heading: str = "") -> ParsedDocument:
    """Return a document that is one table, below a heading if there is one."""
    builder = DocumentBuilder()
    builder.add_heading(1, heading)
    builder.add_table(rows, header_rows=header_rows)
    return builder.build(title="Table", media_type="text/plain", filename="table.txt")


def store_chunks(document: ParsedDocument, *, max_tokens: int = 200) -> list[StoredChunk]:
    """Return the chunks of a document as the library would."""
    chunks = split(document, ChunkSpec(max_tokens), WordTokenizer())
    return [StoredChunk(number, "c", "f", "table.txt", "table.txt", chunk) for number, chunk in enumerate(chunks, 1)]


def make_table(rows: Sequence[Sequence[str]], *, header_rows: int = 1) -> Table:
    """Return rows as a table that was written and read again."""
    return name_columns_by_first_row(read_table(store_chunks(make_document(rows, header_rows=header_rows))))


def read_file(path: Path, *, max_tokens: int = 200) -> list[Table]:
    """Return the tables of a file, each with all its chunks."""
    runs: list[list[StoredChunk]] = []
    for stored in store_chunks(parse(path, path.name), max_tokens=max_tokens):
        if is_table(stored) and runs and runs[-1] and continues(runs[-1][-1], stored):
            runs[-1].append(stored)
        else:
            runs.append([stored] if is_table(stored) else [])
    return [name_columns_by_first_row(read_table(run)) for run in runs if run]
