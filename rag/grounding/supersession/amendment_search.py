"""Search for the amendments of clauses: they share no word with the clause, so that no question finds them."""

from collections.abc import Iterator, Sequence

from ingest.library.library import Library
from ingest.text.analyzer import extract_terms
from ingest.types import BlockKind, StoredChunk
from rag.grounding.evidence import SentenceMatch, split_chunk
from rag.grounding.supersession.amendments import AMENDING_WORDS, find_amendments
from rag.grounding.supersession.clauses import ClauseLabel
from rag.grounding.supersession.relations import find_clauses
from rag.types import Search

MAX_TARGETS = 4
"""How many of the best sentences may stand in a clause that is amended."""
MAX_CHUNKS = 100
"""Chunks with words of amendments that are read."""
MAX_AMENDMENTS = 3

_TERMS = tuple(dict.fromkeys(extract_terms(AMENDING_WORDS)))


def search_amendments(library: Library, search: Search, matches: Sequence[SentenceMatch]) -> list[StoredChunk]:
    """Return chunks that amend the clauses in which the best of `matches` stand, at most `MAX_AMENDMENTS`.

    They may be of other contracts: `SupersessionFinder` judges that. Nothing is read if no sentence stands in a clause.
    """
    labels = [label for match in matches[:MAX_TARGETS] for label in find_clauses(match)]
    if not labels:
        return []
    chunks: list[StoredChunk] = []
    for chunk in _search_chunks(library, search, labels):
        if len(chunks) < MAX_AMENDMENTS and _amends(chunk, labels):
            chunks.append(chunk)
    return chunks


def _search_chunks(library: Library, search: Search, labels: Sequence[ClauseLabel]) -> Iterator[StoredChunk]:
    numbers = dict.fromkeys(number for label in labels for number in label.path)
    for id_ in search.collections:
        files = None if search.filters is None else library.find_matching_files(id_, search.filters)
        chunk_ids = None if files is None else library.chunk_ids(id_, files)
        hits = library.search_terms(id_, [*numbers, *_TERMS], MAX_CHUNKS, chunk_ids=chunk_ids)
        yield from library.chunks([chunk_id for chunk_id, _ in hits])


def _amends(chunk: StoredChunk, labels: Sequence[ClauseLabel]) -> bool:
    if chunk.chunk.kind is not BlockKind.PROSE:
        return False
    amendments = (amendment for match in split_chunk(chunk) for amendment in find_amendments(match.text))
    return any(amendment.applies_to(label) for amendment in amendments for label in labels)
