"""A library of tables, and answers about them from question to pins, with a scripted engine."""

import io
from dataclasses import dataclass, field

from ingest.chunking.chunker import ChunkSpec, split
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import ChunkedDocument, Collection, Embedder, ParsedDocument
from rag.answering import Answerer
from rag.context.answer_policy import AnswerPolicy
from rag.engines.types import Message, Sampling
from rag.grounding.evidence import EvidenceFinder
from rag.retrieval.hybrid import Retriever
from rag.types import Answer, AnswerStarted, AnswerStyle, Question
from tests.fakes import HashEmbedder, ScriptedEngine, WordTokenizer
from tests.ingest.library_world import complete


@dataclass
class TableWorld:
    """A library with one collection of tables, and an answerer over it."""

    library: Library
    collection: Collection
    chunk_words: int = 60
    embedder: Embedder = field(default_factory=HashEmbedder)
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)

    def add(self, source: str, document: ParsedDocument) -> None:
        chunks = split(document, ChunkSpec(self.chunk_words), WordTokenizer())
        file = self.library.add_file(source=source, filename=source, content=io.BytesIO(source.encode()))
        vectors = self.embedder.embed([f"{chunk.context}\n{chunk.text}" for chunk in chunks])
        queued = self.library.enqueue(self.collection.id, file.id)
        complete(self.library, queued, ChunkedDocument(document, tuple(chunks)), vectors)

    def ask(
        self, text: str, *, style: AnswerStyle = "auto", sampling: Sampling | None = None
    ) -> tuple[AnswerStarted, Answer]:
        answerer = Answerer(
            self.library,
            Retriever(self.library, SearchIndex(self.library), self.embedder, fusion_weight=0.5),
            EvidenceFinder(self.library, self.embedder),
            lambda _: self.engine,
            AnswerPolicy(top_k=4, min_score=0.2, max_answer_tokens=64, style="auto"),
        )
        question = Question((Message("user", text),), (self.collection.id,), sampling or Sampling(), style=style)
        started, *_, answer = answerer.answer(question)
        assert isinstance(started, AnswerStarted)
        assert isinstance(answer, Answer)
        self._check_pins(answer)
        return started, answer

    def _check_pins(self, answer: Answer) -> None:
        """Every citation is exact, of a passage of the answer, and covers what the answer shows of the document."""
        for citation in answer.citations:
            quote = citation.quote
            text = self.library.document_text(quote.collection_id, quote.file_id)
            assert text[quote.start : quote.end] == quote.quote
            if citation.origin == "quote":
                assert quote.quote.split(" | ")[0] in answer.text[citation.answer_start : citation.answer_end]


def quotes(answer: Answer) -> list[str]:
    """Return what the citations of an answer quote, in order."""
    return [citation.quote.quote for citation in answer.citations]
