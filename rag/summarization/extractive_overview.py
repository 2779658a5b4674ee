"""Extractive overviews, for models that are too small to write one: sentences and rows of the documents, word for word.

The chunk vectors of the library choose the chunks; only the sentences of chosen chunks are embedded.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.library.library import Library
from ingest.text.analyzer import extract_query_terms, extract_terms
from ingest.types import BlockKind, DocumentRecord, Embedder, StoredChunk
from rag.context.selection import pluralize
from rag.engines.completion import Completion
from rag.engines.types import Usage
from rag.generation.quote_selection import compose_quotes, show_sentences
from rag.grounding.evidence import SentenceMatch, split_chunk
from rag.grounding.hidden_text import VISIBLE_TEXT
from rag.grounding.model_address import addresses_model
from rag.grounding.quotable import states_something
from rag.summarization.notes import PassageNumbers
from rag.summarization.overview_types import NOTHING_NOTED, Overview, OverviewEvent, OverviewRequest
from rag.summarization.parts import list_readable_documents
from rag.summarization.sentence_selection import (
    Vectors,
    allocate_quotas,
    compute_centroid,
    rank_by_mmr,
    split_sections,
)
from rag.types import AnswerDelta, AnswerProgress, Passage

MAX_SENTENCES = 20
"""The most sentences of an overview: as many as people read."""
MAX_ITEMS = 100
CHUNKS_FOR_A_TOPIC = 3 * MAX_SENTENCES
MIN_RELATIVE_SIMILARITY = 0.6
"""Share of the best chunk's similarity to the topic that a chunk of an overview needs."""
CHUNKS_FOR_A_LIST = 128
"""As many by dense search, and as many by BM25. Embedding their sentences takes a few seconds on two cores."""
MIN_TOPIC_COVERAGE = 0.5
"""Share of the topic's terms with which a sentence belongs to a list, whatever its similarity."""
MIN_SIMILARITY = 0.45
SENTENCE_WORDS = range(6, 61)
"""Shorter ones are headings or scraps, longer ones several sentences run together."""
STATEMENT_ENDS = ".!。！।"
CHUNKS_TRIED = 3
"""The most chunks of a section in which a statement is sought."""
CHUNKS_AT_ONCE = 2_048


@dataclass(frozen=True, slots=True)
class _ChunkVector:
    """A chunk without its text: its document's index, its headings, and its float32 unit vector."""

    id: int
    document: int
    path: tuple[str, ...]
    vector: Vectors


def quote_overview(
    library: Library, embedder: Embedder, request: OverviewRequest
) -> Generator[OverviewEvent, None, Overview]:
    """Yield the progress of the choice and the text; return the overview, made of exact quotes.

    An overview takes representative sentences from everywhere, a list the sentences that match its topic.
    `Overview.quotes` has every sentence. Closing the generator stops after at most the chunk that is being embedded.
    Raises `CollectionNotFoundError` before the first event.
    """
    documents = list_readable_documents(library, request.collections, request.filters)
    yield AnswerProgress(0, 0, "looking for representative sentences")
    selector = _SentenceSelector(library, embedder, request, documents)
    is_overview = request.intent.kind == "overview"
    matches = yield from (selector.select_representative() if is_overview else selector.select_matching())
    return (yield from _compose(selector, matches))


class _SentenceSelector:
    """Selects sentences of documents for one request; `left_out` says in words what is missing."""

    def __init__(
        self, library: Library, embedder: Embedder, request: OverviewRequest, documents: Sequence[DocumentRecord]
    ) -> None:
        self._library = library
        self._embedder = embedder
        self.request = request
        self.documents = documents
        self.left_out = ""
        self._indices = range(len(documents))
        topic = request.intent.topic or (request.query if request.intent.kind != "overview" else "")
        self._topic_terms = set(extract_query_terms(topic))
        self._topic = embedder.embed_query(topic) if topic else None

    def select_representative(self) -> Generator[OverviewEvent, None, list[SentenceMatch]]:
        """Select a sentence of each section by maximal marginal relevance to its centroid, or to the topic."""
        near: list[_ChunkVector] | None = None
        if self._topic is not None:
            near = yield from self._find_nearest(self._topic, CHUNKS_FOR_A_TOPIC, MIN_RELATIVE_SIMILARITY)
        sizes = self._count_chunks(near)
        quotas = allocate_quotas(sizes, MAX_SENTENCES)
        if unquoted := sum(1 for size, quota in zip(sizes, quotas, strict=True) if size and not quota):
            self.left_out = f"{unquoted} shorter documents are not quoted"
        sentences: list[SentenceMatch] = []
        selected: list[Vectors] = []
        total = sum(quotas)
        for done, section in enumerate(self._iterate_sections(quotas, near), start=1):
            sentence = self._select_sentence(section, selected)
            sentences.extend([] if sentence is None else [sentence])
            finding = "" if sentence is None else sentence.text
            yield AnswerProgress(done, total, f"choosing sentences, section {done} of {total}", finding)
        return sentences

    def select_matching(self) -> Generator[OverviewEvent, None, list[SentenceMatch]]:
        """Select the sentences and rows that have the topic's terms or a similar meaning; each text once."""
        near: list[_ChunkVector] = []
        if self._topic is not None:
            near = yield from self._find_nearest(self._topic, CHUNKS_FOR_A_LIST)
        ids = sorted({*(chunk.id for chunk in near), *self._search_topic_terms()})
        by_terms: dict[tuple[str, ...], SentenceMatch] = {}
        for done, id_ in enumerate(ids, start=1):
            new = [match for match in self._match_sentences(id_) if tuple(extract_terms(match.text)) not in by_terms]
            by_terms.update({tuple(extract_terms(match.text)): match for match in reversed(new)})
            findings = "\n".join(match.text for match in new)
            yield AnswerProgress(done, len(ids), f"looking through passage {done} of {len(ids)}", findings)
        best = sorted(by_terms.values(), key=lambda match: -match.score)
        if len(best) > MAX_ITEMS:
            self.left_out = f"the best {MAX_ITEMS} of {len(best)} are shown"
        order = {(document.collection_id, document.file_id): index for index, document in enumerate(self.documents)}
        return sorted(
            best[:MAX_ITEMS],
            key=lambda match: (order[match.stored.collection_id, match.stored.file_id], match.start),
        )

    def _count_chunks(self, near: Sequence[_ChunkVector] | None) -> list[int]:
        """Return how many chunks each document has, or has among those near the topic."""
        if near is None:
            return [document.chunks for document in self.documents]
        return [sum(1 for chunk in near if chunk.document == index) for index in self._indices]

    def _iterate_sections(
        self, quotas: Sequence[int], near: Sequence[_ChunkVector] | None
    ) -> Iterator[list[_ChunkVector]]:
        """Yield as many sections of each document as its quota; one document is in memory at a time."""
        for index in self._indices:
            if quotas[index]:
                source = self._load_vectors(index) if near is None else near
                chunks = [chunk for chunk in source if chunk.document == index]
                for section in split_sections([chunk.path for chunk in chunks], quotas[index]):
                    yield [chunks[position] for position in section]

    def _find_nearest(
        self, topic: Vectors, count: int, min_relative: float = 0.0
    ) -> Generator[OverviewEvent, None, list[_ChunkVector]]:
        """Return the `count` chunks that are most similar to a topic, in reading order.

        Yields a sign of life for each document.
        """
        best: list[tuple[float, _ChunkVector]] = []
        for index in self._indices:
            best.extend((float(chunk.vector @ topic), chunk) for chunk in self._load_vectors(index))
            best = sorted(best, key=lambda scored: -scored[0])[:count]
            yield AnswerDelta("")
        lowest = min_relative * max((similarity for similarity, _ in best), default=0.0)
        near = [chunk for similarity, chunk in best if similarity >= lowest]
        return sorted(near, key=lambda chunk: (chunk.document, chunk.id))

    def _load_vectors(self, index: int) -> Iterator[_ChunkVector]:
        """Yield the chunks of a document in reading order."""
        document = self.documents[index]
        ids = sorted(map(int, self._library.chunk_ids(document.collection_id, frozenset({document.file_id}))))
        for first in range(0, len(ids), CHUNKS_AT_ONCE):
            batch = ids[first : first + CHUNKS_AT_ONCE]
            paths = {chunk.id: chunk.chunk.heading_path for chunk in self._library.chunks(batch)}
            stored_ids, vectors = self._library.vectors(batch)
            for id_, vector in zip(stored_ids, vectors, strict=True):
                yield _ChunkVector(id_, index, paths.get(id_, ()), vector)

    def _search_topic_terms(self) -> Iterator[int]:
        """Yield the ids of the chunks with the best BM25 scores for the topic's terms."""
        terms = sorted(self._topic_terms)
        for collection_id in dict.fromkeys(document.collection_id for document in self.documents):
            files = frozenset(
                document.file_id for document in self.documents if document.collection_id == collection_id
            )
            chunk_ids = self._library.chunk_ids(collection_id, files)
            for id_, _ in self._library.search_terms(collection_id, terms, CHUNKS_FOR_A_LIST, chunk_ids=chunk_ids):
                yield id_

    def _select_sentence(self, section: Sequence[_ChunkVector], selected: list[Vectors]) -> SentenceMatch | None:
        """Return the best statement of a section and add its vector to those `selected`; None if it has no sentence."""
        vectors = np.stack([chunk.vector for chunk in section])
        topic = compute_centroid(vectors) if self._topic is None else self._topic
        order = rank_by_mmr(vectors, topic, selected)
        if not (candidates := self._find_statements([section[index].id for index in order[:CHUNKS_TRIED]])):
            return None
        sentence_vectors = self._embedder.embed([match.text for match in candidates])
        best = rank_by_mmr(sentence_vectors, topic, selected)[0]
        selected.append(sentence_vectors[best])
        return candidates[best]

    def _find_statements(self, chunk_ids: Sequence[int]) -> list[SentenceMatch]:
        """Return the statements of the first chunk that has any, else the sentences of the first chunk with some."""
        first: list[SentenceMatch] = []
        for id_ in chunk_ids:
            sentences = _split_seen(self._library.chunks([id_]))
            if statements := [match for match in sentences if _is_statement(match)]:
                return statements
            first = first or sentences
        return first

    def _match_sentences(self, chunk_id: int) -> list[SentenceMatch]:
        """Return the sentences of a chunk that match the topic, each with the better of similarity and coverage."""
        chunks = self._library.chunks([chunk_id])
        sentences = [match for match in _split_seen(chunks) if states_something(match)]
        if not sentences or self._topic is None:
            return []
        scores = self._embedder.embed([match.text for match in sentences]) @ self._topic
        return [
            SentenceMatch(match.stored, match.start, match.end, max(float(score), coverage))
            for match, score in zip(sentences, scores, strict=True)
            if (coverage := self._measure_coverage(match)) >= MIN_TOPIC_COVERAGE or score >= MIN_SIMILARITY
        ]

    def _measure_coverage(self, match: SentenceMatch) -> float:
        chunk = match.stored.chunk
        # Only together with the header above it does a row of a table say what it is.
        text = f"{chunk.context}\n{match.text}" if chunk.kind is BlockKind.TABLE else match.text
        return len(self._topic_terms & set(extract_terms(text))) / max(len(self._topic_terms), 1)


def _split_seen(chunks: Sequence[StoredChunk]) -> list[SentenceMatch]:
    """Return the sentences of chunks that a person sees in their documents."""
    return VISIBLE_TEXT.select_matches([match for chunk in chunks for match in split_chunk(chunk)])


def _is_statement(match: SentenceMatch) -> bool:
    """Whether a sentence states something: it is no heading, question, row or order to the model."""
    is_prose = match.stored.chunk.kind is BlockKind.PROSE and "\n\n" not in match.text
    has_form = len(match.text.split()) in SENTENCE_WORDS and match.text.rstrip()[-1] in STATEMENT_ENDS
    return is_prose and has_form and not addresses_model(match.text)


def _compose(selector: _SentenceSelector, matches: Sequence[SentenceMatch]) -> Generator[OverviewEvent, None, Overview]:
    """Yield and return the overview made of some sentences, each with the number of its passage."""
    assigned = PassageNumbers(selector.request.numbers)
    numbers = {match.stored.id: number for match in matches if (number := assigned.assign(match.stored.id)) is not None}
    shown = show_sentences([match for match in matches if match.stored.id in numbers])
    lead = _introduce(selector, len(shown))
    text, quotes = compose_quotes(shown, numbers, lead=lead)
    yield AnswerDelta(text)
    passages = {quote.number: quote.match.stored for quote in quotes}
    return Overview(
        completion=Completion(text, "stop", Usage(0, 0)),
        passages=tuple(Passage(number, passages[number]) for number in sorted(passages)),
        reason=_explain(selector),
        shortfalls=(selector.left_out,) if selector.left_out else (),
        own_chars=len(lead),
        quotes=tuple(quotes),
    )


def _introduce(selector: _SentenceSelector, count: int) -> str:
    """Return Pincite's own words in front of the quotes."""
    if not count:
        return NOTHING_NOTED
    intent = selector.request.intent
    if intent.kind == "overview":
        return ""
    verb = "passage matches" if count == 1 else "passages match"
    return f"{count} {verb} “{intent.topic or selector.request.query}”:\n\n"


def _explain(selector: _SentenceSelector) -> str:
    intent = selector.request.intent
    content = "representative sentences" if intent.kind == "overview" else "matching sentences, word for word"
    passages = pluralize(sum(document.chunks for document in selector.documents), "passage")
    documents = pluralize(len(selector.documents), "document")
    summary = f"overview, because of “{intent.words}”: {content}, from {passages} of {documents}"
    return "; ".join(filter(None, [summary, selector.left_out]))
