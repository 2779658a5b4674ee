"""A library with one document and a store of conversations about it; answers are made by hand."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from ingest.library.library import Library
from ingest.types import DocumentRecord
from rag.conversations.provenance import ProvenanceCollector
from rag.conversations.store import ConversationEvent, Conversations
from rag.engines.types import Engine, Sampling, Usage
from rag.types import (
    Answer,
    AnswerDelta,
    AnswerEvent,
    AnswerStarted,
    Citation,
    Passage,
    Question,
    Quote,
    SentenceVerdict,
    Timings,
)
from tests.fakes import ScriptedEngine, chunked, passport
from tests.ingest.library_world import add

PUMP = "The pump is oiled every 3 months."
TEXT = "It is oiled every 3 months [1]."
REASON = "cellar is not in the quote"


@dataclass
class ConversationWorld:
    """A library, its document, and the store."""

    library: Library
    document: DocumentRecord
    engine: Engine = field(default_factory=ScriptedEngine)
    version: str = "1.0"
    settings: dict[str, str] = field(default_factory=lambda: {"top_k": "6"})

    @property
    def store(self) -> Conversations:
        """The store of a program of this version with these settings."""
        return Conversations(
            self.library,
            ProvenanceCollector(self.library, lambda _: self.engine, settings=self.settings, version=self.version),
        )

    def question(self, sampling: Sampling | None = None) -> Question:
        """A question about the document."""
        return Question((), (self.document.collection_id,), sampling or Sampling(), model="scripted", client="me")

    def quote(self, words: str = PUMP) -> Quote:
        """Words of the document as an answer cites them."""
        start = self.library.document_text(self.document.collection_id, self.document.file_id).index(words)
        return Quote(
            self.document.collection_id,
            self.document.file_id,
            self.document.source,
            self.document.filename,
            1,
            start,
            start + len(words),
            words,
            0.5,
            place="page 1",
        )

    def started(self) -> AnswerStarted:
        """The first event of an answer."""
        chunks = self.library.document_chunks(self.document.collection_id, self.document.file_id)
        passages = tuple(Passage(number, chunk) for number, chunk in enumerate(chunks, start=1))
        return AnswerStarted("whole", "the whole document: 9 of 70 tokens", passages, (self.quote(),))

    def answer(self, text: str = TEXT) -> Answer:
        """The last event of an answer."""
        return Answer(
            text=text,
            citations=(Citation(1, self.quote(), 0, len(text), "marker", "partly", (REASON,)),),
            sentences=(SentenceVerdict(0, len(text), "partly", (REASON,)),),
            evidence=(self.quote(),),
            mode="whole",
            reason="the whole document: 9 of 70 tokens",
            model="scripted",
            finish_reason="stop",
            usage=Usage(9, 7, 3),
            timings=Timings(0.1, 0.2, 0.3),
        )

    def events(self, text: str = TEXT) -> Generator[AnswerEvent, None, None]:
        """A whole answer."""
        yield self.started()
        for word in text.split(" "):
            yield AnswerDelta(word)
        yield self.answer(text)

    def record(self, id_: str, asked: str, text: str = TEXT, parent: str | None = None) -> list[ConversationEvent]:
        """Have a question answered and kept."""
        place = self.store.locate_question(id_, asked, parent)
        return list(self.store.record(place, self.question(), self.events(text)))


def make_conversation_world(library: Library, texts: Sequence[str] = (PUMP,)) -> ConversationWorld:
    """Put one document into a library."""
    return ConversationWorld(
        library, add(library, library.create_collection("c", passport()).id, "pump.txt", chunked(*texts))
    )
