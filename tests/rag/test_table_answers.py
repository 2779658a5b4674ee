"""Answers from tables, from the question to the pins, with a scripted engine and a real library."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ingest.chunking.chunker import ChunkSpec, split
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.parsers.document_builder import DocumentBuilder
from ingest.types import ChunkedDocument, Collection, ParsedDocument
from rag.answering import Answerer
from rag.context.answer_policy import AnswerPolicy
from rag.engines.types import Message, ModelInfo, Sampling
from rag.grounding.evidence import EvidenceFinder
from rag.retrieval.hybrid import Retriever
from rag.tables.answer import MAX_ROWS
from rag.types import Answer, AnswerStarted, AnswerStyle, Question
from tests.fakes import HashEmbedder, ScriptedEngine, WordTokenizer, passport
from tests.ingest.library_world import complete
from tests.rag.tables_world import BUDGET, LAB, make_document

EMBEDDER = HashEmbedder()
BEDS = [["Ward", "Beds in 2025 / Free", "Beds in 2026 / Free"], ["Cardiology", "4", "7"], ["Surgery", "40", "1"]]


class AbleEngine(ScriptedEngine):
    """A scripted model that is large enough to write."""

    def info(self) -> ModelInfo:
        return replace(super().info(), size_bytes=3_000_000_000)


@dataclass
class World:
    """A library with one collection of tables, and an answerer over it."""

    library: Library
    collection: Collection
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)

    def add(self, source: str, document: ParsedDocument) -> None:
        chunks = split(document, ChunkSpec(60), WordTokenizer())
        file = self.library.add_file(source=source, filename=source, content=io.BytesIO(source.encode()))
        vectors = EMBEDDER.embed([f"{chunk.context}\n{chunk.text}" for chunk in chunks])
        queued = self.library.enqueue(self.collection.id, file.id)
        complete(self.library, queued, ChunkedDocument(document, tuple(chunks)), vectors)

    def ask(
        self, text: str, *, style: AnswerStyle = "auto", sampling: Sampling | None = None
    ) -> tuple[AnswerStarted, Answer]:
        answerer = Answerer(
            self.library,
            Retriever(self.library, SearchIndex(self.library), EMBEDDER, fusion_weight=0.5),
            EvidenceFinder(self.library, EMBEDDER),
            lambda _: self.engine,
            AnswerPolicy(top_k=4, min_score=0.2, max_answer_tokens=64, style="auto"),
        )
        question = Question((Message("user", text),), (self.collection.id,), sampling or Sampling(), style=style)
        started, *_, answer = answerer.answer(question)
        assert isinstance(started, AnswerStarted)
        assert isinstance(answer, Answer)
        self.check_pins(answer)
        return started, answer

    def check_pins(self, answer: Answer) -> None:
        """Every citation is exact, of a passage of the answer, and covers what the answer shows of the document."""
        for citation in answer.citations:
            quote = citation.quote
            text = self.library.document_text(quote.collection_id, quote.file_id)
            assert text[quote.start : quote.end] == quote.quote
            if citation.origin == "quote":
                assert quote.quote.split(" | ")[0] in answer.text[citation.answer_start : citation.answer_end]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    library = Library(tmp_path / "home")
    new = World(library, library.create_collection("c", passport()))
    new.add("lab.txt", make_document(LAB, heading="Lab results"))
    new.add("budget.txt", make_document(BUDGET, heading="Budget of departments"))
    new.add("beds.txt", make_document(BEDS, heading="Beds of wards"))
    yield new
    library.close()


def quotes(answer: Answer) -> list[str]:
    return [citation.quote.quote for citation in answer.citations]


def test_rows_by_a_condition_are_the_answer_with_the_names_of_their_columns(world: World) -> None:
    started, answer = world.ask("Which lab results are below the reference range?")
    assert answer.text == (
        "1 of 6 rows fits “below the reference range”:\n\n"
        "Analyte: Ferritin; Result: 11; Unit: ug/L; Reference: 30 - 400; Flag: L [1]"
    )
    assert quotes(answer) == ["Ferritin | 11 | ug/L | 30 - 400 | L"]
    assert [quote.quote for quote in started.evidence] == quotes(answer)
    assert (answer.mode, answer.style) == ("retrieval", "quoted")
    assert [sentence.verdict for sentence in answer.sentences] == ["supported"]


def test_a_cell_that_the_question_names_is_cited_alone(world: World) -> None:
    _, answer = world.ask("How many beds were free in Surgery in 2026?")
    assert answer.text == "Surgery, Beds in 2026 / Free: 1 [1]"
    assert quotes(answer) == ["1"]


def test_all_rows_of_a_table_count_and_not_those_of_the_retrieved_chunks_alone(world: World) -> None:
    parts = [["Spare part", "Stock"], *[[f"Part {number}", str(number % 100)] for number in range(300)]]
    world.add("parts.txt", make_document(parts, heading="Spare parts in stock"))
    _, answer = world.ask("Which spare parts have a stock below 2?")
    assert answer.text.startswith("6 of 300 rows fit “below 2”:")
    assert quotes(answer) == [
        "Part 0 | 0",
        "Part 1 | 1",
        "Part 100 | 0",
        "Part 101 | 1",
        "Part 200 | 0",
        "Part 201 | 1",
    ]
    _, answer = world.ask("How many spare parts have a stock of at least 10?")
    assert answer.text.startswith(f"270 of 300 rows fit “at least 10”; the first {MAX_ROWS} of them:")
    assert len(answer.citations) == MAX_ROWS


def test_a_table_whose_words_are_others_than_those_of_the_condition_is_read_too(world: World) -> None:
    for number in range(6):
        builder = DocumentBuilder()
        builder.add_paragraph(f"Which articles cost more than 1,000 euros is decided by office {number}.")
        world.add(f"rule{number}.txt", builder.build(title="Rule", media_type="text/plain", filename="r.txt"))
    prices = [["Article", "Price EUR"], ["OC-1", "4,890.00"], ["OC-2", "72.00"], ["OC-3", "1,250.00"]]
    world.add("prices.txt", make_document(prices))
    _, answer = world.ask("Which articles cost more than 1,000 euros?")
    assert quotes(answer) == ["OC-1 | 4,890.00", "OC-3 | 1,250.00"]


def test_rows_about_other_things_are_left_out(world: World) -> None:
    rental = [["Bicycle", "Day", "Week"], ["Porter", "29 euros", "139 euros"], ["Finch", "17 euros", "79 euros"]]
    world.add("rental.txt", make_document(rental, heading="Rental cost"))
    _, answer = world.ask("What does the Finch rental cost?")
    assert answer.text.startswith("Bicycle: Finch; Day: 17 euros; Week: 79 euros [")
    assert quotes(answer) == ["Finch | 17 euros | 79 euros"]


def test_an_extreme_is_said_in_the_words_of_the_question(world: World) -> None:
    _, answer = world.ask("Which department has the highest actual of the budget?")
    assert answer.text.startswith("1 of 4 rows fits “highest actual of the budget”:\n\nDepartment: Sales;")


def test_no_row_is_an_answer_too(world: World) -> None:
    _, answer = world.ask("Which lab results have a result above 5,000?")
    assert answer.text == "None of 6 rows of the table fits “above 5,000”."
    assert answer.citations == ()


def test_a_condition_that_cannot_be_read_is_admitted(world: World) -> None:
    _, answer = world.ask("Which analyte has flag results that were sent more than 3 times?")
    assert answer.text.startswith(
        "This asks for rows by a condition that could not be read from the question: “more than 3 times”. "
        "The nearest rows:\n\n"
    )
    assert answer.citations


def test_own_words_have_none_of_the_documents(world: World) -> None:
    question = "Which departments are more than 10% over plan?"
    _, answer = world.ask(question)
    lead = answer.text[: answer.citations[0].answer_start]
    assert lead == "2 of 4 rows fit “more than 10%” and “over plan”:\n\n"
    assert quotes(answer)[0].startswith("Marketing | 120,000")


@pytest.mark.parametrize(
    ("question", "cited"),
    [
        ("Welche lab results liegen über dem Referenzbereich?", ["Potassium", "Creatinine"]),
        ("List all lab results with flag H", ["Potassium", "Creatinine"]),
        ("Which departments are over budget?", ["Marketing", "IT"]),
        ("Which department has the highest actual of the budget?", ["Sales"]),
    ],
)
def test_conditions_of_several_kinds(world: World, question: str, cited: Sequence[str]) -> None:
    _, answer = world.ask(question)
    assert [quote.split(" | ")[0] for quote in quotes(answer)] == cited


def test_an_able_model_writes_about_cells_and_leaves_conditions_to_the_table(world: World) -> None:
    world.engine = AbleEngine(["One bed [1]."])
    _, written = world.ask("How many beds were free in Surgery in 2026?")
    _, selected = world.ask("Which lab results are below the reference range?")
    assert (written.style, written.text) == ("written", "One bed [1].")
    assert (selected.style, quotes(selected)) == ("quoted", ["Ferritin | 11 | ug/L | 30 - 400 | L"])


def test_json_is_left_to_the_model(world: World) -> None:
    world.engine = AbleEngine(['{"a": 1}'])
    _, answer = world.ask(
        "Which lab results are below the reference range?", sampling=Sampling(json_schema='{"type": "object"}')
    )
    assert answer.text == '{"a": 1}'
