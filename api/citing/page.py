"""Find what the page of a citation shows: the pages that its quote stands on, as pictures or as text."""

from api.citing.page_html import CitedPage, Excerpt
from api.services import Services
from ingest.errors import PageNotFoundError, UnreadableFileError, WorkerError
from ingest.library.pages import locate
from ingest.types import DocumentRecord, Page
from rag.types import Verdict

CONTEXT_CHARS = 3_000
"""How much of the text is shown on either side of a quote."""
MAX_PICTURES = 3
NOT_DRAWN = "The page could not be drawn. This is its text."


def find_cited_page(
    services: Services, document: DocumentRecord, number: int, *, start: int, end: int, verdict: Verdict | None
) -> CitedPage:
    """Return what is shown of the span `[start, end)` of a document, which begins on the page `number`.

    Raises `PageNotFoundError` if it does not. A page that cannot be drawn right now is shown as text.
    """
    library = services.library
    pages = library.read_span_pages(document.collection_id, document.file_id, start, end)
    if end <= start or not pages or pages[0].number != number:
        raise PageNotFoundError(file_id=document.file_id, page=number)
    text = library.document_text(document.collection_id, document.file_id)
    pictures: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()
    try:
        pictures = _draw(services, document, pages, start, end)
    except (UnreadableFileError, WorkerError):
        notes = (NOT_DRAWN,)
    place = locate(library, document.collection_id, document.file_id, start, end).place
    return CitedPage(
        title=f"{document.filename}, {place}" if place else document.filename,
        excerpt=_cut_excerpt(text, pages, start, end),
        verdict=verdict,
        notes=notes,
        pictures=pictures,
    )


def _draw(services: Services, document: DocumentRecord, pages: list[Page], start: int, end: int) -> tuple[bytes, ...]:
    """Return pictures of the pages with the span marked; none for formats without a layout."""
    return tuple(
        services.page_images.png(document.collection_id, document.file_id, page.number, start, end)
        for page in pages[:MAX_PICTURES]
        if page.width > 0
    )


def _cut_excerpt(text: str, pages: list[Page], start: int, end: int) -> Excerpt:
    first, last = pages[0].start, pages[-1].end
    begin, stop = max(first, start - CONTEXT_CHARS), min(last, end + CONTEXT_CHARS)
    before = ("… " if begin > first else "") + text[begin:start]
    after = text[end:stop] + (" …" if stop < last else "")
    return Excerpt(before, text[start:end], after)
