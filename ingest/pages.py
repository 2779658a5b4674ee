"""Where a span stands: its page, its boxes, and the page as a picture."""

from dataclasses import dataclass

from ingest.chunking import page_at
from ingest.errors import PageNotFoundError
from ingest.geometry import boxes_for_span
from ingest.library import Library
from ingest.types import Box
from ingest.workers import WorkerPool

RENDER_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Location:
    """The page on which a span begins, and one box for each line of it, on whatever page."""

    page: int
    boxes: tuple[Box, ...]


def locate(library: Library, collection_id: str, file_id: str, start: int, end: int) -> Location:
    """Return where `[start, end)` of a document stands; raises `FileNotInLibraryError`.

    There are no boxes for formats without a layout; their whole text is page 1.
    """
    pages = library.pages(collection_id, file_id)
    touched = [page for page in pages if page.start < end and start < page.end]
    return Location(page_at(pages, start), tuple(box for page in touched for box in boxes_for_span(page, start, end)))


class PageImages:
    """Draws the pages of stored originals; only formats with a layout (PDF) have pictures."""

    def __init__(self, library: Library, renderers: WorkerPool) -> None:
        self._library = library
        self._renderers = renderers

    def png(
        self, collection_id: str, file_id: str, number: int, start: int | None = None, end: int | None = None
    ) -> bytes:
        """Return a page as PNG with `[start, end)` highlighted; raises `PageNotFoundError`."""
        page = next((page for page in self._library.pages(collection_id, file_id) if page.number == number), None)
        if page is None or page.width <= 0:
            raise PageNotFoundError(file_id=file_id, page=number)
        boxes = boxes_for_span(page, start, end) if start is not None and end is not None else ()
        params = {"path": str(self._library.original_path(file_id)), "page": number, "boxes": boxes}
        with self._renderers.lease() as renderer:
            return renderer.call("render", params, bytes, timeout_seconds=RENDER_TIMEOUT_SECONDS)
