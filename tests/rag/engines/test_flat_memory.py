"""A model's process takes no more memory after 1,000 requests than after 200, and nothing of them stays behind."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from rag.engines.llama.engine import LlamaEngine
from rag.engines.types import Message, Sampling
from rag.settings import RagSettings

pytestmark = pytest.mark.slow

WARM, ALL = 200, 1_000
MARGIN_BYTES = 2 << 20
CANCELLED_EACH = 7
"""Every so many requests one is left after its first delta."""


def test_memory_is_flat_over_a_thousand_requests(tiny_gguf: Path, rag_settings: RagSettings) -> None:
    engine = LlamaEngine("tiny", tiny_gguf, rag_settings.model_copy(update={"context_window": 512}))
    with closing(engine):
        for number in range(WARM):
            ask(engine, number)
        warm = resident_bytes(engine)
        for number in range(WARM, ALL):
            ask(engine, number)
        assert resident_bytes(engine) < warm + MARGIN_BYTES
        first, again = (list(engine.generate([question(ALL)], Sampling(max_tokens=4)))[-1].usage for _ in range(2))
    assert first is not None
    assert again is not None
    assert (first.prompt_tokens, first.completion_tokens) == (again.prompt_tokens, again.completion_tokens)
    assert again.cached_tokens > 0


def ask(engine: LlamaEngine, number: int) -> None:
    """Send a question that was not asked before; some are left at their first delta, with most of it unwritten."""
    sampling = Sampling(temperature=0.8, seed=number, max_tokens=200 if number % CANCELLED_EACH == 0 else 6)
    with closing(engine.generate([question(number)], sampling)) as deltas:
        next(deltas)
        if number % CANCELLED_EACH == 0:
            return
        for _ in deltas:
            pass


def question(number: int) -> Message:
    return Message("user", f"{number * 7_919 % 1_000_003} is the number of the question, and here are some words")


def resident_bytes(engine: LlamaEngine) -> int:
    pid = engine.worker_pid
    assert pid is not None
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
