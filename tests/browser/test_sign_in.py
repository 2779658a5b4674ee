"""Signing in with a key, in a real browser over the real application."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from ingest.principals import Principal
from tests.api.world import World, make_world, wait_for
from tests.browser.page_server import serve_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAPERS = "Annas papers"
SHOWN_MS = 30_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path / "home") as made:
        yield made


@pytest.fixture
def api_url(world: World) -> Iterator[str]:
    """The address of a server with keys."""
    with world.live() as live:
        yield live.url


@pytest.fixture
def address(api_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of its page."""
    with serve_page(api_url, tmp_path) as url:
        yield url


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def everything_kept(page: Page) -> str:
    """Return all that the browser has of the page: its text, its address, its stores and its cookies."""
    stores = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    return f"{page.content()} {page.url} {stores} {page.context.cookies()}"


def test_a_key_opens_what_is_its_holders_and_the_browser_never_keeps_it(world: World, address: str, page: Page) -> None:
    key = world.services.library.create_key("anna")
    world.services.as_principal(Principal("anna")).create_collection(PAPERS)
    page.goto(address)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SHOWN_MS)
    assert PAPERS not in page.content()

    sign_in(page, "a-key-that-opens-nothing")
    expect(page.get_by_text("does not open the server")).to_be_visible(timeout=SHOWN_MS)
    sign_in(page, key)
    expect(page.get_by_text("Signed in as anna")).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_label("Collection").first).to_have_value(PAPERS, timeout=SHOWN_MS)
    assert key not in everything_kept(page)

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SHOWN_MS)
    assert PAPERS not in everything_kept(page)
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SHOWN_MS)


def test_another_tab_is_not_signed_in_and_a_revoked_key_signs_out(
    world: World, api_url: str, address: str, page: Page
) -> None:
    key = world.services.library.create_key("anna")
    page.goto(address)
    sign_in(page, key)
    expect(page.get_by_text("Signed in as anna")).to_be_visible(timeout=SHOWN_MS)
    with page.context.new_page() as other:
        other.goto(address)
        expect(other.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SHOWN_MS)
        assert "Signed in as anna" not in other.content()

    world.services.library.revoke_key("anna")
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, trust_env=False) as client:
        wait_for(lambda: client.get(f"{api_url}/v1/models").status_code == httpx.codes.UNAUTHORIZED)
    page.get_by_role("button", name="New", exact=False).first.click()
    expect(page.get_by_text("does not open this server any more")).to_be_visible(timeout=SHOWN_MS)
