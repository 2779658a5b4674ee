"""Group the words of a part of a PDF page into rows by their heights, and find the white space between them. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.text.word_boxes import WordArray

_SAME_ROW = 0.35
"""The share of its height by which the middle of a word may differ from that of its row."""
_OVERLAP = 0.2
_GAP_EM = 0.7
_TALL = 1.25
"""Heights of the boxes of a font to its size."""


class _Word(NamedTuple):
    x0: float
    y0: float
    x1: float
    y1: float
    chars: int

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


class Cell(NamedTuple):
    """Words side by side, without a wide gap: their edges in points, and their number of characters."""

    x0: float
    x1: float
    chars: int

    def find_columns(self, walls: Sequence[float]) -> range:
        """Return the columns that the words reach over if `walls` stand between the columns."""
        return range(bisect_left(walls, self.x0 + 1), bisect_left(walls, self.x1 - 1) + 1)


@dataclass(frozen=True, slots=True)
class TextRow:
    """Words of one height.

    `is_between_others` says that they are in the middle of a cell beside the rows above and below, which overlap them.
    """

    y0: float
    y1: float
    cells: tuple[Cell, ...]
    is_between_others: bool = False

    @property
    def x0(self) -> float:
        """The left edge of the first cell."""
        return self.cells[0].x0

    @property
    def x1(self) -> float:
        """The right edge of the last cell."""
        return self.cells[-1].x1

    def is_crossed(self, x0: float, x1: float, y: float) -> bool:
        """Return whether a rule from `x0` to `x1` at height `y` goes through words: it underlines or strikes them."""
        height = self.y1 - self.y0
        is_inside = self.y0 + height * 0.1 < y < self.y1 - height * 0.1
        return is_inside and any(cell.x0 < x1 and cell.x1 > x0 for cell in self.cells)


def group_rows(words: WordArray) -> list[TextRow]:
    """Return the rows of some words from top to bottom, the cells of each from left to right."""
    lengths = words["end"].astype(np.int64) - words["start"] + 1
    spans = [_Word(*box, chars) for box, chars in zip(_list_boxes(words), lengths.tolist(), strict=True)]
    groups: list[list[_Word]] = []
    for word in sorted(spans, key=lambda word: word.y0 + word.y1):
        if groups and word.middle - groups[-1][0].middle <= _SAME_ROW * (word.y1 - word.y0):
            groups[-1].append(word)
        else:
            groups.append([word])
    rows = sorted((_make_row(group) for group in groups), key=lambda row: row.y0)
    return [
        replace(row, is_between_others=True) if _stands_between(row, rows[n - 1 : n], rows[n + 1 : n + 2]) else row
        for n, row in enumerate(rows)
    ]


def find_centred_groups(labels: Sequence[int], rows: int) -> list[range]:
    """Return the groups of rows whose middle ones are the rows `labels`, if these groups are all rows; else none.

    A label in the first row is none of a group around it.
    """
    groups: list[range] = []
    for label in labels:
        start = groups[-1].stop if groups else 0
        groups.append(range(start, 2 * label - start + 1))
    is_whole = bool(groups) and groups[-1].stop == rows and all(group.stop > group.start for group in groups)
    return groups if is_whole and labels[0] > 0 else []


def _list_boxes(words: WordArray) -> list[tuple[float, float, float, float]]:
    x0, y0, x1, y1 = words["box"].T.tolist()
    return list(zip(x0, y0, x1, y1, strict=True))


def find_gaps(rows: Sequence[TextRow]) -> list[tuple[float, float]]:
    """Return left and right edge of the vertical strips that are white between two cells of the rows.

    Cells over several columns may reach over a strip if as many rows have a gap there, two at least.
    """
    if not rows:
        return []
    least = _GAP_EM * float(np.median([row.y1 - row.y0 for row in rows])) / _TALL
    crossed = np.array([(cell.x0, cell.x1) for row in rows for cell in row.cells])
    white = np.array([(a.x1, b.x0) for row in rows for a, b in pairwise(row.cells)]).reshape(-1, 2)
    edges = np.unique(crossed)
    middles = (edges[1:] + edges[:-1]) / 2
    crossings, gaps = _count_around(middles, crossed), _count_around(middles, white)
    is_gap = (gaps > 0) & (gaps > np.minimum(crossings, 1)) & (gaps >= crossings)
    strips: list[tuple[float, float]] = []
    for first, end in _find_runs(is_gap):
        fewest = crossings[first:end] == crossings[first:end].min()
        widest = max(_find_runs(fewest), key=lambda run: edges[first + run[1]] - edges[first + run[0]])
        left, right = edges[first + widest[0]], edges[first + widest[1]]
        if edges[end] - edges[first] >= least:
            strips.append((float(left), float(right)))
    return strips


def _count_around(points: NDArray[np.float64], spans: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return how many spans each point is in."""
    counts: NDArray[np.intp] = ((spans[:, :1] < points) & (points < spans[:, 1:])).sum(axis=0)
    return counts


def _find_runs(is_in: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and end of each run of true values."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], is_in, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in changes.reshape(-1, 2)]


def _make_row(words: Sequence[_Word]) -> TextRow:
    y0, y1 = min(word.y0 for word in words), max(word.y1 for word in words)
    least = _GAP_EM * (y1 - y0) / _TALL
    cells: list[Cell] = []
    for word in sorted(words):
        if cells and word.x0 - cells[-1].x1 < least:
            last = cells[-1]
            cells[-1] = Cell(last.x0, max(last.x1, word.x1), last.chars + word.chars)
        else:
            cells.append(Cell(word.x0, word.x1, word.chars))
    return TextRow(y0, y1, tuple(cells))


def _stands_between(row: TextRow, above: Sequence[TextRow], below: Sequence[TextRow]) -> bool:
    """Return whether a row overlaps those above and below it, and stands beside their cells."""
    neighbours = [*above, *below]
    is_beside = all(cell.x1 < c.x0 or cell.x0 > c.x1 for other in neighbours for cell in row.cells for c in other.cells)
    return is_beside and len(neighbours) > 1 and all(_overlaps(row, other) for other in neighbours)


def _overlaps(row: TextRow, other: TextRow) -> bool:
    overlap = min(row.y1, other.y1) - max(row.y0, other.y0)
    return overlap > _OVERLAP * min(row.y1 - row.y0, other.y1 - other.y0)
