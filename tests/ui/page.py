"""Steps of a user on the page and the text that the page shows, with Streamlit's AppTest."""

import time
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

PAGE = Path(__file__).parents[2] / "ui" / "app.py"


def visible_text(page: AppTest) -> str:
    """Return all words on the page."""
    kinds = (page.markdown, page.caption, page.text, page.error, page.header, page.code)
    return "\n".join(str(element.value) for elements in kinds for element in elements)


def button(page: AppTest, label: str) -> Callable[[], AppTest]:
    """Return a click on the first button whose label or help begins with `label`."""
    for element in page.button:
        if element.label.startswith(label) or (element.help or "").startswith(label):
            return lambda: element.click().run()
    raise AssertionError(f"no button {label!r} among {[element.label for element in page.button]}")


def ask(page: AppTest, question: str) -> AppTest:
    """Ask, and look again until the answer has ended."""
    page.chat_input[0].set_value(question).run()
    return wait_for_answer(page)


def wait_for_answer(page: AppTest) -> AppTest:
    """Look again until the answer has ended."""
    for _ in range(100):
        if not any(element.label == "Stop" for element in page.button):
            return page
        time.sleep(0.05)
        page.run()
    raise AssertionError("the answer did not end")


def run_until_visible(page: AppTest, text: str) -> AppTest:
    """Run the page again until it shows `text`."""
    for _ in range(100):
        if text in visible_text(page):
            return page
        time.sleep(0.05)
        page.run()
    raise AssertionError(f"the page did not show {text!r}")
