"""Cut a document into chunks that fit the embedder and remember where they came from.

A chunk is made of whole sentences (rows of a table, lines of code), never crosses a heading unless the
section before it is tiny, and carries its title, heading path and table header beside its text. Its size
is counted in the embedder's own word pieces, context included, because a text that is longer than the
embedder's window would be cut off there without a word.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.text.sentences import split_lines, split_sentences
from ingest.types import Block, BlockKind, Chunk, Heading, Page, ParsedDocument, SpanTokenizer

CHUNKER_VERSION = "sentences-1"
"""Stored in every collection's passport; to be raised when the same document would be cut in another way."""

PATH_SEPARATOR = " › "
LONG_PIECE_CHARS = 20
LONG_PIECE_STEP = 4
MAX_TITLE_CHARS = 200
TINY_SECTION_TOKENS = 32
"""A section below this joins the one that follows: a heading alone is nothing to find."""


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """The longest chunk in word pieces, its context included. At most a third of it is context."""

    max_tokens: int = 200

    def __post_init__(self) -> None:
        if self.max_tokens < 16:
            raise ValueError(f"max_tokens {self.max_tokens} leaves no room for a sentence; use 16 or more")

    @property
    def max_context_tokens(self) -> int:
        """Word pieces that title, headings and table header may take together."""
        return self.max_tokens // 3


@dataclass(frozen=True, slots=True)
class _Section:
    """A stretch of one kind under one heading path."""

    start: int
    end: int
    kind: BlockKind
    path: tuple[str, ...]
    header: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class _Unit:
    """The smallest span that is kept whole."""

    start: int
    end: int


class _Ruler:
    """Counts the word pieces of any stretch of one text, tokenised once.

    A tokenizer can make one piece of a word of any length (an unknown one, a script without spaces); such a
    word counts as if it had a piece for every `LONG_PIECE_STEP` characters, so that no chunk grows without end.
    What is left of a piece that was cut counts as one.
    """

    def __init__(self, text: str, tokenizer: SpanTokenizer) -> None:
        spans = tokenizer.token_spans(text)
        self._starts = [place for start, end in spans for place in _places(start, end)]
        self._ends = [end for start, end in spans for _ in _places(start, end)]

    def count(self, start: int, end: int) -> int:
        return max(bisect_left(self._starts, end) - self._first(start), 0)

    def cut(self, start: int, end: int, tokens: int) -> int:
        """Return the place after `tokens` word pieces from `start`, at most `end`, always past `start`."""
        index = self._first(start) + tokens
        place = self._starts[index] if index < len(self._starts) else end
        return max(min(place, end), start + 1)

    def _first(self, start: int) -> int:
        """Return the first piece at `start`: one that begins there or later, or one that goes on there."""
        index = bisect_left(self._starts, start)
        is_within = index > 0 and self._ends[index - 1] > start and not self._begins_at(index, start)
        return index - is_within

    def _begins_at(self, index: int, start: int) -> bool:
        return index < len(self._starts) and self._starts[index] == start


def _places(start: int, end: int) -> Iterable[int]:
    return (start,) if end - start <= LONG_PIECE_CHARS else range(start, end, LONG_PIECE_STEP)


def split(document: ParsedDocument, spec: ChunkSpec, tokenizer: SpanTokenizer) -> list[Chunk]:
    """Return the chunks of `document` in reading order; none if it has no text.

    Every chunk satisfies `document.text[chunk.start : chunk.end] == chunk.text`, no two overlap, and every
    character that is neither white space nor in `document.skipped` is in one of them. `contextualize(chunk)`
    has at most `spec.max_tokens` word pieces.
    """
    ruler = _Ruler(document.text, tokenizer)
    chunks: list[Chunk] = []
    for section in _join_tiny(document, ruler, spec):
        context = _context(document, section, spec, tokenizer)
        room = spec.max_tokens - len(tokenizer.token_spans(context))
        units = _fitting(document.text, _units(document.text, section), room, tokenizer, ruler)
        for start, end in _pack(units, room, ruler):
            chunks.append(_chunk(document, section, context, start, end))
    return chunks


def contextualize(chunk: Chunk) -> str:
    """Return what is embedded for a chunk: its context, then its text."""
    return f"{chunk.context}\n{chunk.text}" if chunk.context else chunk.text


def find_heading_path(headings: Sequence[Heading], position: int) -> tuple[str, ...]:
    """Return the titles of the headings that govern `position`, the highest rank first."""
    return tuple(heading.title for heading in find_governing_headings(headings, position))


def find_governing_headings(headings: Sequence[Heading], position: int) -> list[Heading]:
    """Return the headings that govern `position`, the highest rank first; `headings` are in the order of the text."""
    path: list[Heading] = []
    for heading in headings:
        if heading.start > position:
            break
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
    return path


def _sections(document: ParsedDocument) -> list[_Section]:
    """Cut the text at every heading and at the borders of every block."""
    text, headings = document.text, sorted(document.headings, key=lambda heading: heading.start)
    blocks = sorted(document.blocks, key=lambda block: block.start)
    cuts = {0, len(text), *(h.start for h in headings), *(b.start for b in blocks), *(b.end for b in blocks)}
    cuts.update(border for span in document.skipped for border in span)
    borders = sorted(cut for cut in cuts if 0 <= cut <= len(text))
    sections: list[_Section] = []
    for start, end in pairwise(borders):
        if text[start:end].strip() and not _is_skipped(document.skipped, start):
            block = _block_at(blocks, start)
            kind = block.kind if block else BlockKind.PROSE
            header = (block.start, block.header_end) if block else (0, 0)
            sections.append(_Section(start, end, kind, find_heading_path(headings, start), header))
    return sections


def _block_at(blocks: Sequence[Block], position: int) -> Block | None:
    index = bisect_left(blocks, position + 1, key=lambda block: block.start) - 1
    return blocks[index] if index >= 0 and position < blocks[index].end else None


def _is_skipped(skipped: Sequence[tuple[int, int]], position: int) -> bool:
    index = bisect_left(skipped, position + 1, key=lambda span: span[0]) - 1
    return index >= 0 and position < skipped[index][1]


def _join_tiny(document: ParsedDocument, ruler: _Ruler, spec: ChunkSpec) -> list[_Section]:
    """Return the sections, a tiny one of prose joined to the prose that follows it where both fit one chunk."""
    joined: list[_Section] = []
    for section in _sections(document):
        previous = joined[-1] if joined else None
        if (
            previous is not None
            and previous.kind is section.kind is BlockKind.PROSE
            and ruler.count(previous.start, previous.end) < TINY_SECTION_TOKENS
            and ruler.count(previous.start, section.end) <= spec.max_tokens - spec.max_context_tokens
            and not document.text[previous.end : section.start].strip()
        ):
            joined[-1] = replace(previous, end=section.end, path=_shared_path(previous.path, section.path))
        else:
            joined.append(section)
    return joined


def _shared_path(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Return the deeper path where one leads to the other, else what both share."""
    if second[: len(first)] == first:
        return second
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    return first[:shared]


def _context(document: ParsedDocument, section: _Section, spec: ChunkSpec, tokenizer: SpanTokenizer) -> str:
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


def _units(text: str, section: _Section) -> list[_Unit]:
    body = text[section.start : section.end]
    spans = split_sentences(body) if section.kind is BlockKind.PROSE else split_lines(body)
    return [_Unit(section.start + start, section.start + end) for start, end in spans]


def _fitting(text: str, units: Sequence[_Unit], room: int, tokenizer: SpanTokenizer, ruler: _Ruler) -> list[_Unit]:
    """Cut the units that are longer than `room`, at white space where there is some."""
    fitting: list[_Unit] = []
    for unit in units:
        start = unit.start
        while ruler.count(start, unit.end) > room:
            end = _cut_place(text, start, ruler.cut(start, unit.end, room))
            # A cut inside a word can make more word pieces than the word had: tokenizer what was cut.
            while end - start > 1 and len(tokenizer.token_spans(text[start:end])) > room:
                end = start + (end - start) // 2
            fitting.append(_Unit(start, end))
            start = end
        fitting.append(_Unit(start, unit.end))
    return [unit for unit in fitting if text[unit.start : unit.end].strip()]


def _cut_place(text: str, start: int, end: int) -> int:
    for place in range(end, start + (end - start) // 2, -1):
        if text[place - 1].isspace():
            return place
    return end


def _pack(units: Sequence[_Unit], room: int, ruler: _Ruler) -> list[tuple[int, int]]:
    """Fill chunks with whole units so that those of one section are of similar length."""
    if not units:
        return []
    total = ruler.count(units[0].start, units[-1].end)
    target = total / -(-total // room) if total else room
    spans: list[tuple[int, int]] = []
    start = end = units[0].start
    for unit in units:
        grown = ruler.count(start, unit.end)
        half_of_unit = ruler.count(unit.start, unit.end) / 2
        if end > start and (grown > room or grown - half_of_unit > target):
            spans.append((start, end))
            start = unit.start
        end = unit.end
    spans.append((start, end))
    return spans


def _chunk(document: ParsedDocument, section: _Section, context: str, start: int, end: int) -> Chunk:
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
    )


def find_page_number(pages: Sequence[Page], position: int) -> int:
    """Return the number of the page that holds `position`; between two pages, the one before."""
    index = bisect_left(pages, position + 1, key=lambda page: page.start) - 1
    return pages[max(index, 0)].number if pages else 1
