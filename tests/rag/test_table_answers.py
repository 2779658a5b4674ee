"""Answers from tables, from the question to the pins, with a scripted engine and a real library."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.parsers.document_builder import DocumentBuilder
from rag.engines.types import ModelInfo, Sampling
from rag.tables.answer import MAX_ROWS
from tests.fakes import ScriptedEngine, passport
from tests.rag.table_answer_world import TableWorld, quotes
from tests.rag.tables_world import BUDGET, LAB, make_document

BEDS = [["Ward", "Beds in 2025 / Free", "Beds in 2026 / Free"], ["Cardiology", "4", "7"], ["Surgery", "40", "1"]]


class AbleEngine(ScriptedEngine):
    """A scripted model that is large enough to write."""

    def info(self) -> ModelInfo:
        return replace(super().info(), size_bytes=3_000_000_000)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TableWorld]:
    library = Library(tmp_path / "home")
    new = TableWorld(library, library.create_collection("c", passport()))
    new.add("lab.txt", make_document(LAB, heading="Lab results"))
    new.add("budget.txt", make_document(BUDGET, heading="Budget of departments"))
    new.add("beds.txt", make_document(BEDS, heading="Beds of wards"))
    yield new
    library.close()


def test_rows_by_a_condition_are_the_answer_with_the_names_of_their_columns(world: TableWorld) -> None:
    started, answer = world.ask("Which lab results are below the reference range?")
    assert answer.text == (
        "1 of 6 rows fits “below the reference range”:\n\n"
        "Analyte: Ferritin; Result: 11; Unit: ug/L; Reference: 30 - 400; Flag: L [1]"
    )
    assert quotes(answer) == ["Ferritin | 11 | ug/L | 30 - 400 | L"]
    assert [quote.quote for quote in started.evidence] == quotes(answer)
    assert (answer.mode, answer.style) == ("retrieval", "quoted")
    assert [sentence.verdict for sentence in answer.sentences] == ["supported"]


def test_a_cell_that_the_question_names_is_cited_alone(world: TableWorld) -> None:
    _, answer = world.ask("How many beds were free in Surgery in 2026?")
    assert answer.text == "Surgery, Beds in 2026 / Free: 1 [1]"
    assert quotes(answer) == ["1"]


def test_all_rows_of_a_table_count_and_not_those_of_the_retrieved_chunks_alone(world: TableWorld) -> None:
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


def test_a_table_whose_words_are_others_than_those_of_the_condition_is_read_too(world: TableWorld) -> None:
    for number in range(6):
        builder = DocumentBuilder()
        builder.add_paragraph(f"Which articles cost more than 1,000 euros is decided by office {number}.")
        world.add(f"rule{number}.txt", builder.build(title="Rule", media_type="text/plain", filename="r.txt"))
    prices = [["Article", "Price EUR"], ["OC-1", "4,890.00"], ["OC-2", "72.00"], ["OC-3", "1,250.00"]]
    world.add("prices.txt", make_document(prices))
    _, answer = world.ask("Which articles cost more than 1,000 euros?")
    assert quotes(answer) == ["OC-1 | 4,890.00", "OC-3 | 1,250.00"]


def test_rows_about_other_things_are_left_out(world: TableWorld) -> None:
    rental = [["Bicycle", "Day", "Week"], ["Porter", "29 euros", "139 euros"], ["Finch", "17 euros", "79 euros"]]
    world.add("rental.txt", make_document(rental, heading="Rental cost"))
    _, answer = world.ask("What does the Finch rental cost?")
    assert answer.text.startswith("Bicycle: Finch; Day: 17 euros; Week: 79 euros [")
    assert quotes(answer) == ["Finch | 17 euros | 79 euros"]


def test_an_extreme_is_said_in_the_words_of_the_question(world: TableWorld) -> None:
    _, answer = world.ask("Which department has the highest actual of the budget?")
    assert answer.text.startswith("1 of 4 rows fits “highest actual of the budget”:\n\nDepartment: Sales;")


def test_no_row_is_an_answer_too(world: TableWorld) -> None:
    _, answer = world.ask("Which lab results have a result above 5,000?")
    assert answer.text == "None of 6 rows of the table fits “above 5,000”."
    assert answer.citations == ()


def test_a_condition_that_cannot_be_read_is_admitted(world: TableWorld) -> None:
    _, answer = world.ask("Which analyte has flag results that were sent more than 3 times?")
    assert answer.text.startswith(
        "This asks for rows by a condition that could not be read from the question: “more than 3 times”. "
        "The nearest rows:\n\n"
    )
    assert answer.citations


def test_own_words_have_none_of_the_documents(world: TableWorld) -> None:
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
def test_conditions_of_several_kinds(world: TableWorld, question: str, cited: Sequence[str]) -> None:
    _, answer = world.ask(question)
    assert [quote.split(" | ")[0] for quote in quotes(answer)] == cited


def test_an_able_model_writes_about_cells_and_leaves_conditions_to_the_table(world: TableWorld) -> None:
    world.engine = AbleEngine(["One bed [1]."])
    _, written = world.ask("How many beds were free in Surgery in 2026?")
    _, selected = world.ask("Which lab results are below the reference range?")
    assert (written.style, written.text) == ("written", "One bed [1].")
    assert (selected.style, quotes(selected)) == ("quoted", ["Ferritin | 11 | ug/L | 30 - 400 | L"])


def test_json_is_left_to_the_model(world: TableWorld) -> None:
    world.engine = AbleEngine(['{"a": 1}'])
    _, answer = world.ask(
        "Which lab results are below the reference range?", sampling=Sampling(json_schema='{"type": "object"}')
    )
    assert answer.text == '{"a": 1}'
