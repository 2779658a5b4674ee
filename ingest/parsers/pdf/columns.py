"""Take apart columns that a PDF's producer drew line by line across the page. Pure."""

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
    """A wide gap inside a line: where its first glyph after the gap stands, and the gap's left and right end."""

    line: int
    position: int
    left: float
    right: float


@dataclass(slots=True)
class _Run:
    """Lines of two columns that follow one another without a line across both."""

    left: list[Line] = field(default_factory=list)
    right: list[Line] = field(default_factory=list)


def separate_columns(lines: Sequence[Line], text_glyphs: TextGlyphs) -> list[Line]:
    """Return `lines` with every column read to its end before the next one begins.

    Only acts where it is clear: many lines with a wide gap at one place and prose on both sides of it.
    Tables, whose cells are short or numbers, stay as they are.
    """
    if len(lines) < MIN_COLUMN_LINES:
        return list(lines)
    gaps = _gutter(_wide_gaps(lines, text_glyphs))
    if len(gaps) < MIN_COLUMN_LINES:
        return list(lines)
    halves = _halves(lines, gaps, text_glyphs)
    if not all(_is_prose(side, text_glyphs) for side in zip(*halves.values(), strict=True)):
        return list(lines)
    gutter = (max(gap.left for gap in gaps) + min(gap.right for gap in gaps)) / 2
    return _read_columns(lines, halves, gutter, text_glyphs)


def _wide_gaps(lines: Sequence[Line], text_glyphs: TextGlyphs) -> list[_Gap]:
    glyphs = np.concatenate([line.glyphs for line in lines])
    lengths = [len(line.glyphs) for line in lines]
    line_of = np.repeat(np.arange(len(lines)), lengths)
    position_of = np.arange(len(glyphs)) - np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
    inked = np.flatnonzero(text_glyphs.is_ink[glyphs])
    line_of, position_of, boxes = line_of[inked], position_of[inked], text_glyphs.boxes[glyphs[inked]]
    is_wide = boxes[1:, 0] - boxes[:-1, 2] > _MIN_GAP_EM * text_glyphs.sizes[glyphs[inked]][1:]
    places = np.flatnonzero(is_wide & (line_of[1:] == line_of[:-1]))
    rows = zip(
        line_of[places].tolist(),
        position_of[places + 1].tolist(),
        boxes[places, 2].tolist(),
        boxes[places + 1, 0].tolist(),
        strict=True,
    )
    return [_Gap(*row) for row in rows]


def _gutter(gaps: Sequence[_Gap]) -> list[_Gap]:
    """Return the largest set of gaps that share one vertical strip; each line has at most one of them."""
    if not gaps:
        return []
    edges = np.array([(gap.left, gap.right) for gap in gaps])
    strips = edges[:, 1] - 0.5
    holds = (edges[:, :1] <= strips) & (strips <= edges[:, 1:])
    best = int(holds.sum(axis=0).argmax())
    return [gap for gap, is_shared in zip(gaps, holds[:, best].tolist(), strict=True) if is_shared]


def _halves(lines: Sequence[Line], gaps: Sequence[_Gap], text_glyphs: TextGlyphs) -> dict[int, tuple[Line, Line]]:
    """Return what stands left and right of each gap, by the number of its line."""
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
    run = _Run()
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
            run = _Run()
    return [*ordered, *separate_columns(run.left, text_glyphs), *separate_columns(run.right, text_glyphs)]
