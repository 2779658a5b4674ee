"""Lay out the lines of OCR as a page: text in reading order, with the box of every word. Pure.

The letters get boxes like the glyphs of a PDF, so that `ingest.parsers.pdf.layout` handles columns, paragraphs and
hyphens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.images.ocr import OcrLine, OcrResult
from ingest.parsers.pdf.layout import PageLayout, lay_out
from ingest.parsers.pdf.pdfium import Glyphs
from ingest.parsers.pdf.tables import mark_tables
from ingest.text.word_boxes import AffineTransform

_SAME_ROW_OVERLAP = 0.35
_LETTER_SIZE_PER_HEIGHT = 0.8
_USUAL_SIZES = (0.7, 1.35)
"""Range of line heights that count as the usual one: the height of a box depends on its letters."""
_NARROW, _WIDE = frozenset("ijlIft.,:;'|!()[]/ -"), frozenset("mwMW@%")


@dataclass(frozen=True, slots=True)
class _PlacedLine:
    """A line with its extent on the page, its slant removed."""

    line: OcrLine
    x0: float
    x1: float
    y0: float
    y1: float

    def is_beside(self, other: "_PlacedLine") -> bool:
        """Return whether both lines are in one row."""
        overlap = min(self.y1, other.y1) - max(self.y0, other.y0)
        is_apart = self.x0 >= other.x1 or other.x0 >= self.x1
        return is_apart and overlap > _SAME_ROW_OVERLAP * min(self.y1 - self.y0, other.y1 - other.y0)


def lay_out_ocr(result: OcrResult, points_per_pixel: float) -> PageLayout:
    """Return the layout of a recognized page; size and word boxes are in points of the page as shown."""
    width, height = result.width * points_per_pixel, result.height * points_per_pixel
    layout = mark_tables(lay_out(_make_glyphs(result.lines, width, height, points_per_pixel)))
    if not result.turn:
        return layout
    words = layout.words.copy()
    words["box"] = _upright_to_display(result.turn, width, height).apply(layout.words["box"])
    if result.turn == 180:
        return replace(layout, words=words)
    return replace(layout, width=height, height=width, words=words)


def _upright_to_display(turn: int, width: float, height: float) -> AffineTransform:
    """Return the transformation from the upright page, `width` by `height`, to the page as shown."""
    return {
        90: AffineTransform(0, 1, -1, 0, height, 0),
        180: AffineTransform(-1, 0, 0, -1, width, height),
        270: AffineTransform(0, -1, 1, 0, 0, width),
    }[turn]


def _make_glyphs(lines: Sequence[OcrLine], width: float, height: float, scale: float) -> Glyphs:
    codes: list[int] = []
    boxes: list[NDArray[np.float32]] = [np.empty((0, 4), np.float32)]
    sizes: list[float] = []
    usual = _measure_usual_height(lines)
    for row in _group_rows(lines):
        for place, line in enumerate(row, 1):
            letters = [*map(ord, line.text), ord("\n" if place == len(row) else " ")]
            codes += letters
            boxes += [_make_letter_boxes(line), np.zeros((1, 4), np.float32)]
            sizes += [_estimate_letter_size(line, usual)] * len(letters)
    return Glyphs(
        width,
        height,
        np.array(codes, np.uint32),
        np.concatenate(boxes) * np.float32(scale),
        np.array(sizes, np.float32) * np.float32(scale),
        np.zeros(len(codes), np.bool_),
    )


def _group_rows(lines: Sequence[OcrLine]) -> list[list[OcrLine]]:
    """Return the lines in rows from top to bottom, each row from left to right."""
    slant = _measure_slant(lines)
    rows: list[list[_PlacedLine]] = []
    for placed in sorted((_place_line(line, slant) for line in lines), key=lambda line: line.y0 + line.y1):
        # Rows above the last few are complete.
        row = next((row for row in rows[-3:] if all(placed.is_beside(member) for member in row)), None)
        if row is None:
            rows.append([placed])
        else:
            row.append(placed)
    return [[placed.line for placed in sorted(row, key=lambda line: line.x0)] for row in rows]


def _measure_slant(lines: Sequence[OcrLine]) -> float:
    """Return the median slope of the lines, downwards."""
    edges = np.array([line.corners[1] - line.corners[0] for line in lines if len(line.text) > 2]).reshape(-1, 2)
    wide = edges[edges[:, 0] > 0]
    return float(np.median(wide[:, 1] / wide[:, 0])) if len(wide) else 0.0


def _place_line(line: OcrLine, slant: float) -> _PlacedLine:
    xs, ys = line.corners[:, 0], line.corners[:, 1] - slant * line.corners[:, 0]
    return _PlacedLine(line, float(xs.min()), float(xs.max()), float(ys[:2].mean()), float(ys[2:].mean()))


def _measure_height(line: OcrLine) -> float:
    return float(np.linalg.norm(line.corners[3] - line.corners[0]))


def _measure_usual_height(lines: Sequence[OcrLine]) -> float:
    """Return the median line height over all letters."""
    heights = np.repeat([_measure_height(line) for line in lines], [len(line.text) for line in lines])
    return float(np.median(heights)) if len(heights) else 0.0


def _estimate_letter_size(line: OcrLine, usual: float) -> float:
    height = _measure_height(line)
    low, high = _USUAL_SIZES
    return _LETTER_SIZE_PER_HEIGHT * (usual if low * usual < height < high * usual else height)


def _make_letter_boxes(line: OcrLine) -> NDArray[np.float32]:
    """Return a box for each letter of a line, in proportion to its usual width: shape (letters, 4)."""
    weights = np.array([_estimate_letter_width(letter) for letter in line.text])
    edges = (np.concatenate([[0.0], np.cumsum(weights)]) / weights.sum())[:, None]
    top_left, top_right, bottom_right, bottom_left = line.corners
    tops, bottoms = top_left + (top_right - top_left) * edges, bottom_left + (bottom_right - bottom_left) * edges
    corners = np.stack([tops[:-1], tops[1:], bottoms[:-1], bottoms[1:]])
    return np.hstack([corners.min(axis=0), corners.max(axis=0)]).astype(np.float32)


def _estimate_letter_width(letter: str) -> float:
    if letter in _NARROW:
        return 0.55
    return 1.5 if letter in _WIDE else 1.25 if letter.isupper() else 1.0
