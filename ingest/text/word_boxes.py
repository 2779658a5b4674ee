"""The boxes of the words on a page: their stored form, and the rectangles of a span of text. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.types import Box, Page

WORD_DTYPE = np.dtype([("start", "<u4"), ("end", "<u4"), ("line", "<u4"), ("box", "<f4", (4,))])
"""One word: its span in characters of the text, the index of its line, and its box (x0, y0, x1, y1) in points.

The origin is the top left of the page as shown.
"""

WordArray = NDArray[np.void]
"""Words in text order: shape (n,), dtype `WORD_DTYPE`."""


@dataclass(frozen=True, slots=True)
class AffineTransform:
    """An affine transformation as PDF writes it (ISO 32000, 8.3.3): `x' = a·x + c·y + e`, `y' = b·x + d·y + f`."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def apply(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the bounding boxes of the transformed `boxes`: shape (n, 4), float32, x0 <= x1 and y0 <= y1."""
        xs, ys = boxes[:, 0::2].astype(np.float64), boxes[:, 1::2].astype(np.float64)
        x = self.a * xs + self.c * ys + self.e
        y = self.b * xs + self.d * ys + self.f
        corners = np.column_stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)])
        return corners.astype(np.float32)


def pack_words(words: WordArray) -> bytes:
    """Return the stored form of `words`: their bytes, little-endian."""
    return words.astype(WORD_DTYPE, copy=False).tobytes()


def unpack_words(data: bytes) -> WordArray:
    """Return the words that `pack_words` stored; read-only."""
    return np.frombuffer(data, dtype=WORD_DTYPE)


def find_boxes(page: Page, start: int, end: int) -> tuple[Box, ...]:
    """Return one rectangle for each line of `page` that has a word in the span `[start, end)`, in text order.

    A word that the span touches counts as a whole. There is none if the span has no word on the page or the format has
    no layout.
    """
    words = unpack_words(page.words)
    first = int(np.searchsorted(words["end"], start, side="right"))
    last = int(np.searchsorted(words["start"], end, side="left"))
    touched = words[first:last]
    if end <= start or not len(touched):
        return ()
    line_starts = np.flatnonzero(np.diff(touched["line"], prepend=touched["line"][0] + 1))
    lows = np.minimum.reduceat(touched["box"][:, :2], line_starts)
    highs = np.maximum.reduceat(touched["box"][:, 2:], line_starts)
    edges = np.hstack([lows, highs]).tolist()
    return tuple(Box(page.number, x0, y0, x1, y1) for x0, y0, x1, y1 in edges)
