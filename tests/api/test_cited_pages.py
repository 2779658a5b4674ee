"""The page that a citation's link opens, and who may open it."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.citing.page_html import CitedPage, Excerpt, render
from api.citing.page_links import FILE_NAME, LinkSigner, PageLinks, load_secret
from api.errors import PageLinkError
from rag.types import Quote
from tests.api.key_world import KeyWorld, make_key_world
from tests.api.world import PUMP, World, make_world
from tests.fakes import ScriptedEngine
from tests.ui.test_api_contract import add_document_with_layout

ASK = {"messages": [{"role": "user", "content": "How often is the pump oiled?"}]}
NOW = 1_000_000.0


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyWorld]:
    with make_key_world(tmp_path_factory.mktemp("links") / "home") as made:
        yield made


def cited_url(keyed: KeyWorld, who: str, model: str) -> str:
    keyed.world.models.scripted = ScriptedEngine(["It is oiled every 3 months [1]."])
    message = keyed.send(who, "POST", "/v1/chat/completions", json={**ASK, "model": model}).json()["choices"][0]
    url: str = message["message"]["annotations"][0]["url_citation"]["url"]
    return url


def test_without_keys_a_link_is_plain_and_marks_the_quote(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["The pump is oiled every 3 months [3]."])
    body = client.post("/v1/chat/completions", json={**ASK, "model": "docs/docs"}).json()
    url = body["choices"][0]["message"]["annotations"][0]["url_citation"]["url"]
    assert "signature" not in url
    page = client.get(url)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<mark>The pump is oiled every 3 months.</mark>" in page.text
    assert "is supported by it" in page.text


def test_the_page_loads_nothing_and_has_no_script(world: World, client: TestClient) -> None:
    document = world.add("odd.txt", "<script>alert(1)</script> The valve is <b>closed</b> & locked.")
    page = client.get(f"/cite/docs/{document.file_id}/1?start=0&end=60")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "private, no-store"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert not re.search(r"<(script|b|a|link|iframe)\b", page.text)


@given(text=st.text(alphabet=st.sampled_from("<>&\"'ab/=:"), max_size=40))
def test_no_text_of_a_document_becomes_markup(text: str) -> None:
    plain = render(CitedPage("t", Excerpt("", "", "")))
    page = render(CitedPage(f"t{text}", Excerpt(text, text, text), "partly", (text,)))
    own = plain.count("<") + 2 * len(["p", "p"])
    assert page.count("<") == own


def test_a_page_with_a_layout_is_shown_as_a_picture_or_else_as_text(tmp_path: Path) -> None:
    with make_world(tmp_path / "home") as world, world.client() as client:
        add_document_with_layout(world, "pump.pdf", PUMP)
        collection = world.services.library.collection("docs")
        (document,) = world.services.library.documents(collection.id)
        url = f"/cite/docs/{document.file_id}/1?start=0&end=33"
        undrawn = client.get(url)  # its original is no PDF
        assert "could not be drawn" in undrawn.text
        assert f"<mark>{PUMP[:33]}</mark>" in undrawn.text
        world.services.page_images.png = lambda *_: b"\x89PNG"  # type: ignore[method-assign]
        drawn = client.get(url)
        assert 'src="data:image/png;base64,iVBORw=="' in drawn.text
        assert f"<blockquote>{PUMP[:33]}</blockquote>" in drawn.text


def test_what_has_left_the_library_is_said_in_words(world: World, client: TestClient) -> None:
    document = world.add("gone.txt", PUMP)
    url = f"/cite/docs/{document.file_id}/1?start=0&end=9"
    assert client.get(url).status_code == 200
    assert client.get(url.replace("/1?", "/2?")).status_code == 404
    world.services.library.remove_document(document.collection_id, document.file_id)
    gone = client.get(url)
    assert (gone.status_code, "no longer in the library" in gone.text) == (404, True)


def test_a_signed_link_opens_its_page_without_a_key_and_nothing_else(keyed: KeyWorld) -> None:
    estate = keyed.settle("anna")
    url = cited_url(keyed, "anna", estate.ids["docs model"])
    opened = keyed.client.get(url)
    assert (opened.status_code, "<mark>" in opened.text) == (200, True)
    query = urlsplit(url).query
    assert keyed.client.get(f"/v1/files?{query}").status_code == 401
    other = keyed.settle("ben").ids
    moved = url.replace(estate.ids["store"], other["store"]).replace(estate.ids["document"], other["document"])
    assert keyed.client.get(moved).status_code == 403


@pytest.mark.parametrize("name", ["start", "end", "verdict", "owner", "expires", "signature"])
def test_a_link_that_was_changed_is_refused(keyed: KeyWorld, name: str) -> None:
    url = cited_url(keyed, "anna", keyed.settle("anna").ids["docs model"])
    parts = urlsplit(url)
    fields = dict(parse_qsl(parts.query))
    changed = {**fields, name: fields[name][:-1] + ("1" if fields[name][-1] != "1" else "2")}
    refused = keyed.client.get(parts.path, params=changed)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "page_link_refused")
    doubled = keyed.client.get(f"{url}&{name}={fields[name]}")
    assert doubled.status_code == 403


def test_a_link_ends_with_the_key_of_its_owner(tmp_path: Path) -> None:
    with make_key_world(tmp_path / "home") as keyed:
        url = cited_url(keyed, "anna", keyed.settle("anna").ids["docs model"])
        assert keyed.client.get(url).status_code == 200
        keyed.world.services.library.revoke_key("anna")
        keyed.world.app.state.keys._named = None
        refused = keyed.client.get(url)
        assert (refused.status_code, "revoked" in refused.json()["error"]["message"]) == (403, True)


def test_a_link_expires() -> None:
    now = NOW
    signer = LinkSigner(b"s" * 32, lifetime_seconds=60, clock=lambda: now)
    query = signer.sign("/cite/a/b/1", [("start", "0")], "anna")
    assert signer.find_owner("/cite/a/b/1", query) == "anna"
    now += 61
    with pytest.raises(PageLinkError, match="expired"):
        signer.find_owner("/cite/a/b/1", query)


def test_links_are_as_the_client_reaches_the_server() -> None:
    quote = Quote("vs_1", "file-1", "a.txt", "a.txt", 2, 5, 9, "text", 1.0)
    links = PageLinks("https://pincite.example/api", "anna")
    assert links.url(quote, "supported") == (
        "https://pincite.example/api/cite/vs_1/file-1/2?start=5&end=9&verdict=supported"
    )


def test_the_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(load_secret(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {(tmp_path / FILE_NAME).read_bytes()}
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_home_that_cannot_be_written_has_a_secret_for_one_process(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    assert len(load_secret(absent)) == 32
    assert load_secret(absent) != load_secret(absent)
