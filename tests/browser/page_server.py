"""The page, served by a process of its own in front of any API."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.live import free_port, wait_until_answered


@contextmanager
def serve_page(api_url: str, folder: Path) -> Generator[str, None, None]:
    """Serve the page in front of an API; yield its address. Its log, in `folder`, has no traceback at the end."""
    port, log = free_port(), folder / "ui.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.server", "--port", str(port)],
            env={**os.environ, "PINCITE_API_URL": api_url},
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
