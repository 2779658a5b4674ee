"""Steps of a user on the chat page in a browser."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

READ_MS = 120_000
ANSWER_MS = 240_000


class ChatPage:
    """The page as its users see it: elements are located by their text and role."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        expect(page.get_by_text("Collection", exact=True)).to_be_visible(timeout=30_000)

    @property
    def question(self) -> Locator:
        """The field for questions, when it takes one."""
        return self.page.get_by_placeholder("Ask your documents")

    def make_collection(self, name: str) -> None:
        """Make a collection and wait until it is chosen."""
        self.page.get_by_role("button", name=re.compile("New$")).click()
        self.page.get_by_label("Name of the new collection").fill(name)
        self.page.get_by_role("button", name="Create").click()
        expect(self.dialog).to_have_count(0, timeout=15_000)
        expect(self.page.get_by_label("Collection").first).to_have_value(name, timeout=15_000)
        expect(self.page.get_by_text("None yet.")).to_be_visible(timeout=15_000)
        self.wait_until_drawn()

    def wait_until_drawn(self) -> None:
        """Wait for the end of the page's rerun: a field that is replaced by it loses what is put into it."""
        expect(self.page.locator("[data-test-script-state=notRunning]")).to_be_attached(timeout=15_000)

    def choose_answers(self, name: str) -> None:
        """Choose how the next answers are made."""
        options = self.page.get_by_test_id("stExpander").filter(has_text="How answers are made")
        options.locator("summary").click()
        options.get_by_text(name, exact=True).click()
        expect(options.get_by_role("radio", name=name)).to_be_checked(timeout=15_000)
        options.locator("summary").click()

    def upload(self, *files: Path) -> None:
        """Add files, all at once."""
        self.page.locator("input[type=file]").set_input_files(files)

    def ask(self, question: str) -> None:
        """Send a question and wait until its answer has begun."""
        messages = self.page.get_by_test_id("stChatMessage")
        before = messages.count()
        expect(self.question).to_be_enabled(timeout=READ_MS)
        self.question.fill(question)
        self.question.press("Enter")
        expect(messages).to_have_count(before + 2, timeout=15_000)

    def wait_for_answer(self) -> None:
        """Wait until the answer is complete."""
        expect(self.page.get_by_role("button", name="Stop")).to_have_count(0, timeout=ANSWER_MS)
        expect(self.question).to_be_enabled()

    def button(self, name: str) -> Locator:
        """Return the first button whose name begins with `name`."""
        return self.page.get_by_role("button", name=name).first

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog")
