"""`/v1/files`: what goes in comes out, under names that harm nobody."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.uploads import name_upload
from tests.api.world import World, make_world


def upload(client: TestClient, name: str, content: bytes = b"Some text.", purpose: str = "assistants") -> Any:
    return client.post("/v1/files", files={"file": (name, content)}, data={"purpose": purpose})


def stored_files(home: Path) -> set[str]:
    return {path.name for path in (home / "files").rglob("*") if path.is_file()}


def test_an_upload_can_be_listed_shown_fetched_and_deleted(client: TestClient) -> None:
    file = upload(client, "notes.txt", b"Some text.").json()
    assert (file["object"], file["bytes"], file["filename"], file["status"]) == ("file", 10, "notes.txt", "processed")
    assert client.get(f"/v1/files/{file['id']}").json() == file
    assert file in client.get("/v1/files").json()["data"]

    content = client.get(f"/v1/files/{file['id']}/content")
    assert content.content == b"Some text."
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["content-disposition"].startswith("attachment")

    assert client.delete(f"/v1/files/{file['id']}").json() == {"id": file["id"], "object": "file", "deleted": True}
    assert client.get(f"/v1/files/{file['id']}").status_code == 404


def test_the_same_file_again_changes_nothing(world: World, client: TestClient) -> None:
    first = upload(client, "notes.txt").json()
    before = stored_files(world.settings.home)
    assert upload(client, "notes.txt").json() == first
    assert stored_files(world.settings.home) == before


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with make_world(tmp_path / "home", max_upload_mb=1) as world, world.client() as client:
        fits = upload(client, "fits.txt", b"x" * 1_000_000)
        refused = upload(client, "big.txt", b"x" * 1_000_001)
        assert fits.status_code == 200
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "file_too_large")
        assert stored_files(world.settings.home) == {fits.json()["sha256"]}
        assert len(client.get("/v1/files").json()["data"]) == 1


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\evil.txt", "evil.txt"),
        ("/absolute/path.txt", "path.txt"),
        ("bidi\u202etxt.exe", "biditxt.exe"),
        ("line\nbreak\r.txt", "linebreak.txt"),
        ("nul\0byte.txt", "nulbyte.txt"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("   spaces   inside .txt", "spaces inside .txt"),
        ("a" * 300 + ".txt", "a" * 196 + ".txt"),
        ("报告.txt", "报告.txt"),
    ],
)
def test_names_are_shown_without_paths_and_invisible_characters(
    world: World, client: TestClient, given: str, shown: str
) -> None:
    assert name_upload(given, param="file") == shown
    before = {path for path in world.settings.home.rglob("*") if path.parent.name != "files"}
    response = upload(client, given.replace("\r", "").replace("\n", "").replace("\0", ""))
    assert response.status_code == 200
    new = {path for path in world.settings.home.rglob("*") if path.is_file()} - before
    # The queue, which starts beside the first request, makes its lock when it comes to it.
    assert {path.name for path in new if path.suffix != ".lock"} <= {response.json()["sha256"]}


@pytest.mark.parametrize("name", ["..", ".", "/", "\u202e", " "])
def test_a_file_without_a_name_is_refused(client: TestClient, name: str) -> None:
    response = upload(client, name)
    assert response.status_code == 400


def test_other_purposes_are_refused_by_name(client: TestClient) -> None:
    response = upload(client, "a.txt", purpose="magic")
    assert (response.status_code, response.json()["error"]["param"]) == (400, "purpose")


def test_an_upload_without_a_file_is_refused_by_name(client: TestClient) -> None:
    response = client.post("/v1/files", files={"purpose": (None, "assistants")})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "file")


def test_too_many_parts_are_refused(client: TestClient) -> None:
    files = [("file", (f"{number}.txt", b"x")) for number in range(1_001)]
    assert client.post("/v1/files", files=files, data={"purpose": "assistants"}).status_code == 400


def test_lists_come_in_pages(client: TestClient) -> None:
    ids = [upload(client, f"{number}.txt", str(number).encode()).json()["id"] for number in range(5)]
    everything = [file["id"] for file in client.get("/v1/files").json()["data"]]
    first = client.get("/v1/files", params={"limit": 3}).json()
    rest = client.get("/v1/files", params={"limit": 100, "after": first["last_id"]}).json()
    assert set(ids) <= set(everything)
    assert [file["id"] for file in first["data"] + rest["data"]] == everything
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [file["id"] for file in client.get("/v1/files?order=asc").json()["data"]] == everything[::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "order=up", "surprise=1"])
def test_a_page_that_makes_no_sense_is_refused_by_name(client: TestClient, query: str) -> None:
    response = client.get(f"/v1/files?{query}")
    assert (response.status_code, response.json()["error"]["param"]) == (400, query.split("=")[0])


def test_a_page_behind_an_unknown_file_is_not_there(client: TestClient) -> None:
    response = client.get("/v1/files?after=nope")
    assert (response.status_code, response.json()["error"]["param"]) == (404, "after")


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("file_id", ["file-nope", "..%2f..%2fetc%2fpasswd", "%00", "a'--"])
def test_an_unknown_file_is_a_404(client: TestClient, method: str, file_id: str) -> None:
    response = getattr(client, method)(f"/v1/files/{file_id}")
    assert response.status_code == 404
    assert response.json()["error"]["code"] in {"file_not_found", "not_found"}


def test_no_file_has_another_purpose(client: TestClient) -> None:
    upload(client, "a.txt")
    assert client.get("/v1/files", params={"purpose": "assistants"}).json()["data"]
    other = client.get("/v1/files", params={"purpose": "fine-tune"})
    assert (other.status_code, other.json()["data"], other.json()["has_more"]) == (200, [], False)


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
def test_a_file_has_the_purpose_that_its_upload_said(client: TestClient, purpose: str) -> None:
    file = client.post("/v1/files", files={"file": ("a.txt", b"text")}, data={"purpose": purpose}).json()
    assert (file["purpose"], file["expires_at"]) == (purpose, None)
    listed = client.get("/v1/files", params={"purpose": purpose}).json()["data"]
    assert file["id"] in {each["id"] for each in listed}
    assert {each["purpose"] for each in listed} == {purpose}


def expiring(seconds: int) -> dict[str, str]:
    return {"purpose": "user_data", "expires_after[anchor]": "created_at", "expires_after[seconds]": str(seconds)}


def test_a_file_expires_with_its_documents(world: World, client: TestClient) -> None:
    file = client.post("/v1/files", files={"file": ("a.txt", b"text")}, data=expiring(3_600)).json()
    assert file["expires_at"] - file["created_at"] in (3_600, 3_601)
    client.post("/v1/vector_stores/docs/files", json={"file_id": file["id"]})

    world.services.expiry.sweep(file["expires_at"] - 1)
    assert client.get(f"/v1/files/{file['id']}").status_code == 200
    world.services.expiry.sweep(file["expires_at"])
    assert client.get(f"/v1/files/{file['id']}").status_code == 404
    assert client.get(f"/v1/vector_stores/docs/files/{file['id']}").status_code == 404


def test_a_file_that_was_to_stay_stays(client: TestClient) -> None:
    content = {"file": ("a.txt", b"text")}
    client.post("/v1/files", files=content, data={"purpose": "assistants"})
    assert client.post("/v1/files", files=content, data=expiring(3_600)).json()["expires_at"] is None


@pytest.mark.parametrize("seconds", [3_599, 2_592_001])
def test_an_expiry_out_of_openais_bounds_is_refused(client: TestClient, seconds: int) -> None:
    response = client.post("/v1/files", files={"file": ("a.txt", b"text")}, data=expiring(seconds))
    assert response.json()["error"]["param"] == "expires_after[seconds]"
    half = {"purpose": "assistants", "expires_after[anchor]": "created_at"}
    response = client.post("/v1/files", files={"file": ("a.txt", b"text")}, data=half)
    assert response.json()["error"]["param"] == "expires_after"
