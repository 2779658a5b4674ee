"""Join the halves of sentences that cross a page break: no running header or footer stands between them. Pure.

A page keeps all its lines. Footnotes and a footer after the first half move in front of the text of their page, a
header before the second half behind the text of its page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.pdf.layout import PageLayout, TableSpan
from ingest.parsers.pdf.pdfium import LINE_END_HYPHEN
from ingest.parsers.pdf.running_headers import Margins, find_margin_lines

PAGE_SEPARATOR = "\n\n"
SENTENCE_SEPARATOR = "\n"

_NEIGHBOURS = (-2, -1, 1, 2)
"""Pages that are compared: left and right pages of a book differ."""
_PAGE_NUMBER = re.compile(
    r"(?:[-–—]\s*)?(?:(?:page|seite|p\.|s\.|pagina|página|стр\.)\s*)?\d{1,4}(?:\s*(?:of|von|sur|de|/|из)\s*\d{1,4})?"
    r"(?:\s*[-–—])?",
    re.I,
)
_SENTENCE_END = re.compile(r"[.!?:;…。!?:;؟۔।]['\"”’»«)\]]*$")
_LIST_ITEM = re.compile(r"(?:[-*•‣▪◦–—]|\(?\w{1,3}[.)])\s")
_MIN_LINE_CHARS = 25
_MIN_WIDTH_SHARE = 0.8
_MIN_LETTER_SHARE, _MIN_LETTER_SHARE_OF_PROSE = 0.6, 0.8
_SAME_SIZE = 0.08
_FOOTNOTE_SIZE = 0.87
"""Lines at the end of a page whose font is smaller than this share of the usual one are footnotes."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The indexes of the first line of a page's own text and of the line after its last, between running lines."""

    first: int
    end: int


def join_sentences(layouts: Sequence[PageLayout]) -> tuple[list[PageLayout], list[str]]:
    """Return the pages, running lines out of the way of their sentences, and the separator after each but the last.

    The separator is empty if a hyphen breaks a word at the end of the page.
    """
    margins = [find_margin_lines(layout) for layout in layouts]
    parts = [_find_parts(index, layouts, margins) for index in range(len(layouts))]
    crosses = [
        _is_continued(before, before_parts, after, after_parts)
        for before, before_parts, after, after_parts in zip(
            layouts[:-1], parts[:-1], layouts[1:], parts[1:], strict=True
        )
    ]
    joined: list[PageLayout] = []
    for index, layout in enumerate(layouts):
        begins_within, ends_within = index > 0 and crosses[index - 1], index < len(crosses) and crosses[index]
        moved = _move_running_lines(layout, parts[index], begins_within=begins_within, ends_within=ends_within)
        if moved is None:
            crosses[index] = False
            moved = _move_running_lines(layout, parts[index], begins_within=begins_within, ends_within=False)
        joined.append(moved or layout)
    separators = [
        PAGE_SEPARATOR if not is_crossed else "" if _ends_in_hyphen(layout.text) else SENTENCE_SEPARATOR
        for layout, is_crossed in zip(joined[:-1], crosses, strict=True)
    ]
    return joined, separators


def ends_within_sentence(layout: PageLayout) -> bool:
    """Return whether the text of a page, a page number at its end left out, may go on on the next page."""
    lines = [layout.text[start:end] for start, end, _ in layout.lines[-3:].tolist()]
    while lines and _PAGE_NUMBER.fullmatch(lines[-1]):
        lines.pop()
    return bool(lines) and len(lines[-1]) >= _MIN_LINE_CHARS and not _SENTENCE_END.search(lines[-1])


def _find_parts(index: int, layouts: Sequence[PageLayout], margins: Sequence[Margins]) -> _Parts:
    layout = layouts[index]
    running = set(layout.lines["start"][layout.lines["size"] == 0].tolist())  # notes
    for words, lines in margins[index].items():
        for line in lines:
            recurs = any(
                line.recurs_as(candidate, distance)
                for distance in _NEIGHBOURS
                if 0 <= index + distance < len(margins)
                for candidate in margins[index + distance].get(words, ())
            )
            if recurs or _PAGE_NUMBER.fullmatch(layout.text[line.start : line.end]):
                running.add(line.start)
    starts = layout.lines["start"].tolist()
    first, end = 0, len(starts)
    while first < end and starts[first] in running:
        first += 1
    while end > first and starts[end - 1] in running:
        end -= 1
    return _Parts(first, _skip_footnotes(layout, first, end))


def _skip_footnotes(layout: PageLayout, first: int, end: int) -> int:
    """Return the index of the line after the last one that is no footnote, of the lines from `first` to `end`."""
    sizes = layout.lines["size"][first:end]
    if not len(sizes):
        return end
    small = sizes < _FOOTNOTE_SIZE * np.median(sizes)
    return first + int(np.flatnonzero(~small)[-1]) + 1


def _is_continued(before: PageLayout, before_parts: _Parts, after: PageLayout, after_parts: _Parts) -> bool:
    """Return whether the last sentence of a page goes on on the page after it."""
    if before_parts.first == before_parts.end or after_parts.first == after_parts.end:
        return False
    start, end, size = before.lines[before_parts.end - 1].tolist()
    next_start, next_end, next_size = after.lines[after_parts.first].tolist()
    last, following = before.text[start:end], after.text[next_start:next_end]
    if any(table.start <= start < table.end for table in before.tables):
        return False
    if any(table.start <= next_start < table.end for table in after.tables):
        return False
    is_same_size = abs(size - next_size) <= _SAME_SIZE * max(size, next_size)
    if not is_same_size or len(last) < _MIN_LINE_CHARS or _SENTENCE_END.search(last) or _LIST_ITEM.match(following):
        return False
    letter_share = min(_measure_letters(last), _measure_letters(following))
    if letter_share < _MIN_LETTER_SHARE:
        return False
    if following[:1].islower() or last.endswith((",", chr(LINE_END_HYPHEN))):
        return True
    is_prose = following[:1].isalnum() and letter_share >= _MIN_LETTER_SHARE_OF_PROSE
    return is_prose and _is_full_line(before, before_parts) and len(following) >= _MIN_LINE_CHARS


def _measure_letters(line: str) -> float:
    """Return the share of letters and spaces in a line: low for numbers, formulas and entries of an index."""
    return sum(sign.isalpha() or sign == " " for sign in line) / len(line)


def _is_full_line(layout: PageLayout, parts: _Parts) -> bool:
    """Return whether the last line of a page's own text is about as wide as the line before it, in one paragraph."""
    if parts.end - parts.first < 2:
        return False
    (start, end, size), (last_start, last_end, last_size) = layout.lines[parts.end - 2 : parts.end].tolist()
    is_one_paragraph = layout.text[end:last_start] == "\n" and abs(size - last_size) <= _SAME_SIZE * size
    return is_one_paragraph and (last_end - last_start) >= _MIN_WIDTH_SHARE * (end - start)


def _move_running_lines(
    layout: PageLayout, parts: _Parts, *, begins_within: bool, ends_within: bool
) -> PageLayout | None:
    """Return a page whose own text begins or ends its text; None if running lines have no other place on it."""
    count = len(layout.lines)
    if not (begins_within and parts.first > 0) and not (ends_within and parts.end < count):
        return layout
    start, end = int(layout.lines["start"][parts.first]), int(layout.lines["end"][parts.end - 1])
    # A separator before the first cell of a table belongs to its line.
    start = min([start, *(table.start for table in layout.tables if table.start <= start < table.end)])
    header = [(0, int(layout.lines["end"][parts.first - 1]))] if parts.first else []
    footer = [(int(layout.lines["start"][parts.end]), len(layout.text))] if parts.end < count else []
    if not begins_within:
        return _rearrange(layout, [*header, *footer, (start, end)])
    if not ends_within:
        return _rearrange(layout, [(start, end), *header, *footer])
    gap = _find_paragraph_end(layout, start, end)
    if gap is None:
        return None
    return _rearrange(layout, [(start, gap[0]), *header, *footer, (gap[1], end)])


def _find_paragraph_end(layout: PageLayout, start: int, end: int) -> tuple[int, int] | None:
    """Return the span of the first white space between paragraphs, or between sentences that end with their line."""
    for pattern in (r"\n\n", r"(?<=[.!?])\n(?=[A-Z])"):
        for match in re.finditer(pattern, layout.text[start:end]):
            place = start + match.start()
            if not any(table.start < place < table.end for table in layout.tables):
                return place, start + match.end()
    return None


def _rearrange(layout: PageLayout, spans: Sequence[tuple[int, int]]) -> PageLayout:
    """Return the layout with its text in the order of `spans`, which cover all of it but white space."""
    words: list[NDArray[np.void]] = []
    lines: list[NDArray[np.void]] = []
    tables: list[TableSpan] = []
    position = 0
    for start, end in spans:
        shift = position - start
        for source, target in ((layout.words, words), (layout.lines, lines)):
            chosen = source[(source["start"] >= start) & (source["end"] <= end)].copy()
            for edge in ("start", "end"):
                chosen[edge] = chosen[edge].astype(np.int64) + shift
            target.append(chosen)
        tables += [
            TableSpan(table.start + shift, table.header_end + shift, table.end + shift)
            for table in layout.tables
            if start <= table.start and table.end <= end
        ]
        position += end - start + len(PAGE_SEPARATOR)
    text = PAGE_SEPARATOR.join(layout.text[start:end] for start, end in spans)
    return replace(layout, text=text, words=np.concatenate(words), lines=np.concatenate(lines), tables=tuple(tables))


def _ends_in_hyphen(text: str) -> bool:
    return text.endswith(chr(LINE_END_HYPHEN))
