"""Build the pieces of a document from its pages, with the vocabulary and letter sizes of the pages so far. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, count
from pathlib import Path

from ingest.parsers.pdf.hyphenation import collect_vocabulary
from ingest.parsers.pdf.layout import PageLayout, dehyphenate
from ingest.parsers.pdf.page_breaks import ends_within_sentence, join_sentences
from ingest.parsers.pdf.page_report import PageReport, format_pages
from ingest.parsers.pdf.pages import ParsedPage
from ingest.parsers.pdf.pdfium import LINE_END_HYPHEN, OutlineEntry
from ingest.parsers.pdf.running_headers import RunningHeaderFinder
from ingest.parsers.pdf.structure import HeadingFinder, find_title
from ingest.text.word_boxes import pack_words
from ingest.types import Block, BlockKind, Page, ParsedDocument

PIECE_PAGES = 32
FIRST_PIECE_PAGES = 8
"""The first piece is small: it is ready while the rest of the file is parsed."""

OCR_PIECE_PAGES = 4
"""OCR takes seconds a page: with such pages the first piece has one page and the others have so many."""

_MAX_PAGES_MORE = 8
_MAX_WORD = 80
_MAX_VOCABULARY = 300_000


class PieceBuilder:
    """Collects pages in order and returns them in pieces.

    The words of all pages so far decide which hyphens at line ends stay; the letter sizes of all pages so far decide
    which lines are headings, and of which level.
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
        self._running_headers = RunningHeaderFinder()
        self._vocabulary: set[str] = set()
        self._pages: list[ParsedPage] = []
        self._built_pages = 0

    @property
    def has_text(self) -> bool:
        """Whether any page so far has text."""
        return self.report.has_text

    @property
    def is_full(self) -> bool:
        """Whether the collected pages make a piece; pages without any text never do.

        A piece ends with a sentence if that takes a few pages more at most.
        """
        if not any(page.layout.text for page in self._pages):
            return False
        ocr_pages = sum(page.confidence is not None for page in self._pages)
        pages = len(self._pages)
        if self._built_pages:
            is_full = pages >= PIECE_PAGES or ocr_pages >= OCR_PIECE_PAGES
        else:
            is_full = pages >= FIRST_PIECE_PAGES or ocr_pages > 0
        is_overfull = pages >= PIECE_PAGES + _MAX_PAGES_MORE or ocr_pages >= OCR_PIECE_PAGES
        return is_full and (is_overfull or not ends_within_sentence(self._pages[-1].layout))

    def add(self, page: ParsedPage) -> None:
        """Add the next page."""
        self.report.add(page)
        self._pages.append(page)
        if len(self._vocabulary) < _MAX_VOCABULARY:
            self._vocabulary |= collect_vocabulary([page.layout.text], chr(LINE_END_HYPHEN))

    def build_piece(self) -> ParsedDocument:
        """Return the collected pages as the next piece."""
        joined, separators = join_sentences([page.layout for page in self._pages])
        layouts = [
            dehyphenate(layout, self._vocabulary, "" if separator else following.text[:_MAX_WORD])
            for layout, following, separator in zip(joined, [*joined[1:], joined[-1]], [*separators, "."], strict=True)
        ]
        starts = _compute_starts(layouts, separators)
        headings = self._headings.find(layouts, starts, self._built_pages + 1)
        self._title = self._title or find_title(self._stored_title, layouts) or self._fallback_title
        confidences = [page.confidence for page in self._pages]
        piece = ParsedDocument(
            title=self._title,
            media_type=self._media_type,
            text="".join(layout.text + separator for layout, separator in zip(layouts, [*separators, ""], strict=True)),
            pages=tuple(map(_make_page, count(self._built_pages + 1), layouts, starts, confidences)),
            headings=tuple(headings),
            blocks=tuple(
                block
                for layout, start in zip(layouts, starts, strict=True)
                for block in _make_table_blocks(layout, start)
            ),
            skipped=tuple(self._running_headers.find(layouts, starts)),
            total_pages=self._total_pages,
        )
        self._built_pages += len(self._pages)
        self._pages.clear()
        return piece

    def add_file_facts(self, piece: ParsedDocument, warnings: Sequence[str]) -> ParsedDocument:
        """Return `piece`, the last one, with the warnings and metadata of the whole file."""
        metadata = {"ocr": format_pages(self.report.ocr)} if self.report.ocr else {}
        return replace(piece, warnings=(*piece.warnings, *warnings), metadata={**piece.metadata, **metadata})


def _compute_starts(layouts: Sequence[PageLayout], separators: Sequence[str]) -> list[int]:
    lengths = [len(layout.text) + len(separator) for layout, separator in zip(layouts, separators, strict=False)]
    return list(accumulate(lengths, initial=0))


def _make_table_blocks(layout: PageLayout, start: int) -> list[Block]:
    return [Block(BlockKind.TABLE, start + a, start + b, start + header_end) for a, header_end, b in layout.tables]


def _make_page(number: int, layout: PageLayout, start: int, confidence: float | None) -> Page:
    words = layout.words.copy()
    words["start"] += start
    words["end"] += start
    end = start + len(layout.text)
    return Page(number, start, end, layout.width, layout.height, pack_words(words), ocr_confidence=confidence)
