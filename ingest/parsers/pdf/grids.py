"""Find the grids that the rules of a PDF page draw, and their merged cells. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 3.0
"""Points by which rules that meet may miss each other."""
_MIN_LENGTH = 4.0
_MAX_RULES = 2_000
_MAX_LINES = 200

_LEFT, _TOP, _RIGHT, _BOTTOM = range(4)


@dataclass(frozen=True, slots=True)
class GridArea:
    """A cell of a grid: its first row and column, and how many it covers."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid: the positions of its lines in points, and its cells in reading order.

    `header_rows` is the number of its rows that name the columns, 0 if only their texts can tell.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    areas: tuple[GridArea, ...]
    header_rows: int = 0


def find_grids(rules: NDArray[np.float32]) -> list[Grid]:
    """Return the grids of at least two rows and two columns whose cells are rectangles, from top to bottom."""
    widths, heights = rules[:, _RIGHT] - rules[:, _LEFT], rules[:, _BOTTOM] - rules[:, _TOP]
    across = rules[(widths >= _MIN_LENGTH) & (widths > heights)]
    down = rules[(heights >= _MIN_LENGTH) & (heights >= widths)]
    if len(across) < 2 or len(down) < 2 or len(across) + len(down) > _MAX_RULES:
        return []
    grids = [grid for a, d in _group_touching(across, down) if (grid := make_grid(across[a], down[d]))]
    return sorted(grids, key=lambda grid: (grid.ys[0], grid.xs[0]))


def _group_touching(
    across: NDArray[np.float32], down: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the indexes of the rules that touch each other, directly or over others."""
    touches = (across[:, None, _LEFT] <= down[None, :, _RIGHT] + _TOLERANCE) & (
        across[:, None, _RIGHT] >= down[None, :, _LEFT] - _TOLERANCE
    )
    touches &= (across[:, None, _TOP] <= down[None, :, _BOTTOM] + _TOLERANCE) & (
        across[:, None, _BOTTOM] >= down[None, :, _TOP] - _TOLERANCE
    )
    unseen = set(range(len(across)))
    while unseen:
        group_across, group_down = {unseen.pop()}, set[int]()
        waiting = list(group_across)
        while waiting:
            new_down = set(np.flatnonzero(touches[waiting].any(axis=0)).tolist()) - group_down
            group_down |= new_down
            new_across = set(np.flatnonzero(touches[:, sorted(new_down)].any(axis=1)).tolist()) - group_across
            group_across |= new_across
            waiting = sorted(new_across)
        unseen -= group_across
        yield np.array(sorted(group_across), np.intp), np.array(sorted(group_down), np.intp)


def make_grid(across: NDArray[np.float32], down: NDArray[np.float32]) -> Grid | None:
    """Return the grid of horizontal and vertical rules; None if it has no two rows and columns, or odd cells."""
    xs = _cluster((down[:, _LEFT] + down[:, _RIGHT]) / 2)
    ys = _cluster((across[:, _TOP] + across[:, _BOTTOM]) / 2)
    if not (3 <= len(xs) <= _MAX_LINES and 3 <= len(ys) <= _MAX_LINES):
        return None
    areas = _merge_cells(xs, ys, across, down)
    return Grid(tuple(xs), tuple(ys), tuple(areas)) if areas else None


def _cluster(positions: NDArray[np.floating[Any]]) -> list[float]:
    """Return the distinct positions in order; those close together are one."""
    clusters: list[list[float]] = []
    for position in sorted(positions.tolist()):
        if clusters and position - clusters[-1][-1] <= _TOLERANCE:
            clusters[-1].append(position)
        else:
            clusters.append([position])
    return [sum(cluster) / len(cluster) for cluster in clusters]


def _merge_cells(
    xs: Sequence[float], ys: Sequence[float], across: NDArray[np.float32], down: NDArray[np.float32]
) -> list[GridArea]:
    """Return the cells: boxes of the grid without a rule between them are one; none if one is no rectangle."""
    has_right = _find_walls(down, xs, ys)
    has_below = _find_walls(across[:, [_TOP, _LEFT, _BOTTOM, _RIGHT]], ys, xs).T
    owner: dict[tuple[int, int], GridArea] = {}
    for row in range(len(ys) - 1):
        for column in range(len(xs) - 1):
            if (row, column) in owner:
                continue
            area = _measure_cell(row, column, has_right, has_below)
            boxes = [(r, c) for r in range(row, row + area.rows) for c in range(column, column + area.columns)]
            if any(box in owner for box in boxes):
                return []
            owner.update(dict.fromkeys(boxes, area))
    return list(dict.fromkeys(owner.values()))


def _find_walls(rules: NDArray[np.float32], xs: Sequence[float], ys: Sequence[float]) -> NDArray[np.bool_]:
    """Return whether a vertical rule is at the right of each box: shape (rows, columns)."""
    walls = np.zeros((len(ys) - 1, len(xs) - 1), np.bool_)
    positions = np.array(xs[1:])[:, None]
    for row, (top, bottom) in enumerate(pairwise(ys)):
        middle = (top + bottom) / 2
        passing = rules[(rules[:, _TOP] <= middle) & (middle <= rules[:, _BOTTOM])]
        reaches = (passing[:, _LEFT] - _TOLERANCE <= positions) & (positions <= passing[:, _RIGHT] + _TOLERANCE)
        walls[row] = reaches.any(axis=1)
    return walls


def _measure_cell(row: int, column: int, has_right: NDArray[np.bool_], has_below: NDArray[np.bool_]) -> GridArea:
    right, last_row = column, len(has_below) - 1
    while right < has_right.shape[1] - 1 and not has_right[row, right]:
        right += 1
    bottom = row
    while bottom < last_row and not has_below[bottom, column : right + 1].any():
        bottom += 1
    return GridArea(row, column, bottom + 1 - row, right + 1 - column)
