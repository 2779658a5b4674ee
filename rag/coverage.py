"""How much of a question a chunk has in it, word by word: the last look at candidates, which needs no model."""

import math
from collections.abc import Sequence
from functools import lru_cache

from ingest.library import Library
from ingest.types import StoredChunk
from ingest.words import question_words, words

REMEMBERED_TEXTS = 4_096


class WordCoverage:
    """Compares the words of a question with those of chunks. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def of(self, question: str, chunks: Sequence[StoredChunk]) -> list[float]:
        """Return for each chunk which share of the question's words it has, its title and headings included.

        A word counts by its rarity (the inverse document frequency of BM25). The share is in [0, 1] and does not
        depend on other chunks, so that it can be compared between questions and searches.
        """
        asked = question_words(question)
        if not asked or not chunks:
            return [0.0] * len(chunks)
        frequencies = self._library.word_frequencies(asked)
        weights = {word: _rarity(count, frequencies.chunks) for word, count in frequencies.counts.items()}
        whole = sum(weights.values())
        return [sum(weights[word] for word in asked if word in _words_of(each)) / whole for each in chunks]


def _rarity(count: int, chunks: int) -> float:
    return math.log1p((max(chunks - count, 0) + 0.5) / (count + 0.5))


def _words_of(stored: StoredChunk) -> frozenset[str]:
    return _word_set(f"{stored.chunk.context}\n{stored.chunk.text}")


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _word_set(text: str) -> frozenset[str]:
    return frozenset(words(text))
