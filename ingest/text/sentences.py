# pyright: basic, reportAttributeAccessIssue=false
# (a compiled module without stubs)
"""Split text into sentences and lines (the adapter of `sentencex`). Spans are in characters, `[start, end)`."""

import re

import sentencex

_LIST_ITEM = re.compile(r"\n(?=[ \t]*(?:[-*•‣▪◦–]|\d{1,3}[.)])[ \t])")


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences in order, white space around each left out; none for a blank text.

    An empty line and the start of a list item end a sentence; any other line break does not. The rules are those of
    `sentencex` for English, not UAX #29: they know abbreviations.
    """
    spans: list[tuple[int, int]] = []
    for boundary in sentencex.get_sentence_boundaries("en", text):
        start, end = int(boundary["start_index"]), int(boundary["end_index"])
        cuts = [match.end() for match in _LIST_ITEM.finditer(text, start, end)]
        for first, last in zip([start, *cuts], [*cuts, end], strict=True):
            spans.extend(_strip_span(text, first, last))
    return spans


def split_lines(text: str) -> list[tuple[int, int]]:
    """Return the spans of the lines that are not blank, in order: the rows of a table, the lines of code."""
    spans: list[tuple[int, int]] = []
    start = 0
    for line in text.splitlines(keepends=True):
        spans.extend(_strip_span(text, start, start + len(line)))
        start += len(line)
    return spans


def _strip_span(text: str, start: int, end: int) -> list[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [(start, end)] if start < end else []
