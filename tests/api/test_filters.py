"""Attributes and filters over HTTP, through the official client, and on the command line."""

import io
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.wire.search import SearchResult
from ingest.index.search_index import SearchIndex
from ingest.library.filters import PLACE_KEYS, matches
from ingest.library.library import Library
from ingest.types import AttributeValue, BlockKind, Chunk, Comparison, Compound, Filter, StoredChunk
from rag.retrieval.hybrid import Retriever
from rag.types import ScoredChunk, Search
from tests.api.shell import Shell
from tests.api.world import DRILL, LUNCH, PUMP, World, make_world
from tests.fakes import chunked, passport
from tests.ingest.library_world import EMBEDDER, add

FILES = "/v1/vector_stores/docs/files"
SEARCH = "/v1/vector_stores/docs/search"
BLUE = {"type": "eq", "key": "team", "value": "blue"}


def ids(client: TestClient) -> dict[str, str]:
    """Return the ids of the documents by their names."""
    return {each["filename"]: each["id"] for each in client.get(FILES).json()["data"]}


def found(client: TestClient, wanted: object, query: str = "pump", **more: object) -> set[str]:
    """Return the names of the documents that a search with a filter finds."""
    response = client.post(SEARCH, json={"query": query, "filters": wanted, **more})
    assert response.status_code == 200, response.text
    return {result["filename"] for result in response.json()["data"]}


def test_attributes_are_set_shown_and_taken_away(client: TestClient) -> None:
    path = f"{FILES}/{ids(client)['pump.txt']}"
    assert client.get(path).json()["attributes"] == {}
    said = {"team": "blue", "year": 2026, "weight": 1.5, "draft": False}
    assert client.post(path, json={"attributes": said}).json()["attributes"] == said
    assert client.get(path).json()["attributes"] == said
    listed = {each["filename"]: each["attributes"] for each in client.get(FILES).json()["data"]}
    assert listed == {"pump.txt": said, "house.txt": {}}
    assert client.post(path, json={"attributes": {"team": "red"}}).json()["attributes"] == {"team": "red"}
    assert client.post(path, json={"attributes": None}).json()["attributes"] == {}


def test_a_document_has_the_attributes_that_it_came_with(world: World, client: TestClient) -> None:
    world.services.library.pause_queue()
    file = world.services.library.add_file(source="new.txt", filename="new.txt", content=io.BytesIO(b"The pump."))
    first = client.post(FILES, json={"file_id": file.id, "attributes": {"team": "blue"}}).json()
    assert (first["status"], first["attributes"]) == ("in_progress", {"team": "blue"})
    assert client.post(FILES, json={"file_id": file.id}).json()["attributes"] == {"team": "blue"}
    assert client.post(FILES, json={"file_id": file.id, "attributes": {}}).json()["attributes"] == {}


@pytest.mark.parametrize(
    "attributes",
    [
        {"k" * 65: 1},
        {"a": "x" * 513},
        {"a": [1]},
        {"a": None},
        {"source": "x"},
        {"page": 1},
        {str(n): n for n in range(17)},
    ],
    ids=lambda value: str(value)[:20],
)
def test_attributes_that_cannot_be_are_refused(client: TestClient, attributes: dict[str, object]) -> None:
    file_id = ids(client)["pump.txt"]
    for path, body in ((FILES, {"file_id": file_id}), (f"{FILES}/{file_id}", {})):
        response = client.post(path, json={**body, "attributes": attributes})
        assert (response.status_code, response.json()["error"]["param"]) == (400, "attributes")
    assert client.get(f"{FILES}/{file_id}").json()["attributes"] == {}


def test_attributes_of_what_is_not_there_cannot_be_set(client: TestClient) -> None:
    response = client.post(f"{FILES}/file-none", json={"attributes": {}})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "file_not_found")
    assert client.post(f"{FILES}/{ids(client)['pump.txt']}", json={}).status_code == 400


def test_a_search_finds_only_what_the_filter_lets_through(client: TestClient) -> None:
    for name, attributes in (
        ("pump.txt", {"team": "blue", "year": 2026}),
        ("house.txt", {"team": "red", "year": 2024}),
    ):
        client.post(f"{FILES}/{ids(client)[name]}", json={"attributes": attributes})
    assert found(client, None) == {"pump.txt", "house.txt"}
    assert found(client, BLUE) == {"pump.txt"}
    assert found(client, BLUE, "fire drill in March") == {"pump.txt"}
    assert found(client, {"type": "gte", "key": "year", "value": 2025}) == {"pump.txt"}
    assert found(client, {"type": "nin", "key": "team", "value": ["blue"]}) == {"house.txt"}
    assert found(client, {"type": "glob", "key": "source", "value": "h*.txt"}) == {"house.txt"}
    assert found(client, {"type": "eq", "key": "file_id", "value": ids(client)["pump.txt"]}) == {"pump.txt"}
    late = {"type": "lt", "key": "created_at", "value": 1}
    assert found(client, late) == set()
    assert found(client, {"type": "or", "filters": [late, {"type": "and", "filters": [BLUE]}]}) == {"pump.txt"}


def test_results_come_back_however_many_better_ones_are_filtered_out(world: World, client: TestClient) -> None:
    for number in range(60):
        world.add(f"better-{number}.txt", f"Pump, pump, pump number {number}.")
    wanted = {"type": "eq", "key": "filename", "value": "house.txt"}
    response = client.post(SEARCH, json={"query": "pump pump", "filters": wanted, "max_num_results": 2}).json()
    assert [result["filename"] for result in response["data"]] == ["house.txt", "house.txt"]


def test_a_result_has_the_attributes_of_its_document_and_its_place(client: TestClient) -> None:
    client.post(f"{FILES}/{ids(client)['pump.txt']}", json={"attributes": {"team": "blue"}})
    (best,) = client.post(SEARCH, json={"query": "pump", "filters": BLUE}).json()["data"]
    assert (best["attributes"]["team"], best["attributes"]["page"]) == ("blue", 1)


def test_the_attributes_of_a_result_have_only_names_that_no_document_may_use() -> None:
    chunk = Chunk(0, 4, "pump", 1, 1, BlockKind.PROSE, (), "")
    result = SearchResult.of(ScoredChunk(StoredChunk(1, "c", "f", "s", "n", chunk), 1.0, 1.0, 1.0), "page 1", {})
    assert set(result.attributes) == PLACE_KEYS


def test_a_score_is_the_same_with_a_filter_as_without(client: TestClient) -> None:
    drill = {"query": "fire drill", "ranking_options": {"score_threshold": 0.3}}
    whole = {
        each["filename"]: each["score"] for each in client.post(SEARCH, json={"query": "fire pump"}).json()["data"]
    }
    only = {"type": "eq", "key": "filename", "value": "pump.txt"}
    (alone,) = client.post(SEARCH, json={"query": "fire pump", "filters": only}).json()["data"]
    assert alone["score"] == pytest.approx(whole["pump.txt"], abs=1e-6)
    assert client.post(SEARCH, json={**drill, "filters": only}).json()["data"] == []


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        [],
        "team=blue",
        {"type": "like", "key": "a", "value": 1},
        {"type": "and", "filters": []},
        {**BLUE, "more": 1},
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_is_refused_by_name(client: TestClient, wanted: object) -> None:
    response = client.post(SEARCH, json={"query": "x", "filters": wanted})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "filters")


def test_what_is_wrong_in_a_filter_is_named_and_not_repeated(client: TestClient) -> None:
    inner = {"type": "gt", "key": "created_at", "value": "a secret"}
    response = client.post(SEARCH, json={"query": "x", "filters": {"type": "or", "filters": [BLUE, inner]}})
    message = response.json()["error"]["message"]
    assert message == "filters: at filters.1.value: expected seconds since 1970, as a number"


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """OpenAI's client of a server with two documents."""
    with make_world(tmp_path_factory.mktemp("openai") / "home") as world:
        world.add("pump.txt", PUMP)
        world.add("house.txt", LUNCH, DRILL)
        with world.live() as server, openai.DefaultHttpxClient(trust_env=False) as http:
            yield openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, http_client=http)


def test_openais_client_sets_attributes_and_filters_by_them(official: openai.OpenAI) -> None:
    documents = {str(each.to_dict()["filename"]): each.id for each in official.vector_stores.files.list("docs")}
    pump = documents["pump.txt"]
    again = official.vector_stores.files.create("docs", file_id=pump, attributes={"team": "blue", "year": 2026})
    assert again.attributes == {"team": "blue", "year": 2026}
    said = official.vector_stores.files.update(pump, vector_store_id="docs", attributes={"team": "blue", "year": 2027})
    assert said.attributes == {"team": "blue", "year": 2027}
    page = official.vector_stores.search(
        "docs",
        query="fire drill",
        max_num_results=5,
        rewrite_query=False,
        ranking_options={"score_threshold": 0.0},
        filters={
            "type": "and",
            "filters": [
                {"type": "in", "key": "team", "value": ["blue", "red"]},
                {"type": "gt", "key": "year", "value": 2026},
            ],
        },
    )
    assert [result.filename for result in page] == ["pump.txt"]
    assert page.data[0].attributes is not None
    assert page.data[0].attributes["year"] == 2027
    with pytest.raises(openai.BadRequestError) as refused:
        official.vector_stores.search("docs", query="x", filters={"type": "gt", "key": "year", "value": True})
    assert refused.value.param == "filters"


def test_the_command_line_filters_a_search(shell: Shell) -> None:
    def names(*typed: str) -> list[str]:
        options = [option for each in typed for option in ("--filter", each)]
        return sorted({row["source"] for row in shell.json("search", "pump drill", "-c", "docs", *options)})

    assert names() == ["house.txt", "pump.txt"]
    assert names("filename=pump.txt") == ["pump.txt"]
    assert names("source~h*", "pages>=2", "created_at>=2026-01-01") == ["house.txt"]
    assert names("created_at<2026-01-01") == []
    assert names("team!=blue") == ["house.txt", "pump.txt"]
    assert names("source~h*", "filename=pump.txt") == []


def test_a_filter_that_cannot_be_is_misuse_of_the_command_line(shell: Shell) -> None:
    code, out, err = shell.run("search", "pump", "-c", "docs", "--filter", "created_at>soon")
    assert (code, out) == (2, "")
    assert "--filter: 'created_at>soon' is not a filter: expected seconds since 1970, as a number" in err


KEYS = ["a", "b"]
values: st.SearchStrategy[AttributeValue] = st.sampled_from([1, 2, "x", "y", True])
comparisons: st.SearchStrategy[Filter] = st.builds(
    Comparison, st.sampled_from(["eq", "ne"]), st.sampled_from(KEYS), values
)
compounds: st.SearchStrategy[Filter] = st.builds(
    Compound, st.sampled_from(["and", "or"]), st.lists(comparisons, min_size=1, max_size=3).map(tuple)
)
texts = st.lists(st.sampled_from(["pump", "valve", "hose"]), min_size=1, max_size=5).map(" ".join)


@settings(max_examples=20, deadline=None)
@given(
    contents=st.lists(st.tuples(st.dictionaries(st.sampled_from(KEYS), values), texts), min_size=1, max_size=8),
    wanted=st.one_of(comparisons, compounds),
    query=texts,
    top_k=st.integers(1, 6),
)
def test_scoring_with_a_filter_is_the_whole_scoring_filtered_afterwards(
    tmp_path_factory: pytest.TempPathFactory,
    contents: list[tuple[dict[str, AttributeValue], str]],
    wanted: Filter,
    query: str,
    top_k: int,
) -> None:
    with closing(Library(tmp_path_factory.mktemp("home"))) as library:
        homes = [library.create_collection(name, passport()).id for name in ("one", "two")]
        said: dict[str, Any] = {}
        for number, (attributes, text) in enumerate(contents):
            document = add(library, homes[number % 2], f"{number}.txt", chunked(f"{text} {number}"))
            library.set_attributes(document.collection_id, document.file_id, attributes)
            said[document.file_id] = attributes
        retriever = Retriever(library, SearchIndex(library), EMBEDDER, fusion_weight=0.5)

        everything = retriever.score_candidates(Search(query, tuple(homes)), 1_000)
        expected = [hit for hit in everything if matches(wanted, said[hit.chunk.file_id])]
        filtered = Search(query, tuple(homes), filters=wanted)
        hits = retriever.score_candidates(filtered, 1_000)

        assert [hit.chunk.id for hit in hits] == [hit.chunk.id for hit in expected]
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], abs=1e-6)
        # Reranking may change their order and scores, but adds and loses none.
        reranked = {hit.chunk.id for hit in retriever.retrieve(filtered, 1_000)}
        assert reranked == {hit.chunk.id for hit in expected}
        assert {hit.chunk.id for hit in retriever.retrieve(filtered, top_k)} <= reranked
