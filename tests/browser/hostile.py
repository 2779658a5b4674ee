"""Words that attack a page that shows them, and what a browser does with them."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.api.test_forged_citations import FORGERIES
from tests.browser.chat_page import ChatPage
from tests.browser.page_server import serve_page
from tests.ui.fake_api import FakeApi, annotation, scripted_answer, serve_fake
from tests.ui.test_safe_markdown import ATTACKS as MARKDOWN_ATTACKS

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
SCHEMES = tuple(
    f"[{scheme}]({scheme}:{SINK}/x)"
    for scheme in ("vbscript", "file", "ftp", "blob", "intent", "tel", "ms-word", "view-source")
)
PAYLOADS = tuple(dict.fromkeys([*ATTACKS, *MARKDOWN_ATTACKS, *FORGERIES, *SCHEMES]))
ANSWER = "\n\n".join(PAYLOADS)


@contextmanager
def served(api: FakeApi, folder: Path) -> Generator[str, None, None]:
    """Serve `api`, and the page in front of it; yield the page's address."""
    with serve_fake(api), serve_page(api.url, folder) as url:
        yield url


def hostile_api() -> FakeApi:
    """Return an API whose every word is an attack."""
    api = FakeApi(script=scripted_answer(ANSWER))
    api.add_document("file-1", f"![x]({SINK}/name.png)<img src={SINK}/name2.png onerror=alert(7)>.pdf")
    api.add_document("file-2", "b.pdf", warning=ATTACKS[0] + ATTACKS[3])
    title = f"<img src={SINK}/title.png>![x]({SINK}/title2.png).pdf"
    citation = annotation(ANSWER, reasons=ATTACKS[:4], filename=title, boxes=[])
    api.script[-1]["choices"][0]["delta"]["annotations"] = [{**citation, "quote": ANSWER}]
    return api


def show_hostile_words(browser: Browser, folder: Path) -> list[str]:
    """Have the page show an answer, citations and files whose every word is an attack; return what one achieved."""
    requests: list[str] = []
    problems: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: problems.append(f"a dialog: {dialog.message}"))
    page.on("pageerror", lambda error: problems.append(f"an error: {error}"))
    with served(hostile_api(), folder) as url:
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
    context.close()
    foreign = [address for address in [*requests, *links] if not address.startswith((url, "about:"))]
    return [*problems, *(f"it led to {address}" for address in foreign)]
