"""Title and headings of a PDF, from its outline or from the size of its letters. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

from ingest.parsers.assembly import sensible_title
from ingest.parsers.pdf_layout import PageLayout
from ingest.parsers.pdfium import OutlineEntry
from ingest.types import Heading

_MAX_HEADING_CHARS = 120
_MAX_HEADING_LINES = 3
_MAX_LEVELS = 4
_LARGER_THAN_BODY = 1.15
_MAX_SHARE_OF_TEXT = 0.3
_LETTERS = re.compile(r"[^\W\d_]{2}")
_NUMBER = r"(?:(?:\d[\w.]*|[A-Z])[.)]?\s)?"
_NUMBERING = re.compile(r"^[\dA-Z]{1,3}(?:\.\d+)*[.)]?\s+")


def find_headings(pages: Sequence[PageLayout], starts: Sequence[int], outline: Sequence[OutlineEntry]) -> list[Heading]:
    """Return the headings in the order of the text; `starts` are the places of the pages in it."""
    headings = _from_outline(pages, starts, outline) if outline else _from_letter_size(pages, starts)
    return sorted(headings, key=lambda heading: heading.start)


def find_title(stored: str, pages: Sequence[PageLayout]) -> str:
    """Return the stored title if it says something, else the largest line of the first page, else nothing."""
    if title := sensible_title(stored):
        return title
    lines = _large_lines(pages[:1], _body_size(pages))
    if not lines:
        return ""
    largest = max(size for _, _, _, size in lines)
    return next(text for _, _, text, size in lines if size == largest)


def _from_outline(pages: Sequence[PageLayout], starts: Sequence[int], outline: Sequence[OutlineEntry]) -> list[Heading]:
    return [
        Heading(entry.level, entry.title, starts[entry.page - 1] + _place(pages[entry.page - 1], entry.title))
        for entry in outline
    ]


def _place(page: PageLayout, title: str) -> int:
    """Return where on the page a title stands: of the lines that begin with it, the one in the largest letters."""
    sizes = dict(zip(page.lines["start"].tolist(), page.lines["size"].tolist(), strict=True))
    for wanted in (title, _NUMBERING.sub("", title)):
        pattern = r"\s+".join(map(re.escape, wanted.split()))
        places = [match.start() for match in re.finditer(rf"^{_NUMBER}{pattern}", page.text, re.I | re.M)]
        if pattern and places:
            return max(places, key=lambda place: sizes.get(place, 0.0))
    return 0


def _from_letter_size(pages: Sequence[PageLayout], starts: Sequence[int]) -> list[Heading]:
    lines = _large_lines(pages, _body_size(pages))
    if sum(len(text) for _, _, text, _ in lines) > _MAX_SHARE_OF_TEXT * sum(len(page.text) for page in pages):
        return []  # slides and posters are set large throughout
    sizes = sorted({size for _, _, _, size in lines}, reverse=True)
    level_of = {size: min(rank, _MAX_LEVELS) for rank, size in enumerate(sizes, 1)}
    return [Heading(level_of[size], text, starts[page] + start) for page, start, text, size in lines]


def _body_size(pages: Sequence[PageLayout]) -> float:
    """Return the font size of most characters; infinite where there are none."""
    counts: Counter[float] = Counter()
    for page in pages:
        for start, end, size in page.lines.tolist():
            counts[_rounded(size)] += end - start
    return max(counts, key=lambda size: counts[size]) if counts else float("inf")


def _large_lines(pages: Sequence[PageLayout], body_size: float) -> list[tuple[int, int, str, float]]:
    """Return page index, place, text and size of the short lines that are clearly larger than the body.

    Lines of one size that follow one another are one heading.
    """
    found: list[tuple[int, int, str, float]] = []
    for index, page in enumerate(pages):
        for group in _runs_of_one_size(page):
            start, end, size = int(group[0][0]), int(group[-1][1]), group[0][2]
            text = " ".join(page.text[start:end].split())
            is_large = size > _LARGER_THAN_BODY * body_size and len(group) <= _MAX_HEADING_LINES
            if is_large and len(text) <= _MAX_HEADING_CHARS and _LETTERS.search(text):
                found.append((index, start, text, size))
    return found


def _runs_of_one_size(page: PageLayout) -> list[list[tuple[int, int, float]]]:
    runs: list[list[tuple[int, int, float]]] = []
    for start, end, size in page.lines.tolist():
        line = (start, end, _rounded(size))
        if runs and runs[-1][-1][2] == line[2]:
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _rounded(size: float) -> float:
    return round(size * 2) / 2
