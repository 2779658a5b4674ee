"""An overview for models that are too weak to write one: sentences and rows of the documents, word for word.

The vectors of the chunks, which the library has, say where to look; only the sentences of chosen chunks are embedded.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.library.library import Library
from ingest.text.analyzer import extract_query_terms, extract_terms
from ingest.types import BlockKind, DocumentRecord, Embedder
from rag.engines.types import Delta, Usage
from rag.generation.extractive import quoted
from rag.grounding.evidence import SentenceMatch, split_chunk
from rag.summarization.map_reduce import NOTHING_NOTED, Overview, OverviewRequest
from rag.summarization.map_step import OverviewEvent
from rag.summarization.notes import Numbering
from rag.summarization.parts import documents_to_read
from rag.summarization.sentence_selection import Vectors, by_telling, central, most_telling, sections, shares
from rag.types import AnswerDelta, AnswerProgress, Passage

MAX_SENTENCES = 20
"""As long as an overview may get, and still be read."""
MAX_ITEMS = 100
CHUNKS_FOR_A_TOPIC = 3 * MAX_SENTENCES
NEAR_ENOUGH = 0.6
"""Share of the best chunk's likeness to the topic that a chunk of an overview must have."""
CHUNKS_FOR_A_LIST = 128
"""As many by meaning, and as many by words. Their sentences take a few seconds on two cores."""
MIN_TOPIC_WORDS = 0.5
"""Share of the topic's words that make a sentence belong to a list, whatever its meaning."""
MIN_SIMILARITY = 0.45
SENTENCE_WORDS = range(6, 61)
"""Shorter ones are headings or scraps, longer ones several sentences run together."""
STATEMENT_ENDS = ".!。！।"
CHUNKS_TRIED = 3
"""Of a section, where the most telling ones have no statement."""
CHUNKS_AT_ONCE = 2_048


@dataclass(frozen=True, slots=True)
class _Place:
    """A chunk without its text."""

    id: int
    document: int
    path: tuple[str, ...]
    vector: Vectors


def quoted_overview(
    library: Library, embedder: Embedder, request: OverviewRequest
) -> Generator[OverviewEvent, None, Overview]:
    """Yield how far the choice is and the pieces of the answer; return the whole of it, made of exact quotes.

    An overview takes central sentences from everywhere, a list what matches its topic. `Overview.quoted` says which
    sentence each piece is. Closing the generator stops after at most the chunk that is being embedded. Raises
    `CollectionNotFoundError` before the first event.
    """
    documents = documents_to_read(library, request.collections, request.filters)
    yield AnswerProgress(0, 0, "looking for what stands for the documents")
    chooser = _Chooser(library, embedder, request, documents)
    chosen = yield from (chooser.central() if request.question.kind == "overview" else chooser.matching())
    return (yield from _told(chooser, chosen))


class _Chooser:
    """Chooses sentences of documents for one request; `left_out` says what is not told."""

    def __init__(
        self, library: Library, embedder: Embedder, request: OverviewRequest, documents: Sequence[DocumentRecord]
    ) -> None:
        self._library = library
        self._embedder = embedder
        self.request = request
        self.documents = documents
        self.left_out = ""
        self._indices = range(len(documents))
        self._sizes = [document.chunks for document in documents]
        topic = request.question.topic or (request.asked if request.question.kind != "overview" else "")
        self._topic_words = set(extract_query_terms(topic))
        self._topic = embedder.embed_query(topic) if topic else None

    def central(self) -> Generator[OverviewEvent, None, list[SentenceMatch]]:
        """Choose a sentence of each section: near to what it is about, unlike those before."""
        near: list[_Place] | None = None
        if self._topic is not None:
            near = yield from self._nearest(self._topic, CHUNKS_FOR_A_TOPIC, NEAR_ENOUGH)
        sizes = (
            self._sizes
            if near is None
            else [sum(1 for place in near if place.document == index) for index in self._indices]
        )
        many = shares(sizes, MAX_SENTENCES)
        if unquoted := sum(1 for size, share in zip(sizes, many, strict=True) if size and not share):
            self.left_out = f"{unquoted} shorter documents are not quoted"
        chosen: list[SentenceMatch] = []
        taken: list[Vectors] = []
        for done, stretch in enumerate(self._stretches(many, near), start=1):
            if (sentence := self._telling_sentence(stretch, taken)) is not None:
                chosen.append(sentence)
            found = sentence.text if sentence is not None else ""
            yield AnswerProgress(done, sum(many), f"choosing sentences, section {done} of {sum(many)}", found)
        return chosen

    def matching(self) -> Generator[OverviewEvent, None, list[SentenceMatch]]:
        """Choose the sentences and rows that have the topic's words, or mean the like; each text once."""
        near: list[_Place] = []
        if self._topic is not None:
            near = yield from self._nearest(self._topic, CHUNKS_FOR_A_LIST)
        ids = sorted({*(place.id for place in near), *self._with_topic_words()})
        found: dict[tuple[str, ...], SentenceMatch] = {}
        for done, id_ in enumerate(ids, start=1):
            new = [match for match in self._matches(id_) if tuple(extract_terms(match.text)) not in found]
            found.update({tuple(extract_terms(match.text)): match for match in reversed(new)})
            yield AnswerProgress(done, len(ids), f"looking through passage {done} of {len(ids)}", _lines(new))
        best = sorted(found.values(), key=lambda match: -match.score)
        if len(best) > MAX_ITEMS:
            self.left_out = f"the best {MAX_ITEMS} of {len(best)} are shown"
        order = {(document.collection_id, document.file_id): index for index, document in enumerate(self.documents)}
        return sorted(
            best[:MAX_ITEMS],
            key=lambda match: (order[match.stored.collection_id, match.stored.file_id], match.start),
        )

    def _stretches(self, many: Sequence[int], near: Sequence[_Place] | None) -> Iterator[list[_Place]]:
        """Yield the sections of each document, as many as it has a share of; one document is in memory at a time."""
        for index in self._indices:
            if many[index]:
                places = [place for place in (self._places(index) if near is None else near) if place.document == index]
                for stretch in sections([place.path for place in places], many[index]):
                    yield [places[place] for place in stretch]

    def _nearest(
        self, topic: Vectors, many: int, near_enough: float = 0.0
    ) -> Generator[OverviewEvent, None, list[_Place]]:
        """Return the chunks that are nearest to a topic, in reading order; yields a sign of life for each document."""
        best: list[tuple[float, _Place]] = []
        for index in self._indices:
            best.extend((float(place.vector @ topic), place) for place in self._places(index))
            best = sorted(best, key=lambda scored: -scored[0])[:many]
            yield AnswerDelta("")
        lowest = near_enough * max((likeness for likeness, _ in best), default=0.0)
        near = [place for likeness, place in best if likeness >= lowest]
        return sorted(near, key=lambda place: (place.document, place.id))

    def _places(self, index: int) -> Iterator[_Place]:
        document = self.documents[index]
        ids = sorted(map(int, self._library.chunk_ids(document.collection_id, frozenset({document.file_id}))))
        for first in range(0, len(ids), CHUNKS_AT_ONCE):
            some = ids[first : first + CHUNKS_AT_ONCE]
            paths = {chunk.id: chunk.chunk.heading_path for chunk in self._library.chunks(some)}
            known, vectors = self._library.vectors(some)
            for id_, vector in zip(known, vectors, strict=True):
                yield _Place(id_, index, paths.get(id_, ()), vector)

    def _with_topic_words(self) -> Iterator[int]:
        """Yield the chunks of the documents that have most of the topic's words."""
        wanted = sorted(self._topic_words)
        for collection_id in dict.fromkeys(document.collection_id for document in self.documents):
            files = frozenset(
                document.file_id for document in self.documents if document.collection_id == collection_id
            )
            among = self._library.chunk_ids(collection_id, files)
            for id_, _ in self._library.search_terms(collection_id, wanted, CHUNKS_FOR_A_LIST, among=among):
                yield id_

    def _telling_sentence(self, stretch: Sequence[_Place], taken: list[Vectors]) -> SentenceMatch | None:
        centre = central(np.stack([place.vector for place in stretch])) if self._topic is None else self._topic
        order = by_telling(np.stack([place.vector for place in stretch]), centre, taken)
        if not (candidates := self._statements([stretch[index].id for index in order[:CHUNKS_TRIED]])):
            return None
        vectors = self._embedder.embed([match.text for match in candidates])
        best = most_telling(vectors, centre, taken)
        taken.append(vectors[best])
        return candidates[best]

    def _statements(self, chunk_ids: Sequence[int]) -> list[SentenceMatch]:
        """Return the statements of the first of some chunks that has any, else the sentences of the first."""
        first: list[SentenceMatch] = []
        for id_ in chunk_ids:
            sentences = [match for chunk in self._library.chunks([id_]) for match in split_chunk(chunk)]
            if statements := [match for match in sentences if _is_statement(match)]:
                return statements
            first = first or sentences
        return first

    def _matches(self, chunk_id: int) -> list[SentenceMatch]:
        sentences = [match for chunk in self._library.chunks([chunk_id]) for match in split_chunk(chunk)]
        if not sentences or self._topic is None:
            return []
        scores = self._embedder.embed([match.text for match in sentences]) @ self._topic
        return [
            SentenceMatch(match.stored, match.start, match.end, max(float(score), coverage))
            for match, score in zip(sentences, scores, strict=True)
            if (coverage := self._coverage(match)) >= MIN_TOPIC_WORDS or score >= MIN_SIMILARITY
        ]

    def _coverage(self, match: SentenceMatch) -> float:
        chunk = match.stored.chunk
        # A row says what it is only together with the header above it.
        text = f"{chunk.context}\n{match.text}" if chunk.kind is BlockKind.TABLE else match.text
        return len(self._topic_words & set(extract_terms(text))) / max(len(self._topic_words), 1)


def _is_statement(match: SentenceMatch) -> bool:
    """Whether a sentence says something: it is no heading, no question, no row of a table or of contents."""
    is_prose = match.stored.chunk.kind is BlockKind.PROSE and "\n\n" not in match.text
    return is_prose and len(match.text.split()) in SENTENCE_WORDS and match.text.rstrip()[-1] in STATEMENT_ENDS


def _lines(matches: Sequence[SentenceMatch]) -> str:
    return "\n".join(match.text for match in matches)


def _told(chooser: _Chooser, chosen: Sequence[SentenceMatch]) -> Generator[OverviewEvent, None, Overview]:
    """Put the quotes together, each with the number of its passage."""
    numbering = Numbering(chooser.request.known_numbers)
    numbers = {match.stored.id: number for match in chosen if (number := numbering.of(match.stored.id)) is not None}
    text, sentences = quoted([match for match in chosen if match.stored.id in numbers], numbers)
    lead = _lead(chooser, len(sentences))
    yield AnswerDelta(lead + text)
    passages = {sentence.number: sentence.match.stored for sentence in sentences}
    return Overview(
        text=lead + text,
        passages=tuple(Passage(number, passages[number]) for number in sorted(passages)),
        last=Delta("", "stop", Usage(0, 0)),
        reason=_reason(chooser),
        shortfalls=(chooser.left_out,) if chooser.left_out else (),
        own_chars=len(lead),
        quoted=tuple(
            replace(sentence, start=len(lead) + sentence.start, end=len(lead) + sentence.end) for sentence in sentences
        ),
    )


def _lead(chooser: _Chooser, found: int) -> str:
    if not found:
        return NOTHING_NOTED
    if chooser.request.question.kind == "overview":
        return ""
    what = "passage matches" if found == 1 else "passages match"
    return f"{found} {what} “{chooser.request.question.topic or chooser.request.asked}”:\n\n"


def _reason(chooser: _Chooser) -> str:
    request = chooser.request
    how = "sentences that stand for the whole" if request.question.kind == "overview" else "what matches, word for word"
    read = sum(document.chunks for document in chooser.documents)
    made = f"overview, because of “{request.question.words}”: {how}, from {_count(read, 'passage')} of "
    return "; ".join(filter(None, [f"{made}{_count(len(chooser.documents), 'document')}", chooser.left_out]))


def _count(many: int, noun: str) -> str:
    return f"{many:,} {noun}" if many == 1 else f"{many:,} {noun}s"
