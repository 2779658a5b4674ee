"""Pins outlive their documents' re-ingestion, and lose their words with their documents."""

import io
from collections.abc import Callable
from contextlib import closing

import pytest

from ingest.conversation_types import NewTurn
from ingest.jobs.queue import IngestQueue
from ingest.library.library import Library
from ingest.types import DocumentRecord
from ingest.upkeep.purge import purge
from ingest.upkeep.rebuild import rebuild
from tests.fakes import chunked, passport
from tests.ingest.conversation_world import ask, quote_of, states
from tests.ingest.library_world import add
from tests.ingest.upkeep.test_purge import traces
from tests.ingest.upkeep.test_rebuild import NEW_PASSPORT, Reader

PUMP = "The pump is oiled with zwieback every 3 months."
WORDS = "oiled with zwieback"


@pytest.fixture
def pump(library: Library) -> DocumentRecord:
    """A document in the collection `c`."""
    return add(library, library.create_collection("c", passport()).id, "pump.txt", chunked(PUMP))


@pytest.fixture
def conversation(library: Library, pump: DocumentRecord) -> str:
    """A conversation that quotes it twice, once as evidence."""
    id_ = library.create_conversation().id
    ask(library, id_, quote_of(library, pump, WORDS, (0, 5)), quote_of(library, pump, "pump"))
    return id_


def test_pins_survive_the_reading_of_an_unchanged_file_again(
    library: Library, pump: DocumentRecord, conversation: str
) -> None:
    assert states(library, conversation) == [("unchanged", WORDS), ("unchanged", "pump")]
    add(library, pump.collection_id, "pump.txt", chunked(PUMP))
    library.enqueue(pump.collection_id, pump.file_id, again=True)
    assert states(library, conversation) == [("unchanged", WORDS), ("unchanged", "pump")]
    (turn,) = [turn for turn in library.conversation_path(conversation) if turn.quotes]
    text = library.document_text(pump.collection_id, pump.file_id)
    assert all(text[quote.start : quote.end] == quote.quote for quote in turn.quotes)


def test_pins_survive_a_rebuild_of_the_collection(library: Library, pump: DocumentRecord, conversation: str) -> None:
    reader = Reader(library)
    queue = IngestQueue(library, reader)
    queue.start()
    assert rebuild(library, "c", NEW_PASSPORT).is_new
    queue.close()
    assert reader.read == ["pump.txt"]
    assert states(library, conversation) == [("unchanged", WORDS), ("unchanged", "pump")]


def test_a_pin_of_an_older_version_says_that_its_source_changed(
    library: Library, pump: DocumentRecord, conversation: str
) -> None:
    add(library, pump.collection_id, "pump.txt", chunked("The pump is oiled monthly."))
    assert states(library, conversation) == [("changed", WORDS), ("changed", "pump")]
    add(library, pump.collection_id, "pump.txt", chunked(PUMP))
    assert states(library, conversation) == [("unchanged", WORDS), ("unchanged", "pump")]


def test_a_pin_whose_file_is_read_in_another_way_says_so(
    library: Library, pump: DocumentRecord, conversation: str
) -> None:
    with library.storage.database.write() as db:
        db.execute("UPDATE pages SET text = replace(text, 'oiled', 'OILED')")
    assert states(library, conversation) == [("changed", WORDS), ("unchanged", "pump")]


def test_a_pin_follows_a_file_that_is_moved(library: Library, pump: DocumentRecord, conversation: str) -> None:
    library.rename_file(pump.file_id, "new/pump.txt", "pump.txt")
    assert states(library, conversation)[0] == ("unchanged", WORDS)
    add(library, pump.collection_id, "new/pump.txt", chunked("The pump is oiled monthly."))
    assert states(library, conversation)[0] == ("changed", WORDS)


REMOVALS: dict[str, Callable[[Library, DocumentRecord], None]] = {
    "delete file": lambda library, pump: library.delete_file(pump.file_id),
    "remove document": lambda library, pump: library.remove_document(pump.collection_id, pump.file_id),
    "remove everywhere": lambda library, pump: library.remove(pump.file_id, None),
    "delete collection": lambda library, pump: library.delete_collection(pump.collection_id),
}


@pytest.mark.parametrize("remove", REMOVALS.values(), ids=list(REMOVALS))
def test_quotes_lose_their_words_with_their_document(
    library: Library, pump: DocumentRecord, conversation: str, remove: Callable[[Library, DocumentRecord], None]
) -> None:
    other = add(library, library.create_collection("other", passport()).id, "valve.txt", chunked("A red valve."))
    ask(library, conversation, quote_of(library, other, "red"))
    remove(library, pump)
    if any(
        file.id == pump.file_id for file in library.files()
    ):  # the original of a document that was only taken out stays
        library.delete_file(pump.file_id)
    purge(library)
    assert states(library, conversation) == [("removed", ""), ("removed", ""), ("unchanged", "red")]
    turns = library.conversation_path(conversation)
    quote = turns[1].quotes[0]
    assert (quote.filename, quote.page, quote.place, quote.boxes, quote.source) == ("pump.txt", 1, "", (), "")
    assert [turn.text for turn in turns[:2]] == ["How often is it oiled?", "Every 3 months."]
    assert [turn.remarks for turn in turns] == [(), (), (), ("oil is not in the quote",)]
    assert traces(library.home) == []


def test_an_older_version_goes_with_the_last_document_of_its_source(
    library: Library, pump: DocumentRecord, conversation: str
) -> None:
    newer = add(library, pump.collection_id, "pump.txt", chunked("The pump is oiled monthly."))
    ask(library, conversation, quote_of(library, newer, "monthly"))
    library.remove(newer.file_id, None)
    assert states(library, conversation) == [("removed", "")] * 3


def test_a_version_that_waits_keeps_the_quotes_of_the_one_that_is_shown(
    library: Library, pump: DocumentRecord, conversation: str
) -> None:
    waiting = library.add_file(source="pump.txt", filename="pump.txt", content=io.BytesIO(b"new"))
    library.enqueue(pump.collection_id, waiting.id)
    library.remove(waiting.id, None)
    assert states(library, conversation)[0] == ("unchanged", WORDS)


def test_a_document_that_comes_again_does_not_bring_removed_words_back(
    library: Library, pump: DocumentRecord, conversation: str
) -> None:
    library.remove(pump.file_id, None)
    add(library, pump.collection_id, "pump.txt", chunked(PUMP))
    assert states(library, conversation) == [("removed", ""), ("removed", "")]


def test_an_answer_that_is_made_of_quotes_loses_those_of_a_removed_document(
    library: Library, pump: DocumentRecord
) -> None:
    id_ = library.create_conversation().id
    text = f"Yes: {PUMP} [1]"
    quote = quote_of(library, pump, PUMP, (5, 5 + len(PUMP)))
    library.append_turns(
        id_, None, [NewTurn("user", "?"), NewTurn("assistant", text, is_verbatim=True, quotes=(quote,))]
    )
    library.remove(pump.file_id, None)
    left = library.conversation_path(id_)[1].text
    assert left == f"Yes: {'█' * len(PUMP)} [1]"
    assert library.conversations("zwieback") == []
    purge(library)
    assert traces(library.home) == []


def test_words_of_a_document_that_was_removed_while_the_answer_was_written_are_not_stored(
    library: Library, pump: DocumentRecord
) -> None:
    quote = quote_of(library, pump, WORDS)
    library.remove(pump.file_id, None)
    id_ = library.create_conversation().id
    ask(library, id_, quote)
    assert states(library, id_) == [("removed", "")]
    purge(library)
    assert traces(library.home) == []


def test_a_conversation_outlives_its_collection(library: Library, pump: DocumentRecord, conversation: str) -> None:
    library.delete_collection(pump.collection_id)
    home = library.home
    library.close()
    with closing(Library(home)) as again:
        assert len(again.conversation_path(conversation)) == 2
