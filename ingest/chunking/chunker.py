"""Split a document into chunks that fit the embedder's window and keep their place in the text.

A chunk consists of whole sentences (rows of a table, lines of code), crosses a heading only if the section before it is
tiny, and has the document's title, the heading path and the table header as its context. Hidden text that does not fit
into a chunk as one annotation is in chunks of its own, and so is that of a hidden page, so that no part of it is taken
for text that a person sees. Its size is in tokens of the
embedder, context included, because the embedder silently truncates a text that is longer than its window.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from ingest.text.annotations import find_hidden
from ingest.text.sentences import split_lines, split_sentences
from ingest.types import Block, BlockKind, Chunk, Heading, HiddenReason, Page, ParsedDocument, SpanTokenizer

CHUNKER_VERSION = "sentences-1"
"""Stored in every collection's passport; changes when the same document would be split in another way."""

PATH_SEPARATOR = " › "
LONG_TOKEN_CHARS = 20
LONG_TOKEN_STEP = 4
MAX_TITLE_CHARS = 200
TINY_SECTION_TOKENS = 32
"""A section below this joins the one that follows: a heading alone answers no query."""


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """The size limit of a chunk in tokens of the embedder, context included; at most a third of it is context."""

    max_tokens: int = 200

    def __post_init__(self) -> None:
        if self.max_tokens < 16:
            raise ValueError(f"max_tokens {self.max_tokens} leaves no room for a sentence; use 16 or more")

    @property
    def max_context_tokens(self) -> int:
        """Tokens that title, headings and table header may take together."""
        return self.max_tokens // 3


@dataclass(frozen=True, slots=True)
class _Section:
    """A span of one kind of text under one heading path."""

    start: int
    end: int
    kind: BlockKind
    path: tuple[str, ...]
    header: tuple[int, int] = (0, 0)
    hidden: HiddenReason | None = None


@dataclass(frozen=True, slots=True)
class _Unit:
    """A span that is never split unless it exceeds a chunk: a sentence, a table row, a line of code.

    `hidden` is set for a piece of hidden text that was split, which has lost the brackets around it.
    """

    start: int
    end: int
    hidden: HiddenReason | None = None


_HiddenSpan = tuple[int, int, HiddenReason]


class _TokenCounter:
    """Counts the tokens of any span of one text, which is tokenized once.

    A tokenizer can make one token of a word of any length (an unknown word, a script without spaces); such a word
    counts one token for every `LONG_TOKEN_STEP` characters, so that the size of a chunk is bounded. The rest of a token
    that a span cuts counts as one.
    """

    def __init__(self, text: str, tokenizer: SpanTokenizer) -> None:
        spans = tokenizer.token_spans(text)
        self._starts = [position for start, end in spans for position in _token_starts(start, end)]
        self._ends = [end for start, end in spans for _ in _token_starts(start, end)]

    def count(self, start: int, end: int) -> int:
        return max(bisect_left(self._starts, end) - self._find_first(start), 0)

    def cut(self, start: int, end: int, tokens: int) -> int:
        """Return the position `tokens` tokens after `start`, at most `end`, always past `start`."""
        index = self._find_first(start) + tokens
        position = self._starts[index] if index < len(self._starts) else end
        return max(min(position, end), start + 1)

    def _find_first(self, start: int) -> int:
        """Return the index of the first token that ends after `start`."""
        index = bisect_left(self._starts, start)
        is_within = index > 0 and self._ends[index - 1] > start and not self._begins_at(index, start)
        return index - is_within

    def _begins_at(self, index: int, start: int) -> bool:
        return index < len(self._starts) and self._starts[index] == start


def _token_starts(start: int, end: int) -> Iterable[int]:
    return (start,) if end - start <= LONG_TOKEN_CHARS else range(start, end, LONG_TOKEN_STEP)


def split(document: ParsedDocument, spec: ChunkSpec, tokenizer: SpanTokenizer) -> list[Chunk]:
    """Return the chunks of `document` in text order; none if it has no text.

    Every chunk satisfies `document.text[chunk.start : chunk.end] == chunk.text`, no two overlap, and every character
    that is neither white space nor in `document.skipped` is in one of them. `contextualize(chunk)` has at most
    `spec.max_tokens` tokens.
    """
    counter = _TokenCounter(document.text, tokenizer)
    chunks: list[Chunk] = []
    for section in _join_tiny(document, counter, spec):
        context = _make_context(document, section, spec, tokenizer)
        room = spec.max_tokens - len(tokenizer.token_spans(context))
        hidden = [] if section.hidden else _find_hidden_spans(document.text, section)
        units = _join_units(_find_units(document.text, section), hidden)
        units = _split_long_units(document.text, units, hidden, room, tokenizer, counter)
        for reason, together in groupby(units, key=lambda unit: unit.hidden):
            part = replace(section, hidden=section.hidden or reason)
            chunks += [_make_chunk(document, part, context, *span) for span in _pack(list(together), room, counter)]
    return chunks


def contextualize(chunk: Chunk) -> str:
    """Return the text that is embedded for a chunk: its context, then its text."""
    return f"{chunk.context}\n{chunk.text}" if chunk.context else chunk.text


def find_heading_path(headings: Sequence[Heading], position: int) -> tuple[str, ...]:
    """Return the titles of the headings that govern `position`, the highest level first."""
    return tuple(heading.title for heading in find_governing_headings(headings, position))


def find_governing_headings(headings: Sequence[Heading], position: int) -> list[Heading]:
    """Return the headings that govern `position`, the highest level first; `headings` are in text order."""
    path: list[Heading] = []
    for heading in headings:
        if heading.start > position:
            break
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
    return path


def _find_sections(document: ParsedDocument) -> list[_Section]:
    """Return the spans between headings and the borders of blocks, skipped spans and hidden pages, in text order."""
    text, headings = document.text, sorted(document.headings, key=lambda heading: heading.start)
    blocks = sorted(document.blocks, key=lambda block: block.start)
    cuts = {0, len(text), *(h.start for h in headings), *(b.start for b in blocks), *(b.end for b in blocks)}
    cuts.update(border for span in document.skipped for border in span)
    hidden_pages = [page for page in document.pages if page.hidden]
    cuts.update(border for page in hidden_pages for border in (page.start, page.end))
    seen = [heading for heading in headings if _find_page_reason(hidden_pages, heading.start) is None]
    borders = sorted(cut for cut in cuts if 0 <= cut <= len(text))
    sections: list[_Section] = []
    for start, end in pairwise(borders):
        if text[start:end].strip() and not _is_skipped(document.skipped, start):
            block = _find_block(blocks, start)
            kind = block.kind if block else BlockKind.PROSE
            header = (block.start, block.header_end) if block else (0, 0)
            hidden = _find_page_reason(hidden_pages, start)
            path = find_heading_path(headings if hidden else seen, start)
            sections.append(_Section(start, end, kind, path, header, hidden))
    return sections


def _find_page_reason(hidden_pages: Sequence[Page], position: int) -> HiddenReason | None:
    """Return why the page that has `position` is hidden; None if it is not."""
    index = bisect_left(hidden_pages, position + 1, key=lambda page: page.start) - 1
    return hidden_pages[index].hidden if index >= 0 and position < hidden_pages[index].end else None


def _find_block(blocks: Sequence[Block], position: int) -> Block | None:
    index = bisect_left(blocks, position + 1, key=lambda block: block.start) - 1
    return blocks[index] if index >= 0 and position < blocks[index].end else None


def _is_skipped(skipped: Sequence[tuple[int, int]], position: int) -> bool:
    index = bisect_left(skipped, position + 1, key=lambda span: span[0]) - 1
    return index >= 0 and position < skipped[index][1]


def _join_tiny(document: ParsedDocument, counter: _TokenCounter, spec: ChunkSpec) -> list[_Section]:
    """Return the sections, a tiny one of prose joined to the prose that follows it if both fit one chunk."""
    joined: list[_Section] = []
    for section in _find_sections(document):
        previous = joined[-1] if joined else None
        if (
            previous is not None
            and previous.kind is section.kind is BlockKind.PROSE
            and previous.hidden is section.hidden
            and counter.count(previous.start, previous.end) < TINY_SECTION_TOKENS
            and counter.count(previous.start, section.end) <= spec.max_tokens - spec.max_context_tokens
            and not document.text[previous.end : section.start].strip()
        ):
            joined[-1] = replace(previous, end=section.end, path=_find_common_path(previous.path, section.path))
        else:
            joined.append(section)
    return joined


def _find_common_path(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Return the deeper path if the other is its beginning, else their common beginning."""
    if second[: len(first)] == first:
        return second
    length = 0
    while length < min(len(first), len(second)) and first[length] == second[length]:
        length += 1
    return first[:length]


def _make_context(document: ParsedDocument, section: _Section, spec: ChunkSpec, tokenizer: SpanTokenizer) -> str:
    path = [part[:MAX_TITLE_CHARS] for part in (document.title, *section.path) if part]
    lines = [PATH_SEPARATOR.join(dict.fromkeys(path))]
    header_start, header_end = section.header
    if section.kind is BlockKind.TABLE and header_end > header_start:
        lines.append(document.text[header_start:header_end].strip())
    context = "\n".join(line for line in lines if line)
    spans = tokenizer.token_spans(context)
    if len(spans) <= spec.max_context_tokens:
        return context
    return context[: spans[spec.max_context_tokens][0]].rstrip()


def _find_units(text: str, section: _Section) -> list[_Unit]:
    body = text[section.start : section.end]
    spans = split_sentences(body) if section.kind is BlockKind.PROSE else split_lines(body)
    return [_Unit(section.start + start, section.start + end) for start, end in spans]


def _find_hidden_spans(text: str, section: _Section) -> list[_HiddenSpan]:
    spans = find_hidden(text[section.start : section.end])
    return [(section.start + start, section.start + end, reason) for start, end, reason in spans]


def _join_units(units: Sequence[_Unit], hidden: Sequence[_HiddenSpan]) -> list[_Unit]:
    """Return the units, those of one hidden span joined: no chunk ends inside it unless it is too long."""
    if not hidden:
        return list(units)
    joined: list[_Unit] = []
    for unit in units:
        if joined and _find_span_around(hidden, unit.start) is not None:
            joined[-1] = _Unit(joined[-1].start, unit.end)
        else:
            joined.append(unit)
    return joined


def _find_span_around(hidden: Sequence[_HiddenSpan], position: int) -> _HiddenSpan | None:
    """Return the span that a cut at `position` would part."""
    index = bisect_left(hidden, position, key=lambda span: span[0]) - 1
    return hidden[index] if index >= 0 and position < hidden[index][1] else None


def _split_long_units(
    text: str,
    units: Sequence[_Unit],
    hidden: Sequence[_HiddenSpan],
    room: int,
    tokenizer: SpanTokenizer,
    counter: _TokenCounter,
) -> list[_Unit]:
    """Return the units, those of more than `room` tokens split: beside hidden text, at white space if they have any."""
    fitting: list[_Unit] = []
    for unit in units:
        is_fitting = counter.count(unit.start, unit.end) <= room
        fitting += [unit] if is_fitting else _split_unit(text, unit, hidden, room, tokenizer, counter)
    return [unit for unit in fitting if text[unit.start : unit.end].strip()]


def _split_unit(
    text: str,
    unit: _Unit,
    hidden: Sequence[_HiddenSpan],
    room: int,
    tokenizer: SpanTokenizer,
    counter: _TokenCounter,
) -> Iterator[_Unit]:
    """Yield the pieces of a unit; a hidden span is in one of them, or in pieces of its own."""
    start = unit.start
    while start < unit.end:
        end = unit.end
        if counter.count(start, end) > room:
            end = _cut_at_space(text, start, counter.cut(start, end, room))
        # A cut inside a word can make more tokens than the word had: count those of the cut text.
        while unit.end > end > start + 1 and len(tokenizer.token_spans(text[start:end])) > room:
            end = start + (end - start) // 2
        inside, parted = _find_span_around(hidden, start), _find_span_around(hidden, end)
        reason = None
        if inside is not None:
            end, reason = min(end, inside[1]), inside[2]
        elif parted is not None and parted[0] > start:
            end = parted[0]
        elif parted is not None:
            reason = parted[2]
        yield _Unit(start, end, reason)
        start = end


def _cut_at_space(text: str, start: int, end: int) -> int:
    for position in range(end, start + (end - start) // 2, -1):
        if text[position - 1].isspace():
            return position
    return end


def _pack(units: Sequence[_Unit], room: int, counter: _TokenCounter) -> list[tuple[int, int]]:
    """Return spans of whole units that have at most `room` tokens; those of one section are of similar size."""
    if not units:
        return []
    total = counter.count(units[0].start, units[-1].end)
    target = total / -(-total // room) if total else room
    spans: list[tuple[int, int]] = []
    start = end = units[0].start
    for unit in units:
        grown = counter.count(start, unit.end)
        half_of_unit = counter.count(unit.start, unit.end) / 2
        if end > start and (grown > room or grown - half_of_unit > target):
            spans.append((start, end))
            start = unit.start
        end = unit.end
    spans.append((start, end))
    return spans


def _make_chunk(document: ParsedDocument, section: _Section, context: str, start: int, end: int) -> Chunk:
    text = document.text[start:end]
    start, end = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
    return Chunk(
        start=start,
        end=end,
        text=text.strip(),
        first_page=find_page_number(document.pages, start),
        last_page=find_page_number(document.pages, end - 1),
        kind=section.kind,
        heading_path=section.path,
        context=context,
        hidden=section.hidden,
    )


def find_page_number(pages: Sequence[Page], position: int) -> int:
    """Return the number of the page that has `position`; between two pages that of the former, 1 without pages."""
    index = bisect_left(pages, position + 1, key=lambda page: page.start) - 1
    return pages[max(index, 0)].number if pages else 1
