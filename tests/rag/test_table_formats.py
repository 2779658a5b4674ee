"""Questions for rows and cells about files of every format, with the bundled embedder."""

from collections.abc import Iterator

import pytest

from ingest.embedders.embedder import WorkerEmbedder
from ingest.library.library import Library
from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.registry import parse
from tests.fakes import passport
from tests.rag.table_answer_world import TableWorld, quotes
from tests.rag.table_files import TABLE_FORMATS, write_table_file
from tests.rag.tables_world import BUDGET, LAB

pytestmark = pytest.mark.real

NOTES = (
    "Samples of patients are taken before eight. A result outside its range is told to the ward by telephone.",
    "Departments report once a month what they have spent. Whoever is over plan explains why to the head of finance.",
)


@pytest.fixture(scope="module", params=TABLE_FORMATS)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, real_embedder: WorkerEmbedder
) -> Iterator[TableWorld]:
    """A laboratory report and a budget as files of one format, with notes about both."""
    suffix: str = request.param
    folder = tmp_path_factory.mktemp(suffix)
    library = Library(folder / "home")
    collection = library.create_collection("c", passport(real_embedder.dimension))
    new = TableWorld(library, collection, chunk_words=120, embedder=real_embedder)
    for name, rows in (("lab", LAB), ("spending", BUDGET)):
        path = write_table_file(folder / f"{name}.{suffix}", rows)
        new.add(path.name, parse(path, path.name))
    for number, note in enumerate(NOTES):
        builder = DocumentBuilder()
        builder.add_paragraph(note)
        new.add(f"note{number}.txt", builder.build(title="Note", media_type="text/plain", filename="note.txt"))
    yield new
    library.close()


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which results are below the reference range?", ["Ferritin"]),
        ("Which analytes have flag H?", ["Potassium", "Creatinine"]),
        ("Welche Werte liegen über dem Referenzbereich?", ["Potassium", "Creatinine"]),
        ("Which departments are more than 10% over plan?", ["Marketing", "IT"]),
        ("Which departments have an actual between 100,000 and 250,000?", ["Marketing", "IT"]),
        ("Quels services sont en dessous du plan ?", ["Sales", "HR"]),
        ("Which department has the highest plan?", ["Sales"]),
        ("How many departments spent less than planned?", ["Sales", "HR"]),
    ],
)
def test_rows_are_found_in_every_format(world: TableWorld, question: str, rows: list[str]) -> None:
    _, answer = world.ask(question)
    assert [quote.split(" | ")[0] for quote in quotes(answer)] == rows


def test_a_cell_is_found_in_every_format(world: TableWorld) -> None:
    _, answer = world.ask("What is the plan of Marketing?")
    assert answer.text.startswith("Marketing, Plan: 120,000 [")
    assert quotes(answer) == ["120,000"]
