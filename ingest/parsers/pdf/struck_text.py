"""Set the struck-out text of a PDF page apart from its sentences: behind them, as an annotation. Pure.

A line through letters, drawn or as a StrikeOut annotation, strikes them out. It is as long as they are: the rules of
tables and diagrams, which may cross text too, are longer.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.text.annotations import AnnotationKind

_NEWLINE, _SPACE = 0x0A, 0x20
_SENTENCE_ENDS = frozenset(map(ord, ".!?…"))
OPENING, CLOSING = f"[{AnnotationKind.STRUCK_OUT}: ", "]"
"""What stands around struck-out text."""
_BRACKETS = {ord("["): -ord("("), ord("]"): -ord(")")}
_MIN_STRIKE, _MAX_STRIKE = 0.34, 0.78
"""Where a line through letters stands between their upper and lower edge; an underline is below."""
_MAX_THICKNESS = 0.2
_MAX_OVERHANG, _MAX_OVERHANG_OF_ONE = 0.7, 0.2
_CELL_GAP_EM = 0.9

_LEFT, _TOP, _RIGHT, _BOTTOM = range(4)


def find_struck(boxes: NDArray[np.float32], rules: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which of the glyphs with these boxes have one of the horizontal `rules` through them."""
    is_struck = np.zeros(len(boxes), np.bool_)
    heights = boxes[:, _BOTTOM] - boxes[:, _TOP]
    middles = (boxes[:, _LEFT] + boxes[:, _RIGHT]) / 2
    for left, top, right, bottom in _select_free_lines(rules):
        share = ((top + bottom) / 2 - boxes[:, _TOP]) / np.maximum(heights, 1.0)
        is_crossed = (share > _MIN_STRIKE) & (share < _MAX_STRIKE) & (bottom - top < _MAX_THICKNESS * heights)
        crossed = np.flatnonzero(is_crossed & (middles > left) & (middles < right))
        if not len(crossed):
            continue
        first, last, height = boxes[crossed, _LEFT].min(), boxes[crossed, _RIGHT].max(), heights[crossed].max()
        width = float((boxes[crossed, _RIGHT] - boxes[crossed, _LEFT]).sum())
        overhang = max(float(first) - left, right - float(last))
        max_overhang = _MAX_OVERHANG if len(crossed) > 1 else _MAX_OVERHANG_OF_ONE
        if overhang < max_overhang * height and width > (right - left) / 2:
            is_struck[crossed] = True
    return is_struck


def _select_free_lines(rules: NDArray[np.float32]) -> Iterator[tuple[float, float, float, float]]:
    """Yield the horizontal lines that no vertical one touches, as those of a grid do."""
    widths, heights = rules[:, _RIGHT] - rules[:, _LEFT], rules[:, _BOTTOM] - rules[:, _TOP]
    vertical = rules[heights > 2 * widths]
    for left, top, right, bottom in rules[widths > 2 * heights].tolist():
        touches = (vertical[:, _LEFT] < right + 1) & (vertical[:, _RIGHT] > left - 1)
        touches &= (vertical[:, _TOP] < bottom + 1) & (vertical[:, _BOTTOM] > top - 1)
        if not touches.any():
            yield left, top, right, bottom


def set_struck_apart(
    codes: NDArray[np.uint32], boxes: NDArray[np.float32], is_struck: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the order of the characters of a page in which struck-out text stands behind its sentence, marked.

    All arrays have an entry for each character, a box without width for separators. An entry of the result is the index
    of a character, or the negated code point of one that is added. What is struck out in a row of cells, and what is no
    part of a longer sentence, stays in its place.
    """
    order: list[int] = []
    waiting: list[int] = []
    position = 0
    for first, end in _find_runs(codes, is_struck):
        if not _has_word(codes, first, end):
            continue
        order += _take_sentences(codes, boxes, (position, first), waiting)
        annotation = _annotate(codes, first, end)
        if _is_alone(order, codes, end) or _is_in_cells(first, end, codes, boxes):
            order += [*waiting, *annotation]
            waiting = []
        else:
            _drop_double_space(order, codes, end)
            waiting += [-_SPACE, *annotation]
        position = end
    rest = _take_sentences(codes, boxes, (position, len(codes)), waiting)
    return np.array([*order, *rest, *waiting], np.intp)


def _find_runs(codes: NDArray[np.uint32], is_struck: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the runs of struck characters, white space between two of them included."""
    run: tuple[int, int] | None = None
    for index in np.flatnonzero(is_struck).tolist():
        if run and all(codes[place] in (_SPACE, _NEWLINE) for place in range(run[1], index)):
            run = (run[0], index + 1)
            continue
        if run:
            yield run
        run = (index, index + 1)
    if run:
        yield run


def _has_word(codes: NDArray[np.uint32], first: int, end: int) -> bool:
    """Return whether a run has a letter or a digit: a line through any other sign is a part of the sign."""
    return any(chr(code).isalnum() for code in codes[first:end].tolist())


def _take_sentences(
    codes: NDArray[np.uint32], boxes: NDArray[np.float32], span: tuple[int, int], waiting: list[int]
) -> list[int]:
    """Return the characters of a span, with the `waiting` annotations behind the end of its first sentence.

    A line that ends before it is full ends its sentence too.
    """
    start, end = span
    for index in range(start, end) if waiting else ():
        following = codes[index + 1] if index + 1 < len(codes) else _NEWLINE
        if codes[index] in _SENTENCE_ENDS and following in (_SPACE, _NEWLINE):
            place = index + 1
        elif codes[index] == _NEWLINE and (following == _NEWLINE or _is_line_short(codes, boxes, index)):
            place = index
        else:
            continue
        taken = [*range(start, place), *waiting, *range(place, end)]
        waiting.clear()
        return taken
    return list(range(start, end))


def _is_line_short(codes: NDArray[np.uint32], boxes: NDArray[np.float32], end: int) -> bool:
    """Return whether the first word of the next line had room in the line that ends at `end`."""
    text = "".join(map(chr, codes.tolist()))
    first, last = text.rfind("\n\n", 0, end) + 1, text.find("\n\n", end)
    paragraph = boxes[first : last if last >= 0 else len(codes)]
    before = boxes[max(text.rfind("\n", 0, end), 0) : end]
    word = boxes[end + 1 : end + 1 + len(text[end + 1 :].split(maxsplit=1)[0])] if text[end + 1 :].strip() else before
    return float(before[:, _RIGHT].max() + np.ptp(word[:, [_LEFT, _RIGHT]])) < float(paragraph[:, _RIGHT].max())


def _annotate(codes: NDArray[np.uint32], first: int, end: int) -> list[int]:
    content = [
        _BRACKETS.get(int(codes[place]), -_SPACE if codes[place] == _NEWLINE else place) for place in range(first, end)
    ]
    return [*(-ord(sign) for sign in OPENING), *content, -ord(CLOSING)]


def _is_alone(order: Sequence[int], codes: NDArray[np.uint32], end: int) -> bool:
    """Return whether no sentence is around a run: it begins a paragraph or follows a sentence, and ends a line."""
    before = next((code for code in _read_back(order, codes) if code != _SPACE), _NEWLINE)
    after = next((int(code) for code in codes[end:] if code != _SPACE), _NEWLINE)
    return (before == _NEWLINE or before in _SENTENCE_ENDS) and after == _NEWLINE


def _is_in_cells(first: int, end: int, codes: NDArray[np.uint32], boxes: NDArray[np.float32]) -> bool:
    """Return whether a wide gap is in the line of a run, as between the cells of a row."""
    breaks = np.flatnonzero(codes == _NEWLINE)
    line_start = int(breaks[breaks < first][-1]) + 1 if (breaks < first).any() else 0
    line_end = int(breaks[breaks >= end][0]) if (breaks >= end).any() else len(codes)
    ink = boxes[line_start:line_end]
    ink = ink[ink[:, _RIGHT] > ink[:, _LEFT]]
    height = float((boxes[first, _BOTTOM] - boxes[first, _TOP]) or 1.0)
    return bool((ink[1:, _LEFT] - ink[:-1, _RIGHT] > _CELL_GAP_EM * height).any())


def _read_back(order: Sequence[int], codes: NDArray[np.uint32]) -> Iterator[int]:
    for entry in reversed(order):
        yield int(codes[entry]) if entry >= 0 else -entry


def _drop_double_space(order: list[int], codes: NDArray[np.uint32], end: int) -> None:
    """Remove the space before a run if there is one behind it, or a sign that closes the sentence."""
    before = next(_read_back(order, codes), _NEWLINE)
    after = int(codes[end]) if end < len(codes) else _NEWLINE
    if before == _SPACE and (after in (_SPACE, _NEWLINE) or after in _SENTENCE_ENDS or after == ord(",")):
        order.pop()
