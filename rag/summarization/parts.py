"""What an overview reads: the chunks of whole documents in reading order, in parts that fit the model's window."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ingest.library.library import Library
from ingest.types import READ, DocumentRecord, Filter, StoredChunk

CHUNKS_AT_ONCE = 64
"""How many chunks are in memory at once, besides those of the part that is put together."""
FIRST_TOKENS_PER_CHAR = 0.25
"""A guess that the first count corrects."""


@dataclass(frozen=True, slots=True)
class Part:
    """Chunks, by their ids in reading order, that are read together. One that is too long even alone does not fit."""

    ids: tuple[int, ...]
    fits: bool = True


def documents_to_read(library: Library, collections: Sequence[str], wanted: Filter | None) -> list[DocumentRecord]:
    """Return the documents of collections that a filter lets through and that are read to their end, by source.

    Raises `CollectionNotFoundError`.
    """
    chosen: list[DocumentRecord] = []
    for id_ in dict.fromkeys(collections):
        collection = library.collection(id_)
        only = None if wanted is None else library.find_matching_files(collection.id, wanted)
        documents = [document for document in library.documents(collection.id) if document.status in READ]
        chosen.extend(
            document
            for document in sorted(documents, key=lambda document: (document.source, document.created_at))
            if only is None or document.file_id in only
        )
    return chosen


def each_chunk(library: Library, documents: Iterable[DocumentRecord]) -> Iterator[StoredChunk]:
    """Yield the chunks of documents in reading order, a few in memory at once; what is gone meanwhile is left out."""
    for document in documents:
        ids = sorted(int(id_) for id_ in library.chunk_ids(document.collection_id, frozenset({document.file_id})))
        for first in range(0, len(ids), CHUNKS_AT_ONCE):
            yield from library.chunks(ids[first : first + CHUNKS_AT_ONCE])


def parts(
    chunks: Iterable[StoredChunk], budget: int, count_tokens: Callable[[Sequence[StoredChunk]], int]
) -> Iterator[Part]:
    """Yield parts that have every chunk once, in order, each as long as `budget` tokens allow.

    `count_tokens` tells how long the prompt gets with some chunks in it. It is asked a few times for each part.
    """
    packer = _Packer(budget, count_tokens)
    for chunk in chunks:
        packer.held.append(chunk)
        if packer.is_full():
            yield packer.take()
    while packer.held:
        yield packer.take()


class _Packer:
    """Chunks that wait for their part. Lengths are estimated by what the last count said of a character."""

    def __init__(self, budget: int, count_tokens: Callable[[Sequence[StoredChunk]], int]) -> None:
        self.held: list[StoredChunk] = []
        self._budget = budget
        self._count_tokens = count_tokens
        self._tokens_per_char = FIRST_TOKENS_PER_CHAR

    def is_full(self) -> bool:
        """Return whether what is held is too much for one part."""
        estimate = self._tokens_per_char * _chars(self.held)
        return estimate > self._budget and self._count(self.held) > self._budget

    def take(self) -> Part:
        """Return as many of the held chunks as fit, at least one."""
        fitting, too_many = 0, len(self.held) + 1
        guess = len(self.held)
        while too_many - fitting > 1:
            if self._count(self.held[:guess]) <= self._budget:
                fitting = guess
            else:
                too_many = guess
            guess = min(max(self._likely_to_fit(), fitting + 1), too_many - 1)
        taken, self.held = self.held[: max(fitting, 1)], self.held[max(fitting, 1) :]
        return Part(tuple(chunk.id for chunk in taken), fits=fitting > 0)

    def _likely_to_fit(self) -> int:
        """Return how many of the held chunks fit by the estimate."""
        lengths = accumulate(self._tokens_per_char * _chars([chunk]) for chunk in self.held)
        return sum(1 for length in lengths if length <= self._budget)

    def _count(self, chunks: Sequence[StoredChunk]) -> int:
        tokens = self._count_tokens(chunks)
        self._tokens_per_char = tokens / max(_chars(chunks), 1)
        return tokens


def _chars(chunks: Sequence[StoredChunk]) -> int:
    return sum(len(chunk.chunk.text) + len(chunk.chunk.context) for chunk in chunks)
