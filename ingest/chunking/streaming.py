"""Cut a document that comes in pieces, so that no sentence is cut where two pieces meet. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ingest.chunking.chunker import ChunkSpec, find_governing_headings, split
from ingest.text.pieces import choose_separator, shift_offsets
from ingest.types import BlockKind, Chunk, ChunkedDocument, Heading, ParsedDocument, SpanTokenizer


@dataclass(frozen=True, slots=True)
class _Held:
    """The end of what was cut so far: it is cut again together with the next piece. Offsets are its own."""

    start: int
    document: ParsedDocument


def split_pieces(
    pieces: Iterable[ParsedDocument], spec: ChunkSpec, tokenizer: SpanTokenizer
) -> Iterator[ChunkedDocument]:
    """Yield each piece with the chunks that end in it, all offsets counted in the text of the whole document.

    The last chunk of prose of a piece is held back: it goes on in the next one. Every piece has the title of
    the first. See `ingest.chunking.chunker.split` for what is true of the chunks.
    """
    held: _Held | None = None
    offset = 0
    title = ""
    for piece, is_last in _with_last(pieces):
        title = title or piece.title
        titled = replace(piece, title=title)
        start, window = (offset, titled) if held is None else (held.start, _joined(held, titled, offset))
        chunks = split(window, spec, tokenizer)
        held = None if is_last else _hold(window, chunks, start)
        if held is not None:
            chunks = [chunk for chunk in chunks if chunk.start + start < held.start]
        yield ChunkedDocument(shift_offsets(titled, offset), tuple(_moved(chunk, start) for chunk in chunks))
        offset += len(piece.text) + len(choose_separator(piece.unit))


def _with_last(pieces: Iterable[ParsedDocument]) -> Iterator[tuple[ParsedDocument, bool]]:
    """Yield each piece, and whether it is the last."""
    iterator = iter(pieces)
    current = next(iterator, None)
    while current is not None:
        following = next(iterator, None)
        yield current, following is None
        current = following


def _hold(window: ParsedDocument, chunks: list[Chunk], start: int) -> _Held | None:
    """Return what is cut again with the next piece: the last chunk, if it is prose."""
    if not chunks or chunks[-1].kind is not BlockKind.PROSE:
        return None
    begin = chunks[-1].start
    above = [Heading(heading.level, heading.title, 0) for heading in find_governing_headings(window.headings, begin)]
    below = [
        Heading(heading.level, heading.title, heading.start - begin)
        for heading in window.headings
        if heading.start > begin
    ]
    pages = [page for page in window.pages if page.end > begin]
    return _Held(
        start + begin,
        replace(
            window,
            text=window.text[begin:],
            pages=tuple(replace(p, start=max(p.start - begin, 0), end=p.end - begin, words=b"") for p in pages),
            headings=(*above, *below),
            blocks=(),
            skipped=tuple((a - begin, b - begin) for a, b in window.skipped if a >= begin),
        ),
    )


def _joined(held: _Held, piece: ParsedDocument, offset: int) -> ParsedDocument:
    """Return what was held back and the piece after it as one document."""
    moved = shift_offsets(piece, offset - held.start)
    return replace(
        moved,
        text=held.document.text + choose_separator(piece.unit) + piece.text,
        pages=(*held.document.pages, *moved.pages),
        headings=(*held.document.headings, *moved.headings),
        skipped=(*held.document.skipped, *moved.skipped),
    )


def _moved(chunk: Chunk, offset: int) -> Chunk:
    return replace(chunk, start=chunk.start + offset, end=chunk.end + offset)
