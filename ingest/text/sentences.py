# pyright: basic, reportAttributeAccessIssue=false
# (a compiled module without stubs)
"""Where sentences and lines begin and end (the adapter of `sentencex`)."""

import re

import sentencex

_LIST_ITEM = re.compile(r"\n(?=[ \t]*(?:[-*•‣▪◦–]|\d{1,3}[.)])[ \t])")


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the `[start, end)` of each sentence in order, without the white space around it.

    An empty line and the start of a list item end a sentence; another line break does not.
    """
    spans: list[tuple[int, int]] = []
    for boundary in sentencex.get_sentence_boundaries("en", text):
        start, end = int(boundary["start_index"]), int(boundary["end_index"])
        cuts = [match.end() for match in _LIST_ITEM.finditer(text, start, end)]
        for first, last in zip([start, *cuts], [*cuts, end], strict=True):
            spans.extend(_stripped(text, first, last))
    return spans


def split_lines(text: str) -> list[tuple[int, int]]:
    """Return the `[start, end)` of each line that is not blank: the rows of a table, the lines of code."""
    spans: list[tuple[int, int]] = []
    start = 0
    for line in text.splitlines(keepends=True):
        spans.extend(_stripped(text, start, start + len(line)))
        start += len(line)
    return spans


def _stripped(text: str, start: int, end: int) -> list[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [(start, end)] if start < end else []
