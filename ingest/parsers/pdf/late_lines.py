"""Put the lines that a PDF draws out of order where a person reads them. Pure.

Programs draw the formatted cells of a sheet, merged cells and the fields of a form before or after the text around
them. Such a line becomes a part of the row that it stands beside, or stands between the rows above and below it. Prose
stays in the order in which it is drawn: that is the order of its columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.pdf.lines import SPACE, Line, TextGlyphs
from ingest.parsers.pdf.right_to_left import is_right_to_left

_MAX_CELL_GLYPHS = 25
_LEVEL = 0.6
"""The share of their heights by which a line and the row that it belongs to overlap."""
_GAP_EM = 1.0
_TOUCHING_EM, _SPACE_EM = 0.24, 0.12
_MAX_GAP_EM = 15.0
_MAX_GAP = 2.0
"""How far from a row a part of it stands, at most, in the widest gaps of the row."""
_SAME_EDGE = 2.0
_NEXT_LINE_EM = 1.6
_MAX_SIZE_RATIO = 1.2
_MAX_HEIGHT_EM = 2.0
_SHORT_RUN, _MIN_LEVEL_SHARE = 3, 0.6
_MAX_LINES = 1_000


@dataclass(frozen=True, slots=True)
class _Row:
    """One or more lines side by side: their bounding box, and the edges of the words between its wide gaps, the cells.

    PDFium begins a line at a raised or lowered sign. `run` is the number of the run of lines from top to bottom that
    the row is drawn in; `is_prose` says that it is a line of a paragraph.
    """

    lines: tuple[Line, ...]
    box: Line
    cells: tuple[tuple[float, float], ...]
    run: int
    is_field: bool
    is_prose: bool = False

    @property
    def length(self) -> int:
        """The number of glyphs."""
        return sum(len(line.glyphs) for line in self.lines)

    def touches(self, following: "_Row") -> bool:
        """Whether a row goes on in the next one, which stands right behind it at about its height."""
        one, two = self.box, following.box
        overlap = min(one.y1, two.y1) - max(one.y0, two.y0)
        gap = (two.x0 - one.x1) / max(one.size, two.size, 1.0)
        return overlap >= min(one.height, two.height) / 2 and -_TOUCHING_EM <= gap <= _GAP_EM

    def has_room_for(self, part: "_Row") -> bool:
        """Whether a part stands beside the cells of this row, or between them, and not far away."""
        gaps = [max(part.box.x0 - right, left - part.box.x1) for left, right in self.cells]
        inner = [right[0] - left[1] for left, right in pairwise(self.cells)]
        limit = _MAX_GAP * max(inner) if inner else _MAX_GAP_EM * self.box.size
        return _GAP_EM * self.box.size / 3 <= min(gaps) <= limit


def place_late_lines(lines: Sequence[Line], text_glyphs: TextGlyphs, fields: NDArray[np.float32]) -> list[Line]:
    """Return the lines with those that are drawn out of order in their places; `fields` are the boxes of form fields.

    A space in `text_glyphs.codes` takes the place of the line break behind a line that becomes a part of another.
    """
    if is_right_to_left(text_glyphs.codes).any() or text_glyphs.is_reversed.any():
        return list(lines)
    jumps = [number for number, (line, following) in enumerate(pairwise(lines), 1) if following.y1 <= line.y0 + 1]
    if not jumps or len(lines) > _MAX_LINES:
        return list(lines)
    runs = np.searchsorted(jumps, range(len(lines)), side="right").tolist()
    whole = _join_touching(
        _Row((line,), line, ((line.x0, line.x1),), run, _is_in_field(line, fields))
        for line, run in zip(lines, runs, strict=True)
    )
    level = _find_level(whole)
    beside = set(np.flatnonzero(level.any(axis=1)).tolist())
    rows = [
        replace(row, cells=_find_cells(row, text_glyphs)) if number in beside else row
        for number, row in enumerate(whole)
    ]
    rows = [replace(row, is_prose=_is_prose(number, rows)) for number, row in enumerate(rows)]
    return [line for row in _place_between(_join_parts(rows, level, text_glyphs)) for line in row.lines]


def _find_level(rows: Sequence[_Row]) -> NDArray[np.bool_]:
    """Return which pairs of rows of different runs stand at one height, in about one size."""
    y0, y1, sizes = (np.array([getattr(row.box, name) for row in rows]) for name in ("y0", "y1", "size"))
    runs = np.array([row.run for row in rows])
    overlaps = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    heights = np.maximum((y1 - y0)[:, None], y1 - y0)
    is_one_size = np.maximum(sizes[:, None], sizes) <= _MAX_SIZE_RATIO * np.minimum(sizes[:, None], sizes)
    is_level: NDArray[np.bool_] = (overlaps >= _LEVEL * heights) & is_one_size & (runs[:, None] != runs)
    return is_level


def _find_cells(row: _Row, text_glyphs: TextGlyphs) -> tuple[tuple[float, float], ...]:
    glyphs = np.concatenate([line.glyphs for line in row.lines])
    boxes = text_glyphs.boxes[glyphs[text_glyphs.is_ink[glyphs]]]
    boxes = boxes[np.argsort(boxes[:, 0], kind="stable")]
    reach = np.maximum.accumulate(boxes[:, 2])
    breaks = np.flatnonzero(boxes[1:, 0] - reach[:-1] > _GAP_EM * row.box.size) + 1
    firsts, lasts = [0, *breaks.tolist()], [*(breaks - 1).tolist(), len(boxes) - 1]
    return tuple((float(boxes[a, 0]), float(reach[b])) for a, b in zip(firsts, lasts, strict=True))


def _is_in_field(line: Line, fields: NDArray[np.float32]) -> bool:
    x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
    inside = (fields[:, 0] <= x) & (x <= fields[:, 2]) & (fields[:, 1] <= y) & (y <= fields[:, 3])
    return bool(inside.any())


def _is_prose(number: int, rows: Sequence[_Row]) -> bool:
    """Whether a line is long or upright, or the line before or after it is long and stands right above or below it."""
    row, own = rows[number], rows[number].box
    if own.height > _MAX_HEIGHT_EM * own.size:
        return True
    if row.length > _MAX_CELL_GLYPHS:
        return len(row.cells) == 1
    for other in rows[max(number - 1, 0) : number + 2]:
        box = other.box
        is_near = abs(box.y0 - own.y0) < _NEXT_LINE_EM * max(own.size, box.size) and box.y0 != own.y0
        is_above_or_below = is_near and box.x0 < own.x1 and own.x0 < box.x1
        if is_above_or_below and other.length > _MAX_CELL_GLYPHS and len(other.cells) == 1:
            return True
    return False


def _join_touching(rows: Iterable[_Row]) -> list[_Row]:
    """Return the rows, each with those that go on right behind it."""
    joined: list[_Row] = []
    for row in rows:
        last = joined[-1] if joined else None
        if last is not None and last.run == row.run and last.touches(row):
            box = replace(last.box.union(row.box), size=last.box.size)
            joined[-1] = replace(last, lines=(*last.lines, *row.lines), box=box, cells=((box.x0, box.x1),))
        else:
            joined.append(row)
    return joined


# Parts of rows


def _join_parts(rows: Sequence[_Row], level: NDArray[np.bool_], text_glyphs: TextGlyphs) -> list[_Row]:
    """Return the rows, each with the parts of it that are drawn elsewhere."""
    joined: list[_Row | None] = list(rows)
    for _, run in groupby(range(len(rows)), key=lambda number: rows[number].run):
        numbers = list(run)
        parts = {number: _find_whole(number, rows, np.flatnonzero(level[number]).tolist()) for number in numbers}
        count = sum(whole is not None for whole in parts.values())
        if len(numbers) > _SHORT_RUN and count < _MIN_LEVEL_SHARE * len(numbers):
            # A label beside the middle of its rows is drawn before them: the last line of a run.
            parts = {number: parts[number] for number in (numbers[0], numbers[-1])}
        for number, whole in parts.items():
            part, row = joined[number], joined[whole] if whole is not None else None
            if part is not None and row is not None and whole is not None and row.has_room_for(part):
                joined[whole] = _join(row, part, text_glyphs)
                joined[number] = None
    return [row for row in joined if row is not None]


def _find_whole(number: int, rows: Sequence[_Row], level: Sequence[int]) -> int | None:
    """Return which of the rows `level` with a line it is a part of; None for a line on its own."""
    part = rows[number]
    if part.is_prose:
        return None
    wholes = [
        other
        for other in level
        if rows[other].has_room_for(part)
        and (part.is_field or len(rows[other].cells) > max(1, len(part.cells) - (other < number)))
    ]
    return min(wholes, key=lambda other: abs(rows[other].box.y1 - part.box.y1), default=None)


def _join(row: _Row, part: _Row, text_glyphs: TextGlyphs) -> _Row:
    """Return a row as one line, with a part behind what is at its left."""
    own, added = (_join_glyphs(joined.lines, text_glyphs) for joined in (row, part))
    space = _find_line_break(part.lines[-1].glyphs, text_glyphs)
    is_right = text_glyphs.is_ink[own] & (text_glyphs.boxes[own, 0] > part.box.x0)
    place = int(np.argmax(is_right)) if is_right.any() else len(own)
    pieces = [own[:place], space, added] if place else [added]
    pieces += [space, own[place:]] if place < len(own) else []
    line = replace(row.box.union(part.box), glyphs=np.concatenate(pieces), size=row.box.size)
    return replace(row, lines=(line,), box=line, cells=tuple(sorted([*row.cells, *part.cells])))


def _join_glyphs(lines: Sequence[Line], text_glyphs: TextGlyphs) -> NDArray[np.intp]:
    """Return the glyphs of lines that touch, with a space between two that do not quite."""
    pieces = [lines[0].glyphs]
    for before, line in pairwise(lines):
        is_apart = line.x0 - before.x1 >= _SPACE_EM * before.size
        pieces += [_find_line_break(before.glyphs, text_glyphs), line.glyphs] if is_apart else [line.glyphs]
    return np.concatenate(pieces)


def _find_line_break(glyphs: NDArray[np.intp], text_glyphs: TextGlyphs) -> NDArray[np.intp]:
    """Return the line break behind or before some glyphs, as a space; empty if there is none."""
    for place in (int(glyphs[-1]) + 1, int(glyphs[0]) - 1):
        if 0 <= place < len(text_glyphs.codes) and not text_glyphs.is_ink[place]:
            text_glyphs.codes[place] = SPACE
            return np.array([place], np.intp)
    return np.empty(0, np.intp)


# Rows of their own


def _place_between(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows, with short ones between those drawn before them that they stand between."""
    placed: list[_Row] = []
    for row in rows:
        is_late = bool(placed) and not row.is_prose and row.run != placed[-1].run
        pairs = enumerate(pairwise(placed), 1) if is_late else ()
        place = next((place for place, pair in pairs if _stands_between(row, *pair)), len(placed))
        placed.insert(place, row)
    return placed


def _stands_between(row: _Row, above: _Row, below: _Row) -> bool:
    """Whether a row fits between two short ones, and begins or ends where one of them does."""
    if above.is_prose or below.is_prose:
        return False
    box = row.box
    fits = above.box.y1 <= box.y0 + _SAME_EDGE and box.y1 <= below.box.y0 + _SAME_EDGE
    edges = [edge for other in (above, below) for edge in (other.box.x0 - box.x0, other.box.x1 - box.x1)]
    return fits and min(map(abs, edges)) <= _SAME_EDGE
