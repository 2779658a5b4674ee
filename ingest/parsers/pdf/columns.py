"""Separate the columns of a page whose PDF draws them line by line across the page. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ingest.parsers.pdf.lines import Line, TextGlyphs, make_lines

MIN_COLUMN_LINES = 6
_MIN_GAP_EM = 0.8
_MIN_LETTERS_PER_SIDE = 18
_MIN_SHARE_OF_LETTERS = 0.6


@dataclass(frozen=True, slots=True)
class _Gap:
    """A wide gap in a line: the index of its first glyph after the gap, and the gap's left and right edge in points."""

    line: int
    position: int
    left: float
    right: float


@dataclass(slots=True)
class _ColumnRun:
    """Consecutive lines of two columns without a line across both."""

    left: list[Line] = field(default_factory=list)
    right: list[Line] = field(default_factory=list)


def separate_columns(lines: Sequence[Line], text_glyphs: TextGlyphs) -> list[Line]:
    """Return `lines` column by column.

    Only clear columns are separated: many lines with a wide gap in one vertical strip and prose on both sides of it.
    Tables, whose cells are short or numbers, stay in rows.
    """
    if len(lines) < MIN_COLUMN_LINES:
        return list(lines)
    gaps = _find_gutter(_find_wide_gaps(lines, text_glyphs))
    if len(gaps) < MIN_COLUMN_LINES:
        return list(lines)
    halves = _split_at_gaps(lines, gaps, text_glyphs)
    if not all(_is_prose(side, text_glyphs) for side in zip(*halves.values(), strict=True)):
        return list(lines)
    gutter = (max(gap.left for gap in gaps) + min(gap.right for gap in gaps)) / 2
    return _read_columns(lines, halves, gutter, text_glyphs)


def _find_wide_gaps(lines: Sequence[Line], text_glyphs: TextGlyphs) -> list[_Gap]:
    glyphs = np.concatenate([line.glyphs for line in lines])
    lengths = [len(line.glyphs) for line in lines]
    line_of = np.repeat(np.arange(len(lines)), lengths)
    position_of = np.arange(len(glyphs)) - np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
    ink = np.flatnonzero(text_glyphs.is_ink[glyphs])
    line_of, position_of, boxes = line_of[ink], position_of[ink], text_glyphs.boxes[glyphs[ink]]
    is_wide = boxes[1:, 0] - boxes[:-1, 2] > _MIN_GAP_EM * text_glyphs.sizes[glyphs[ink]][1:]
    places = np.flatnonzero(is_wide & (line_of[1:] == line_of[:-1]))
    rows = zip(
        line_of[places].tolist(),
        position_of[places + 1].tolist(),
        boxes[places, 2].tolist(),
        boxes[places + 1, 0].tolist(),
        strict=True,
    )
    return [_Gap(*row) for row in rows]


def _find_gutter(gaps: Sequence[_Gap]) -> list[_Gap]:
    """Return the largest set of gaps that share a vertical strip, at most one of each line."""
    if not gaps:
        return []
    edges = np.array([(gap.left, gap.right) for gap in gaps])
    strips = edges[:, 1] - 0.5
    holds = (edges[:, :1] <= strips) & (strips <= edges[:, 1:])
    best = int(holds.sum(axis=0).argmax())
    return [gap for gap, is_shared in zip(gaps, holds[:, best].tolist(), strict=True) if is_shared]


def _split_at_gaps(
    lines: Sequence[Line], gaps: Sequence[_Gap], text_glyphs: TextGlyphs
) -> dict[int, tuple[Line, Line]]:
    """Return the parts of lines left and right of each gap, by the index of the line."""
    glyphs = [lines[gap.line].glyphs for gap in gaps]
    sides = [np.arange(len(row)) >= gap.position for row, gap in zip(glyphs, gaps, strict=True)]
    numbers = np.concatenate([2 * rank + side for rank, side in enumerate(sides)])
    halves = make_lines(text_glyphs, np.concatenate(glyphs), numbers)
    return {gap.line: (halves[2 * rank], halves[2 * rank + 1]) for rank, gap in enumerate(gaps)}


def _is_prose(side: Sequence[Line], text_glyphs: TextGlyphs) -> bool:
    text = "".join(map(chr, text_glyphs.codes[np.concatenate([line.glyphs for line in side])].tolist()))
    letters = sum(map(str.isalpha, text))
    return letters >= max(_MIN_LETTERS_PER_SIDE * len(side), _MIN_SHARE_OF_LETTERS * len(text))


def _read_columns(
    lines: Sequence[Line],
    halves: dict[int, tuple[Line, Line]],
    gutter: float,
    text_glyphs: TextGlyphs,
) -> list[Line]:
    ordered: list[Line] = []
    run = _ColumnRun()
    for number, line in enumerate(lines):
        if number in halves:
            left, right = halves[number]
            run.left.append(left)
            run.right.append(right)
        elif line.x1 <= gutter:
            run.left.append(line)
        elif line.x0 >= gutter:
            run.right.append(line)
        else:
            ordered += [*separate_columns(run.left, text_glyphs), *separate_columns(run.right, text_glyphs), line]
            run = _ColumnRun()
    return [*ordered, *separate_columns(run.left, text_glyphs), *separate_columns(run.right, text_glyphs)]
