"""The page in a real browser over a fake API: hostile text, and closing the tab."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat_page import ChatPage
from tests.live import free_port, wait_until_answered
from tests.ui.fake_api import FakeApi, annotation, scripted_answer, serve_fake

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SINK = "http://127.0.0.1:9"  # a loopback address, so that even a request that stays here is caught
ATTACKS = [
    f"![a]({SINK}/image.png?d=SECRET)",
    f"![b][ref]\n\n[ref]: {SINK}/reference.png",
    f"[![c]({SINK}/nested.png)]({SINK}/link)",
    f"<img src='{SINK}/html.png' onerror='alert(1)'>",
    "<script>alert(2)</script>",
    "<svg/onload=alert(3)>",
    f"<iframe src='{SINK}/frame'></iframe>",
    "[d](javascript:alert(4))",
    "[e](data:text/html,<script>alert(5)</script>)",
    f"| t |\n| --- |\n| ![f]({SINK}/cell.png) |",
    f"- ![g]({SINK}/item.png)",
    f"> ![h]({SINK}/quote.png)",
    "$\\href{javascript:alert(6)}{x}$ and $\\includegraphics{http://127.0.0.1:9/tex.png}$",
    f"```mermaid\ngraph TD; A[<img src={SINK}/mermaid.png>]\n```",
    f"<style>body{{background:url({SINK}/style.png)}}</style>",
    f"{SINK}/bare and www.evil.example and mail@evil.example",
    ":green-badge[supported] :material/check:",
]
ANSWER = "\n\n".join(ATTACKS)


@contextmanager
def served(api: FakeApi, folder: Path) -> Generator[str, None, None]:
    """Serve `api`, and the page in front of it; yield the page's address."""
    port, log = free_port(), folder / "ui.log"
    with serve_fake(api), log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.server", "--port", str(port)],
            env={**os.environ, "PINCITE_API_URL": api.url},
            stdout=output,
            stderr=output,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_answered(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(10)
    assert "Traceback" not in log.read_text("utf-8")


def hostile_api() -> FakeApi:
    """Return an API whose every word is an attack."""
    api = FakeApi(script=scripted_answer(ANSWER))
    api.add_document("file-1", f"![x]({SINK}/name.png)<img src={SINK}/name2.png onerror=alert(7)>.pdf")
    api.add_document("file-2", "b.pdf", warning=ATTACKS[0] + ATTACKS[3])
    title = f"<img src={SINK}/title.png>![x]({SINK}/title2.png).pdf"
    citation = annotation(ANSWER, reasons=ATTACKS[:4], filename=title, boxes=[])
    api.script[-1]["choices"][0]["delta"]["annotations"] = [{**citation, "quote": ANSWER}]
    return api


def test_hostile_words_stay_words(page: Page, tmp_path: Path) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with served(hostile_api(), tmp_path) as url:
        chat = ChatPage(page, url)
        chat.ask("What do you say?")
        chat.wait_for_answer()
        expect(page.get_by_text("<script>alert(2)</script>").first).to_be_visible()
        expect(page.get_by_text(":green-badge[supported]").first).to_be_visible()
        chat.button("[1]").click()
        expect(chat.dialog).to_be_visible()
        page.wait_for_timeout(500)
        links = page.locator("a[href]").evaluate_all("all => all.map(a => a.href)")
        page.goto("about:blank")
    assert [address for address in [*requests, *links] if not address.startswith((url, "about:"))] == []


def test_closing_the_tab_stops_the_answer(page: Page, tmp_path: Path) -> None:
    api = FakeApi(script=[*scripted_answer()[:2], 120.0])
    api.add_document("file-1", "handbook.pdf")
    with served(api, tmp_path) as url:
        chat = ChatPage(page, url)
        chat.ask("How heavy is it?")
        expect(page.get_by_text("Evidence found so far")).to_be_visible(timeout=15_000)
        page.goto("about:blank")
        assert api.client_left.wait(15)
