"""Packing the chunks of documents into parts that fit a window."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.summarization.parts import pack_parts

LENGTHS = st.lists(st.integers(1, 60), max_size=60)


def stored(id_: int, words: int, letters: int) -> StoredChunk:
    text = " ".join(["x" * letters] * words)
    return StoredChunk(id_, "c", "f", "f.txt", "f.txt", Chunk(0, len(text), text, 1, 1, BlockKind.PROSE, (), ""))


class Counter:
    """Counts words, three more for each chunk and seven for the rules; remembers how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, chunks: Sequence[StoredChunk]) -> int:
        self.calls += 1
        return 7 + sum(3 + len(chunk.chunk.text.split()) for chunk in chunks)


@given(lengths=LENGTHS, budget=st.integers(20, 120), letters=st.integers(1, 30))
def test_every_chunk_is_in_one_part_in_order_and_only_a_chunk_alone_can_be_too_long(
    lengths: list[int], budget: int, letters: int
) -> None:
    chunks = {index: stored(index, words, letters) for index, words in enumerate(lengths)}
    counter = Counter()
    parts = list(pack_parts(chunks.values(), budget, counter))
    assert [id_ for part in parts for id_ in part.ids] == list(range(len(lengths)))
    for part in parts:
        fits = counter([chunks[id_] for id_ in part.ids]) <= budget
        assert part.fits is fits
        assert fits or len(part.ids) == 1


@given(lengths=LENGTHS, budget=st.integers(100, 200))
def test_parts_are_full_and_few_counts_are_needed(lengths: list[int], budget: int) -> None:
    chunks = {index: stored(index, words, 5) for index, words in enumerate(lengths)}
    counter = Counter()
    parts = list(pack_parts(chunks.values(), budget, counter))
    assert counter.calls <= 6 * len(parts) + 1
    for part, following in pairwise(parts):
        joined = [chunks[id_] for id_ in (*part.ids, *following.ids)]
        assert counter(joined) > budget
