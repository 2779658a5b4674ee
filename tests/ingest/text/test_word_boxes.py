"""Word boxes: packed, unpacked, and merged into the rectangles of a span."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.word_boxes import WORD_DTYPE, AffineTransform, WordArray, find_boxes, pack_words, unpack_words
from ingest.types import Box, Page


def make_words(*rows: tuple[int, int, int, tuple[float, float, float, float]]) -> WordArray:
    return np.array([*rows], dtype=WORD_DTYPE)


@st.composite
def word_rows(draw: st.DrawFn) -> WordArray:
    """Words in the order of a text, on lines that only go on."""
    count = draw(st.integers(0, 12))
    position = line = 0
    rows = []
    for _ in range(count):
        start = position + draw(st.integers(0, 3))
        position = start + draw(st.integers(1, 6))
        line += draw(st.integers(0, 1))
        x, y = draw(st.integers(0, 500)), draw(st.integers(0, 700))
        rows.append((start, position, line, (x, y, x + draw(st.integers(1, 50)), y + draw(st.integers(1, 20)))))
    return make_words(*rows)


def page_of(words: WordArray) -> Page:
    return Page(number=3, start=0, end=1000, width=600.0, height=800.0, words=pack_words(words))


@given(words=word_rows())
def test_unpacking_returns_what_was_packed(words: WordArray) -> None:
    assert np.array_equal(unpack_words(pack_words(words)), words)


@given(words=word_rows(), start=st.integers(0, 90), length=st.integers(1, 40))
def test_a_span_has_one_box_for_each_line_it_touches_and_the_boxes_hold_its_words(
    words: WordArray, start: int, length: int
) -> None:
    touched = [row for row in words.tolist() if row[0] < start + length and start < row[1]]
    boxes = find_boxes(page_of(words), start, start + length)
    lines = list(dict.fromkeys(row[2] for row in touched))
    assert len(boxes) == len(lines)
    for line, box in zip(lines, boxes, strict=True):
        edges = np.array([row[3] for row in touched if row[2] == line])
        assert (box.x0, box.y0) == tuple(edges[:, :2].min(axis=0))
        assert (box.x1, box.y1) == tuple(edges[:, 2:].max(axis=0))
        assert box.page == 3


def test_a_word_broken_over_two_lines_has_two_boxes() -> None:
    words = make_words((0, 4, 0, (500, 10, 540, 22)), (4, 9, 1, (72, 25, 110, 37)))
    assert find_boxes(page_of(words), 0, 9) == (Box(3, 500, 10, 540, 22), Box(3, 72, 25, 110, 37))


def test_a_page_without_a_layout_has_no_boxes() -> None:
    assert find_boxes(Page(1, 0, 100), 0, 100) == ()


def test_an_empty_span_has_no_boxes() -> None:
    assert find_boxes(page_of(make_words((0, 4, 0, (0, 0, 10, 10)))), 2, 2) == ()


def test_a_turned_page_maps_boxes_to_upright_boxes() -> None:
    quarter_turn = AffineTransform(0, 1, 1, 0, 0, 0)
    boxes = quarter_turn.apply(np.array([[10, 20, 30, 25]], np.float32))
    assert boxes.tolist() == [[20, 10, 25, 30]]
