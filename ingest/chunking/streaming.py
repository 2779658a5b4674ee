"""Chunk a document that is read in pieces; no sentence is cut at the border of two pieces. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ingest.chunking.chunker import ChunkSpec, find_governing_headings, split
from ingest.text.pieces import choose_separator, shift_offsets
from ingest.types import BlockKind, Chunk, ChunkedDocument, Heading, ParsedDocument, SpanTokenizer


@dataclass(frozen=True, slots=True)
class _Carryover:
    """The last chunk of the pieces so far: it is chunked again with the next piece. Offsets count in its own text."""

    start: int
    document: ParsedDocument


def split_pieces(
    pieces: Iterable[ParsedDocument], spec: ChunkSpec, tokenizer: SpanTokenizer
) -> Iterator[ChunkedDocument]:
    """Yield each piece with the chunks that end in it; all offsets are characters of the whole document.

    The last chunk of a piece is carried over to the next one if it is prose. Every piece gets the title of the first.
    `ingest.chunking.chunker.split` states what holds for the chunks.
    """
    carryover: _Carryover | None = None
    offset = 0
    title = ""
    for piece, is_last in _mark_last(pieces):
        title = title or piece.title
        titled = replace(piece, title=title)
        start, window = (
            (offset, titled) if carryover is None else (carryover.start, _prepend(carryover, titled, offset))
        )
        chunks = split(window, spec, tokenizer)
        carryover = None if is_last else _carry_over(window, chunks, start)
        if carryover is not None:
            chunks = [chunk for chunk in chunks if chunk.start + start < carryover.start]
        yield ChunkedDocument(shift_offsets(titled, offset), tuple(_shift_chunk(chunk, start) for chunk in chunks))
        offset += len(piece.text) + len(choose_separator(piece.unit))


def _mark_last(pieces: Iterable[ParsedDocument]) -> Iterator[tuple[ParsedDocument, bool]]:
    """Yield each piece with whether it is the last."""
    iterator = iter(pieces)
    current = next(iterator, None)
    while current is not None:
        following = next(iterator, None)
        yield current, following is None
        current = following


def _carry_over(window: ParsedDocument, chunks: list[Chunk], start: int) -> _Carryover | None:
    """Return the last chunk with its pages and headings if it is prose, else None."""
    if not chunks or chunks[-1].kind is not BlockKind.PROSE:
        return None
    chunk_start = chunks[-1].start
    above = [
        Heading(heading.level, heading.title, 0) for heading in find_governing_headings(window.headings, chunk_start)
    ]
    below = [
        Heading(heading.level, heading.title, heading.start - chunk_start)
        for heading in window.headings
        if heading.start > chunk_start
    ]
    pages = [page for page in window.pages if page.end > chunk_start]
    return _Carryover(
        start + chunk_start,
        replace(
            window,
            text=window.text[chunk_start:],
            pages=tuple(
                replace(p, start=max(p.start - chunk_start, 0), end=p.end - chunk_start, words=b"") for p in pages
            ),
            headings=(*above, *below),
            blocks=(),
            skipped=tuple((a - chunk_start, b - chunk_start) for a, b in window.skipped if a >= chunk_start),
        ),
    )


def _prepend(carryover: _Carryover, piece: ParsedDocument, offset: int) -> ParsedDocument:
    """Return the carryover and the piece after it as one document."""
    shifted = shift_offsets(piece, offset - carryover.start)
    return replace(
        shifted,
        text=carryover.document.text + choose_separator(piece.unit) + piece.text,
        pages=(*carryover.document.pages, *shifted.pages),
        headings=(*carryover.document.headings, *shifted.headings),
        skipped=(*carryover.document.skipped, *shifted.skipped),
    )


def _shift_chunk(chunk: Chunk, offset: int) -> Chunk:
    return replace(chunk, start=chunk.start + offset, end=chunk.end + offset)
