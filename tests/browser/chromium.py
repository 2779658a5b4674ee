"""A headless Chromium for tests and screenshots."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

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
MISSING = "there is no Chromium: apt-get install chromium, or set PINCITE_TEST_CHROMIUM"


def find_chromium() -> str | None:
    """Return the path of the Chromium that PINCITE_TEST_CHROMIUM names, or of Debian's; None if there is none."""
    return os.environ.get("PINCITE_TEST_CHROMIUM") or shutil.which("chromium")


@contextmanager
def launch_chromium(executable: str) -> Generator[Browser, None, None]:
    """Run a headless Chromium inside the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()
