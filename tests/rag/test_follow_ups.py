"""Follow-up questions in seven languages with the bundled embedder: half of them stay with a topic, half leave it."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from ingest.embedders.vocabulary_fit import VocabularyFit
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from rag.answering import Answerer
from rag.context.answer_policy import AnswerPolicy
from rag.engines.types import Message
from rag.grounding.evidence import EvidenceFinder
from rag.retrieval.hybrid import Retriever
from rag.settings import RagSettings
from rag.types import Answer, Question
from tests.fakes import ScriptedEngine, chunked
from tests.ingest.library_world import complete

pytestmark = pytest.mark.real

DOCUMENTS = {
    "batteries.txt": "A damaged battery stays in quarantine for 72 hours. "
    "A swollen battery is kept outdoors for 14 days. "
    "The shift lead is told of every damaged or swollen battery. Charged batteries are stored on the upper shelf.",
    "travel.txt": "A hotel night in Paris may cost up to 190 euros. A hotel night in London may cost up to 210 euros. "
    "A hotel night in Vienna may cost up to 140 euros. Flights are booked in economy class.",
    "faults.txt": "E-1204: the oil pressure is too low.\nE-1207: the coolant pump does not turn.\n"
    "E-1210: the door of the cabinet is open.",
    "gates.txt": "The north gate was closed because of flooding. "
    "The south gate was closed because its lock was broken. The fire alarm is tested every Tuesday at noon.",
    "visitors.txt": "In January 4,210 visitors came. In February 3,950 visitors came. In March 5,120 visitors came.",
    "miete.txt": "Die Miete für die Garage beträgt 60 Euro. Die Miete für den Keller beträgt 45 Euro. "
    "Die Miete für die Wohnung beträgt 980 Euro.",
    "bibliothek.txt": "Am Montag ist die Bibliothek von 9 bis 18 Uhr geöffnet. "
    "Am Samstag ist die Bibliothek von 10 bis 14 Uhr geöffnet.",
    "abonnement.txt": "L'abonnement mensuel coûte 29 euros. L'abonnement annuel coûte 290 euros. "
    "Le délai de livraison pour Lyon est de quatre jours. Le délai de livraison pour Nantes est de six jours.",
    "entradas.txt": "En enero la entrada cuesta 12 euros. En agosto la entrada cuesta 18 euros.",
    "biglietti.txt": "Il biglietto per Milano costa 31 euro. Il biglietto per Torino costa 27 euro.",
    "biblioteca.txt": "O prazo para devolver um livro é de trinta dias. O prazo para devolver um filme é de sete dias.",
    "garantie.txt": "De garantie op een fiets is vijf jaar. De garantie op een accu is een jaar.",
}
CHATS = [json.loads(line) for line in Path(__file__).with_name("follow_ups.jsonl").read_text("utf-8").splitlines()]

Ask = Callable[[Sequence[str]], Answer]


@pytest.fixture(scope="module")
def ask(real_embedder: WorkerEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    library = Library(tmp_path_factory.mktemp("follow-ups"))
    info, settings = find_embedder("bundled"), RagSettings()
    collection = library.create_collection("office", info.passport())
    for name, text in DOCUMENTS.items():
        file = library.add_file(source=name, filename=name, content=io.BytesIO(text.encode()))
        vectors = real_embedder.embed([text])
        complete(library, library.enqueue(collection.id, file.id), chunked(text), vectors)
    retriever = Retriever(
        library,
        SearchIndex(library),
        real_embedder,
        fusion_weight=settings.fusion_weight,
        vocabulary_fit=VocabularyFit(info.tokenizer_path).score,
    )
    policy = AnswerPolicy(settings.top_k, settings.min_score, settings.max_answer_tokens)
    engine = ScriptedEngine()
    answerer = Answerer(library, retriever, EvidenceFinder(library, real_embedder), lambda _: engine, policy)

    def answer(turns: Sequence[str]) -> Answer:
        """Return the answer to the last of some questions, all others of which were answered."""
        messages: list[Message] = []
        answers: list[Answer] = []
        for turn in turns:
            messages.append(Message("user", turn))
            *_, last = answerer.answer(Question(tuple(messages), (collection.id,), style="quoted"))
            assert isinstance(last, Answer)
            answers.append(last)
            messages.append(Message("assistant", last.text))
        return answers[-1]

    yield answer
    library.close()


@pytest.mark.parametrize("chat", [pytest.param(chat, id=" > ".join(chat["turns"])) for chat in CHATS])
def test_an_ellipsis_is_answered_within_its_topic_and_a_new_topic_by_its_own_words(
    ask: Ask, chat: dict[str, str]
) -> None:
    answer = ask(chat["turns"])
    first = answer.citations[0].quote.quote if answer.citations and answer.mode != "none" else ""
    assert (first, answer.mode == "none") == (chat["quote"], not chat["quote"]), answer.text
