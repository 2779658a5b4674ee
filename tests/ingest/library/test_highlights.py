"""What the picture of a page highlights."""

import numpy as np
import pytest

from ingest.library.pages import find_highlights
from ingest.text.word_boxes import WORD_DTYPE, pack_words
from ingest.types import Box, Page

FIRST, SECOND = (72, 10, 110, 22), (72, 25, 110, 37)
ROWS = [(100, 104, 0, FIRST), (105, 109, 1, SECOND)]
PAGE = Page(number=3, start=100, end=109, width=600.0, height=800.0, words=pack_words(np.array(ROWS, dtype=WORD_DTYPE)))


@pytest.mark.parametrize(
    ("start", "end", "lines"),
    [
        (None, None, []),
        (100, 109, [FIRST, SECOND]),
        (105, None, [SECOND]),
        (0, None, [FIRST, SECOND]),
        (None, 104, [FIRST]),
        (None, 5000, [FIRST, SECOND]),
        (None, 50, []),
        (200, None, []),
        (109, 100, []),
    ],
)
def test_one_bound_alone_highlights_from_or_to_the_edge_of_the_page(
    start: int | None, end: int | None, lines: list[tuple[int, int, int, int]]
) -> None:
    assert find_highlights(PAGE, start, end) == tuple(Box(3, *line) for line in lines)
