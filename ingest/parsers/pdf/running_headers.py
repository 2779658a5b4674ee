"""Find running headers and footers: lines that recur at the same height on page after page. Pure.

The first occurrence stays searchable, so that its text can be found once.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.parsers.pdf.layout import PageLayout

_MARGIN_SHARE = 0.12
_MARGIN_ROWS = 2
"""More rows at an edge than that are the header of a table that continues."""
_REACH = 4
"""Number of pages before and after that are compared: left and right pages of a book differ."""
_MIN_PAGES = 4
_MIN_COMPANIONS = 2
_SAME_HEIGHT = 0.005
_MAX_CHARS = 150
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class MarginLine:
    """A line near the upper or lower edge: span, words and numbers, and its height on the page (0 top, 1 bottom)."""

    start: int
    end: int
    words: tuple[str, ...]
    numbers: tuple[int, ...]
    height: float

    def recurs_as(self, other: "MarginLine", pages_later: int) -> bool:
        """Return whether a line of the same words recurs: each number is equal or has grown with the page number."""
        is_same_place = abs(self.height - other.height) < _SAME_HEIGHT
        return is_same_place and all(
            b - a in (0, pages_later) for a, b in zip(self.numbers, other.numbers, strict=True)
        )


Margins = dict[tuple[str, ...], list[MarginLine]]
"""The margin lines of a page by their words."""


class RunningHeaderFinder:
    """Finds running headers and footers piece by piece; it compares with the last pages of the piece before."""

    def __init__(self) -> None:
        self._before: deque[Margins] = deque(maxlen=_REACH)

    def find(self, layouts: Sequence[PageLayout], starts: Sequence[int]) -> list[tuple[int, int]]:
        """Return the spans of running headers and footers in the text of a piece; `starts` are those of its pages."""
        margins = [find_margin_lines(layout) for layout in layouts]
        pages = [*self._before, *margins]
        first = len(self._before)
        self._before.extend(margins)
        if len(pages) < _MIN_PAGES:
            return []
        spans: list[tuple[int, int]] = []
        for index, layout in enumerate(layouts):
            lines = [line for lines in margins[index].values() for line in lines]
            running = [line for line in lines if _is_running(line, first + index, pages)]
            if sum(line.end - line.start for line in running) < len(layout.text) - len(running):
                spans += [(starts[index] + line.start, starts[index] + line.end) for line in running]
        return sorted(spans)


def _is_running(line: MarginLine, place: int, pages: Sequence[Margins]) -> bool:
    neighbours = range(max(place - _REACH, 0), min(place + _REACH + 1, len(pages)))
    companions = [
        other
        for other in neighbours
        if other != place
        and any(line.recurs_as(candidate, other - place) for candidate in pages[other].get(line.words, ()))
    ]
    return len(companions) >= _MIN_COMPANIONS and companions[0] < place


def find_margin_lines(layout: PageLayout) -> Margins:
    """Return the short lines in the outermost rows of a page."""
    lines: Margins = defaultdict(list)
    if len(layout.words) and len(layout.lines) and layout.height:
        placed = list(_measure_heights(layout))
        rows = sorted({round(height / _SAME_HEIGHT) for _, _, height in placed})
        outermost = {*rows[:_MARGIN_ROWS], *rows[-_MARGIN_ROWS:]}
        for start, end, height in placed:
            is_outermost = round(height / _SAME_HEIGHT) in outermost and min(height, 1 - height) < _MARGIN_SHARE
            if is_outermost and end - start <= _MAX_CHARS:
                line = _make_margin_line(layout.text, start, end, height)
                lines[line.words].append(line)
    return lines


def _make_margin_line(text: str, start: int, end: int, height: float) -> MarginLine:
    line = text[start:end]
    numbers = tuple(int(number) for number in _NUMBERS.findall(line))
    return MarginLine(start, end, tuple(_NUMBERS.sub("0", line).split()), numbers, height)


def _measure_heights(layout: PageLayout) -> Iterator[tuple[int, int, float]]:
    """Yield the span of every line and the height of its middle, from 0 at the top to 1."""
    firsts = np.minimum(np.searchsorted(layout.words["start"], layout.lines["start"]), len(layout.words) - 1)
    boxes = layout.words["box"][firsts]
    heights = (boxes[:, 1] + boxes[:, 3]) / 2 / layout.height
    return zip(layout.lines["start"].tolist(), layout.lines["end"].tolist(), heights.tolist(), strict=True)
