"""Split a chunk into what a quote can be made of: sentences, headings, rows of a table, lines of code. Pure."""

import re
from collections.abc import Iterator, Sequence

from ingest.text.annotations import find_annotations, is_withdrawn
from ingest.text.sentences import split_lines, split_statements
from ingest.types import BlockKind, Chunk

Span = tuple[int, int]


def find_sentence_spans(chunk: Chunk) -> tuple[Span, ...]:
    """Return the spans of a chunk's sentences in the document's text, in order; white space is in none.

    A heading is a span of its own, also if no empty line follows it, and so is an annotation; text that is withdrawn
    has none.
    """
    spans = _split_prose(chunk) if chunk.kind is BlockKind.PROSE else split_lines(chunk.text)
    return tuple((chunk.start + start, chunk.start + end) for start, end in spans)


def _split_prose(chunk: Chunk) -> list[Span]:
    spans: list[Span] = []
    position = 0
    for start, end, kind in find_annotations(chunk.text):
        spans.extend(_split_between(chunk, position, start))
        if not is_withdrawn(kind):
            spans.append((start, end))
        position = end
    return [*spans, *_split_between(chunk, position, len(chunk.text))]


def _split_between(chunk: Chunk, start: int, end: int) -> Iterator[Span]:
    """Yield the sentences between two positions, headings apart from what is below them."""
    for heading_start, heading_end in [*_find_headings(chunk, start, end), (end, end)]:
        for first, last in split_statements(chunk.text[start:heading_start]):
            yield start + first, start + last
        if heading_end > heading_start:
            yield heading_start, heading_end
        start = heading_end


def _find_headings(chunk: Chunk, start: int, end: int) -> list[Span]:
    """Return the lines of a chunk that are headings of its path, in order; a long heading may have several lines."""
    titles = [_compile_title(title) for title in chunk.heading_path if title]
    spans = sorted(match.span() for title in titles for match in title.finditer(chunk.text, start, end))
    return _drop_overlaps(spans)


def _compile_title(title: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, title.split()))
    return re.compile(rf"^[ \t]*{words}(?=[ \t]*$)", re.MULTILINE)


def _drop_overlaps(spans: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    for start, end in spans:
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
