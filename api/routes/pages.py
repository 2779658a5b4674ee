"""The text and the pages of a document, as text and as pictures, to check a citation."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.errors import DocumentNotReadyError
from api.openapi import binary_response, error_responses
from api.routes.dependencies import AppServices, StoreName
from api.services import Services
from api.wire.pages import DocumentContent, PageText
from ingest.errors import (
    CollectionNotFoundError,
    FileNotInLibraryError,
    PageNotFoundError,
    UnreadableFileError,
    WorkerBusyError,
    WorkerError,
)
from ingest.types import READ, DocumentRecord

router = APIRouter(prefix="/v1/vector_stores/{store}/files/{file_id}", tags=["pages"])

NO_TEXT = error_responses(CollectionNotFoundError, FileNotInLibraryError, DocumentNotReadyError)
NO_PAGE = error_responses(CollectionNotFoundError, FileNotInLibraryError, PageNotFoundError, DocumentNotReadyError)
NO_IMAGE = error_responses(
    CollectionNotFoundError,
    FileNotInLibraryError,
    PageNotFoundError,
    DocumentNotReadyError,
    UnreadableFileError,
    WorkerBusyError,
    WorkerError,
)

PageNumber = Annotated[int, Path(ge=1, le=1_000_000, description="Counts from 1.")]
Offset = Annotated[int | None, Query(ge=0, le=2**31, description="Offset in the document's text.")]


class PngResponse(Response):
    """A picture."""

    media_type = "image/png"


@router.get("/content", responses=NO_TEXT)
def document_text(services: AppServices, store: StoreName, file_id: str) -> DocumentContent:
    """Return the whole text, in which all offsets count."""
    document = _readable_document(services, store, file_id)
    return DocumentContent.of(services.library.document_text(document.collection_id, file_id))


@router.get("/pages/{number}", responses=NO_PAGE)
def page_text(services: AppServices, store: StoreName, file_id: str, number: PageNumber) -> PageText:
    """Return the text of one page and its position in the document. Pincite's own."""
    document = _readable_document(services, store, file_id)
    pages = services.library.pages(document.collection_id, file_id)
    page = next((page for page in pages if page.number == number), None)
    if page is None:
        raise PageNotFoundError(file_id=file_id, page=number)
    text = services.library.page_text(document.collection_id, file_id, number)
    return PageText.of_document(document, page, text)


@router.get(
    "/pages/{number}/image",
    response_class=PngResponse,
    responses=binary_response("image/png", "The page as a picture.") | NO_IMAGE,
)
def page_image(
    services: AppServices,
    store: StoreName,
    file_id: str,
    number: PageNumber,
    start: Offset = None,
    end: Offset = None,
) -> Response:
    """Return a page as PNG. Pincite's own.

    The text from `start` to `end` is highlighted; one of them alone highlights from or to the page's edge.
    """
    document = _readable_document(services, store, file_id)
    png = services.page_images.png(document.collection_id, file_id, number, start, end)
    return PngResponse(png, headers={"Cache-Control": "private, max-age=3600"})


def _readable_document(services: Services, store: str, file_id: str) -> DocumentRecord:
    """Return a document that has text; one that is being read has that of its first pages."""
    document = services.library.document(services.library.collection(store).id, file_id)
    if document.status not in READ and not document.pages:
        raise DocumentNotReadyError(file_id=file_id, status=document.status, reason=document.reason)
    return document
