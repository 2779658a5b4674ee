"""What a model can be trusted with, told from its size. Pure."""

from rag.engines.types import ModelInfo

ABLE_BYTES = 1_000_000_000
"""About 1.5 billion weights in 4 bits."""


def is_able(model: ModelInfo) -> bool:
    """Return whether a model can write answers of its own and rewrite questions.

    A small one answers a question instead of rewriting it, and says things that no passage says (SmolLM2-135M:
    docs/development/decisions/2026-11-28-small-models-quote.md). What a server has is taken to
    be able: its size is not known.
    """
    return model.is_remote or model.size_bytes >= ABLE_BYTES
