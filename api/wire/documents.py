"""A document as the command line's `--json` shows it."""

from api.wire.base import ResponseModel
from ingest.types import DocumentRecord, DocumentStatus


class DocumentObject(ResponseModel):
    """One document of one collection."""

    id: str
    collection: str
    """Name of the collection."""
    source: str
    status: DocumentStatus
    reason: str
    """Explains a warning or failure."""
    pages: int
    chunks: int
    sha256: str

    @classmethod
    def of(cls, document: DocumentRecord) -> "DocumentObject":
        """Return a document."""
        return cls(
            id=document.file_id,
            collection=document.collection,
            source=document.source,
            status=document.status,
            reason=document.reason,
            pages=document.pages,
            chunks=document.chunks,
            sha256=document.sha256,
        )
