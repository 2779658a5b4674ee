"""Put the glyphs of lines with right-to-left text into reading order by where they stand. Pure.

This is the inverse of the Unicode bidirectional algorithm (UAX #9: rules W1 to W7, N1, N2 and L2) for one line. Codes
such as "AB-7731" and numbers run from left to right, as they are drawn; the rest runs from right to left. If two texts
look the same ("AB-7731" and "7731-AB" do), the result is the one that reads as drawn.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import dropwhile, pairwise, takewhile

import numpy as np
from numpy.typing import NDArray

_RIGHT_TO_LEFT_RANGES = ((0x0590, 0x08FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFC))
_WIDE_GAP_EM = 1.0
_MAX_LINE_EM = 2.2
_MIN_SPACE_EM = 0.05
_MIN_GAP_EM = 0.12
_UNITS = frozenset({*("kg", "mg", "μg", "µg", "km", "mm", "cm", "ml"), *("GB", "MB", "TB", "KB", "kW", "MW", "kWh")})
"""Units that stand on the left of their number if the line runs from right to left."""
_OPENING, _CLOSING = "([{", ")]}"
_SENTENCE_ENDS = frozenset(".!?")


@dataclass(slots=True)
class _Letter:
    """A character with its marks: glyph indexes in reading order, its extent in points, and its bidirectional kind.

    Kinds are R, L, N (a digit), S (white space), ES, ET, CS as in UAX #9, and O for all others.
    """

    sign: str
    kind: str
    x0: float
    x1: float
    glyphs: list[int] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


def is_right_to_left(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which code points belong to scripts that run from right to left."""
    result = np.zeros(len(codes), np.bool_)
    for first, last in _RIGHT_TO_LEFT_RANGES:
        result |= (codes >= first) & (codes <= last)
    return result


def order_line(
    glyphs: NDArray[np.intp],
    codes: NDArray[np.uint32],
    boxes: NDArray[np.float32],
    size: float,
    *,
    is_page_right_to_left: bool,
) -> NDArray[np.intp]:
    """Return the glyphs of a line in reading order; `codes` and `boxes` are those of the page, `size` is in points.

    On a page that runs from right to left a line does so too, unless most of it is Latin or a sentence ends at its
    right end. A line that is not level and a line without right-to-left letters are returned as they are. Brackets that
    open where they should close are turned round in `codes`: a PDF stores either the sign or its mirror image.
    """
    letters = _make_letters(glyphs, codes, boxes)
    ink = [glyph for letter in letters if letter.kind != "S" for glyph in letter.glyphs]
    is_level = bool(ink) and float(boxes[ink, 3].max() - boxes[ink, 1].min()) <= _MAX_LINE_EM * max(size, 1.0)
    if not is_level or all(letter.kind != "R" for letter in letters):
        return glyphs
    letters = _place_spaces(sorted(letters, key=lambda letter: -letter.middle), size)
    latin = sum(letter.kind == "L" for letter in letters)
    share = 2 if is_page_right_to_left else 1
    runs_from_right = share * sum(letter.kind == "R" for letter in letters) >= latin
    if runs_from_right and not _ends_at_right(letters):
        ordered = _read_from_right(letters, size)
    else:
        ordered = _read_from_left(letters[::-1], size)
    _turn_brackets(ordered, codes)
    return np.array([glyph for letter in ordered for glyph in letter.glyphs], np.intp)


def _ends_at_right(letters: Sequence[_Letter]) -> bool:
    """Return whether letters, given from right to left, end with a sign behind a word or code that runs to the right.

    A line that runs from right to left has the end of its sentence on the left.
    """
    signs = [letter for letter in letters if letter.kind != "S"]
    if not signs or signs[0].sign not in _SENTENCE_ENDS or signs[-1].sign in _SENTENCE_ENDS:
        return False
    last_word = takewhile(lambda letter: letter.kind not in ("S", "R"), dropwhile(lambda one: one.kind == "S", letters))
    return any(letter.kind == "L" for letter in last_word)


def _make_letters(glyphs: NDArray[np.intp], codes: NDArray[np.uint32], boxes: NDArray[np.float32]) -> list[_Letter]:
    """Return the characters in the order of `glyphs`, a mark with the letter at its place (rule W1)."""
    letters: list[_Letter] = []
    marks: list[tuple[int, _Letter]] = []
    for glyph in glyphs.tolist():
        sign = chr(int(codes[glyph]))
        letter = _Letter(sign, _classify(sign), float(boxes[glyph, 0]), float(boxes[glyph, 2]), [glyph])
        if unicodedata.bidirectional(sign) == "NSM":
            marks.append((len(letters), letter))
        else:
            letters.append(letter)
    if all(letter.kind != "R" for letter in letters):
        return letters + [mark for _, mark in marks]
    bases = [(place, letter) for place, letter in enumerate(letters) if letter.kind == "R"]
    for place, mark in marks:
        _, base = min(bases, key=lambda base: (round(abs(base[1].middle - mark.middle)), abs(place - 1 - base[0])))
        base.glyphs += mark.glyphs
    return letters


def _place_spaces(letters: Sequence[_Letter], size: float) -> list[_Letter]:
    """Return `letters`, given from right to left, with the spaces that PDFium adds in the widest gaps.

    They have no width, and their places are those of the letters that PDFium took for neighbours.
    """
    spaces = [letter for letter in letters if letter.kind == "S" and letter.x1 - letter.x0 < _MIN_SPACE_EM * size]
    added = {id(space) for space in spaces}
    drawn = [letter for letter in letters if id(letter) not in added]
    gaps = [(right.x0 - left.x1, index) for index, (right, left) in enumerate(pairwise(drawn), 1)]
    wide = sorted((gap for gap in gaps if gap[0] > _MIN_GAP_EM * size), reverse=True)[: len(spaces)]
    placed = list(drawn)
    for (_, index), space in zip(sorted(wide, key=lambda gap: -gap[1]), spaces, strict=False):
        placed.insert(index, space)
    return placed


@cache
def _classify(sign: str) -> str:
    category = unicodedata.bidirectional(sign)
    if category in ("R", "AL"):
        return "R"
    if category in ("EN", "AN"):
        return "N"
    if category in ("WS", "B", "S", "BN"):
        return "S"
    return category if category in ("L", "ES", "ET", "CS") else "O"


def _read_from_right(letters: Sequence[_Letter], size: float) -> list[_Letter]:
    """Return letters, given from right to left, in the reading order of a right-to-left line."""
    ordered: list[_Letter] = []
    run: list[_Letter] = []
    is_after_arabic = False
    edge = float("inf")
    for letter in letters:
        is_apart = bool(run) and letter.kind != "S" and edge - letter.x1 > _WIDE_GAP_EM * size  # another column
        edge = edge if letter.kind == "S" else letter.x0
        if letter.kind == "R" or is_apart:
            ordered += _order_run(run[::-1], is_after_arabic=is_after_arabic)
            run = []
        if letter.kind == "R":
            is_after_arabic = unicodedata.bidirectional(letter.sign) == "AL"
            ordered.append(letter)
        else:
            run.append(letter)
    return [*ordered, *_order_run(run[::-1], is_after_arabic=is_after_arabic)]


def _read_from_left(letters: Sequence[_Letter], size: float) -> list[_Letter]:
    """Return letters, given from left to right, in the reading order of a left-to-right line."""
    ordered: list[_Letter] = []
    run: list[_Letter] = []
    for letter in [*letters, None]:
        if letter is not None and letter.kind != "L":
            run.append(letter)
            continue
        places = [index for index, member in enumerate(run) if member.kind == "R"]
        if places:
            first, last = places[0], places[-1] + 1
            start = first
            while start > 0 and run[start - 1].kind in ("N", "ES", "CS"):  # the number of a code: "7-ק"
                start -= 1
            first = start if run[start].kind == "N" else first
            ordered += [*run[:first], *_read_from_right(run[first:last][::-1], size), *run[last:]]
        else:
            ordered += run
        run = []
        if letter is not None:
            ordered.append(letter)
    return ordered


def _order_run(run: Sequence[_Letter], *, is_after_arabic: bool) -> list[_Letter]:
    """Return what stands between right-to-left letters, given from left to right, in reading order."""
    if all(letter.kind != "L" for letter in run):
        return _order_numbers(run, is_after_arabic=is_after_arabic)
    solid = [index for index, letter in enumerate(run) if letter.kind in ("L", "N")]
    first, last = solid[0], solid[-1] + 1
    while last < len(run) and run[last].kind == "ET":  # the percent sign of a number
        last += 1
    while first > 0 and run[first - 1].kind == "ET":
        first -= 1
    first, last = _include_bracket(run, first, last)
    return [*reversed(run[last:]), *_put_unit_last(run[first:last]), *reversed(run[:first])]


def _include_bracket(run: Sequence[_Letter], first: int, last: int) -> tuple[int, int]:
    """Return the span `[first, last)` with the bracket beside it whose partner it has."""
    signs = [letter.sign for letter in run]
    for pair in zip(_OPENING, _CLOSING, strict=True):
        if sum(sign in pair for sign in signs[first:last]) % 2:
            if last < len(run) and signs[last] in pair:
                last += 1
            elif first > 0 and signs[first - 1] in pair:
                first -= 1
    return first, last


def _put_unit_last(code: Sequence[_Letter]) -> list[_Letter]:
    """Return "12 kg" for "kg 12", which is how it looks in a line that runs from right to left."""
    unit, space, number = "".join(letter.sign for letter in code).partition(" ")
    if space and unit in _UNITS and number[:1].isdigit() and not any(map(str.isalpha, number)):
        return [*code[len(unit) + 1 :], code[len(unit)], *code[: len(unit)]]
    return list(code)


def _order_numbers(run: Sequence[_Letter], *, is_after_arabic: bool) -> list[_Letter]:
    """Return numbers and other signs, given from left to right, in reading order: a number runs from left to right."""
    kinds = [letter.kind for letter in run]
    is_arabic = [is_after_arabic or unicodedata.bidirectional(letter.sign) == "AN" for letter in run]  # rule W2
    for index in range(1, len(kinds) - 1):  # rule W4
        is_between = kinds[index - 1] == kinds[index + 1] == "N"
        if is_between and (kinds[index] == "CS" or (kinds[index] == "ES" and not is_arabic[index + 1])):
            kinds[index] = "N"
    for places in (range(1, len(kinds)), range(len(kinds) - 2, -1, -1)):  # rule W5
        step = places.step
        for index in places:
            if kinds[index] == "ET" and kinds[index - step] == "N" and not is_arabic[index - step]:
                kinds[index] = "N"
    ordered: list[_Letter] = []
    number: list[_Letter] = []
    for letter, kind in zip(reversed(run), reversed(kinds), strict=True):
        if kind == "N":
            number.insert(0, letter)
        else:
            ordered += [*number, letter]
            number = []
    return [*ordered, *number]


def _turn_brackets(letters: Sequence[_Letter], codes: NDArray[np.uint32]) -> None:
    """Let a bracket after white space open and one before white space close, in `letters` and `codes`."""
    signs = [" ", *(letter.sign for letter in letters), " "]
    for letter, before, after in zip(letters, signs[:-2], signs[2:], strict=True):
        is_after_space, is_before_space = before.isspace(), after.isspace() or after in ".,;:!?"
        if is_after_space == is_before_space:
            continue
        if is_after_space and letter.sign in _CLOSING:
            letter.sign = _OPENING[_CLOSING.index(letter.sign)]
        elif is_before_space and letter.sign in _OPENING:
            letter.sign = _CLOSING[_OPENING.index(letter.sign)]
        else:
            continue
        codes[letter.glyphs[0]] = ord(letter.sign)
