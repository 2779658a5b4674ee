"""Compare the boxes of what is drawn on a page or a slide. Pure."""

Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge; all boxes of a page in one unit."""


def overlaps(one: Box, other: Box) -> bool:
    """Whether two boxes share an area."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def is_outside(box: Box, width: float, height: float) -> bool:
    """Whether nothing of a box is on a page of this size; false for a page of an unknown one."""
    return bool(box[2] <= 0 or box[3] <= 0 or box[0] >= width > 0 or box[1] >= height > 0)
