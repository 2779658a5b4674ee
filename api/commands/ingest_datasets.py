"""`pincite ingest hf:NAME[:split]`: read the rows of a dataset as documents."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from api.services import Services
from ingest.jobs.hub_datasets import PREFIX, ColumnMapping, read_rows_as_files
from ingest.types import AttributeValue, Collection, DocumentRecord


def is_dataset(path: Path) -> bool:
    """Whether an argument names a dataset."""
    return str(path).startswith(PREFIX)


def take_dataset(
    services: Services,
    collection: Collection,
    reference: Path,
    columns: ColumnMapping,
    rows_per_document: int,
    *,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[DocumentRecord]:
    """Store the rows of a dataset as files and queue them; yield their documents in order."""
    for row in read_rows_as_files(str(reference), columns=columns, rows_per_document=rows_per_document):
        file = services.library.add_file(source=row.source, filename=row.filename, content=io.BytesIO(row.content))
        yield services.library.enqueue(collection.id, file.id, attributes=attributes)
