"""Lay out the glyphs of a PDF page as text, with the box of every word. Pure.

Lines end with "\\n", paragraphs with "\\n\\n". A hyphen that breaks a word at a line end is `LINE_END_HYPHEN` until the
vocabulary of the document is known: `dehyphenate` then decides whether it belongs to the word.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.pdf.columns import separate_columns
from ingest.parsers.pdf.hyphenation import find_broken_words, is_suspended, keeps_hyphen
from ingest.parsers.pdf.late_lines import place_late_lines
from ingest.parsers.pdf.lines import (
    HYPHENS,
    SPACE,
    Line,
    TextGlyphs,
    extract_lines,
    reorder_right_to_left,
    select_text_glyphs,
)
from ingest.parsers.pdf.pdfium import LINE_END_HYPHEN, Glyphs
from ingest.parsers.pdf.raised_digits import mark_raised_digits
from ingest.parsers.pdf.struck_text import find_struck, set_struck_apart
from ingest.text.word_boxes import WORD_DTYPE, WordArray

TEXT_LINE = np.dtype([("start", "<u4"), ("end", "<u4"), ("size", "<f4")])
"""One line of a page: its span in characters of the page's text, and its font size in points."""

_FIRST_WORD = re.compile(r"\w*(?:-\w+)*")
_CONTACT_EM = 0.12
_SAME_LINE_GAP_EM = 1.0
_SAME_LINE_OVERLAP = 0.5
_PARAGRAPH_PITCH = 1.3
_HEADING_SIZE_STEP = 1.12
_UNSPACED_RANGES = ((0x2E80, 0xA4CF), (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))


class TableSpan(NamedTuple):
    """The span of a table in the text of a page, and the end of its header (its start, if it has none)."""

    start: int
    header_end: int
    end: int


@dataclass(frozen=True, slots=True)
class PageLayout:
    """The text of a page and its size in points; offsets of `words`, `lines` and `tables` count in this text.

    `words` has dtype `WORD_DTYPE`, `lines` dtype `TEXT_LINE`; both are in text order.
    """

    width: float
    height: float
    text: str
    words: WordArray
    lines: NDArray[np.void]
    tables: tuple[TableSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class _CharacterStream:
    """The characters of a page's text: code point, glyph index, line index, and whether it is ink, one each."""

    codes: NDArray[np.uint32]
    glyphs: NDArray[np.intp]
    line_of: NDArray[np.intp]
    is_ink: NDArray[np.bool_]


class _Joint(NamedTuple):
    """The separator of two lines, and whether they are parts of one line."""

    separator: str
    is_same_line: bool = False


def lay_out(glyphs: Glyphs) -> PageLayout:
    """Return the text of a page in reading order, with the box of every word.

    Text and boxes come from the same glyphs in one pass, so that they always agree.
    """
    text_glyphs = select_text_glyphs(glyphs)
    drawn = place_late_lines(extract_lines(text_glyphs), text_glyphs, glyphs.fields)
    lines = separate_columns(reorder_right_to_left(drawn, text_glyphs), text_glyphs)
    if not lines:
        return PageLayout(glyphs.width, glyphs.height, "", np.empty(0, WORD_DTYPE), np.empty(0, TEXT_LINE))
    stream = _make_stream(lines, _join_lines(lines, text_glyphs.codes), text_glyphs)
    stream = _set_struck_apart(stream, text_glyphs, glyphs.rules)
    text = stream.codes.astype("<u4").tobytes().decode("utf-32-le")
    return PageLayout(
        glyphs.width, glyphs.height, text, _extract_words(stream, text_glyphs), _extract_text_lines(stream, text_glyphs)
    )


def append_lines(layout: PageLayout, texts: Sequence[str]) -> PageLayout:
    """Return the layout with `texts` as paragraphs at its end; they have font size 0, and their words have no boxes."""
    text = layout.text
    spans: list[tuple[int, int, float]] = []
    for addition in texts:
        text += "\n\n" if text else ""
        spans.append((len(text), len(text) + len(addition), 0.0))
        text += addition
    return replace(layout, text=text, lines=np.concatenate([layout.lines, np.array(spans, TEXT_LINE)]))


def dehyphenate(layout: PageLayout, vocabulary: Set[str], following: str = "") -> PageLayout:
    """Return the layout with the words joined that a hyphen breaks at a line end.

    A word that is broken at the end of the page goes on with the first word of `following`.
    The hyphen stays if it belongs to the word: `vocabulary` has the words of the document in lower case.
    """
    if chr(LINE_END_HYPHEN) not in layout.text:
        return layout
    dropped: list[int] = []
    for place, head, tail in find_broken_words(layout.text, chr(LINE_END_HYPHEN)):
        following_word = tail if place + 1 < len(layout.text) else _FIRST_WORD.findall(following)[0]
        if not keeps_hyphen(head, following_word, vocabulary):
            dropped.append(place)
    text = _delete_characters(layout.text, dropped).replace(chr(LINE_END_HYPHEN), "-")
    words, lines = layout.words.copy(), layout.lines.copy()
    for spans in (words, lines):
        for edge in ("start", "end"):
            spans[edge] -= np.searchsorted(dropped, spans[edge]).astype("<u4")
    words = words[words["start"] < words["end"]]  # a hyphen may have been a word by itself
    tables = tuple(TableSpan(*(offset - bisect_left(dropped, offset) for offset in table)) for table in layout.tables)
    return PageLayout(layout.width, layout.height, text, words, lines, tables)


def _delete_characters(text: str, positions: Sequence[int]) -> str:
    starts = [0, *(position + 1 for position in positions)]
    return "".join(text[start:end] for start, end in zip(starts, [*positions, len(text)], strict=True))


def _join_lines(lines: Sequence[Line], codes: NDArray[np.uint32]) -> list[_Joint]:
    pitch = _estimate_line_pitch(lines)
    joints: list[_Joint] = []
    current = lines[0]
    for line in lines[1:]:
        joint = _join_pair(current, line, codes, pitch)
        joints.append(joint)
        current = current.union(line) if joint.is_same_line else line
    return joints


def _join_pair(line: Line, following: Line, codes: NDArray[np.uint32], pitch: float) -> _Joint:
    if codes[line.glyphs[-1]] == LINE_END_HYPHEN:
        return _Joint("\n" if is_suspended(_read_last_word(line, codes), _read_first_word(following, codes)) else "")
    if _breaks_after_number(line, following, codes):
        return _Joint("")
    gap = max(following.x0 - line.x1, line.x0 - following.x1)
    gap_em = gap / max(line.size, following.size, 1.0)
    overlap = min(line.y1, following.y1) - max(line.y0, following.y0)
    is_beside = overlap >= _SAME_LINE_OVERLAP * min(line.height, following.height)
    # PDFium begins a new line at a superscript or subscript, although "m" and "2" are one word.
    if is_beside and -2 * _CONTACT_EM <= gap_em <= _SAME_LINE_GAP_EM:
        return _Joint("" if gap_em < _CONTACT_EM else " ", is_same_line=True)
    small, large = sorted((line.size, following.size))
    is_far_below = following.y1 - line.y1 > _PARAGRAPH_PITCH * pitch
    is_new_paragraph = not is_beside and (is_far_below or large > _HEADING_SIZE_STEP * small)
    return _Joint("\n\n" if is_new_paragraph else "\n")


def _breaks_after_number(line: Line, following: Line, codes: NDArray[np.uint32]) -> bool:
    """Return whether two lines break a compound with a number: "14-day"."""
    if len(line.glyphs) < 2 or codes[line.glyphs[-1]] not in HYPHENS or not chr(codes[line.glyphs[-2]]).isdigit():
        return False
    word = _read_first_word(following, codes)
    return len(word) > 1 and word[0].islower() and not is_suspended("", word)


def _read_first_word(line: Line, codes: NDArray[np.uint32]) -> str:
    return "".join(map(chr, codes[line.glyphs[:8]].tolist())).partition(" ")[0]


def _read_last_word(line: Line, codes: NDArray[np.uint32]) -> str:
    """Return the last word of a line without the hyphen at its end."""
    return "".join(map(chr, codes[line.glyphs[-16:-1]].tolist())).rpartition(" ")[2]


def _estimate_line_pitch(lines: Sequence[Line]) -> float:
    """Return the usual distance of baselines in points; infinite if there are too few lines."""
    distances = [
        following.y1 - line.y1
        for line, following in pairwise(lines)
        if following.y1 - line.y1 > 0.5 * min(line.height, following.height)
    ]
    return float(np.quantile(distances, 0.4)) if len(distances) > 1 else float("inf")


def _make_stream(lines: Sequence[Line], joints: Sequence[_Joint], text_glyphs: TextGlyphs) -> _CharacterStream:
    pieces: list[NDArray[np.intp]] = []
    numbers: list[int] = []
    number = 0
    for line, joint in zip(lines, [*joints, _Joint("")], strict=True):
        # A separator has no glyph: its negated code point takes the place of an index.
        pieces += [line.glyphs, np.array([-ord(character) for character in joint.separator], np.intp)]
        numbers += [number, number]
        number += not joint.is_same_line
    glyphs = np.concatenate(pieces)
    line_of = np.repeat(numbers, [len(piece) for piece in pieces])
    has_glyph = glyphs >= 0
    codes = np.where(has_glyph, text_glyphs.codes[np.maximum(glyphs, 0)], -glyphs).astype(np.uint32)
    is_ink = has_glyph & text_glyphs.is_ink[np.maximum(glyphs, 0)]
    is_selected = np.ones(len(codes), np.bool_)
    is_selected[1:] = (codes[1:] != SPACE) | (codes[:-1] != SPACE)
    ink = np.flatnonzero(is_ink)
    codes[ink] = mark_raised_digits(codes[ink], text_glyphs.boxes[glyphs[ink]], line_of[ink])
    return _CharacterStream(codes[is_selected], glyphs[is_selected], line_of[is_selected], is_ink[is_selected])


def _set_struck_apart(
    stream: _CharacterStream, text_glyphs: TextGlyphs, rules: NDArray[np.float32]
) -> _CharacterStream:
    """Return the stream with struck-out text behind its sentence, as an annotation."""
    ink = np.flatnonzero(stream.is_ink)
    boxes = np.zeros((len(stream.codes), 4), np.float32)
    boxes[ink] = text_glyphs.boxes[stream.glyphs[ink]]
    is_struck = np.zeros(len(stream.codes), np.bool_)
    is_struck[ink] = find_struck(boxes[ink], rules)
    if not is_struck.any():
        return stream
    order = set_struck_apart(stream.codes, boxes, is_struck)
    has_source, source = order >= 0, np.maximum(order, 0)
    is_ink = has_source & stream.is_ink[source]
    begins_line = np.zeros(len(order), np.intp)
    places = np.flatnonzero(is_ink)
    begins_line[places[1:]] = np.diff(stream.line_of[source[places]]) != 0
    return _CharacterStream(
        codes=np.where(has_source, stream.codes[source], -order).astype(np.uint32),
        glyphs=np.where(has_source, stream.glyphs[source], order),
        line_of=np.cumsum(begins_line),
        is_ink=is_ink,
    )


def _extract_words(stream: _CharacterStream, text_glyphs: TextGlyphs) -> WordArray:
    places = np.flatnonzero(stream.is_ink)
    line_of = stream.line_of[places]
    is_unspaced = _is_unspaced(stream.codes[places])
    begins = np.ones(len(places), np.bool_)
    begins[1:] = (np.diff(places) > 1) | (np.diff(line_of) != 0) | is_unspaced[1:] | is_unspaced[:-1]
    firsts = np.flatnonzero(begins)
    words = np.empty(len(firsts), WORD_DTYPE)
    words["start"] = places[firsts]
    words["end"] = np.append(places[firsts[1:] - 1], places[-1]) + 1
    words["line"] = line_of[firsts]
    boxes = text_glyphs.boxes[stream.glyphs[places]]
    words["box"][:, :2] = np.minimum.reduceat(boxes[:, :2], firsts)
    words["box"][:, 2:] = np.maximum.reduceat(boxes[:, 2:], firsts)
    return words


def _is_unspaced(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    unspaced = np.zeros(len(codes), np.bool_)
    for first, last in _UNSPACED_RANGES:
        unspaced |= (codes >= first) & (codes <= last)
    return unspaced


def _extract_text_lines(stream: _CharacterStream, text_glyphs: TextGlyphs) -> NDArray[np.void]:
    places = np.flatnonzero(stream.is_ink)
    firsts = np.flatnonzero(np.diff(stream.line_of[places], prepend=-1))
    lasts = np.append(firsts[1:], len(places)) - 1
    text_lines = np.empty(len(firsts), TEXT_LINE)
    text_lines["start"], text_lines["end"] = places[firsts], places[lasts] + 1
    text_lines["size"] = text_glyphs.sizes[stream.glyphs[places[(firsts + lasts) // 2]]]
    return text_lines
