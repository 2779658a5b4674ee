"""A tiny model, written once for all tests here, and a process that has it loaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from rag.engines.llama.engine import LlamaEngine
from rag.settings import RagSettings
from tests.tiny_gguf import write_tiny_gguf

settings.register_profile("busy machine", deadline=None)  # what is asserted is never how long it took
settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="session")
def rag_settings(tmp_path_factory: pytest.TempPathFactory) -> RagSettings:
    return RagSettings(home=tmp_path_factory.mktemp("home"), threads=1)


@pytest.fixture(scope="module")
def tiny_engine(tiny_gguf: Path, rag_settings: RagSettings) -> Iterator[LlamaEngine]:
    engine = LlamaEngine("tiny", tiny_gguf, rag_settings)
    yield engine
    engine.close()
