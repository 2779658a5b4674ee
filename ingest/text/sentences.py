# pyright: basic, reportAttributeAccessIssue=false
# (a compiled module without stubs)
"""Split text into sentences and lines (the adapter of `sentencex`). Spans are in characters, `[start, end)`."""

import re

import sentencex

_MONTH_WORD = r"(?:Jan|Jän|Feb|Mär|Maerz|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)\w*"  # German writes the day as an ordinal
_BROKEN_DATE = re.compile(rf"(?<!\d)\d{{1,2}}\.\s{{1,3}}(?={_MONTH_WORD}\b)")
_BROKEN_NUMBER = re.compile(
    r"(?i:\b(?:Abs|Nr|Art|Ziff|Bst|lit|Rn|Rz|Bd|núm|num|par|par[aá]g|al|ap|inc|cl|sec|no))\.\s{1,3}(?=\d|[a-z]\b)"
    r"|\d\.(?=[ºª°])"
)
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


def split_statements(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences as `split_sentences`, but whole if they have a German date or a clause number.

    "am 11. Juni" and "§ 4 Abs. 2" end no sentence. Chunks are not made of these spans, so that chunks of documents that
    were read before stay as they are.
    """
    inside = [match.end() for pattern in (_BROKEN_DATE, _BROKEN_NUMBER) for match in pattern.finditer(text)]
    spans: list[tuple[int, int]] = []
    for start, end in split_sentences(text):
        if start in inside and spans:
            start = spans.pop()[0]
        spans.append((start, end))
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
