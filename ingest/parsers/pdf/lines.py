"""Group the glyphs that `ingest.parsers.pdf.pdfium` reads into lines in reading order. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.pdf.pdfium import LINE_END_HYPHEN, Glyphs
from ingest.parsers.pdf.right_to_left import is_right_to_left, order_line

NEWLINE, SPACE = 0x0A, 0x20
_CARRIAGE_RETURN, _SOFT_HYPHEN = 0x0D, 0xAD
_INVISIBLE = np.array([0x034F, 0x200B, *range(0x2060, 0x2065), 0xFEFF], np.uint32)
"""See `ingest.text.invisible`."""
_JOINERS = (0x200C, 0x200D)
_FIRST_JOINING_SCRIPT = 0x0590
_OTHER_SPACES = (0x09, 0x1680, 0x2028, 0x2029)
HYPHENS = (0x2D, 0x2010)
_NON_BREAKING_HYPHEN = 0x2011
_MAX_CODE_CHARS = 40
_SAME_LEVEL_EM = 0.1
_MAX_HEIGHT_EM = 2.0
_MAX_STEP_EM = 0.4
"""How far two glyphs without a space between them may stand apart in a line that is upright."""
_REPLACEMENT = 0xFFFD
_WHITE_SPACE = np.array([NEWLINE, SPACE, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], np.uint32)


@dataclass(frozen=True, slots=True)
class TextGlyphs:
    """The glyphs of a page, one a row: code points that are no text are 0; `is_ink` is false for white space too."""

    codes: NDArray[np.uint32]
    boxes: NDArray[np.float32]
    sizes: NDArray[np.float32]
    is_reversed: NDArray[np.bool_]
    is_ink: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Line:
    """A line: the indexes of its glyphs, its bounding box in points, and the font size in its middle."""

    glyphs: NDArray[np.intp]
    x0: float
    y0: float
    x1: float
    y1: float
    size: float

    @property
    def height(self) -> float:
        """The height of the bounding box."""
        return self.y1 - self.y0

    def union(self, other: "Line") -> "Line":
        """Return the bounding box of both as a line with the glyphs of `other`."""
        return Line(
            other.glyphs,
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
            max(self.size, other.size),
        )


def select_text_glyphs(glyphs: Glyphs) -> TextGlyphs:
    """Return the glyphs with the code points of those that are no text set to 0.

    Glyphs outside the visible page are no text: nobody sees them and no citation can point at them. Surrogate pairs
    become one character; a lone surrogate becomes U+FFFD.
    """
    codes = glyphs.codes.copy()
    codes[np.isin(codes, _OTHER_SPACES)] = SPACE
    codes[codes == _NON_BREAKING_HYPHEN] = HYPHENS[0]
    is_after_latin = np.append(False, codes[:-1] < _FIRST_JOINING_SCRIPT)[: len(codes)]
    codes[np.isin(codes, _INVISIBLE) | (np.isin(codes, _JOINERS) & is_after_latin)] = 0
    is_soft_hyphen = codes == _SOFT_HYPHEN
    ends_line = np.append(np.isin(codes[1:], (_CARRIAGE_RETURN, NEWLINE)), True)[: len(codes)]
    codes[is_soft_hyphen] = np.where(ends_line, LINE_END_HYPHEN, 0)[is_soft_hyphen]
    codes[(codes == _CARRIAGE_RETURN) & np.append(codes[1:] == NEWLINE, False)[: len(codes)]] = 0
    codes[codes == _CARRIAGE_RETURN] = NEWLINE
    _join_surrogates(codes)
    boxes = glyphs.boxes
    is_outside = (boxes[:, 2] < 0) | (boxes[:, 3] < 0) | (boxes[:, 0] > glyphs.width) | (boxes[:, 1] > glyphs.height)
    is_white = np.isin(codes, _WHITE_SPACE)
    codes[is_outside & ~is_white & (codes != LINE_END_HYPHEN)] = 0
    return TextGlyphs(codes, boxes, glyphs.sizes, glyphs.is_reversed, ~is_white & (codes != 0))


def extract_lines(text_glyphs: TextGlyphs) -> list[Line]:
    """Return the lines as PDFium ends them, without white space around them.

    PDFium ends a line at a wide gap too, in some rows of a table and not in others: such a row is one line here. A
    hyphen that breaks a word at the end of a line becomes `LINE_END_HYPHEN` in `text_glyphs.codes`.
    """
    lines = _find_lines(text_glyphs)
    if _join_rows(text_glyphs, lines):
        lines = _find_lines(text_glyphs)
    lines = [part for line in lines for part in _split_at_jumps(line, text_glyphs)]
    for line in lines:
        _mark_hyphen(text_glyphs, line)
    return lines


def _find_lines(text_glyphs: TextGlyphs) -> list[Line]:
    is_border = (text_glyphs.codes == NEWLINE) | (text_glyphs.codes == LINE_END_HYPHEN)
    numbers = np.cumsum(np.concatenate([[False], is_border[:-1]]))[: len(is_border)]
    glyphs = np.flatnonzero((text_glyphs.codes != 0) & (text_glyphs.codes != NEWLINE))
    return make_lines(text_glyphs, glyphs, numbers[glyphs])


def _split_at_jumps(line: Line, text_glyphs: TextGlyphs) -> list[Line]:
    """Return the parts of a line that are drawn far above or below each other, such as the fields of a form."""
    if line.height <= _MAX_HEIGHT_EM * line.size:
        return [line]
    is_ink = text_glyphs.is_ink[line.glyphs]
    boxes = text_glyphs.boxes[line.glyphs[is_ink]]
    distances = np.maximum(boxes[1:, 1] - boxes[:-1, 3], boxes[:-1, 1] - boxes[1:, 3])
    places = np.flatnonzero(is_ink)
    is_glued = np.diff(places) == 1
    numbers = np.zeros(len(line.glyphs), np.intp)
    numbers[places[1:]] = distances > np.where(is_glued, _MAX_STEP_EM, 1.0) * line.size
    return make_lines(text_glyphs, line.glyphs, np.cumsum(numbers))


def _join_rows(text_glyphs: TextGlyphs, lines: Sequence[Line]) -> bool:
    """Replace the line breaks between the parts of a row in `text_glyphs.codes` by spaces; return whether any is."""
    is_rtl = is_right_to_left(text_glyphs.codes)
    is_joined = False
    for line, following in pairwise(lines):
        if not _is_row(line, following):
            continue
        between = range(int(line.glyphs[-1]) + 1, int(following.glyphs[0]))
        breaks = [place for place in between if text_glyphs.codes[place] == NEWLINE]
        glyphs = np.concatenate([line.glyphs, following.glyphs])
        if breaks and not (is_rtl[glyphs].any() or text_glyphs.is_reversed[glyphs].any()):
            text_glyphs.codes[breaks] = SPACE
            is_joined = True
    return is_joined


def _is_row(line: Line, following: Line) -> bool:
    """Return whether the second of two horizontal lines of one size stands at the right of the first."""
    size = min(line.size, following.size)
    is_level = max(abs(line.y0 - following.y0), abs(line.y1 - following.y1)) < _SAME_LEVEL_EM * size
    return is_level and following.x0 > line.x1 + size and max(line.height, following.height) < _MAX_HEIGHT_EM * size


def reorder_right_to_left(lines: Sequence[Line], text_glyphs: TextGlyphs) -> list[Line]:
    """Return the lines with right-to-left text in reading order.

    PDFium sorts the parts of rotated lines from left to right, and it breaks codes and numbers between right-to-left
    words.
    """
    reordered: list[Line] = []
    is_rtl = is_right_to_left(text_glyphs.codes)
    has_rtl = bool(is_rtl.any())
    is_latin = (text_glyphs.codes | 0x20 >= ord("a")) & (text_glyphs.codes | 0x20 <= ord("z"))
    is_page_rtl = bool(is_rtl.sum() > is_latin.sum())
    for line in lines:
        if text_glyphs.is_reversed[line.glyphs[len(line.glyphs) // 2]]:
            reordered += _split_right_to_left(line, text_glyphs)
        elif has_rtl and is_rtl[line.glyphs].any():
            glyphs = order_line(
                line.glyphs, text_glyphs.codes, text_glyphs.boxes, line.size, is_page_right_to_left=is_page_rtl
            )
            reordered.append(replace(line, glyphs=glyphs))
        else:
            reordered.append(line)
    return reordered


def make_lines(text_glyphs: TextGlyphs, glyphs: NDArray[np.intp], numbers: NDArray[np.intp]) -> list[Line]:
    """Return one line for each run of equal `numbers` in `glyphs`, without white space around it.

    A run without ink makes no line.
    """
    ink = np.flatnonzero(text_glyphs.is_ink[glyphs])
    if not len(ink):
        return []
    firsts = np.flatnonzero(np.diff(numbers[ink], prepend=-1))
    lasts = np.append(firsts[1:], len(ink)) - 1
    boxes = text_glyphs.boxes[glyphs[ink]]
    corners = np.hstack([np.minimum.reduceat(boxes[:, :2], firsts), np.maximum.reduceat(boxes[:, 2:], firsts)])
    sizes = text_glyphs.sizes[glyphs[ink[(firsts + lasts) // 2]]]
    starts, ends = ink[firsts].tolist(), (ink[lasts] + 1).tolist()
    spans = zip(starts, ends, *corners.T.tolist(), sizes.tolist(), strict=True)
    return [Line(glyphs[start:end], x0, y0, x1, y1, size) for start, end, x0, y0, x1, y1, size in spans]


def _mark_hyphen(text_glyphs: TextGlyphs, line: Line) -> None:
    if len(line.glyphs) < 2 or text_glyphs.codes[line.glyphs[-1]] not in HYPHENS:
        return
    before = chr(text_glyphs.codes[line.glyphs[-2]])
    if before.isalpha() or (before.isdigit() and _ends_in_code(text_glyphs, line)):
        text_glyphs.codes[line.glyphs[-1]] = LINE_END_HYPHEN


def _ends_in_code(text_glyphs: TextGlyphs, line: Line) -> bool:
    """Return whether the last word of a line has letters: "SN-55-", but not "2010-"."""
    text = "".join(map(chr, text_glyphs.codes[line.glyphs[-_MAX_CODE_CHARS:]].tolist()))
    return any(map(str.isalpha, text.split()[-1]))


def _split_right_to_left(line: Line, text_glyphs: TextGlyphs) -> list[Line]:
    ink = line.glyphs[text_glyphs.is_ink[line.glyphs]]
    left = text_glyphs.boxes[ink, 0]
    jumps = ink[1:][left[1:] > left[:-1] + line.size]
    pieces = make_lines(text_glyphs, line.glyphs, np.searchsorted(jumps, line.glyphs, side="right"))
    return sorted(pieces, key=lambda piece: -piece.x1)


def _join_surrogates(codes: NDArray[np.uint32]) -> None:
    highs = np.flatnonzero((codes[:-1] >> 10 == 0xD800 >> 10) & (codes[1:] >> 10 == 0xDC00 >> 10))
    codes[highs] = 0x10000 + ((codes[highs] & 0x3FF) << 10) + (codes[highs + 1] & 0x3FF)
    codes[highs + 1] = 0
    codes[codes >> 11 == 0xD800 >> 11] = _REPLACEMENT
