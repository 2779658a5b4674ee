"""Fixtures that cost something and are therefore shared: one server with the bundled models for the whole run."""

from collections.abc import Iterator

import pytest

from ingest.embedding import WorkerEmbedder, find_embedder
from tests.live import LIVE_UPLOAD_MB, LiveStack, start_stack


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
