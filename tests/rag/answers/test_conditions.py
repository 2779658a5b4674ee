"""Questions that name an identifier: refused if no document has it, answered from what has it else."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.types import Block, BlockKind, Chunk, ChunkedDocument, Comparison, Heading, Page, ParsedDocument
from rag.types import Answer
from tests.fakes import ScriptedEngine, passport
from tests.ingest.library_world import complete
from tests.rag.test_answering import EMBEDDER, World

FAULTS = {"E-1203": "Cap feeder empty", "E-1205": "Label roll torn", "E-1240": "Air pressure too low"}
HEADER = "Code | Meaning"


def table(*rows: str) -> ChunkedDocument:
    """A document that is one table, a single chunk."""
    text = "\n".join(rows)
    chunk = Chunk(0, len(text), text, 1, 1, BlockKind.TABLE, (), HEADER)
    blocks = (Block(BlockKind.TABLE, 0, len(text), 0),)
    document = ParsedDocument("Faults", "text/plain", text, (Page(1, 0, len(text)),), (), blocks)
    return ChunkedDocument(document, (chunk,))


def sections(**bodies: str) -> ChunkedDocument:
    """A document with a chunk below each heading."""
    text, chunks, headings = "", list[Chunk](), list[Heading]()
    for title, body in bodies.items():
        headings.append(Heading(1, title, len(text)))
        chunks.append(Chunk(len(text), len(text) + len(body), body, 1, 1, BlockKind.PROSE, (title,), title))
        text += body
    return ChunkedDocument(
        ParsedDocument("Rules", "text/plain", text, (Page(1, 0, len(text)),), tuple(headings)), tuple(chunks)
    )


def add(world: World, source: str, content: ChunkedDocument) -> None:
    file = world.library.add_file(source=source, filename=source, content=io.BytesIO(source.encode()))
    vectors = EMBEDDER.embed([chunk.text for chunk in content.chunks])
    complete(world.library, world.library.enqueue(world.collection.id, file.id), content, vectors)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    library = Library(tmp_path / "home")
    world = World(library, library.create_collection("c", passport()), ScriptedEngine(), style="quoted")
    add(world, "faults.csv", table(*(f"{code} | {meaning}" for code, meaning in FAULTS.items())))
    for number, total in (("0311", "412.00"), ("0317", "99.50")):
        world.add(f"invoice_2026-{number}.txt", f"Invoice 2026-{number}\n\nThe total due is {total} EUR.")
    yield world
    library.close()


NEAREST_FAULTS = "; nearest: E-1203, E-1205, E-1240."
NEAREST_INVOICES = "; nearest: 2026-0311, 2026-0317."


@pytest.mark.parametrize(
    ("question", "missing", "nearest"),
    [
        ("What does the fault E-1204 mean?", "E-1204", NEAREST_FAULTS),
        ("e1204", "e1204", NEAREST_FAULTS),
        ("Was bedeutet der Fehler E 1204?", "E 1204", NEAREST_FAULTS),
        ("Que signifie l'erreur E-1204 ?", "E-1204", NEAREST_FAULTS),
        ("What is the total due on invoice 2026-0342?", "2026-0342", NEAREST_INVOICES),
        ("Wie hoch ist die Rechnung Nr. 2026/0342?", "2026/0342", NEAREST_INVOICES),
        ("What does clause 14.2 say about the total due?", "clause 14.2", "."),
        ("Which fault is XQ-77?", "XQ-77", "."),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "retrieval"])
def test_what_no_document_has_is_said_not_to_be_there(
    world: World, question: str, missing: str, nearest: str, mode: str
) -> None:
    answer = world.answer(question, mode=mode)
    text = f"{missing} is not in these documents{nearest}"
    assert (answer.mode, answer.text, answer.citations) == ("none", text, ())
    assert answer.evidence
    assert not world.engine.requests


def test_a_model_that_writes_is_not_asked_about_what_no_document_has(world: World) -> None:
    world.style = "written"
    assert world.answer("What does the fault E-1204 mean?").mode == "none"
    assert not world.engine.requests


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("What does the fault E-1205 mean?", "E-1205 | Label roll torn"),
        ("e1205", "E-1205 | Label roll torn"),
        ("Was bedeutet der Fehler E 1240?", "E-1240 | Air pressure too low"),
        ("What is the total due on invoice 2026-0311?", "The total due is 412.00 EUR."),
        ("Rechnung 2026/0317 total due?", "The total due is 99.50 EUR."),
        ("20260317 total due", "The total due is 99.50 EUR."),
    ],
)
def test_only_what_has_the_identifier_is_quoted(world: World, question: str, quote: str) -> None:
    answer = world.answer(question)
    assert quote in [citation.quote.quote for citation in answer.citations]
    others = {*FAULTS, "2026-0311", "2026-0317"} - {*(code for code in FAULTS if code in quote)}
    quoted = " ".join(citation.quote.quote for citation in answer.citations if "invoice" not in citation.quote.filename)
    assert not any(other in quoted for other in others)
    assert len({citation.quote.filename for citation in answer.citations}) == 1


def test_of_two_codes_the_one_that_is_there_is_answered_and_the_other_said_to_be_missing(world: World) -> None:
    answer = world.answer("What is the difference between E-1203 and E-1204?")
    assert answer.text.startswith("E-1204 is not in these documents; nearest: E-1203, E-1205, E-1240.\n\n")
    (citation,) = answer.citations
    assert "E-1203" in answer.text[citation.answer_start : citation.answer_end]
    assert [citation.quote.quote for citation in answer.citations] == ["E-1203 | Cap feeder empty"]


def test_a_sentence_belongs_to_the_code_above_it(world: World) -> None:
    world.add(
        "notes.txt", "P-11: stop the pump. Then call the shift leader.\n\nP-12: open the valve. Then call the plumber."
    )
    answer = world.answer("Who do I call at P-12?")
    assert "Then call the plumber." in [citation.quote.quote for citation in answer.citations]
    assert not any("leader" in citation.quote.quote for citation in answer.citations)


def test_a_heading_names_what_stands_below_it(world: World) -> None:
    add(
        world,
        "rules.txt",
        sections(**{"14.2 Fees": "The fee is 20 EUR. ", "14.3 Delays": "The fee for delays is 30 EUR."}),
    )
    answer = world.answer("What is the fee in clause 14.2?")
    assert [citation.quote.quote for citation in answer.citations] == ["The fee is 20 EUR."]
    missing = world.answer("What is the fee in clause 14.5?")
    assert missing.text == "clause 14.5 is not in these documents; nearest: 14.2, 14.3."


def test_only_documents_that_match_the_filters_count(world: World) -> None:
    question = replace(world.question("What is E-1205?"), filters=Comparison("glob", "filename", "invoice*"))
    *_, answer = world.answerer.answer(question)
    assert isinstance(answer, Answer)
    assert answer.text == "E-1205 is not in these documents."


def test_a_code_is_found_among_many_chunks_that_have_its_digits(world: World) -> None:
    for number in range(30):
        world.add(f"year{number}.txt", f"In {1200 + number} there were 1208 ships in the harbour of town {number}.")
    world.add("new.txt", "The lamp of E-1208 is red.")
    answer = world.answer("What colour is the lamp of E1208?", mode="retrieval")
    assert [citation.quote.quote for citation in answer.citations] == ["The lamp of E-1208 is red."]
