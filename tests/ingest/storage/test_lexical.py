"""Search by words in a library that is too large to score every match."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage import lexical
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.filter_world import WORDS
from tests.ingest.library_world import add, complete

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
    found = SearchIndex(library).search_lexical(library.collection("c").id, query, 20)
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
    counted = library.count_document_frequencies(["valv", "pump", "nowhere"])
    assert counted.counts == {"valv": 1, "pump": 12, "nowhere": 0}
    assert counted.chunks >= len(TEXTS)
    monkeypatch.setattr(lexical, "MAX_MATCHES", 3)
    assert library.count_document_frequencies(["pump"]).counts == {"pump": 4}


NUMBERED = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(
    contents=st.lists(st.tuples(st.sampled_from("abc"), NUMBERED), min_size=1, max_size=12),
    query=st.sampled_from(WORDS),
    top_k=st.integers(1, 4),
    few=st.sampled_from([0, 2, 100]),
    data=st.data(),
)
def test_what_few_of_the_best_belong_to_is_searched_as_if_all_matches_were_looked_at(
    tmp_path_factory: pytest.TempPathFactory,
    contents: list[tuple[str, str]],
    query: str,
    top_k: int,
    few: int,
    data: st.DataObject,
) -> None:
    library = Library(tmp_path_factory.mktemp("home"))
    homes = {name: library.create_collection(name, passport()).id for name in "abc"}
    made = [
        (name, add(library, homes[name], f"{number}.txt", chunked(f"{text} {number}x")).file_id)
        for number, (name, text) in enumerate(contents)
    ]
    home = data.draw(st.sampled_from("abc"))
    only = frozenset(data.draw(st.sets(st.sampled_from([file_id for _, file_id in made]))))
    index = SearchIndex(library)
    every = index.search_lexical(homes[home], query, 1_000)
    assert len(every) == sum(name == home and query in text.split() for name, text in contents)
    chosen = {chunk.id for chunk in library.chunks([id_ for id_, _ in every]) if chunk.file_id in only}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "MAX_LISTED_CHUNKS", few)
        patch.setattr(lexical, "MAX_SMALL_COLLECTION", few)
        patch.setattr(lexical, "MIN_DEPTH", 1)
        patch.setattr(lexical, "OVERSAMPLING", 1)
        assert index.search_lexical(homes[home], query, top_k) == every[:top_k]
        found = index.search_lexical(homes[home], query, top_k, file_ids=only)
    assert found == [match for match in every if match[0] in chosen][:top_k]
    library.close()
