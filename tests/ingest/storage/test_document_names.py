"""Documents are looked up by their names, whatever happens to them."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.storage import maintenance
from ingest.text.names import make_name_key
from tests.fakes import chunked, passport
from tests.ingest import library_world


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "home")
    made.create_collection("c", passport())
    yield made
    made.close()


def add(library: Library, source: str, title: str = "", text: str = "Something.") -> str:
    content = chunked(text)
    content = replace(content, document=replace(content.document, title=title))
    return library_world.add(library, library.collection("c").id, source, content).file_id


def by_key(library: Library, name: str) -> list[str]:
    ids = [library.collection("c").id]
    return [found.filename for found in library.find_documents_by_keys(ids, [make_name_key(name)], limit=9)]


def by_words(library: Library, *words: str) -> list[str]:
    ids = [library.collection("c").id]
    return sorted(found.filename for found in library.find_documents_by_words(ids, words, limit=9))


@pytest.mark.parametrize("name", ["Travel_Policy.pdf", "travel policy.pdf", "TRAVEL-POLICY", "Règles de voyage"])
def test_a_document_is_found_by_file_name_stem_and_title(library: Library, name: str) -> None:
    add(library, "/in/travel_policy.pdf", "Règles de voyage")
    add(library, "/in/travel.pdf", "Travel")
    assert by_key(library, name) == ["travel_policy.pdf"]


def test_words_are_of_the_name_and_the_title_together_and_may_be_shortened(library: Library) -> None:
    add(library, "/in/lab.pdf", "Report of May")
    add(library, "/in/laboratory_rules.pdf", "Rules")
    assert by_words(library, "laboratory") == ["lab.pdf", "laboratory_rules.pdf"]
    assert by_words(library, "lab", "report") == ["lab.pdf"]
    assert by_words(library, "la") == []
    assert by_words(library) == []


def test_a_name_follows_a_rename_a_new_title_and_a_removal(library: Library) -> None:
    file_id = add(library, "/in/old.txt", "old")
    library.rename_file(file_id, "/in/new.txt", "new.txt")
    assert (by_key(library, "old.txt"), by_key(library, "new.txt")) == ([], ["new.txt"])
    library.delete_file(file_id)
    assert by_key(library, "new.txt") == []
    with library.storage.database.write() as db:
        assert maintenance.are_lexical_indexes_sound(db)


def test_a_document_that_is_not_read_is_not_named(library: Library) -> None:
    file = library.add_file(source="/in/queued.txt", filename="queued.txt", content=io.BytesIO(b"x"))
    library.enqueue(library.collection("c").id, file.id)
    assert by_key(library, "queued.txt") == []


def test_no_more_are_returned_than_are_asked_for(library: Library) -> None:
    for number in range(4):
        add(library, f"/in/{number}/report.txt", "report", f"Text {number}.")
    ids = [library.collection("c").id]
    assert len(library.find_documents_by_keys(ids, ["report"], limit=3)) == 3
    assert len(library.find_documents_by_words(ids, ["report"], limit=2)) == 2
