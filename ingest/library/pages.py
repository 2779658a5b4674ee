"""The location of a span: its page, its boxes, and the page as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.errors import FileNotInLibraryError, PageNotFoundError
from ingest.library.library import Library
from ingest.runtime.worker_pool import WorkerPool
from ingest.text.word_boxes import find_boxes
from ingest.types import Box, DocumentRecord, Page, PageUnit, StoredChunk

RENDER_TIMEOUT_SECONDS = 30.0
RENDERER_WAIT_SECONDS = 10.0
"""A request that waits for a picture holds a thread that others need, so the wait is short."""


@dataclass(frozen=True, slots=True)
class Location:
    """The page on which a span begins, a box for each of its lines (on any page), and its place in words.

    `place` is what a person looks for: "page 12", "page 12 to 13", "slide 3: Outlook", "line 40"; empty if the document
    has no parts.
    """

    page: int
    boxes: tuple[Box, ...]
    place: str


def locate(library: Library, collection_id: str, file_id: str, start: int, end: int) -> Location:
    """Return the location of `[start, end)` of a document; raises `FileNotInLibraryError`.

    Formats without a layout have no boxes.
    """
    document = library.document(collection_id, file_id)
    pages = library.read_span_pages(collection_id, file_id, start, end)
    boxes = tuple(box for page in pages for box in find_boxes(page, start, end))
    if document.unit is PageUnit.LINE:
        place = f"line {library.find_line(collection_id, file_id, start)}"
    else:
        place = _describe_pages(document, pages) if pages else ""
    return Location(pages[0].number if pages else 1, boxes, place)


def describe_place(library: Library, stored: StoredChunk) -> str:
    """Return the place of a chunk's beginning in words; empty if its document is gone."""
    try:
        start = stored.chunk.start
        return locate(library, stored.collection_id, stored.file_id, start, start + 1).place
    except FileNotInLibraryError:
        return ""


def _describe_pages(document: DocumentRecord, pages: Sequence[Page]) -> str:
    """Return the name of the first of `pages`, with the number of the last one if the span crosses a page break."""
    name = describe_page(document, pages[0])
    first, last = pages[0], pages[-1]
    if first.number == last.number or first.label or last.label:
        return name
    number = f"{document.unit} {first.number}"
    return name.replace(number, f"{number} to {last.number}", 1)


def find_highlights(page: Page, start: int | None, end: int | None) -> tuple[Box, ...]:
    """Return the boxes of `[start, end)` on a page; one of them alone goes to the page's end or beginning."""
    if start is None and end is None:
        return ()
    return find_boxes(page, page.start if start is None else start, page.end if end is None else end)


def describe_page(document: DocumentRecord, page: Page) -> str:
    """Return the name of a page, with the confidence of OCR if its text was read off a picture."""
    has_parts = document.pages > 1 or page.width > 0 or document.unit is not PageUnit.PAGE
    name = f"{document.unit} {page.number}" if has_parts else ""
    if page.label:
        name = page.label if document.unit is PageUnit.PAGE or not name else f"{name}: {page.label}"
    if page.ocr_confidence is None:
        return name
    return f"{name}, read by OCR ({page.ocr_confidence:.0%})".removeprefix(", ")


class PageImages:
    """Renders the pages of stored originals; only formats with a layout (PDF) have pictures."""

    def __init__(self, library: Library, renderers: WorkerPool) -> None:
        self._library = library
        self._renderers = renderers

    def png(
        self, collection_id: str, file_id: str, number: int, start: int | None = None, end: int | None = None
    ) -> bytes:
        """Return a page as PNG with `[start, end)` highlighted; one of them alone goes to the page's end or beginning.

        Raises `PageNotFoundError`, and `WorkerBusyError` if too many others wait for pictures.
        """
        page = next((page for page in self._library.pages(collection_id, file_id) if page.number == number), None)
        if page is None or page.width <= 0:
            raise PageNotFoundError(file_id=file_id, page=number)
        boxes = find_highlights(page, start, end)
        path, password = self._library.original_path(file_id), self._library.password(file_id)
        params = {"path": str(path), "page": number, "boxes": boxes, "password": password}
        with self._renderers.lease(RENDERER_WAIT_SECONDS) as renderer:
            return renderer.call("render", params, bytes, timeout_seconds=RENDER_TIMEOUT_SECONDS)
