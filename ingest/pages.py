"""Where a span stands: its page, its boxes, and the page as a picture."""

from dataclasses import dataclass

from ingest.errors import PageNotFoundError
from ingest.geometry import boxes_for_span
from ingest.library import Library
from ingest.types import Box
from ingest.workers import WorkerPool

RENDER_TIMEOUT_SECONDS = 30.0
RENDERER_WAIT_SECONDS = 10.0
"""Who waits for a picture holds a thread that others need, so nobody waits long."""


@dataclass(frozen=True, slots=True)
class Location:
    """The page on which a span begins, and one box for each line of it, on whatever page."""

    page: int
    boxes: tuple[Box, ...]


def locate(library: Library, collection_id: str, file_id: str, start: int, end: int) -> Location:
    """Return where `[start, end)` of a document stands; raises `FileNotInLibraryError`.

    There are no boxes for formats without a layout; their whole text is page 1.
    """
    pages = library.span_pages(collection_id, file_id, start, end)
    boxes = tuple(box for page in pages for box in boxes_for_span(page, start, end))
    return Location(pages[0].number if pages else 1, boxes)


class PageImages:
    """Draws the pages of stored originals; only formats with a layout (PDF) have pictures."""

    def __init__(self, library: Library, renderers: WorkerPool) -> None:
        self._library = library
        self._renderers = renderers

    def png(
        self, collection_id: str, file_id: str, number: int, start: int | None = None, end: int | None = None
    ) -> bytes:
        """Return a page as PNG with `[start, end)` highlighted.

        Raises `PageNotFoundError`, and `WorkerBusyError` where too many others want pictures.
        """
        page = next((page for page in self._library.pages(collection_id, file_id) if page.number == number), None)
        if page is None or page.width <= 0:
            raise PageNotFoundError(file_id=file_id, page=number)
        boxes = boxes_for_span(page, start, end) if start is not None and end is not None else ()
        params = {"path": str(self._library.original_path(file_id)), "page": number, "boxes": boxes}
        with self._renderers.lease(RENDERER_WAIT_SECONDS) as renderer:
            return renderer.call("render", params, bytes, timeout_seconds=RENDER_TIMEOUT_SECONDS)
