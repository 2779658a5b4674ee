"""Find what documents have struck out or deleted, for a question that names what stands nowhere else. Pure.

"Is Norvik still a supplier?" is answered by the entry that is struck out: what is valid does not have the name.
"""

from collections.abc import Sequence

from ingest.text.analyzer import extract_terms
from ingest.text.annotations import find_annotations, is_withdrawn
from ingest.types import BlockKind, StoredChunk
from rag.grounding.evidence import SentenceMatch
from rag.questions.words import list_content_words

MAX_WITHDRAWN = 3


def find_withdrawn(
    question: str, chunks: Sequence[StoredChunk], matches: Sequence[SentenceMatch]
) -> list[SentenceMatch]:
    """Return the withdrawn passages of `chunks` with the most words of a question, more than any of `matches` has.

    One of the words is in none of those. Each is the whole annotation, which says that it does not hold, and has the
    score 1. Rows of tables show what is struck out in their cells themselves.
    """
    asked = set(extract_terms(" ".join(list_content_words(question))))
    valid = [asked & set(extract_terms(match.text)) for match in matches]
    withdrawn = {
        match: asked & set(extract_terms(match.text))
        for stored in chunks
        if stored.chunk.kind is BlockKind.PROSE
        for match in _list_withdrawn(stored)
    }
    most = max(map(len, valid), default=0)
    known = frozenset[str]().union(*valid)
    naming = {match: len(terms) for match, terms in withdrawn.items() if len(terms) > most and terms - known}
    return [match for match, count in naming.items() if count == max(naming.values())][:MAX_WITHDRAWN]


def _list_withdrawn(stored: StoredChunk) -> list[SentenceMatch]:
    base = stored.chunk.start
    return [
        SentenceMatch(stored, base + start, base + end, 1.0)
        for start, end, kind in find_annotations(stored.chunk.text)
        if is_withdrawn(kind)
    ]
