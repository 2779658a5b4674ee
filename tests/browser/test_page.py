"""The page in a real browser over a fake API: hostile text, and closing the tab."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.hostile import PAYLOADS, served, show_hostile_words
from tests.ui.fake_api import FakeApi, scripted_answer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_hostile_words_stay_words(browser: Browser, tmp_path: Path) -> None:
    assert len(PAYLOADS) >= 60
    assert show_hostile_words(browser, tmp_path) == []


def test_closing_the_tab_stops_the_answer(page: Page, tmp_path: Path) -> None:
    api = FakeApi(script=[*scripted_answer()[:2], 120.0])
    api.add_document("file-1", "handbook.pdf")
    with served(api, tmp_path) as url:
        chat = ChatPage(page, url)
        chat.ask("How heavy is it?")
        expect(page.get_by_text("Evidence found so far")).to_be_visible(timeout=15_000)
        page.goto("about:blank")
        assert api.client_left.wait(15)
