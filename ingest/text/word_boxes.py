"""Where the words of a page stand: how they are stored and how a span of text becomes rectangles. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.types import Box, Page

WORD_DTYPE = np.dtype([("start", "<u4"), ("end", "<u4"), ("line", "<u4"), ("box", "<f4", (4,))])
"""One word: its span in the document's text, the line it stands on, and x0, y0, x1, y1 on the page as shown."""

WordArray = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class AffineTransform:
    """A mapping of the plane: `x' = a·x + c·y + e`, `y' = b·x + d·y + f`."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def apply(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the upright rectangles around the images of `boxes` (x0, y0, x1, y1 in any order)."""
        xs, ys = boxes[:, 0::2].astype(np.float64), boxes[:, 1::2].astype(np.float64)
        x = self.a * xs + self.c * ys + self.e
        y = self.b * xs + self.d * ys + self.f
        corners = np.column_stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)])
        return corners.astype(np.float32)


def pack_words(words: WordArray) -> bytes:
    """Return the stored form of `words`, which are in the order of the text."""
    return words.astype(WORD_DTYPE, copy=False).tobytes()


def unpack_words(data: bytes) -> WordArray:
    """Return what `pack_words` was given."""
    return np.frombuffer(data, dtype=WORD_DTYPE)


def find_boxes(page: Page, start: int, end: int) -> tuple[Box, ...]:
    """Return one rectangle for each line of `page` that holds a word of `[start, end)`, in the order of the text.

    A word that the span touches counts as a whole. The result is empty where the span has no word on the
    page or the format has no layout.
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
