"""`/v1/uploads`: files that are sent in parts."""

import hashlib
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.world import World

TEXT = b"The valve is red. The lid is blue."


def begin(client: TestClient, size: int = len(TEXT), **fields: Any) -> str:
    request = {"filename": "valve.txt", "bytes": size, "mime_type": "text/plain", "purpose": "user_data"}
    made = client.post("/v1/uploads", json=request | fields).json()
    assert (made["object"], made["status"], made["file"]) == ("upload", "pending", None)
    assert made["expires_at"] == made["created_at"] + 3_600
    return str(made["id"])


def add(client: TestClient, upload: str, data: bytes) -> str:
    part = client.post(f"/v1/uploads/{upload}/parts", files={"data": ("part", data)}).json()
    assert (part["object"], part["upload_id"]) == ("upload.part", upload)
    return str(part["id"])


def left(world: World) -> list[str]:
    return [path.name for path in world.services.library.storage.originals.folder.glob("incoming-*")]


def test_parts_that_come_in_any_order_become_a_file(world: World, client: TestClient) -> None:
    upload = begin(client)
    last, first = add(client, upload, TEXT[10:]), add(client, upload, TEXT[:10])
    request = {"part_ids": [first, last], "md5": hashlib.md5(TEXT, usedforsecurity=False).hexdigest()}
    done = client.post(f"/v1/uploads/{upload}/complete", json=request).json()
    assert (done["status"], done["file"]["filename"], done["file"]["purpose"]) == (
        "completed",
        "valve.txt",
        "user_data",
    )
    assert client.get(f"/v1/files/{done['file']['id']}/content").content == TEXT
    assert left(world) == []
    assert client.post(f"/v1/uploads/{upload}/cancel").json()["status"] == "completed"
    again = client.post(f"/v1/uploads/{upload}/complete", json=request)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "upload_refused")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"part_ids": []}, "the parts have 0 bytes, and 34 were announced"),
        ({"part_ids": ["part_0"]}, "part_ids must name parts of this upload, each once"),
        ({"md5": "0" * 32}, "the parts have another md5; send them again"),
    ],
)
def test_parts_that_are_not_the_file_are_refused_and_can_be_sent_again(
    client: TestClient, change: dict[str, Any], message: str
) -> None:
    upload = begin(client)
    part = add(client, upload, TEXT)
    refused = client.post(f"/v1/uploads/{upload}/complete", json={"part_ids": [part]} | change)
    assert (refused.status_code, refused.json()["error"]["message"]) == (409, message)
    again = add(client, upload, TEXT)
    assert client.post(f"/v1/uploads/{upload}/complete", json={"part_ids": [again]}).json()["status"] == "completed"


def test_far_more_bytes_than_were_announced_are_refused(client: TestClient) -> None:
    upload = begin(client, size=4)
    too_much = client.post(f"/v1/uploads/{upload}/parts", files={"data": ("part", TEXT)})
    assert (too_much.status_code, too_much.json()["error"]["code"]) == (409, "upload_refused")
    part = add(client, upload, TEXT[:4])
    assert client.post(f"/v1/uploads/{upload}/complete", json={"part_ids": [part]}).json()["file"]["bytes"] == 4


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(world: World, client: TestClient) -> None:
    size = world.settings.ingest.max_upload_bytes + 1
    request = {"filename": "a.txt", "bytes": size, "mime_type": "text/plain", "purpose": "assistants"}
    assert client.post("/v1/uploads", json=request).status_code == 413


def test_a_cancelled_upload_leaves_nothing(world: World, client: TestClient) -> None:
    upload = begin(client)
    add(client, upload, TEXT)
    assert len(left(world)) == 1
    assert client.post(f"/v1/uploads/{upload}/cancel").json()["status"] == "cancelled"
    assert left(world) == []
    refused = client.post(f"/v1/uploads/{upload}/parts", files={"data": ("part", TEXT)})
    assert refused.json()["error"]["message"] == "the upload is cancelled; create another"


def test_an_upload_lasts_an_hour(world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = begin(client)
    created = client.post(f"/v1/uploads/{begin(client)}/cancel").json()["created_at"]
    monkeypatch.setattr("ingest.library.part_uploads.time.time", lambda: created + 3_601)
    refused = client.post(f"/v1/uploads/{upload}/parts", files={"data": ("part", TEXT)})
    assert refused.json()["error"]["message"] == "the upload is expired; create another"
    assert left(world) == []


def test_another_upload_ends_the_oldest_of_many(world: World, client: TestClient) -> None:
    uploads = [begin(client) for _ in range(17)]
    assert len(left(world)) == 16
    states = [client.post(f"/v1/uploads/{upload}/cancel").json()["status"] for upload in uploads]
    assert states == ["expired", *["cancelled"] * 16]
