"""What the slides of every format share: the order in which they are read, and what is said of silent ones. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Shape = TypeVar("Shape")

ROW_CM = 1.0
"""Shapes whose upper edges differ by less than this stand side by side."""


def sort_in_reading_order(shapes: Iterable[Shape], place: Callable[[Shape], tuple[float, float]]) -> list[Shape]:
    """Return shapes row by row, from left to right; `place` is the distance from the top and the left in cm."""
    rows: list[list[tuple[float, float, Shape]]] = []
    for top, left, shape in sorted(((*place(shape), shape) for shape in shapes), key=lambda placed: placed[0]):
        if not rows or top - rows[-1][0][0] >= ROW_CM:
            rows.append([])
        rows[-1].append((top, left, shape))
    return [shape for row in rows for _, _, shape in sorted(row, key=lambda placed: placed[1])]


def warn_of_picture_slides(slides: Sequence[int]) -> tuple[str, ...]:
    """Return the warning that slides, by number, have pictures and no text; none where there are no such slides."""
    if not slides:
        return ()
    named = f"slides {', '.join(map(str, slides))}" if len(slides) > 1 else f"slide {slides[0]}"
    return (f"pictures without text, which are not read: {named}",)
