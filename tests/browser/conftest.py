"""A Chromium that a test drives, and that is watched: no page may ask anything of another machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that PINCITE_TEST_CHROMIUM names."""
    executable = os.environ.get("PINCITE_TEST_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no Chromium: apt-get install chromium, or set PINCITE_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page at desktop width. A picture of its end is kept; dialogs, errors and foreign requests fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    requests: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: requests.append(socket.url))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append(dialog.message))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    yield page
    page.screenshot(path=tmp_path / "end.png")
    context.close()
    assert {urlsplit(url).hostname for url in requests} - {None} == {"127.0.0.1"}
    assert troubles == []
