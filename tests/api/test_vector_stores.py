"""`/v1/vector_stores`: collections, their documents, search, and pages."""

import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ingest.types import Collection, FileAddition, FileBatch
from rag.retrieval.hybrid import Retriever
from tests.api.world import DRILL, LUNCH, PUMP, World, make_world, wait_for
from tests.fakes import ScriptedEngine

STORES = "/v1/vector_stores"


def test_a_collection_can_be_made_renamed_and_deleted(client: TestClient) -> None:
    store = client.post(STORES, json={"name": "plans"}).json()
    assert (store["object"], store["name"], store["status"]) == ("vector_store", "plans", "completed")
    assert store["file_counts"] == {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
    assert client.get(f"{STORES}/plans").json() == client.get(f"{STORES}/{store['id']}").json() == store

    assert client.post(f"{STORES}/plans", json={"name": "ideas"}).json()["name"] == "ideas"
    assert client.delete(f"{STORES}/ideas").json() == {
        "id": store["id"],
        "object": "vector_store.deleted",
        "deleted": True,
    }
    assert client.get(f"{STORES}/ideas").json()["error"]["code"] == "vector_store_not_found"


def test_uploads_of_one_name_are_two_documents_unless_one_is_to_replace_the_other(client: TestClient) -> None:
    store = client.post(STORES, json={"name": "invoices"}).json()["id"]

    def add(text: bytes, **options: bool) -> dict[str, Any]:
        upload = {"file": ("invoice.txt", text)}
        file = client.post("/v1/files", files=upload, data={"purpose": "assistants"}).json()
        added: dict[str, Any] = client.post(f"{STORES}/{store}/files", json={"file_id": file["id"], **options}).json()
        wait_for(lambda: client.get(f"{STORES}/{store}/files/{file['id']}").json()["status"] == "completed")
        return added

    def sources() -> list[str]:
        return sorted(document["source"] for document in client.get(f"{STORES}/{store}/files").json()["data"])

    first, second = add(b"Hosting in 2024: 1,188.00 EUR."), add(b"Hosting in 2025: 1,320.00 EUR.")
    assert (first["replaces"], second["replaces"]) == (None, None)
    assert (first["filename"], second["filename"]) == ("invoice.txt", "invoice.txt")
    assert sources() == ["invoice (2).txt", "invoice.txt"]
    third = add(b"Hosting in 2025: 1,329.00 EUR.", replace=True)
    assert third["replaces"] == second["id"]
    assert sources() == ["invoice (3).txt", "invoice.txt"]


def test_a_collection_without_a_name_gets_one(client: TestClient) -> None:
    assert client.post(STORES, json={}).json()["name"].startswith("collection-")


def test_a_collection_is_found_however_its_name_is_typed(client: TestClient) -> None:
    store = client.post(STORES, json={"name": " Caf\u0065\u0301   plans"}).json()
    assert store["name"] == "Caf\u00e9 plans"
    for typed in ("Caf\u00e9 plans", "Cafe\u0301 plans", " Caf\u00e9  plans "):
        assert client.get(f"{STORES}/{typed}").json() == store
        assert client.get(f"{STORES}/{typed}/files").json()["data"] == []
        assert client.get(f"/v1/models/docs/{typed}").json()["id"] == "docs/Caf\u00e9 plans"
        chat = {"model": f"docs/{typed}", "messages": [{"role": "user", "content": "?"}]}
        assert client.post("/v1/chat/completions", json=chat).status_code == 200


def test_a_collection_whose_file_goes_meanwhile_is_not_left_half_made(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = world.services.library
    first, second = (library.add_file(source=n, filename=n, content=io.BytesIO(n.encode())) for n in ("a", "b"))

    add_batch = world.services.add_batch

    def add(collection: Collection, additions: Sequence[FileAddition]) -> FileBatch:
        library.delete_file(second.id)
        return add_batch(collection, additions)

    monkeypatch.setattr(world.services, "add_batch", add)
    response = client.post(STORES, json={"name": "new", "file_ids": [first.id, second.id]})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "file_not_found")
    assert [collection.name for collection in library.collections()] == ["docs"]
    assert library.file(first.id) == first


def test_collections_of_one_name_are_told_apart_by_their_handles(client: TestClient) -> None:
    second = client.post(STORES, json={"name": "docs"}).json()
    third = client.post(STORES, json={"name": "docs"}).json()
    assert [(store["name"], store["handle"]) for store in (second, third)] == [
        ("docs", "docs (2)"),
        ("docs", "docs (3)"),
    ]
    assert client.get(f"{STORES}/docs (2)").json() == second
    models = {model["id"] for model in client.get("/v1/models").json()["data"]}
    assert {"docs/docs", "docs/docs (2)", "docs/docs (3)"} <= models
    renamed = client.post(f"{STORES}/{third['id']}", json={"name": "plans"}).json()
    assert (renamed["name"], renamed["handle"]) == ("plans", "plans")
    again = client.post(f"{STORES}/{third['id']}", json={"name": "plans"}).json()
    assert again["handle"] == "plans"


def test_a_name_with_slashes_is_shown_as_it_is_and_asked_without_them(client: TestClient) -> None:
    store = client.post(STORES, json={"name": "Support FAQ: 2026/Q1"}).json()
    assert (store["name"], store["handle"]) == ("Support FAQ: 2026/Q1", "Support FAQ: 2026-Q1")
    for model in (f"docs/{store['handle']}", f"docs/{store['name']}", f"docs/{store['id']}"):
        chat = {"model": model, "messages": [{"role": "user", "content": "?"}]}
        assert client.post("/v1/chat/completions", json=chat).status_code == 200


def test_a_long_name_leaves_room_for_its_number(client: TestClient) -> None:
    handles = [client.post(STORES, json={"name": "x" * 256}).json()["handle"] for _ in range(2)]
    assert handles == ["x" * 90, "x" * 90 + " (2)"]


@pytest.mark.parametrize("name", ["", "   ", "\u202e", "a\nb", "vs_" + "0" * 24, "x" * 257])
def test_names_that_nobody_could_use_are_refused(client: TestClient, name: str) -> None:
    response = client.post(STORES, json={"name": name})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "name")


def test_description_metadata_and_expiry_are_kept_and_changed(client: TestClient) -> None:
    about = {
        "description": "For the house",
        "metadata": {"team": "care"},
        "expires_after": {"anchor": "last_active_at", "days": 7},
    }
    store = client.post(STORES, json={"name": "plans", **about}).json()
    assert {key: store[key] for key in about} == about
    assert store["expires_at"] == store["last_active_at"] + 7 * 86_400
    path = f"{STORES}/{store['id']}"
    assert client.get(path).json() == store

    untouched = client.post(path, json={"name": "ideas"}).json()
    assert {key: untouched[key] for key in about} == about
    changed = client.post(path, json={"metadata": {}, "description": "", "expires_after": None}).json()
    assert (changed["metadata"], changed["description"], changed["expires_after"]) == ({}, "", None)
    assert changed["expires_at"] is None


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"metadata": {"k" * 65: "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
        ({"metadata": {str(number): "v" for number in range(17)}}, "metadata"),
        ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after.anchor"),
        ({"expires_after": {"anchor": "last_active_at", "days": 0}}, "expires_after.days"),
        ({"chunking_strategy": {"type": "static"}}, "chunking_strategy"),
        (
            {"chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 99}}},
            "chunking_strategy.static.max_chunk_size_tokens",
        ),
    ],
)
def test_what_is_out_of_openais_bounds_is_refused_by_name(
    client: TestClient, fields: dict[str, object], param: str
) -> None:
    error = client.post(STORES, json={"name": "new", **fields})
    assert error.status_code == 400
    assert error.json()["error"]["param"].startswith(param)


def test_a_collection_expires_after_its_last_use_and_its_files_stay(world: World, client: TestClient) -> None:
    expiry = {"anchor": "last_active_at", "days": 1}
    used, unused = (
        client.post(STORES, json={"name": name, "expires_after": expiry}).json()["id"] for name in ("used", "unused")
    )
    file = client.post("/v1/files", files={"file": ("a.txt", b"text")}, data={"purpose": "assistants"}).json()["id"]
    client.post(f"{STORES}/{unused}/files", json={"file_id": file})
    tomorrow = int(time.time()) + 86_400
    world.services.library.touch_collections({used: tomorrow})

    world.services.expiry.sweep(tomorrow - 60)
    assert client.get(f"{STORES}/{unused}").status_code == 200
    world.services.expiry.sweep(tomorrow + 60)
    assert client.get(f"{STORES}/{unused}").status_code == 404
    assert client.get(f"/v1/files/{file}").status_code == 200
    assert client.get(f"{STORES}/{used}").json()["last_active_at"] == tomorrow
    assert client.get(f"{STORES}/docs").status_code == 200


def test_a_search_is_a_use(world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    expiry = {"anchor": "last_active_at", "days": 1}
    store = client.post(STORES, json={"name": "plans", "expires_after": expiry}).json()
    later = store["last_active_at"] + 3_600
    monkeypatch.setattr("ingest.upkeep.expiry.time.time", lambda: later)
    client.post(f"{STORES}/{store['id']}/search", json={"query": "pump"})
    world.services.expiry.sweep()
    assert client.get(f"{STORES}/{store['id']}").json()["last_active_at"] == later


def test_chunks_are_as_long_as_a_request_wants_within_the_embedders_window(world: World, client: TestClient) -> None:
    text = " ".join(f"The valve number {number} stands in the cellar of house {number}." for number in range(200))
    data = {"file": ("valves.txt", text.encode())}
    file = client.post("/v1/files", files=data, data={"purpose": "assistants"}).json()["id"]

    def add(chunking: dict[str, Any]) -> dict[str, Any]:
        store = client.post(STORES, json={"file_ids": [file], "chunking_strategy": chunking}).json()["id"]
        path = f"{STORES}/{store}/files/{file}"
        wait_for(lambda: client.get(path).json()["status"] == "completed")
        added: dict[str, Any] = client.get(path).json()
        return added

    def static(tokens: int) -> dict[str, Any]:
        return {"type": "static", "static": {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": tokens // 2}}

    short, long, usual = add(static(100)), add(static(4096)), add({"type": "auto"})
    window = world.services.max_chunk_tokens
    assert short["chunking_strategy"] == {
        "type": "static",
        "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0},
    }
    assert long["chunking_strategy"]["static"]["max_chunk_size_tokens"] == window
    assert usual["chunking_strategy"] == {"type": "other"}
    assert short["chunks"] > usual["chunks"] >= long["chunks"]


def test_deleting_a_collection_keeps_its_files(client: TestClient) -> None:
    pump = next(each for each in client.get(f"{STORES}/docs/files").json()["data"] if each["filename"] == "pump.txt")
    client.delete(f"{STORES}/docs")
    assert client.get(f"/v1/files/{pump['id']}/content").content.decode() == PUMP
    assert client.delete(f"/v1/files/{pump['id']}").json()["deleted"] is True
    assert client.get(f"/v1/files/{pump['id']}").status_code == 404


def test_a_query_is_not_rewritten_by_a_model_that_would_answer_it(client: TestClient) -> None:
    found = client.post(f"{STORES}/docs/search", json={"query": "pump", "rewrite_query": True}).json()
    assert found["search_query"] == ["pump"]
    assert found["rewriting"] == "the model scripted is too small to rewrite queries; it would answer them"
    assert "rewriting" not in client.post(f"{STORES}/docs/search", json={"query": "pump"}).json()


def test_an_able_model_rewrites_the_query(tmp_path: Path) -> None:
    with make_world(tmp_path, rewrite_questions="on") as world, world.client() as client:
        world.add("pump.txt", PUMP)
        world.models.scripted = ScriptedEngine(["oil the pump"])
        found = client.post(f"{STORES}/docs/search", json={"query": "it?", "rewrite_query": True}).json()
        assert (found["search_query"], "rewriting" in found) == (["oil the pump"], False)


@pytest.mark.parametrize("ranker", ["auto", "default-2024-11-15"])
def test_openais_rankers_are_known(client: TestClient, ranker: str) -> None:
    request = {"query": "pump", "ranking_options": {"ranker": ranker}}
    assert client.post(f"{STORES}/docs/search", json=request).json()["data"][0]["filename"] == "pump.txt"


def test_a_document_has_openais_fields_and_our_own(client: TestClient) -> None:
    listed = client.get(f"{STORES}/docs/files").json()["data"]
    pump = next(document for document in listed if document["filename"] == "pump.txt")
    assert (pump["object"], pump["status"], pump["last_error"]) == ("vector_store.file", "completed", None)
    assert (pump["pages"], pump["chunks"], pump["source"], pump["warning"]) == (1, 1, "pump.txt", None)
    assert client.get(f"{STORES}/docs/files/{pump['id']}").json() == pump
    assert client.get(f"{STORES}/docs").json()["file_counts"]["completed"] == 2


def test_a_document_that_is_taken_out_is_not_found_any_more_but_its_file_stays(client: TestClient) -> None:
    pump = next(each for each in client.get(f"{STORES}/docs/files").json()["data"] if each["filename"] == "pump.txt")
    assert client.delete(f"{STORES}/docs/files/{pump['id']}").json()["deleted"] is True
    found = client.post(f"{STORES}/docs/search", json={"query": "pump"}).json()["data"]
    assert "pump.txt" not in {result["filename"] for result in found}
    assert client.get(f"{STORES}/docs/files/{pump['id']}").status_code == 404
    assert client.get(f"/v1/files/{pump['id']}").status_code == 200


def test_deleting_a_file_takes_it_out_of_every_collection(world: World, client: TestClient) -> None:
    world.add("pump.txt", PUMP, collection="other")
    pump = next(each for each in client.get(f"{STORES}/docs/files").json()["data"] if each["filename"] == "pump.txt")
    client.delete(f"/v1/files/{pump['id']}")
    assert client.get(f"{STORES}/other/files").json()["data"] == []
    assert len(client.get(f"{STORES}/docs/files").json()["data"]) == 1


def test_search_results_say_exactly_where_they_stand(client: TestClient) -> None:
    body = client.post(f"{STORES}/docs/search", json={"query": "fire drill in March", "max_num_results": 2}).json()
    best = body["data"][0]
    assert (body["object"], body["search_query"]) == ("vector_store.search_results.page", ["fire drill in March"])
    assert len(body["data"]) == 2
    assert (best["filename"], best["attributes"]["page"]) == ("house.txt", 2)
    text = client.get(f"{STORES}/docs/files/{best['file_id']}/content").json()["data"][0]["text"]
    assert text[best["attributes"]["start"] : best["attributes"]["end"]] == best["content"][0]["text"] == DRILL
    assert body["data"][0]["score"] >= body["data"][1]["score"]


def test_a_search_explains_its_results_and_what_was_cut(client: TestClient) -> None:
    request = {"query": "fire drill in March", "max_num_results": 1, "explain": True}
    body = client.post(f"{STORES}/docs/search", json=request).json()
    reasons = body["data"][0]["explanation"]
    assert (reasons["dense_rank"], reasons["lexical_rank"], reasons["word_coverage"]) == (1, 1, 1.0)
    assert reasons["text"].startswith("cosine ")
    cut = body["explanation"]["cut"]
    assert len(cut) == 2
    assert cut[0]["score"] >= cut[1]["score"]
    assert "better candidates" in cut[0]["reason"]
    request = {**request, "max_num_results": 3, "ranking_options": {"score_threshold": 0.5}}
    cut = client.post(f"{STORES}/docs/search", json=request).json()["explanation"]["cut"]
    assert all("below the threshold 0.5" in each["reason"] for each in cut)


def test_a_search_can_do_without_the_cross_encoder(world: World, client: TestClient) -> None:
    class Contrary:
        def scores(self, question: str, texts: Sequence[str]) -> list[float]:
            assert question == "pump oiled"
            return [0.0 if "pump" in text.casefold() else 1.0 for text in texts]

    services = world.services
    services.retriever = Retriever(
        services.library, services.index, services.embedder, fusion_weight=0.5, reranker=Contrary()
    )

    def best(**options: str) -> str:
        request = {"query": "pump oiled", "ranking_options": options}
        found = client.post(f"{STORES}/docs/search", json=request).json()["data"]
        return str(found[0]["content"][0]["text"])

    assert best(ranker="none") == PUMP
    assert best(ranker="auto") != PUMP
    assert best() != PUMP


def test_several_queries_share_one_list(client: TestClient) -> None:
    body = client.post(f"{STORES}/docs/search", json={"query": ["fire drill", "pump oiled"]}).json()
    assert {result["content"][0]["text"] for result in body["data"][:2]} == {DRILL, PUMP}
    assert len(body["data"]) == 3


def test_results_below_a_threshold_are_left_out(client: TestClient) -> None:
    request = {"query": "fire drill in March", "ranking_options": {"score_threshold": 0.5}}
    found = client.post(f"{STORES}/docs/search", json=request).json()["data"]
    assert [result["content"][0]["text"] for result in found] == [DRILL]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"query": ""}, "query"),
        ({"query": []}, "query"),
        ({"query": "x" * 10_001}, "query"),
        ({"max_num_results": 0}, "max_num_results"),
        ({"max_num_results": 101}, "max_num_results"),
        ({"filters": {"type": "eq", "key": "a"}}, "filters"),
        ({"rewrite_query": "yes"}, "rewrite_query"),
        ({"ranking_options": {"ranker": "magic"}}, "ranking_options.ranker"),
        ({"ranking_options": {"score_threshold": 2}}, "ranking_options.score_threshold"),
        ({"surprise": 1}, "surprise"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_search_that_cannot_be_done_is_refused_by_name(
    client: TestClient, fields: dict[str, object], param: str
) -> None:
    response = client.post(f"{STORES}/docs/search", json={"query": "x", **fields})
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


def test_pages_are_shown_with_their_place(client: TestClient) -> None:
    house = next(each for each in client.get(f"{STORES}/docs/files").json()["data"] if each["filename"] == "house.txt")
    path = f"{STORES}/docs/files/{house['id']}/pages"
    start = len(LUNCH) + 2
    assert client.get(f"{path}/2").json() == {
        "number": 2,
        "label": "",
        "unit": "page",
        "ocr_confidence": None,
        "text": DRILL,
        "start": start,
        "end": start + len(DRILL),
    }
    assert client.get(f"{path}/3").json()["error"]["code"] == "page_not_found"
    assert client.get(f"{path}/0").json()["error"]["param"] == "number"
    assert client.get(f"{path}/1/image").json()["error"]["code"] == "page_not_found"
    assert client.get(f"{path}/1/image?start=3").json()["error"]["code"] == "page_not_found"


def test_nothing_is_shown_of_a_document_that_was_not_read(world: World, client: TestClient) -> None:
    file = client.post("/v1/files", files={"file": ("empty.txt", b"")}, data={"purpose": "assistants"}).json()
    document = world.services.library.enqueue(world.services.library.collection("docs").id, file["id"])
    path = f"{STORES}/docs/files/{file['id']}"
    assert client.get(path).json()["status"] == "in_progress"
    assert client.get(path).json()["progress"] == {"stage": "waiting", "done": 0, "total": 0, "status": "queued"}
    assert client.get(f"{path}/content").json()["error"]["code"] == "document_not_ready"
    world.services.library.fail(document, "empty.txt is an empty file (0 bytes)")
    assert client.get(path).json()["last_error"]["message"] == "empty.txt is an empty file (0 bytes)"
    assert client.get(f"{path}/pages/1").status_code == 409


@pytest.mark.slow
def test_an_upload_is_read_in_the_background(client: TestClient) -> None:
    file = client.post(
        "/v1/files", files={"file": ("lamp.md", b"# Lamps\n\nThe lamp needs 40 watts.")}, data={"purpose": "assistants"}
    ).json()
    document = client.post(f"{STORES}/docs/files", json={"file_id": file["id"]}).json()
    assert document["status"] == "in_progress"
    path = f"{STORES}/docs/files/{file['id']}"
    wait_for(lambda: client.get(path).json()["status"] != "in_progress", seconds=60)
    assert client.get(path).json()["status"] == "completed"
    found = client.post(f"{STORES}/docs/search", json={"query": "lamp watts", "max_num_results": 1}).json()["data"]
    assert "40 watts" in found[0]["content"][0]["text"]
    assert client.post(f"{STORES}/docs/files", json={"file_id": file["id"]}).json()["status"] == "completed"


@pytest.mark.slow
def test_a_file_that_cannot_be_read_fails_with_a_reason(client: TestClient) -> None:
    file = client.post("/v1/files", files={"file": ("a.pdf", b"")}, data={"purpose": "assistants"}).json()
    client.post(STORES, json={"name": "new", "file_ids": [file["id"]]})
    path = f"{STORES}/new/files/{file['id']}"
    wait_for(lambda: client.get(path).json()["status"] != "in_progress", seconds=60)
    assert client.get(path).json()["last_error"] == {
        "code": "invalid_file",
        "message": "a.pdf is an empty file (0 bytes)",
    }
    assert client.get(f"{STORES}/new").json()["file_counts"]["failed"] == 1


def test_unknown_members_are_a_404(client: TestClient) -> None:
    assert client.post(f"{STORES}/docs/files", json={"file_id": "file-nope"}).status_code == 404
    assert client.post(STORES, json={"name": "x", "file_ids": ["file-nope"]}).status_code == 404
    assert client.get(f"{STORES}/x").status_code == 404
    assert client.post(f"{STORES}/nope/search", json={"query": "x"}).status_code == 404


def test_documents_are_listed_by_status_and_by_a_part_of_their_name(world: World, client: TestClient) -> None:
    refused = world.services.library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"text"))
    world.services.library.pause_queue()
    client.post("/v1/vector_stores/docs/files", json={"file_id": refused.id})

    def names(**params: str) -> list[str]:
        documents = client.get("/v1/vector_stores/docs/files", params=params).json()["data"]
        return [document["filename"] for document in documents]

    assert names() == ["a.txt", "house.txt", "pump.txt"]
    assert names(filter="completed") == ["house.txt", "pump.txt"]
    assert names(filter="in_progress", order="asc") == ["a.txt"]
    assert names(filter="completed", name="PUMP") == ["pump.txt"]
    assert client.get("/v1/vector_stores/docs/files", params={"filter": "done"}).json()["error"]["param"] == "filter"


def test_before_is_the_page_just_in_front_of_a_document(world: World, client: TestClient) -> None:
    for number in range(4):
        world.add(f"{number}.txt", LUNCH)
    path = "/v1/vector_stores/docs/files"
    documents = client.get(path, params={"order": "asc"}).json()["data"]
    page = client.get(path, params={"order": "asc", "limit": 2, "before": documents[-1]["id"]}).json()
    assert [document["filename"] for document in page["data"]] == ["1.txt", "2.txt"]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (documents[3]["id"], documents[4]["id"], True)
    unknown = client.get(path, params={"after": "file-nope"})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "after")
    assert unknown.json()["error"]["code"] == "cursor_not_found"
