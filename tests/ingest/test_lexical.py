"""Search by words in a library that is too large to score every match."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.library import Library
from ingest.search_index import SearchIndex
from ingest.storage import lexical
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import complete

TEXTS = [f"the pump number {number} stands in the hall" for number in range(12)] + ["the valve leaks"]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "home")
    collection = opened.create_collection("c", passport())
    file = opened.add_file(source="c", filename="c", content=io.BytesIO(b"c"))
    complete(opened, opened.enqueue(collection.id, file.id), chunked(*TEXTS), HashEmbedder().embed(TEXTS))
    yield opened
    opened.close()


def texts(library: Library, query: str) -> list[str]:
    found = SearchIndex(library).lexical(library.collection("c").id, query, 20)
    return [each.chunk.text for each in library.chunks([id_ for id_, _ in found])]


def test_every_word_counts_in_a_small_library(library: Library) -> None:
    assert len(texts(library, "the valve")) == len(TEXTS)


def test_common_words_are_left_out_of_a_large_one(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "MAX_MATCHES", 5)
    assert texts(library, "the valve in the hall") == ["the valve leaks"]
    assert texts(library, "the pump") == []


def test_rare_words_come_before_common_ones(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "MAX_MATCHES", 12)
    assert set(texts(library, "the valve and pump 7")) == {TEXTS[7], "the valve leaks"}


def test_frequencies_are_those_of_the_whole_library(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = library.word_frequencies(["valv", "pump", "nowhere"])
    assert counted.counts == {"valv": 1, "pump": 12, "nowhere": 0}
    assert counted.chunks >= len(TEXTS)
    monkeypatch.setattr(lexical, "MAX_MATCHES", 3)
    assert library.word_frequencies(["pump"]).counts == {"pump": 4}
