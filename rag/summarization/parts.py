"""Pack the chunks of whole documents, in reading order, into parts that fit the context window."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ingest.library.library import Library
from ingest.types import READ, DocumentRecord, Filter, StoredChunk

CHUNKS_AT_ONCE = 64
"""The most chunks in memory at once, besides those of the part that is being packed."""
FIRST_TOKENS_PER_CHAR = 0.25
"""An estimate that the first count corrects."""


@dataclass(frozen=True, slots=True)
class Part:
    """The chunks of one prompt, by id, in reading order; a single chunk that is too long does not fit."""

    ids: tuple[int, ...]
    fits: bool = True


def list_readable_documents(
    library: Library, collections: Sequence[str], filters: Filter | None
) -> list[DocumentRecord]:
    """Return the documents of collections that match `filters` and are read to their end, by source.

    Raises `CollectionNotFoundError`.
    """
    readable: list[DocumentRecord] = []
    for id_ in dict.fromkeys(collections):
        collection = library.collection(id_)
        files = None if filters is None else library.find_matching_files(collection.id, filters)
        documents = library.documents(collection.id, file_ids=files)
        readable += sorted(
            (document for document in documents if document.status in READ),
            key=lambda document: (document.source, document.created_at),
        )
    return readable


def iterate_chunks(library: Library, documents: Iterable[DocumentRecord]) -> Iterator[StoredChunk]:
    """Yield the chunks of documents in reading order, a few in memory at once; deleted ones are left out."""
    for document in documents:
        ids = sorted(int(id_) for id_ in library.chunk_ids(document.collection_id, frozenset({document.file_id})))
        for first in range(0, len(ids), CHUNKS_AT_ONCE):
            yield from library.chunks(ids[first : first + CHUNKS_AT_ONCE])


def pack_parts(
    chunks: Iterable[StoredChunk], budget: int, count_tokens: Callable[[Sequence[StoredChunk]], int]
) -> Iterator[Part]:
    """Yield parts that have every chunk once, in order, each as long as `budget` tokens allow.

    `count_tokens` returns the length of the prompt with some chunks in it; a part takes a few calls.
    """
    packer = _Packer(budget, count_tokens)
    for chunk in chunks:
        packer.pending.append(chunk)
        if packer.is_full():
            yield packer.pack()
    while packer.pending:
        yield packer.pack()


class _Packer:
    """Packs `pending` chunks. The last count gives the tokens per character by which it estimates lengths."""

    def __init__(self, budget: int, count_tokens: Callable[[Sequence[StoredChunk]], int]) -> None:
        self.pending: list[StoredChunk] = []
        self._budget = budget
        self._count_tokens = count_tokens
        self._tokens_per_char = FIRST_TOKENS_PER_CHAR

    def is_full(self) -> bool:
        """Whether the pending chunks are too many for one part."""
        estimate = self._tokens_per_char * _count_chars(self.pending)
        return estimate > self._budget and self._count(self.pending) > self._budget

    def pack(self) -> Part:
        """Return as many of the pending chunks as fit, at least one."""
        fitting, too_many = 0, len(self.pending) + 1
        guess = len(self.pending)
        while too_many - fitting > 1:
            if self._count(self.pending[:guess]) <= self._budget:
                fitting = guess
            else:
                too_many = guess
            guess = min(max(self._estimate_fitting(), fitting + 1), too_many - 1)
        packed, self.pending = self.pending[: max(fitting, 1)], self.pending[max(fitting, 1) :]
        return Part(tuple(chunk.id for chunk in packed), fits=fitting > 0)

    def _estimate_fitting(self) -> int:
        """Return how many of the pending chunks fit by the estimate."""
        lengths = accumulate(self._tokens_per_char * _count_chars([chunk]) for chunk in self.pending)
        return sum(1 for length in lengths if length <= self._budget)

    def _count(self, chunks: Sequence[StoredChunk]) -> int:
        tokens = self._count_tokens(chunks)
        self._tokens_per_char = tokens / max(_count_chars(chunks), 1)
        return tokens


def _count_chars(chunks: Sequence[StoredChunk]) -> int:
    return sum(len(chunk.chunk.text) + len(chunk.chunk.context) for chunk in chunks)
