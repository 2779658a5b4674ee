"""Tell the superscripts and subscripts of a PDF page by the boxes of their glyphs: 10⁶ is not 106. Pure.

Only digits, and signs beside them, are marked: each is replaced by one character, so that all offsets stay.
"""

import numpy as np
from numpy.typing import NDArray

from ingest.text.superscripts import format_subscript, format_superscript

_DIGITS = "0123456789"
_SIGNS = "+-−–=()"
_CANDIDATES = np.array([ord(sign) for sign in _DIGITS + _SIGNS], np.uint32)
_MAX_HEIGHT = 0.86
_MAX_HEIGHT_FAR = 0.93
"""The same for digits that are shifted far: at small sizes PDFium rounds the heights of glyphs up to whole units."""
_MIN_SHIFT = 0.14
_FAR = 0.3
_MAX_GAP = 0.3
_MAX_OVERLAP = 0.25
_SAME_HEIGHT = 0.1
_MIN_DROP = 0.008
"""How far a subscript hangs below the line at least; small digits on the line do not."""
_MAX_SCRIPT_GAP = 0.15
_CLOSING = frozenset(".,;:!?)]|%\"'”’»*†′″⁄")
_FIRST_EAST_ASIAN = 0x2E80
_MAX_RUN = 8
"""A longer run of small digits is a text of its own."""

_LEFT, _TOP, _RIGHT, _BOTTOM = range(4)


def mark_raised_digits(
    codes: NDArray[np.uint32], boxes: NDArray[np.float32], line_of: NDArray[np.intp]
) -> NDArray[np.uint32]:
    """Return the code points of the glyphs of a page, with Unicode's superscripts and subscripts for those that are.

    All arrays have an entry for each glyph with ink, in text order; `line_of` does not decrease.
    """
    heights = boxes[:, _BOTTOM] - boxes[:, _TOP]
    starts = np.flatnonzero(np.diff(line_of, prepend=-1))
    if not len(starts):
        return codes
    tallest = np.maximum.reduceat(heights, starts)[np.searchsorted(starts, np.arange(len(codes)), side="right") - 1]
    is_small = np.isin(codes, _CANDIDATES) & (heights < _MAX_HEIGHT_FAR * tallest) & (heights > 0)
    if not is_small.any():
        return codes
    marked = codes.copy()
    for first, end in _find_runs(is_small, line_of, boxes):
        text = "".join(map(chr, codes[first:end].tolist()))
        if len(text) <= _MAX_RUN and any(map(str.isdigit, text)) and not _goes_on(end, line_of, boxes):
            marked[first:end] = [ord(sign) for sign in _format(text, first, end, codes, boxes, line_of)]
    return marked


def _find_runs(
    is_small: NDArray[np.bool_], line_of: NDArray[np.intp], boxes: NDArray[np.float32]
) -> list[tuple[int, int]]:
    """Return the runs of small glyphs at one height that stand side by side in a line."""
    runs: list[tuple[int, int]] = []
    for index in np.flatnonzero(is_small).tolist():
        if runs and runs[-1][1] == index and _is_beside(index - 1, index, line_of, boxes):
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def _is_beside(before: int, index: int, line_of: NDArray[np.intp], boxes: NDArray[np.float32]) -> bool:
    height, height_before = (float(boxes[place, _BOTTOM] - boxes[place, _TOP]) for place in (index, before))
    gap = float(boxes[index, _LEFT] - boxes[before, _RIGHT])
    is_level = abs(float(boxes[index, _BOTTOM] - boxes[before, _BOTTOM])) < _MIN_SHIFT * height
    is_level = is_level and abs(height - height_before) < _SAME_HEIGHT * height
    return line_of[before] == line_of[index] and is_level and abs(gap) < _MAX_GAP * height


def _goes_on(end: int, line_of: NDArray[np.intp], boxes: NDArray[np.float32]) -> bool:
    """Return whether a run is the beginning of a longer text at its height: the 0 of 0.93, the 2 of 2n."""
    return end < len(line_of) and _is_beside(end - 1, end, line_of, boxes)


def _format(
    text: str,
    first: int,
    end: int,
    codes: NDArray[np.uint32],
    boxes: NDArray[np.float32],
    line_of: NDArray[np.intp],
) -> str:
    """Return a run as superscripts or subscripts if it is shifted against the glyph that it stands at."""
    neighbour = first - 1
    if neighbour < 0 or line_of[neighbour] != line_of[first]:
        # A note begins with its raised number, and a space may be between it and the text.
        neighbour = end
        if neighbour == len(line_of) or line_of[neighbour] != line_of[first]:
            return text
    elif not _stands_at(neighbour, first, boxes):
        return text
    if not _can_have_script(chr(codes[neighbour])):
        return text
    height = float(boxes[neighbour, _BOTTOM] - boxes[neighbour, _TOP])
    own_height = float(boxes[first, _BOTTOM] - boxes[first, _TOP])
    up = float(boxes[neighbour, _BOTTOM] - boxes[first, _BOTTOM])
    down = float(boxes[first, _TOP] - boxes[neighbour, _TOP])
    overlap = min(boxes[neighbour, _BOTTOM], boxes[first, _BOTTOM]) - max(boxes[neighbour, _TOP], boxes[first, _TOP])
    limit = _MAX_HEIGHT_FAR if max(up, down) > _FAR * height else _MAX_HEIGHT
    if own_height >= limit * height or overlap < own_height / 3:
        return text
    if up > _MIN_SHIFT * height and up > down:
        return format_superscript(text)
    if down > _MIN_SHIFT * height and -up > _MIN_DROP * height and neighbour == first - 1:
        return format_subscript(text)
    return text


def _can_have_script(sign: str) -> bool:
    """Return whether a sign can carry a superscript; the boxes of others, of East Asian ones too, say little."""
    return (sign.isalnum() and ord(sign) < _FIRST_EAST_ASIAN) or sign in _CLOSING


def _stands_at(before: int, first: int, boxes: NDArray[np.float32]) -> bool:
    """Return whether a run begins right behind the glyph before it."""
    height = float(boxes[before, _BOTTOM] - boxes[before, _TOP])
    gap = float(boxes[first, _LEFT] - boxes[before, _RIGHT])
    return -_MAX_OVERLAP * height < gap < _MAX_SCRIPT_GAP * height
