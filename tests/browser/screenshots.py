"""Take the screenshots of the README: the chat with a cited answer, and an opened citation.

    python -m tests.browser.screenshots [FOLDER]

Starts Pincite on the samples in a temporary home, asks a few questions in headless Chromium, and writes `chat.png` and
`citation.png` into FOLDER (default: data/screenshots).
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.chromium import MISSING, find_chromium, launch_chromium
from tests.live import LiveStack, clean_environment, start_stack

ROOT = Path(__file__).parents[2]
SAMPLES, SCREENSHOTS = ROOT / "data" / "samples", ROOT / "data" / "screenshots"
WIDTH_PIXELS, HEIGHT_PIXELS = 1440, 900
SETTLE_MS = 1_000
EARLIER_QUESTIONS = (
    "How long is the warranty on the frame of the Porter 2?",
    "List every error code of the Porter 2",
    "What is the return policy for bicycles bought online?",
)
QUESTION = "How long must a damaged battery stay in quarantine?"


def ingest_samples(home: Path) -> None:
    """Index the samples as a user does on the command line."""
    command = [sys.executable, "-m", "api.cli", "ingest", str(SAMPLES)]
    subprocess.run(command, env=clean_environment(home), check=True, stdout=subprocess.DEVNULL)


def take_screenshots(page: Page, stack: LiveStack, folder: Path) -> list[Path]:
    """Ask the questions, open the first citation of the last answer, and return the paths of the screenshots."""
    chat = ChatPage(page, stack.ui_url)
    for question in EARLIER_QUESTIONS:
        chat.ask(question)
        chat.wait_for_answer()
        chat.button("New chat").click()
        expect(page.get_by_test_id("stChatMessage")).to_have_count(0, timeout=15_000)
    chat.ask(QUESTION)
    chat.wait_for_answer()
    paths = [save_screenshot(page, folder / "chat.png")]
    chat.button("[1]").click()
    expect(chat.dialog.locator("img")).to_be_visible(timeout=30_000)
    return [*paths, save_screenshot(page, folder / "citation.png")]


def save_screenshot(page: Page, path: Path) -> Path:
    """Save the page once its fonts and animations have settled."""
    page.mouse.move(WIDTH_PIXELS - 1, HEIGHT_PIXELS // 2)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=path)
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Write the screenshots; return 1 if there is no Chromium."""
    arguments = sys.argv[1:] if argv is None else argv
    folder = Path(arguments[0]) if arguments else SCREENSHOTS
    executable = find_chromium()
    if executable is None:
        sys.stderr.write(f"{MISSING}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="pincite-screenshots-") as home:
        ingest_samples(Path(home))
        stack = start_stack(Path(home))
        try:
            with launch_chromium(executable) as browser:
                page = browser.new_page(viewport={"width": WIDTH_PIXELS, "height": HEIGHT_PIXELS})
                for path in take_screenshots(page, stack, folder):
                    sys.stderr.write(f"wrote {path}\n")
        finally:
            stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
