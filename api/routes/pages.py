"""What a document's pages say and look like, for whoever wants to check a citation."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.errors import DocumentNotReadyError, InvalidRequestError
from api.objects import JsonObject, page_object
from api.routes.parts import Parts, Store
from api.services import Services
from ingest.errors import PageNotFoundError
from ingest.types import READ, DocumentRecord

router = APIRouter(prefix="/v1/vector_stores/{store}/files/{file_id}", tags=["pages"])

PageNumber = Annotated[int, Path(ge=1, le=1_000_000)]
Offset = Annotated[int | None, Query(ge=0, le=2**31)]


@router.get("/content")
def document_text(parts: Parts, store: Store, file_id: str) -> JsonObject:
    """Return the whole text, in which all offsets count."""
    document = _ready_document(parts, store, file_id)
    text = parts.library.document_text(document.collection_id, file_id)
    return {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": text}],
        "has_more": False,
        "next_page": None,
    }


@router.get("/pages/{number}")
def page_text(parts: Parts, store: Store, file_id: str, number: PageNumber) -> JsonObject:
    """Return one page's text and where in the document it stands."""
    document = _ready_document(parts, store, file_id)
    pages = parts.library.pages(document.collection_id, file_id)
    page = next((page for page in pages if page.number == number), None)
    if page is None:
        raise PageNotFoundError(file_id=file_id, page=number)
    text = parts.library.page_text(document.collection_id, file_id, number)
    return {**page_object(page, text), "unit": document.unit, "start": page.start, "end": page.end}


@router.get("/pages/{number}/image", response_class=Response)
def page_image(
    parts: Parts, store: Store, file_id: str, number: PageNumber, start: Offset = None, end: Offset = None
) -> Response:
    """Draw a page as PNG, with the text `[start, end)` highlighted where both are given."""
    if (start is None) != (end is None):
        raise InvalidRequestError(detail="start and end belong together", param="start" if start is None else "end")
    document = _ready_document(parts, store, file_id)
    png = parts.page_images.png(document.collection_id, file_id, number, start, end)
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


def _ready_document(parts: Services, store: str, file_id: str) -> DocumentRecord:
    """Return a document that has text: one that is still being read has that of its first pages."""
    document = parts.library.document(parts.library.collection(store).id, file_id)
    if document.status not in READ and not document.pages:
        raise DocumentNotReadyError(file_id=file_id, status=document.status, reason=document.reason)
    return document
