"""Bind pages into pieces of a document, with what is known of the whole so far. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from ingest.parsers.pdf.layout import PageLayout, collect_vocabulary, dehyphenate
from ingest.parsers.pdf.page_report import PageReport, format_pages
from ingest.parsers.pdf.pages import ParsedPage
from ingest.parsers.pdf.pdfium import OutlineEntry
from ingest.parsers.pdf.running_headers import RunningHeaderFinder
from ingest.parsers.pdf.structure import HeadingFinder, find_title
from ingest.text.word_boxes import pack_words
from ingest.types import Block, BlockKind, Page, ParsedDocument

PAGE_SEPARATOR = "\n\n"
PIECE_PAGES = 32
FIRST_PIECE_PAGES = 8
"""The first piece is small: a reader may begin before the rest is read."""

OCR_PIECE_PAGES = 4
"""Of pages that OCR must read, which takes seconds each, the first piece has one and the others as many."""

_MAX_VOCABULARY = 300_000


class PieceBuilder:
    """Takes pages one by one and gives them back as pieces.

    The words of all pages so far tell which hyphens stay; their letters tell which lines are headings, and of
    which rank.
    """

    def __init__(
        self,
        filename: str,
        *,
        media_type: str,
        total_pages: int,
        stored_title: str = "",
        outline: Sequence[OutlineEntry] = (),
        with_ocr: bool = True,
    ) -> None:
        self.report = PageReport(with_ocr)
        self._fallback_title = Path(filename).stem
        self._stored_title = stored_title
        self._title = ""
        self._media_type = media_type
        self._total_pages = total_pages
        self._headings = HeadingFinder(outline)
        self._running = RunningHeaderFinder()
        self._vocabulary: set[str] = set()
        self._pages: list[ParsedPage] = []
        self._bound_pages = 0

    @property
    def has_text(self) -> bool:
        """Say whether any page so far has text."""
        return self.report.has_text

    @property
    def is_full(self) -> bool:
        """Say whether the pages that wait are enough for a piece; one without any text is never given away."""
        if not any(page.layout.text for page in self._pages):
            return False
        read_slowly = sum(page.confidence is not None for page in self._pages)
        if self._bound_pages:
            return len(self._pages) >= PIECE_PAGES or read_slowly >= OCR_PIECE_PAGES
        return len(self._pages) >= FIRST_PIECE_PAGES or read_slowly > 0

    def add(self, page: ParsedPage) -> None:
        """Take the next page."""
        self.report.add(page)
        self._pages.append(page)
        if len(self._vocabulary) < _MAX_VOCABULARY:
            self._vocabulary |= collect_vocabulary([page.layout.text])

    def take(self) -> ParsedDocument:
        """Return the pages that wait as the next piece."""
        layouts = [dehyphenate(page.layout, self._vocabulary) for page in self._pages]
        starts = _starts(layouts)
        headings = self._headings.find(layouts, starts, self._bound_pages + 1)
        self._title = self._title or find_title(self._stored_title, layouts) or self._fallback_title
        confidences = [page.confidence for page in self._pages]
        piece = ParsedDocument(
            title=self._title,
            media_type=self._media_type,
            text=PAGE_SEPARATOR.join(layout.text for layout in layouts),
            pages=tuple(map(_page, count(self._bound_pages + 1), layouts, starts, confidences)),
            headings=tuple(headings),
            blocks=tuple(
                block for layout, start in zip(layouts, starts, strict=True) for block in _tables(layout, start)
            ),
            skipped=tuple(self._running.find(layouts, starts)),
            total_pages=self._total_pages,
        )
        self._bound_pages += len(self._pages)
        self._pages.clear()
        return piece

    def finish(self, piece: ParsedDocument, warnings: Sequence[str]) -> ParsedDocument:
        """Return `piece` with what is said of the whole file."""
        metadata = {"ocr": format_pages(self.report.ocr)} if self.report.ocr else {}
        return replace(piece, warnings=(*piece.warnings, *warnings), metadata={**piece.metadata, **metadata})


def _starts(layouts: Sequence[PageLayout]) -> list[int]:
    starts: list[int] = []
    position = 0
    for layout in layouts:
        starts.append(position)
        position += len(layout.text) + len(PAGE_SEPARATOR)
    return starts


def _tables(layout: PageLayout, start: int) -> list[Block]:
    return [Block(BlockKind.TABLE, start + a, start + b, start + header_end) for a, header_end, b in layout.tables]


def _page(number: int, layout: PageLayout, start: int, confidence: float | None) -> Page:
    words = layout.words.copy()
    words["start"] += start
    words["end"] += start
    end = start + len(layout.text)
    return Page(number, start, end, layout.width, layout.height, pack_words(words), ocr_confidence=confidence)
