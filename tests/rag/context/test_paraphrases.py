"""Questions in other words than the documents', with the bundled embedder: what is near in meaning is answered from."""

import io
from collections.abc import Callable, Iterator

import pytest

from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from ingest.embedders.vocabulary_fit import VocabularyFit
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from rag.context.answer_policy import AnswerPolicy
from rag.context.gathering import EvidenceGatherer, GatheredEvidence
from rag.engines.types import Message
from rag.grounding.evidence import EvidenceFinder
from rag.questions.follow_up import FollowUp
from rag.retrieval.hybrid import Retriever
from rag.settings import RagSettings
from rag.types import Question
from tests.fakes import ScriptedEngine, chunked
from tests.ingest.library_world import complete

pytestmark = pytest.mark.real

HANDBOOK = {
    "Leave": "Everybody has 30 days of leave a year. Up to eight days may be carried into the next year.",
    "Illness": "Whoever is ill must call before 08:00. A certificate is needed from the fourth day.",
    "Travel": "Whoever uses a private car receives 0.34 euros per kilometre. Hotels are paid up to 110 euros a night.",
    "Funding": "The trial of lettuce in salty soil was financed by the Province of East Flanders.",
    "Press": "Questions from the press are answered by Samuel Aldous and by nobody else.",
    "Fire": "A burning battery is cooled with water. The powder extinguishers do not stop it.",
    "Clothing": "Safety shoes must be worn in every area marked with a yellow line.",
    "Records": "Invoices and contracts are kept for ten years. Recorded calls are deleted after 14 days.",
    "Power cut": "The emergency light lasts for 90 minutes. Do not use the goods lift for an hour.",
    "Returns": "A new bicycle that was bought online may be returned within 30 days.",
}


Ask = Callable[[str], GatheredEvidence]


@pytest.fixture(scope="module")
def ask(real_embedder: WorkerEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    library = Library(tmp_path_factory.mktemp("paraphrases"))
    info, settings = find_embedder("bundled"), RagSettings()
    collection = library.create_collection("handbook", info.passport())
    for title, text in HANDBOOK.items():
        file = library.add_file(source=title, filename=title, content=io.BytesIO(text.encode()))
        vectors = real_embedder.embed([f"{title}\n{text}"])
        complete(library, library.enqueue(collection.id, file.id), chunked(text, title=title), vectors)
    fit = VocabularyFit(info.tokenizer_path).score
    retriever = Retriever(
        library, SearchIndex(library), real_embedder, fusion_weight=settings.fusion_weight, vocabulary_fit=fit
    )
    policy = AnswerPolicy(settings.top_k, settings.min_score, settings.max_answer_tokens)
    gatherer = EvidenceGatherer(library, retriever, EvidenceFinder(library, real_embedder), policy)

    def gather(question: str) -> GatheredEvidence:
        asked = Question((Message("user", question),), (collection.id,))
        searched = gatherer.read(asked, FollowUp(question), question, ScriptedEngine())
        return gatherer.gather(asked, searched, with_omitted=False)

    yield gather
    library.close()


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How many vacation days do employees get?", "Leave"),
        ("How much annual holiday is a staff member entitled to?", "Leave"),
        ("Could you please tell me what happens to vacation that I did not take?", "Leave"),
        ("At which hour must sick people phone?", "Illness"),
        ("How much may a night of accommodation cost?", "Travel"),
        ("Who paid for the lettuce study?", "Funding"),
        ("How do I put out a battery that has caught fire?", "Fire"),
        ("What footwear is mandatory on the shop floor?", "Clothing"),
        ("When are phone conversations erased?", "Records"),
        ("For how long do you retain bills?", "Records"),
        ("How long does the backup lighting hold when electricity fails?", "Power cut"),
        ("Can I send back a bike purchased over the internet?", "Returns"),
    ],
)
def test_a_question_in_other_words_is_answered_from_the_passage_that_means_it(
    ask: Ask, question: str, title: str
) -> None:
    evidence = ask(question)
    assert title in {hit.chunk.filename for hit in evidence.hits}, evidence.reasons


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Which pension scheme does the company offer?", "pension"),
        ("What is the wifi password?", "password"),
        ("How high is Mount Everest?", "Everest"),
        ("Please tell me who composed the Magic Flute", "composed"),
        ("Who won the football championship?", "championship"),
        ("Does the choir sing at Christmas?", "Christmas"),
        ("Wie viele Einwohner hat Hamburg?", "Einwohner"),
        ("Qui a peint la Joconde ?", "Joconde"),
    ],
)
def test_a_question_about_something_else_is_refused_and_people_are_told_which_words_are_nowhere(
    ask: Ask, question: str, word: str
) -> None:
    evidence = ask(question)
    assert not evidence.hits
    assert f"“{word}”" in evidence.reasons[-1]
