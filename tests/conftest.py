"""What all tests share: an empty library each, and what costs something, once for the whole run."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from ingest.library.library import Library
from tests.live import LIVE_UPLOAD_MB, LiveStack, start_stack


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_children() -> None:
    """Children of a suite that a shell has started in the background would ignore Ctrl-C, as the suite itself does."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """`pincite up` in a process of its own, with an empty home and the bundled models, on free ports."""
    stack = start_stack(tmp_path_factory.mktemp("live-home"), {"PINCITE_MAX_UPLOAD_MB": str(LIVE_UPLOAD_MB)})
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def real_embedder() -> Iterator[WorkerEmbedder]:
    """The bundled embedder in its worker process."""
    embedder = WorkerEmbedder(find_embedder("bundled"), batch_size=16)
    yield embedder
    embedder.close()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library."""
    opened = Library(tmp_path / "home")
    yield opened
    opened.close()
