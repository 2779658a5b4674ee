"""The page of a server with keys: sign in, see what is one's own, sign out; against the real application."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ingest.principals import Principal
from tests.api.world import PUMP, World, make_world
from tests.ui.page import PAGE, button, visible_text

WRONG = "a-key-that-opens-nothing"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path / "home") as made:
        yield made


@pytest.fixture
def page(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    with world.live() as live:
        monkeypatch.setenv("PINCITE_API_URL", live.url)
        yield AppTest.from_file(str(PAGE), default_timeout=60)
        st.cache_resource.clear()


def sign_in(page: AppTest, key: str) -> AppTest:
    page.text_input[0].input(key)
    return button(page, "Sign in")()


def everything_on(page: AppTest) -> str:
    """Return all that the page has sent to the browser, and its address."""
    return str(page.main) + str(page.sidebar) + str(dict(page.query_params))


def test_a_server_without_keys_has_no_sign_in(page: AppTest) -> None:
    page.run()
    assert page.header[0].value == "Ask your own documents"
    assert "Signed in" not in visible_text(page)
    assert not [each for each in page.button if each.label in ("Sign in", "Sign out")]


def test_a_key_opens_what_is_its_holders_and_signing_out_forgets_it(world: World, page: AppTest) -> None:
    key = world.services.library.create_key("anna")
    anna = world.services.as_principal(Principal("anna"))
    anna.create_collection("Anna's papers")
    world.add("pump.txt", PUMP, collection="somebody else's")
    page.run()
    assert page.header[0].value == "Sign in"
    assert not page.sidebar.selectbox
    sign_in(page, WRONG)
    assert "does not open the server" in visible_text(page)
    sign_in(page, key)
    assert not page.exception
    assert "Signed in as anna" in visible_text(page)
    assert page.selectbox(key="collection").options == ["Anna's papers"]
    assert key not in everything_on(page)
    button(page, "Sign out")()
    assert page.header[0].value == "Sign in"
    assert "Anna's papers" not in everything_on(page)


def test_a_revoked_key_signs_the_page_out(world: World, page: AppTest) -> None:
    key = world.services.library.create_key("anna")
    page.run()
    sign_in(page, key)
    world.services.library.revoke_key("anna")
    for _ in range(100):
        page.run()
        if page.header[0].value == "Sign in":
            break
    assert "does not open this server any more" in "".join(each.value for each in page.info)


def test_a_shared_collection_says_whose_it_is_and_offers_no_changes_to_a_reader(world: World, page: AppTest) -> None:
    library = world.services.library
    key = library.create_key("anna")
    world.add("pump.txt", PUMP, collection="manuals")
    library.share_collection(library.collection("manuals").id, "anna", "read")
    page.run()
    sign_in(page, key)
    assert page.selectbox(key="collection").options == ["manuals (local)"]
    assert "pump" in visible_text(page)
    assert not page.file_uploader
    assert not [each for each in page.button if (each.help or "").startswith("Delete")]
