"""Locate the identifiers of a question in all documents that it searches, not only among the best passages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.library.library import Library
from ingest.text.analyzer import extract_terms
from ingest.types import Comparison, Compound, StoredChunk
from rag.questions.identifiers import Identifier
from rag.types import Search

MAX_CHUNKS = 200
"""Chunks with a word of the identifier that are read; if there are more, the identifier may stand in another one."""

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class LocatedIdentifier:
    """An identifier and the chunks that have it, with their file names, titles, headings and table headers.

    `is_missing` is whether no document that is searched has it, neither in its text nor in its name.
    """

    identifier: Identifier
    chunks: tuple[StoredChunk, ...] = ()
    is_missing: bool = False


def locate_identifier(library: Library, search: Search, identifier: Identifier) -> LocatedIdentifier:
    """Return where the collections of a search, filtered as it says, have an identifier.

    Raises `CollectionNotFoundError`.
    """
    candidates = list(_search_chunks(library, search, identifier))
    chunks = tuple(chunk for chunk in candidates if identifier.is_in(describe_chunk(chunk)))
    is_read_whole = len(candidates) < MAX_CHUNKS
    is_missing = is_read_whole and not chunks and not any(_list_filenames(library, search, identifier))
    return LocatedIdentifier(identifier, chunks, is_missing)


def describe_chunk(stored: StoredChunk) -> str:
    """Return the text of a chunk below all that says what it is about: file name, title, headings, table header."""
    return f"{stored.filename}\n{stored.chunk.context}\n{stored.chunk.text}"


def respell(query: str, located: Sequence[LocatedIdentifier]) -> str:
    """Return a query with its codes as the documents write them: the lexical index knows no other spelling."""
    for code in sorted(located, key=lambda code: -code.identifier.start):
        identifier = code.identifier
        texts = [chunk.chunk.text for chunk in code.chunks]
        spellings = [text[start:end] for text in texts for start, end in identifier.find_in(text)]
        is_known = any(extract_terms(spelling) == extract_terms(identifier.number) for spelling in spellings)
        if identifier.kind == "code" and spellings and not is_known:
            query = f"{query[: identifier.start]}{spellings[0]}{query[identifier.end :]}"
    return query


def _search_chunks(library: Library, search: Search, identifier: Identifier) -> Iterator[StoredChunk]:
    for id_ in search.collections:
        files = None if search.filters is None else library.find_matching_files(id_, search.filters)
        chunk_ids = None if files is None else library.chunk_ids(id_, files)
        hits = library.search_terms(id_, identifier.search_terms, MAX_CHUNKS, chunk_ids=chunk_ids)
        yield from library.chunks([chunk_id for chunk_id, _ in hits])


def _list_filenames(library: Library, search: Search, identifier: Identifier) -> Iterator[str]:
    """Yield the names of files that have an identifier."""
    *_, digits = _DIGITS.findall(identifier.number) or [identifier.number]
    by_name = Comparison("glob", "filename", f"*{digits}*")
    filters = by_name if search.filters is None else Compound("and", (search.filters, by_name))
    for id_ in search.collections:
        names = (library.file(file_id).filename for file_id in library.find_matching_files(id_, filters))
        yield from filter(identifier.is_in, names)
