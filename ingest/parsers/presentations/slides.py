"""Slides of every format: the reading order of shapes, and the warning about slides without text. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Shape = TypeVar("Shape")

ROW_CM = 1.0
"""Shapes whose upper edges differ by less than this are in one row."""


def sort_in_reading_order(shapes: Iterable[Shape], position: Callable[[Shape], tuple[float, float]]) -> list[Shape]:
    """Return shapes row by row, each row from left to right; `position` returns top and left of a shape in cm."""
    rows: list[list[tuple[float, float, Shape]]] = []
    for top, left, shape in sorted(((*position(shape), shape) for shape in shapes), key=lambda placed: placed[0]):
        if not rows or top - rows[-1][0][0] >= ROW_CM:
            rows.append([])
        rows[-1].append((top, left, shape))
    return [shape for row in rows for _, _, shape in sorted(row, key=lambda placed: placed[1])]


def warn_of_picture_slides(slides: Sequence[int]) -> tuple[str, ...]:
    """Return the warning that the slides with these numbers have pictures and no text; none without such slides."""
    if not slides:
        return ()
    slide_names = f"slides {', '.join(map(str, slides))}" if len(slides) > 1 else f"slide {slides[0]}"
    return (f"pictures without text, which are not read: {slide_names}",)
