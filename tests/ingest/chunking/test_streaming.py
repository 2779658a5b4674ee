"""A document in pieces is chunked like a whole one, except at the borders of pieces."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking.chunker import ChunkSpec, split
from ingest.chunking.streaming import split_pieces
from ingest.text.pieces import choose_separator, join_pieces
from ingest.types import Block, BlockKind, Heading, Page, PageUnit, ParsedDocument
from tests.fakes import WordTokenizer

SPEC = ChunkSpec(40)
SENTENCE = "The pump must be inspected before every season of use"

texts = st.lists(
    st.text(alphabet="ab. \n", min_size=1, max_size=120).filter(lambda text: text.strip()), min_size=1, max_size=6
)


def piece(text: str, number: int, *headings: Heading) -> ParsedDocument:
    return ParsedDocument("Manual", "text/plain", text, (Page(number, 0, len(text)),), headings=headings)


@given(texts=texts, unit=st.sampled_from([PageUnit.PAGE, PageUnit.LINE]))
def test_chunks_of_pieces_quote_and_cover_the_whole_text(texts: list[str], unit: PageUnit) -> None:
    pieces = [replace(piece(text, number), unit=unit) for number, text in enumerate(texts, start=1)]
    whole = join_pieces(pieces)
    chunked = list(split_pieces(pieces, SPEC, WordTokenizer()))
    chunks = [chunk for piece_chunks in chunked for chunk in piece_chunks.chunks]
    assert choose_separator(whole.unit).join(piece_chunks.document.text for piece_chunks in chunked) == whole.text
    assert tuple(page for piece_chunks in chunked for page in piece_chunks.document.pages) == whole.pages
    assert all(whole.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert all(before.end <= after.start for before, after in pairwise(chunks))
    covered = "".join("".join(chunk.text.split()) for chunk in chunks)
    assert covered == "".join(whole.text.split())


def test_a_document_in_one_piece_is_cut_as_ever() -> None:
    document = piece(f"{SENTENCE}. " * 12, 1)
    (only,) = split_pieces([document], SPEC, WordTokenizer())
    assert list(only.chunks) == split(document, SPEC, WordTokenizer())


def test_a_sentence_that_goes_on_in_the_next_piece_stays_whole() -> None:
    pieces = [piece(f"{SENTENCE}. The second sentence begins here", 1), piece("and ends there. More follows.", 2)]
    chunks = [chunk for piece_chunks in split_pieces(pieces, SPEC, WordTokenizer()) for chunk in piece_chunks.chunks]
    assert any("begins here\n\nand ends there" in chunk.text for chunk in chunks)
    assert (chunks[0].first_page, chunks[-1].last_page) == (1, 2)


def test_a_heading_governs_the_pieces_after_its_own() -> None:
    first = piece(f"Pumps\n\n{SENTENCE}.", 1, Heading(1, "Pumps", 0))
    rest = [piece(f"{SENTENCE}. " * 5, number) for number in (2, 3)]
    chunks = [
        chunk for piece_chunks in split_pieces([first, *rest], SPEC, WordTokenizer()) for chunk in piece_chunks.chunks
    ]
    assert {chunk.heading_path for chunk in chunks} == {("Pumps",)}


def test_a_table_at_the_end_of_a_piece_is_not_held_back() -> None:
    text = "a | b\n1 | 2"
    table = ParsedDocument(
        "T", "text/csv", text, (Page(1, 0, len(text)),), blocks=(Block(BlockKind.TABLE, 0, len(text), 5),)
    )
    first, second = split_pieces([table, piece("Prose.", 2)], SPEC, WordTokenizer())
    assert [chunk.text for chunk in first.chunks] == [text]
    assert [chunk.text for chunk in second.chunks] == ["Prose."]


def test_running_headers_are_shown_but_not_searched() -> None:
    text = "Company secret\nThe pump is blue.\nPage 7"
    skipped = ((0, 14), (text.index("Page 7"), len(text)))
    document = ParsedDocument("T", "text/plain", text, (Page(1, 0, len(text)),), skipped=skipped)
    assert [chunk.text for chunk in split(document, SPEC, WordTokenizer())] == ["The pump is blue."]
