"""`/v1/vector_stores/{store}/file_batches`: files that are added together."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.world import World, wait_for

STORES = "/v1/vector_stores"


def upload(client: TestClient, name: str, text: str) -> str:
    stored = client.post("/v1/files", files={"file": (name, text.encode())}, data={"purpose": "assistants"}).json()
    return str(stored["id"])


def files_of(client: TestClient, batch: dict[str, Any], **params: str) -> list[dict[str, Any]]:
    path = f"{STORES}/{batch['vector_store_id']}/file_batches/{batch['id']}/files"
    listed: list[dict[str, Any]] = client.get(path, params=params).json()["data"]
    return listed


def test_a_batch_adds_files_with_attributes_of_their_own_and_lists_them(client: TestClient) -> None:
    one, two = upload(client, "one.txt", "The valve is red."), upload(client, "two.txt", "The valve is blue.")
    files = [{"file_id": one, "attributes": {"year": 2025}}, {"file_id": two, "attributes": {"year": 2026}}]
    batch = client.post(f"{STORES}/docs/file_batches", json={"files": files}).json()
    assert (batch["object"], batch["file_counts"]["total"]) == ("vector_store.files_batch", 2)

    path = f"{STORES}/docs/file_batches/{batch['id']}"
    wait_for(lambda: client.get(path).json()["status"] == "completed")
    assert client.get(path).json()["file_counts"] == {
        "in_progress": 0,
        "completed": 2,
        "failed": 0,
        "cancelled": 0,
        "total": 2,
    }
    years = {file["id"]: file["attributes"] for file in files_of(client, batch)}
    assert years == {one: {"year": 2025}, two: {"year": 2026}}
    assert files_of(client, batch, filter="failed") == []
    assert [file["id"] for file in files_of(client, batch, limit="1", order="asc")] == [one]


def test_the_files_of_a_batch_share_attributes_and_chunks(client: TestClient) -> None:
    files = [upload(client, f"{number}.txt", f"Valve {number} is red.") for number in range(2)]
    chunking = {"type": "static", "static": {"max_chunk_size_tokens": 120, "chunk_overlap_tokens": 0}}
    request = {"file_ids": files, "attributes": {"part": "valve"}, "chunking_strategy": chunking}
    batch = client.post(f"{STORES}/docs/file_batches", json=request).json()
    listed = files_of(client, batch)
    assert [file["attributes"] for file in listed] == [{"part": "valve"}] * 2
    assert [file["chunking_strategy"] for file in listed] == [chunking] * 2


def test_a_cancelled_batch_leaves_what_was_read(world: World, client: TestClient) -> None:
    known = client.get(f"{STORES}/docs/files").json()["data"][0]["id"]
    world.services.library.pause_queue()
    waiting = upload(client, "new.txt", "The valve is red.")
    batch = client.post(f"{STORES}/docs/file_batches", json={"file_ids": [known, waiting]}).json()
    assert (batch["status"], batch["file_counts"]["in_progress"]) == ("in_progress", 1)
    cancelled = client.post(f"{STORES}/docs/file_batches/{batch['id']}/cancel").json()
    assert (cancelled["status"], cancelled["file_counts"]["cancelled"], cancelled["file_counts"]["completed"]) == (
        "cancelled",
        1,
        1,
    )


def test_a_batch_with_an_unknown_file_adds_none(client: TestClient) -> None:
    known = upload(client, "new.txt", "The valve is red.")
    response = client.post(f"{STORES}/docs/file_batches", json={"file_ids": [known, "file-0"]})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (404, "file_not_found", "file_ids")
    assert client.get(f"{STORES}/docs/files/{known}").status_code == 404


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"file_ids": []},
        {"file_ids": ["file-1"], "files": [{"file_id": "file-1"}]},
        {"files": [{"file_id": "file-1"}], "attributes": {"a": 1}},
    ],
)
def test_a_batch_names_its_files_in_one_way(client: TestClient, request_: dict[str, Any]) -> None:
    assert client.post(f"{STORES}/docs/file_batches", json=request_).status_code == 400


def test_a_batch_is_known_in_its_collection_alone(client: TestClient) -> None:
    client.post(STORES, json={"name": "other"})
    file = upload(client, "new.txt", "The valve is red.")
    batch = client.post(f"{STORES}/docs/file_batches", json={"file_ids": [file]}).json()["id"]
    response = client.get(f"{STORES}/other/file_batches/{batch}")
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (404, "file_batch_not_found", "batch_id")
