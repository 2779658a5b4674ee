"""Find the title and headings of a PDF: from its outline, else by font size. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

from ingest.parsers.document_builder import clean_title
from ingest.parsers.pdf.layout import PageLayout
from ingest.parsers.pdf.pdfium import OutlineEntry
from ingest.types import Heading

_MAX_HEADING_CHARS = 120
_MAX_HEADING_LINES = 3
_MAX_LEVELS = 4
_LARGER_THAN_BODY = 1.15
_MAX_SHARE_OF_TEXT = 0.3
_LETTERS = re.compile(r"[^\W\d_]{2}")
_NUMBER = r"(?:(?:\d[\w.]*|[A-Z])[.)]?\s)?"
_NUMBERING = re.compile(r"^[\dA-Z]{1,3}(?:\.\d+)*[.)]?\s+")


class HeadingFinder:
    """Finds the headings of a document piece by piece.

    A font size keeps the level that it got first: larger ones that come later share the highest level.
    """

    def __init__(self, outline: Sequence[OutlineEntry]) -> None:
        self._outline = outline
        self._sizes: Counter[float] = Counter()
        self._level_of: dict[float, int] = {}
        self._chars = 0
        self._large_chars = 0

    def find(self, pages: Sequence[PageLayout], starts: Sequence[int], first_page: int) -> list[Heading]:
        """Return the headings of the next pages in text order; `starts` are the starts of the pages in their text."""
        if self._outline:
            headings = self._find_by_outline(pages, starts, first_page)
        else:
            headings = self._find_by_size(pages, starts)
        return sorted(headings, key=lambda heading: heading.start)

    def _find_by_outline(self, pages: Sequence[PageLayout], starts: Sequence[int], first_page: int) -> list[Heading]:
        headings: list[Heading] = []
        for entry in self._outline:
            index = entry.page - first_page
            if 0 <= index < len(pages):
                headings.append(
                    Heading(entry.level, entry.title, starts[index] + _find_on_page(pages[index], entry.title))
                )
        return headings

    def _find_by_size(self, pages: Sequence[PageLayout], starts: Sequence[int]) -> list[Heading]:
        self._sizes.update(_count_sizes(pages))
        lines = _find_large_lines(pages, _most_frequent(self._sizes))
        self._chars += sum(len(page.text) for page in pages)
        self._large_chars += sum(len(text) for _, _, text, _ in lines)
        if self._large_chars > _MAX_SHARE_OF_TEXT * self._chars:
            return []  # slides and posters have large letters throughout
        for size in sorted({size for _, _, _, size in lines}, reverse=True):
            self._level_of.setdefault(size, self._next_level(size))
        return [Heading(self._level_of[size], text, starts[page] + start) for page, start, text, size in lines]

    def _next_level(self, size: float) -> int:
        """Return the level of a new font size, between those of its neighbours."""
        above = max((level for other, level in self._level_of.items() if other > size), default=0)
        below = min((level for other, level in self._level_of.items() if other < size), default=_MAX_LEVELS)
        return max(min(above + 1, below), 1)


def find_title(stored: str, pages: Sequence[PageLayout]) -> str:
    """Return the stored title unless it is a placeholder, else the largest line of the first page, else nothing."""
    if title := clean_title(stored):
        return title
    lines = _find_large_lines(pages[:1], _most_frequent(_count_sizes(pages)))
    if not lines:
        return ""
    largest = max(size for _, _, _, size in lines)
    return next(text for _, _, text, size in lines if size == largest)


def _find_on_page(page: PageLayout, title: str) -> int:
    """Return the offset of a title on the page: of the lines that begin with it the largest one, else 0."""
    sizes = dict(zip(page.lines["start"].tolist(), page.lines["size"].tolist(), strict=True))
    for text in (title, _NUMBERING.sub("", title)):
        pattern = r"\s+".join(map(re.escape, text.split()))
        offsets = [match.start() for match in re.finditer(rf"^{_NUMBER}{pattern}", page.text, re.I | re.M)]
        if pattern and offsets:
            return max(offsets, key=lambda offset: sizes.get(offset, 0.0))
    return 0


def _count_sizes(pages: Sequence[PageLayout]) -> Counter[float]:
    """Return the number of characters of each font size."""
    counts: Counter[float] = Counter()
    for page in pages:
        for start, end, size in page.lines.tolist():
            if size > 0:  # notes at the end of a page have none
                counts[_round_size(size)] += end - start
    return counts


def _most_frequent(sizes: Counter[float]) -> float:
    """Return the font size of most characters; infinite without characters."""
    return max(sizes, key=lambda size: sizes[size]) if sizes else float("inf")


def _find_large_lines(pages: Sequence[PageLayout], body_size: float) -> list[tuple[int, int, str, float]]:
    """Return page index, offset, text and font size of the short lines that are clearly larger than the body text.

    Consecutive lines of one size are one heading.
    """
    large_lines: list[tuple[int, int, str, float]] = []
    for index, page in enumerate(pages):
        for group in _group_by_size(page):
            start, end, size = int(group[0][0]), int(group[-1][1]), group[0][2]
            text = " ".join(page.text[start:end].split())
            is_large = size > _LARGER_THAN_BODY * body_size and len(group) <= _MAX_HEADING_LINES
            if is_large and len(text) <= _MAX_HEADING_CHARS and _LETTERS.search(text):
                large_lines.append((index, start, text, size))
    return large_lines


def _group_by_size(page: PageLayout) -> list[list[tuple[int, int, float]]]:
    runs: list[list[tuple[int, int, float]]] = []
    for start, end, size in page.lines.tolist():
        line = (start, end, _round_size(size))
        if runs and runs[-1][-1][2] == line[2]:
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _round_size(size: float) -> float:
    return round(size * 2) / 2
