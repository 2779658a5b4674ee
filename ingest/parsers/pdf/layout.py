"""The lines of a PDF page as text, with the place of every word. Pure.

Line breaks are "\\n", paragraphs are separated by "\\n\\n", and a hyphen that breaks a word stays as
`LINE_END_HYPHEN` until the whole document is known: `dehyphenate` then decides whether it belongs to the word.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.pdf.columns import separate_columns
from ingest.parsers.pdf.lines import SPACE, Line, TextGlyphs, extract_lines, reorder_right_to_left, select_text_glyphs
from ingest.parsers.pdf.pdfium import LINE_END_HYPHEN, Glyphs
from ingest.text.word_boxes import WORD_DTYPE, WordArray

TEXT_LINE = np.dtype([("start", "<u4"), ("end", "<u4"), ("size", "<f4")])
"""One line of a page's text and its font size in points."""

_BROKEN_WORD = re.compile(rf"(\w+){chr(LINE_END_HYPHEN)}(?=(\w*))")
_WORD = re.compile(r"\w+(?:-\w+)*")
_SUSPENDS = frozenset({"and", "or", "und", "oder", "bzw", "et", "ou", "e", "o", "y"})
"""Words after which a hyphen at the end of a line stays: "full- and part-time"."""
_CONTACT_EM = 0.12
_SAME_LINE_GAP_EM = 1.0
_SAME_LINE_OVERLAP = 0.5
_PARAGRAPH_PITCH = 1.3
_HEADING_SIZE_STEP = 1.12
_WRITTEN_WITHOUT_SPACES = ((0x2E80, 0xA4CF), (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))


class TableSpan(NamedTuple):
    """Where a table stands in the text of a page, and where its head ends (its start, if it has none)."""

    start: int
    header_end: int
    end: int


@dataclass(frozen=True, slots=True)
class PageLayout:
    """A page's text; offsets of `words`, `lines` and `tables` count from the start of the page."""

    width: float
    height: float
    text: str
    words: WordArray
    lines: NDArray[np.void]
    tables: tuple[TableSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class _Script:
    """The characters of a page as they are written out, each with its glyph, its line, and whether it is ink."""

    codes: NDArray[np.uint32]
    glyphs: NDArray[np.intp]
    line_of: NDArray[np.intp]
    is_ink: NDArray[np.bool_]


class _Joint(NamedTuple):
    """What is written between two lines, and whether they stand side by side."""

    sign: str
    is_same_line: bool = False


def lay_out(glyphs: Glyphs) -> PageLayout:
    """Return the text of a page in reading order, every word with its rectangle.

    Text and rectangles come from the same glyphs in one pass, so that they cannot disagree.
    """
    text_glyphs = select_text_glyphs(glyphs)
    lines = separate_columns(reorder_right_to_left(extract_lines(text_glyphs), text_glyphs), text_glyphs)
    if not lines:
        return PageLayout(glyphs.width, glyphs.height, "", np.empty(0, WORD_DTYPE), np.empty(0, TEXT_LINE))
    script = _write(lines, _joints(lines, text_glyphs.codes), text_glyphs)
    text = script.codes.astype("<u4").tobytes().decode("utf-32-le")
    return PageLayout(glyphs.width, glyphs.height, text, _words(script, text_glyphs), _text_lines(script, text_glyphs))


def collect_vocabulary(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of `texts` in lower case, words with hyphens as they are written."""
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def dehyphenate(layout: PageLayout, known: Set[str]) -> PageLayout:
    """Join the words that were broken at the end of a line.

    The hyphen stays where the word is in `known` with it. It goes where the word is in `known` without it,
    or goes on with a small letter.
    """
    if chr(LINE_END_HYPHEN) not in layout.text:
        return layout
    dropped: list[int] = []
    for match in _BROKEN_WORD.finditer(layout.text):
        head, tail = match.groups()
        is_written_with = f"{head}-{tail}".lower() in known
        is_written_without = bool(tail) and f"{head}{tail}".lower() in known
        if not is_written_with and (is_written_without or tail[:1].islower()):
            dropped.append(match.end(1))
    text = _without(layout.text, dropped).replace(chr(LINE_END_HYPHEN), "-")
    words, lines = layout.words.copy(), layout.lines.copy()
    for spans in (words, lines):
        for edge in ("start", "end"):
            spans[edge] -= np.searchsorted(dropped, spans[edge]).astype("<u4")
    words = words[words["start"] < words["end"]]  # a hyphen that was a word of its own is gone
    tables = tuple(TableSpan(*(place - bisect_left(dropped, place) for place in table)) for table in layout.tables)
    return PageLayout(layout.width, layout.height, text, words, lines, tables)


def _without(text: str, places: Sequence[int]) -> str:
    starts = [0, *(place + 1 for place in places)]
    return "".join(text[start:end] for start, end in zip(starts, [*places, len(text)], strict=True))


def _joints(lines: Sequence[Line], codes: NDArray[np.uint32]) -> list[_Joint]:
    pitch = _usual_pitch(lines)
    joints: list[_Joint] = []
    so_far = lines[0]
    for line in lines[1:]:
        joint = _joint(so_far, line, codes, pitch)
        joints.append(joint)
        so_far = so_far.union(line) if joint.is_same_line else line
    return joints


def _joint(line: Line, following: Line, codes: NDArray[np.uint32], pitch: float) -> _Joint:
    if codes[line.glyphs[-1]] == LINE_END_HYPHEN:
        return _Joint("\n" if _first_word(following, codes) in _SUSPENDS else "")
    gap = max(following.x0 - line.x1, line.x0 - following.x1)
    gap_em = gap / max(line.size, following.size, 1.0)
    overlap = min(line.y1, following.y1) - max(line.y0, following.y0)
    is_beside = overlap >= _SAME_LINE_OVERLAP * min(line.height, following.height)
    # PDFium begins a new line at a raised or lowered figure: "m" and "2" are one word all the same.
    if is_beside and -2 * _CONTACT_EM <= gap_em <= _SAME_LINE_GAP_EM:
        return _Joint("" if gap_em < _CONTACT_EM else " ", is_same_line=True)
    small, large = sorted((line.size, following.size))
    is_far_below = following.y1 - line.y1 > _PARAGRAPH_PITCH * pitch
    is_new_paragraph = not is_beside and (is_far_below or large > _HEADING_SIZE_STEP * small)
    return _Joint("\n\n" if is_new_paragraph else "\n")


def _first_word(line: Line, codes: NDArray[np.uint32]) -> str:
    return "".join(map(chr, codes[line.glyphs[:8]].tolist())).partition(" ")[0]


def _usual_pitch(lines: Sequence[Line]) -> float:
    """Return the usual distance from one line to the next; infinite where it cannot be told."""
    falls = [
        following.y1 - line.y1
        for line, following in pairwise(lines)
        if following.y1 - line.y1 > 0.5 * min(line.height, following.height)
    ]
    return float(np.quantile(falls, 0.4)) if len(falls) > 1 else float("inf")


def _write(lines: Sequence[Line], joints: Sequence[_Joint], text_glyphs: TextGlyphs) -> _Script:
    pieces: list[NDArray[np.intp]] = []
    numbers: list[int] = []
    number = 0
    for line, joint in zip(lines, [*joints, _Joint("")], strict=True):
        # A sign between lines has no glyph: it travels as its negated code point.
        pieces += [line.glyphs, np.array([-ord(sign) for sign in joint.sign], np.intp)]
        numbers += [number, number]
        number += not joint.is_same_line
    glyphs = np.concatenate(pieces)
    line_of = np.repeat(numbers, [len(piece) for piece in pieces])
    has_glyph = glyphs >= 0
    codes = np.where(has_glyph, text_glyphs.codes[np.maximum(glyphs, 0)], -glyphs).astype(np.uint32)
    is_ink = has_glyph & text_glyphs.is_ink[np.maximum(glyphs, 0)]
    is_kept = np.ones(len(codes), np.bool_)
    is_kept[1:] = (codes[1:] != SPACE) | (codes[:-1] != SPACE)
    return _Script(codes[is_kept], glyphs[is_kept], line_of[is_kept], is_ink[is_kept])


def _words(script: _Script, text_glyphs: TextGlyphs) -> WordArray:
    places = np.flatnonzero(script.is_ink)
    line_of = script.line_of[places]
    stands_alone = _stands_alone(script.codes[places])
    begins = np.ones(len(places), np.bool_)
    begins[1:] = (np.diff(places) > 1) | (np.diff(line_of) != 0) | stands_alone[1:] | stands_alone[:-1]
    firsts = np.flatnonzero(begins)
    words = np.empty(len(firsts), WORD_DTYPE)
    words["start"] = places[firsts]
    words["end"] = np.append(places[firsts[1:] - 1], places[-1]) + 1
    words["line"] = line_of[firsts]
    boxes = text_glyphs.boxes[script.glyphs[places]]
    words["box"][:, :2] = np.minimum.reduceat(boxes[:, :2], firsts)
    words["box"][:, 2:] = np.maximum.reduceat(boxes[:, 2:], firsts)
    return words


def _stands_alone(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    alone = np.zeros(len(codes), np.bool_)
    for first, last in _WRITTEN_WITHOUT_SPACES:
        alone |= (codes >= first) & (codes <= last)
    return alone


def _text_lines(script: _Script, text_glyphs: TextGlyphs) -> NDArray[np.void]:
    places = np.flatnonzero(script.is_ink)
    firsts = np.flatnonzero(np.diff(script.line_of[places], prepend=-1))
    lasts = np.append(firsts[1:], len(places)) - 1
    text_lines = np.empty(len(firsts), TEXT_LINE)
    text_lines["start"], text_lines["end"] = places[firsts], places[lasts] + 1
    text_lines["size"] = text_glyphs.sizes[script.glyphs[places[(firsts + lasts) // 2]]]
    return text_lines
