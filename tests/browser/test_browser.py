"""The journey of a user in a real browser over a real server with the bundled models."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser.chat_page import ANSWER_MS, READ_MS, ChatPage
from tests.live import LiveStack

pytestmark = [pytest.mark.browser, pytest.mark.real]

PUMP = ["The cooling pump is in the cellar.", "The cooling pump must be oiled every 90 days."]
LAMP = ["The lamps in the hall are switched off at ten o'clock.", "A broken lamp is replaced by the caretaker."]


def make_pdf(path: Path, pages: list[str]) -> Path:
    """Write a PDF with one sentence on each page."""
    canvas = Canvas(str(path), invariant=1)
    for sentence in pages:
        canvas.setFont("Helvetica", 14)
        canvas.drawString(72, 700, sentence)
        canvas.showPage()
    canvas.save()
    return path


def collection_files(stack: LiveStack, collection: str) -> list[str]:
    """Return the names of the files that the API has in a collection."""
    answer = httpx.get(f"{stack.api_url}/v1/vector_stores/{collection}/files").raise_for_status()
    return sorted(entry["filename"] for entry in answer.json()["data"])


def share_of_highlight(png: bytes) -> float:
    """Return the share of yellow pixels in an image."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    pixels = image.width * image.height
    colors = image.getcolors(maxcolors=pixels) or []
    return sum(count for count, (r, g, b) in colors if r > 200 and g > 180 and b < 160) / pixels  # type: ignore[misc]


@pytest.fixture
def chat(page: Page, live_stack: LiveStack, request: pytest.FixtureRequest) -> Iterator[ChatPage]:
    """The page with a new collection, which is named after the test and chosen."""
    chat = ChatPage(page, live_stack.ui_url)
    chat.make_collection(request.node.name)
    yield chat
    httpx.delete(f"{live_stack.api_url}/v1/vector_stores/{request.node.name}").raise_for_status()


def test_upload_ask_and_see_the_cited_words_highlighted_on_their_page(
    chat: ChatPage, live_stack: LiveStack, tmp_path: Path
) -> None:
    chat.upload(make_pdf(tmp_path / "pump.pdf", PUMP), make_pdf(tmp_path / "lamp.pdf", LAMP))
    expect(chat.page.get_by_text("2 pages,")).to_have_count(2, timeout=READ_MS)

    chat.choose_answers("In the model's words")
    chat.ask("How often must the cooling pump be oiled?")
    expect(chat.page.get_by_text("Evidence found so far")).to_be_visible(timeout=READ_MS)
    chat.page.screenshot(path=tmp_path / "writing.png")
    chat.wait_for_answer()
    chat.page.screenshot(path=tmp_path / "answer.png")

    chat.button("[1]").click()
    picture = chat.dialog.locator("img")
    expect(picture).to_be_visible(timeout=30_000)
    expect(chat.dialog).to_contain_text("pump.pdf, page 2")
    expect(chat.dialog).to_contain_text("The cooling pump must be oiled every 90 days.")
    chat.page.screenshot(path=tmp_path / "source.png")
    assert 0.0005 < share_of_highlight(picture.screenshot()) < 0.1
    assert collection_files(live_stack, "test_upload_ask_and_see_the_cited_words_highlighted_on_their_page") == [
        "lamp.pdf",
        "pump.pdf",
    ]


def test_an_answer_can_be_stopped_and_the_next_question_is_answered(chat: ChatPage, tmp_path: Path) -> None:
    chat.upload(make_pdf(tmp_path / "pump.pdf", PUMP))
    expect(chat.page.get_by_text("2 pages,")).to_be_visible(timeout=READ_MS)
    chat.choose_answers("In the model's words")
    chat.ask("Write down everything about the cooling pump, at great length.")
    chat.button("Stop").click(timeout=30_000)
    expect(chat.page.get_by_text("Stopped.")).to_be_visible(timeout=10_000)
    chat.ask("Where is the cooling pump?")
    chat.wait_for_answer()
    expect(chat.page.get_by_text("Where is the cooling pump?")).to_be_visible()
    expect(chat.page.get_by_role("button", name="pump.pdf, page").first).to_be_attached()


def test_a_chat_is_found_again_after_a_reload_and_answered_anew(chat: ChatPage, tmp_path: Path) -> None:
    question = "How often must the cooling pump be oiled?"
    chat.upload(make_pdf(tmp_path / "pump.pdf", PUMP))
    chat.ask(question)
    chat.wait_for_answer()
    chat.page.reload()
    expect(chat.page.get_by_test_id("stChatMessage")).to_have_count(2, timeout=30_000)
    chat.button("New chat").click()
    expect(chat.page.get_by_test_id("stChatMessage")).to_have_count(0, timeout=15_000)
    chat.page.get_by_test_id("stSidebar").get_by_role("button", name=question).first.click()
    expect(chat.page.get_by_test_id("stChatMessage")).to_have_count(2, timeout=15_000)

    chat.button("[1]").click()
    picture = chat.dialog.locator("img")
    expect(picture).to_be_visible(timeout=30_000)
    expect(chat.dialog).to_contain_text("The cooling pump must be oiled every 90 days.")
    assert 0.0005 < share_of_highlight(picture.screenshot()) < 0.1
    chat.page.keyboard.press("Escape")
    expect(chat.dialog).to_have_count(0)

    chat.button("refresh").click()
    expect(chat.page.get_by_text("2 of 2")).to_be_visible(timeout=ANSWER_MS)
    chat.page.screenshot(path=tmp_path / "versions.png")
    chat.button("chevron_left").click()
    expect(chat.page.get_by_text("1 of 2")).to_be_visible(timeout=15_000)


def test_a_document_is_deleted_after_a_question(
    chat: ChatPage, live_stack: LiveStack, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chat.upload(make_pdf(tmp_path / "lamp.pdf", LAMP))
    expect(chat.page.get_by_text("2 pages,")).to_be_visible(timeout=READ_MS)
    chat.button("delete icon").click()
    chat.dialog.get_by_role("button", name="Keep it").click()
    expect(chat.dialog).to_have_count(0)
    assert collection_files(live_stack, request.node.name) == ["lamp.pdf"]
    chat.button("delete icon").click()
    chat.dialog.get_by_role("button", name="Delete").click()
    expect(chat.page.get_by_text("None yet.")).to_be_visible(timeout=15_000)
    assert collection_files(live_stack, request.node.name) == []


def test_a_file_that_cannot_be_read_says_why(chat: ChatPage, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing that follows is a PDF")
    chat.upload(broken, make_pdf(tmp_path / "lamp.pdf", LAMP))
    expect(chat.page.get_by_text("Not readable: broken.pdf is damaged")).to_be_visible(timeout=READ_MS)
    expect(chat.page.get_by_text("2 pages,")).to_be_visible(timeout=READ_MS)


def test_the_page_fits_a_telephone(chat: ChatPage, tmp_path: Path) -> None:
    chat.upload(make_pdf(tmp_path / "pump.pdf", PUMP))
    expect(chat.page.get_by_text("2 pages,")).to_be_visible(timeout=READ_MS)
    chat.ask("How often must the cooling pump be oiled?")
    chat.wait_for_answer()
    chat.page.set_viewport_size({"width": 400, "height": 800})
    chat.page.screenshot(path=tmp_path / "telephone.png")
    assert chat.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
