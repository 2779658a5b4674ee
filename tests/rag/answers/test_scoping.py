"""Which documents a question names, in seven languages, looked up in a real library."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from ingest.library.library import Library
from rag.answers.scoping import make_scope_filter, resolve_scope
from rag.questions.scope import Scope
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import complete

NAMES = {
    "minutes.pdf": "Minutes of the works council",
    "lab.pdf": "Laboratory report",
    "contract.pdf": "Service agreement",
    "Mietvertrag.pdf": "Mietvertrag",
    "travel_policy.pdf": "Travel policy",
    "parking.pdf": "Parking",
    "budget.xlsx": "budget",
    "paper.pdf": "Effects of blue light on the growth of lettuce",
    "operations-handbook.pdf": "Operations Handbook",
    "price-list-2026.csv": "price-list-2026",
    "rental contract.docx": "Rental contract",
    "helpers.inc": "helpers.inc",
    "invoice_2026-0311.pdf": "Invoice",
    "invoice_2026-0317.pdf": "Invoice",
    "Q3 results final.xlsx": "Q3 results",
    "rapport-annuel.pdf": "Rapport annuel",
    "bail.pdf": "Contrat de location",
    "informe_laboratorio.pdf": "Informe de laboratorio",
    "verbale.pdf": "Verbale della riunione",
    "política de viagens.pdf": "Política de viagens",
    "huurovereenkomst.pdf": "Huurovereenkomst",
    "35.txt": "35",
    "krypton-85.txt": "Krypton-85",
    "w12.txt": "Photosynthesis",
    "合同.pdf": "租赁合同",
    **{f"report_{number}.pdf": f"Report {number}" for number in range(20)},
}


@dataclass
class World:
    """A library with a collection of named documents."""

    library: Library
    collection_id: str

    def scope(self, question: str) -> Scope | None:
        return resolve_scope(self.library, [self.collection_id], question)

    def named(self, question: str) -> list[str]:
        scope = self.scope(question)
        return [] if scope is None else [document.filename for document in scope.documents]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    library = Library(tmp_path_factory.mktemp("scope") / "home")
    collection = library.create_collection("c", passport())
    for filename, title in NAMES.items():
        content = chunked(f"Something about {title}.")
        content = replace(content, document=replace(content.document, title=title))
        file = library.add_file(source=f"/in/{filename}", filename=filename, content=io.BytesIO(filename.encode()))
        vectors = HashEmbedder().embed([chunk.text for chunk in content.chunks])
        complete(library, library.enqueue(collection.id, file.id), content, vectors)
    yield World(library, collection.id)
    library.close()


@pytest.mark.parametrize(
    ("question", "filename"),
    [
        ("Summarise minutes.pdf", "minutes.pdf"),
        ("summarise MINUTES.PDF", "minutes.pdf"),
        ("Summarise “minutes”", "minutes.pdf"),
        ("What was decided in 'minutes'?", "minutes.pdf"),
        ("What does travel_policy say about hotels?", "travel_policy.pdf"),
        ("What does travel-policy.pdf say about hotels?", "travel_policy.pdf"),
        ("what does the file Travel Policy.pdf say about hotels", "travel_policy.pdf"),
        ("What is in q3 results final.xlsx about costs?", "Q3 results final.xlsx"),
        ("How many functions are defined in helpers.inc?", "helpers.inc"),
        ("What does results final.xlsx say about costs?", "Q3 results final.xlsx"),
        ("Fasse viagens.pdf zusammen", "política de viagens.pdf"),
        ("In the file parking, who may park?", "parking.pdf"),
        ("Who may park according to parking.pdf?", "parking.pdf"),
        ("What is the total due on invoice 2026-0311?", "invoice_2026-0311.pdf"),
        ("What is the total of invoice_2026-0317?", "invoice_2026-0317.pdf"),
        ("What does report_7 say about light?", "report_7.pdf"),
        ("Summarise politica de viagens.pdf", "política de viagens.pdf"),
        ("Fasse mietvertrag.pdf zusammen", "Mietvertrag.pdf"),
        ("Résume rapport-annuel.pdf", "rapport-annuel.pdf"),
        ("Resume informe_laboratorio.pdf", "informe_laboratorio.pdf"),
        ("Riassumi verbale.pdf", "verbale.pdf"),
        ("Vat huurovereenkomst.pdf samen", "huurovereenkomst.pdf"),
        ("总结 合同.pdf", "合同.pdf"),
    ],
)
def test_a_file_name_limits_the_question_however_it_is_typed(world: World, question: str, filename: str) -> None:
    assert world.named(question) == [filename]


@pytest.mark.parametrize(
    ("question", "filename"),
    [
        ("Which results in the lab report are below the reference range?", "lab.pdf"),
        ("According to the laboratory report, what is the potassium?", "lab.pdf"),
        ("What is the notice period in the rental contract?", "rental contract.docx"),
        ("Summarise the handbook", "operations-handbook.pdf"),
        ("Please give me a short summary of the operations handbook.", "operations-handbook.pdf"),
        ("What is the handbook about?", "operations-handbook.pdf"),
        ("What are the main points of the minutes?", "minutes.pdf"),
        ("What does the travel policy say about hotels?", "travel_policy.pdf"),
        ("What is a pallet in the price list?", "price-list-2026.csv"),
        ("How much is planned in the budget for travel?", "budget.xlsx"),
        ("Summarise report 7", "report_7.pdf"),
        ("Who may park according to the parking rules?", "parking.pdf"),
        ("What does the 合同 contract say?", "合同.pdf"),
        ("Wie hoch ist die Kaution laut Mietvertrag?", "Mietvertrag.pdf"),
        ("Was steht im Mietvertrag über Haustiere?", "Mietvertrag.pdf"),
        ("Fasse den Mietvertrag zusammen", "Mietvertrag.pdf"),
        ("Que dit le rapport annuel sur les ventes ?", "rapport-annuel.pdf"),
        ("D'après le contrat de location, quel est le loyer ?", "bail.pdf"),
        ("Résume le contrat de location", "bail.pdf"),
        ("Según el informe de laboratorio, ¿cuál es el potasio?", "informe_laboratorio.pdf"),
        ("¿Cuál es el potasio en el informe de laboratorio?", "informe_laboratorio.pdf"),
        ("Secondo il verbale, chi era presente?", "verbale.pdf"),
        ("Cosa dice il verbale sulla riunione?", "verbale.pdf"),
        ("De acordo com a política de viagens, qual é o limite?", "política de viagens.pdf"),
        ("Resuma a política de viagens", "política de viagens.pdf"),
        ("Volgens de huurovereenkomst, wat is de huur?", "huurovereenkomst.pdf"),
        ("Wat is de huur in de huurovereenkomst?", "huurovereenkomst.pdf"),
    ],
)
def test_a_description_limits_the_question(world: World, question: str, filename: str) -> None:
    assert world.named(question) == [filename]


@pytest.mark.parametrize(
    "question",
    [
        "What does the report say?",
        "Summarise the report",
        "According to the report, how many?",
        "What is the total due on the invoice?",
        "What is the total due on invoice 2026-0342?",
        "How long does it take in minutes?",
        "How many spaces are there in the parking garage?",
        "Who signs the contract before it is sent?",
        "What is the travel policy?",
        "What is the policy on travel?",
        "minutes",
        "Summarise inutes.pdf",
        "How much paper is left?",
        "In a budget year, what comes first?",
        "Is 3.5 the right value?",
        "Where does the term 'Parking' come from?",
        "What is the origin of the word budget?",
        "What is the first process in photosynthesis?",
        "What does krypton-85 decay to?",
        "Summarise all documents",
        "What do the documents say?",
        "What is 35 percent of the rent?",
        "Everything except minutes.pdf: what about fees?",
        "What is the fee if not in contract.pdf?",
        "Which documents mention minutes.pdf?",
        "Where is contract.pdf mentioned?",
        "Was kostet ein Vertrag?",
        "Was steht in dem Bericht?",
        "Quel est le prix du papier ?",
        "¿Qué informe es el mejor?",
        "Hoe lang duurt het in minuten?",
    ],
)
def test_an_ordinary_word_names_no_document(world: World, question: str) -> None:
    assert world.named(question) == []


def test_several_names_are_all_in_the_scope(world: World) -> None:
    assert world.named("Compare minutes.pdf and contract.pdf") == ["minutes.pdf", "contract.pdf"]


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("According to the lab report, which results are low?", "which results are low?"),
        ("Which results in the lab report are low?", "Which results are low?"),
        ("How many suppliers are mentioned in contract.pdf?", "How many suppliers are mentioned?"),
        ("What does the travel policy say about hotels?", "What about hotels?"),
        ("Wie hoch ist laut Mietvertrag die Kaution?", "Wie hoch ist die Kaution?"),
        ("In the minutes, what was decided?", "what was decided?"),
    ],
)
def test_names_are_no_search_words(world: World, question: str, rest: str) -> None:
    scope = world.scope(question)
    assert scope is not None
    assert (scope.rest, scope.query, scope.asks_for_all) == (rest, rest, False)


@pytest.mark.parametrize(
    "question",
    [
        "minutes.pdf",
        "What is in the budget?",
        "What does the lab report say?",
        "What are the main points of the minutes?",
        "Was steht im Mietvertrag?",
        "Que dit le rapport annuel ?",
        "Cosa dice il verbale?",
    ],
)
def test_a_name_alone_asks_for_what_the_document_says(world: World, question: str) -> None:
    scope = world.scope(question)
    assert scope is not None
    assert (scope.asks_for_all, scope.query) == (True, question)


def test_the_one_document_of_a_kind_is_named_less_firmly_than_by_its_name(world: World) -> None:
    loosely, firmly = world.scope("What is planned in the budget?"), world.scope("What is planned in budget.xlsx?")
    assert loosely is not None
    assert firmly is not None
    assert (loosely.is_firm, firmly.is_firm) == (False, True)


def test_the_scope_is_a_filter_and_a_reason(world: World) -> None:
    scope = world.scope("Compare report_1.pdf, report_2.pdf, report_3.pdf and report_4.pdf")
    assert scope is not None
    assert scope.describe() == "in report_1.pdf, report_2.pdf, report_3.pdf and 1 more, which the question names"
    files = {document.file_id for document in scope.documents}
    assert world.library.find_matching_files(world.collection_id, make_scope_filter(scope)) == files


def test_another_collection_has_other_names(world: World) -> None:
    other = world.library.create_collection("other", passport())
    assert resolve_scope(world.library, [other.id], "Summarise minutes.pdf") is None


def test_a_long_message_is_a_text_and_names_nothing(world: World) -> None:
    assert world.named("Summarise minutes.pdf. " + "It was a long day. " * 40) == []


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Who signed report 7?", "report_7.pdf"),
        ("Who signed the third report?", "report_3.pdf"),
        ("What does report no. 12 say about costs?", "report_12.pdf"),
    ],
)
def test_a_number_tells_documents_of_one_kind_apart_but_not_firmly(world: World, question: str, name: str) -> None:
    scope = world.scope(question)
    assert scope is not None
    assert ([document.filename for document in scope.documents], scope.is_firm) == ([name], False)


@pytest.mark.parametrize("question", ["Who bought 2 books?", "What is the second point?", "What happened on day 3?"])
def test_a_number_beside_another_noun_names_no_document(world: World, question: str) -> None:
    assert world.named(question) == []
