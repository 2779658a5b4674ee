"""Overviews made of the documents' own sentences, with a real library."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.types import BlockKind, Chunk, ChunkedDocument, Page, ParsedDocument
from rag.questions.overview_intent import OverviewIntent
from rag.summarization.extractive_overview import MAX_ITEMS, MAX_SENTENCES, quote_overview
from rag.summarization.overview_types import NOTHING_NOTED, Overview, OverviewEvent
from rag.types import AnswerProgress
from tests.ingest import library_world
from tests.rag.overview_world import LISTING, SUMMARY, World, read_to_end, text_of

PUMP = "Pump. The pump in the cellar is oiled every three months by the technician. Nobody may open it."
LUNCH = "Lunch is served at noon in the canteen on the second floor. The canteen closes at two."
DRILL = "The fire drill takes place in March and everybody leaves by the stairs. The lifts stand still."


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    library = Library(tmp_path / "home")
    yield World.over(library)
    library.close()


def quote(world: World, question: OverviewIntent) -> tuple[list[OverviewEvent], Overview]:
    return read_to_end(quote_overview(world.library, library_world.EMBEDDER, world.request(question)))


def assert_all_is_quoted(world: World, result: Overview) -> None:
    rest = result.text[result.own_chars :]
    for span in result.quotes:
        text = world.library.document_text(world.collection.id, span.match.stored.file_id)
        assert result.text[span.start : span.end] == text[span.match.start : span.match.end]
        rest = rest.replace(f"{span.match.text} [{span.number}]", "", 1)
        assert span.match.stored in [passage.stored for passage in result.passages if passage.number == span.number]
    assert rest.strip() == ""


def test_an_overview_quotes_a_sentence_of_each_document(world: World) -> None:
    world.add("a.txt", PUMP)
    world.add("b.txt", LUNCH, DRILL)
    events, result = quote(world, SUMMARY)
    assert_all_is_quoted(world, result)
    assert [span.match.stored.filename for span in result.quotes] == ["a.txt", "b.txt", "b.txt"]
    assert result.quotes[0].match.text == "The pump in the cellar is oiled every three months by the technician."
    assert text_of(events) == result.text
    assert "3 passages of 2 documents" in result.reason
    steps = [event for event in events if isinstance(event, AnswerProgress) and event.total]
    assert [(step.done, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert steps[0].found == result.quotes[0].match.text


def test_an_overview_of_a_long_document_embeds_few_sentences_and_spreads_over_it(world: World) -> None:
    world.add("long.txt", *(f"Page {n} says that item {n} is part number {n} of the record." for n in range(300)))
    before = len(library_world.EMBEDDER.calls)
    _, result = quote(world, SUMMARY)
    embedded = sum(map(len, library_world.EMBEDDER.calls[before:]))
    assert len(result.quotes) == MAX_SENTENCES >= embedded
    pages = [span.match.stored.chunk.first_page for span in result.quotes]
    assert pages == sorted(pages)
    assert pages[0] <= 15
    assert pages[-1] > 285
    assert_all_is_quoted(world, result)


def test_an_overview_about_something_stays_with_it(world: World) -> None:
    world.add("a.txt", *[PUMP] * 1, *(f"{LUNCH} Menu {n}." for n in range(100)))
    _, result = quote(world, OverviewIntent("overview", "summary", "pump technician"))
    assert any("pump" in span.match.text for span in result.quotes)


def test_documents_beyond_the_number_of_sentences_become_a_shortfall(world: World) -> None:
    for number in range(MAX_SENTENCES + 2):
        world.add(f"{number:02}.txt", f"Document {number} tells the story of item number {number} at length.")
    _, result = quote(world, SUMMARY)
    assert len(result.quotes) == MAX_SENTENCES
    assert result.shortfalls == ("2 shorter documents are not quoted",)
    assert result.shortfalls[0] in result.reason


def test_a_list_has_what_matches_once_and_says_how_many(world: World) -> None:
    world.add("a.txt", "The drill is one of the machines. It is loud.", "The machines are cleaned. The drill is red.")
    world.add("b.txt", "The drill is one of the machines. Nobody eats here.")
    events, result = quote(world, LISTING)
    assert [span.match.text for span in result.quotes] == [
        "The drill is one of the machines.",
        "The machines are cleaned.",
    ]
    assert result.text.startswith("2 passages match “machines”:\n\nThe drill")
    assert_all_is_quoted(world, result)
    assert text_of(events) == result.text


def test_rows_of_a_table_match_by_the_header_above_them(world: World) -> None:
    text = "Drill | 4 kg\nSaw | 9 kg"
    context = "Inventory\nMachines | Weight"
    chunk = Chunk(0, len(text), text, 1, 1, BlockKind.TABLE, (), context)
    document = ParsedDocument("Inventory", "text/csv", text, (Page(1, 0, len(text)),))
    library_world.add(world.library, world.collection.id, "t.csv", ChunkedDocument(document, (chunk,)))
    _, result = quote(world, LISTING)
    assert [span.match.text for span in result.quotes] == ["Drill | 4 kg", "Saw | 9 kg"]


def test_a_very_long_list_says_what_is_not_shown(world: World) -> None:
    page = " ".join(f"There are machines of kind number{n} here." for n in range(MAX_ITEMS + 5))
    world.add("a.txt", page)
    _, result = quote(world, LISTING)
    assert len(result.quotes) == MAX_ITEMS
    assert result.shortfalls == (f"the best {MAX_ITEMS} of {MAX_ITEMS + 5} are shown",)


def test_an_empty_collection_has_nothing_to_say(world: World) -> None:
    for question in (SUMMARY, LISTING):
        events, result = quote(world, question)
        assert result.text == text_of(events) == NOTHING_NOTED
        assert result.own_chars == len(NOTHING_NOTED)


def test_closing_stops_the_choice(world: World) -> None:
    world.add("long.txt", *(f"Page {n} says that item {n} is part number {n} of the record." for n in range(100)))
    events = quote_overview(world.library, library_world.EMBEDDER, world.request(SUMMARY))
    before = len(library_world.EMBEDDER.calls)
    while not (isinstance(event := next(events), AnswerProgress) and event.done == 2):
        pass
    events.close()
    assert len(library_world.EMBEDDER.calls) - before == 2
