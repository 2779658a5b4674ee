"""Rank the sentences of chunks by similarity to a text, or as evidence for a question. Needs no language model.

The sentence that answers a question is rarely the most similar one. The evidence score therefore combines the cosine,
the IDF-weighted share of the question's terms in the sentence with its title and headings, and the relevance of the
chunk. On 586 held-out questions of XQuAD/en the first sentence has the answer to .80 and one of the first three to .94;
by the cosine alone it is .69 and .88 (docs/development/decisions/2026-11-28-evidence-score.md).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ingest.errors import FileNotInLibraryError
from ingest.library.library import Library
from ingest.library.pages import Location, locate
from ingest.text.analyzer import extract_terms
from ingest.text.annotations import find_hidden_reason
from ingest.types import Embedder, HiddenReason, StoredChunk
from rag.questions.answer_type import strip_measure
from rag.questions.stopwords import select_empty_words
from rag.questions.words import fold_words
from rag.retrieval.sentence_spans import find_sentence_spans
from rag.retrieval.sentence_vectors import SentenceEmbedder
from rag.retrieval.term_coverage import TermCoverage
from rag.types import Quote, ScoredChunk

COSINE_WEIGHT, COVERAGE_WEIGHT, RELEVANCE_WEIGHT = 0.25, 0.35, 0.4
"""Weights of the evidence score: fitted on half of XQuAD/en and QED, and level on the other half."""

KINDRED_SHARE = 0.7
"""What a word counts that is made from a word of the question: photography for photos."""
MIN_KINDRED_CHARS = 4
MIN_COMPOUND_CHARS = 6
CACHED_PAIRS = 65_536


@dataclass(frozen=True, slots=True)
class SentenceMatch:
    """A sentence of a chunk, `[start, end)` of the document's text, and its score; higher is better.

    `meaning` is how near it and its chunk are to a question in meaning, in [0, 1], whatever their words; 0 if nobody
    asked.
    """

    stored: StoredChunk
    start: int
    end: int
    score: float
    meaning: float = 0.0

    @property
    def text(self) -> str:
        """The sentence as it stands in the document."""
        chunk = self.stored.chunk
        return chunk.text[self.start - chunk.start : self.end - chunk.start]

    @property
    def hidden(self) -> HiddenReason | None:
        """Why a person who looks at the document does not see the sentence; None if any of it is seen."""
        return self.stored.chunk.hidden or find_hidden_reason(self.text)


class EvidenceFinder:
    """Ranks the sentences of chunks. Safe to use from many threads.

    `sentences` has their vectors; by default it is one of its own.
    """

    def __init__(self, library: Library, embedder: Embedder, sentences: SentenceEmbedder | None = None) -> None:
        self._library = library
        self.embedder = embedder
        self._coverage = TermCoverage(library)
        self._sentences = sentences or SentenceEmbedder(embedder)

    def rank_sentences(self, text: str, chunks: Sequence[StoredChunk]) -> list[SentenceMatch]:
        """Return every sentence of `chunks`, most similar to `text` (of any length) first; scores are cosines."""
        return _best_first(self._match(text, chunks))

    def rank_evidence(self, question: str, hits: Sequence[ScoredChunk]) -> list[SentenceMatch]:
        """Return every sentence of `hits`, most likely to answer the question first.

        Scores are in [0, 1] and compare across questions, however the chunks are ranked. So does `meaning`, the mean
        of the cosines of sentence and chunk; it is less in a language that the embedder hardly knows.
        """
        hits_by_id = {hit.chunk.id: hit for hit in hits}
        idf_weights = _drop_empty_words(question, self._coverage.idf_weights(strip_measure(question)))
        total = sum(idf_weights.values()) or 1.0
        words = {term: word for word in fold_words(question) for term in extract_terms(word)}
        asked = [(term, idf, words.get(term, term)) for term, idf in idf_weights.items()]

        def score(match: SentenceMatch) -> SentenceMatch:
            text = f"{match.stored.chunk.context}\n{match.text}"
            terms, spoken = set(extract_terms(text)), set(fold_words(text))
            coverage = sum(idf * measure_term(term, terms, word, spoken) for term, idf, word in asked) / total
            hit, cosine = hits_by_id[match.stored.id], max(match.score, 0.0)
            likeness = COSINE_WEIGHT * cosine + COVERAGE_WEIGHT * coverage
            return replace(
                match,
                score=likeness + RELEVANCE_WEIGHT * hit.breakdown.relevance,
                meaning=hit.breakdown.vocabulary_fit * (cosine + max(hit.dense_score, 0.0)) / 2,
            )

        return _best_first(map(score, self._match(question, [hit.chunk for hit in hits])))

    def _match(self, text: str, chunks: Sequence[StoredChunk]) -> list[SentenceMatch]:
        """Return every sentence of `chunks` in document order, scored by its cosine to `text`."""
        if not chunks:
            return []
        vector = self.embedder.embed_query(text)
        return [
            SentenceMatch(chunk, start, end, float(score))
            for chunk, sentences in zip(chunks, self._sentences.embed(chunks), strict=True)
            for (start, end), score in zip(sentences.spans, sentences.vectors @ vector, strict=True)
        ]

    def quote(self, match: SentenceMatch) -> Quote:
        """Return a sentence as a quote, with its page and its boxes on the page."""
        stored = match.stored
        try:
            location = locate(self._library, stored.collection_id, stored.file_id, match.start, match.end)
        except FileNotInLibraryError:  # deleted while the answer was being written
            location = Location(stored.chunk.first_page, (), "")
        return Quote(
            collection_id=stored.collection_id,
            file_id=stored.file_id,
            source=stored.source,
            filename=stored.filename,
            page=location.page,
            start=match.start,
            end=match.end,
            quote=match.text,
            score=match.score,
            boxes=location.boxes,
            place=location.place,
            hidden=match.hidden,
        )


def split_chunk(stored: StoredChunk) -> list[SentenceMatch]:
    """Return the sentences of a chunk, or the rows of a table, in document order with score 0."""
    return [SentenceMatch(stored, start, end, 0.0) for start, end in find_sentence_spans(stored.chunk)]


def measure_term(term: str, terms: Collection[str], word: str = "", words: Collection[str] = ()) -> float:
    """Return how much of a question's term some terms have: 1 for itself, less for one that is made from it or with it.

    `word` is the word of the term and `words` those of the terms, which tell compounds.
    """
    if term in terms:
        return 1.0
    is_kindred = any(_begins_alike(term, other) for other in terms) or any(_is_compound(word, other) for other in words)
    return KINDRED_SHARE if is_kindred else 0.0


@lru_cache(maxsize=CACHED_PAIRS)
def _begins_alike(term: str, other: str) -> bool:
    """Whether one of two terms begins with the other: photo, photograph-."""
    short, long = sorted((term, other), key=len)
    is_near = len(short) > MIN_KINDRED_CHARS or len(long) - len(short) < MIN_KINDRED_CHARS
    return len(short) >= MIN_KINDRED_CHARS and short.isalpha() and is_near and long.startswith(short)


@lru_cache(maxsize=CACHED_PAIRS)
def _is_compound(word: str, other: str) -> bool:
    """Whether one of two words is a compound that ends with the other: Videoaufnahmen, Aufnahmen."""
    short, long = sorted((word, other), key=len)
    return len(short) >= MIN_COMPOUND_CHARS and short.isalpha() and long.endswith(short)


def _drop_empty_words(question: str, idf_weights: Mapping[str, float]) -> Mapping[str, float]:
    """Return the weights of the terms that an answer may repeat; all of them if a question has no other.

    A small library may have "who" in no sentence, which makes it the rarest word of a question.
    """
    empty = _extract_empty_terms(select_empty_words(fold_words(question)))
    return {term: idf for term, idf in idf_weights.items() if term not in empty} or idf_weights


@lru_cache
def _extract_empty_terms(words: frozenset[str]) -> frozenset[str]:
    return frozenset(term for word in words for term in extract_terms(word))


def _best_first(matches: Iterable[SentenceMatch]) -> list[SentenceMatch]:
    return sorted(matches, key=lambda match: (-match.score, match.stored.id, match.start))
