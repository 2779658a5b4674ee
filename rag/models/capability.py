"""What a model can be trusted with, judged by its size. Pure."""

from rag.engines.types import ModelInfo

CAPABLE_BYTES = 1_000_000_000
"""About 1.5 billion weights of 4 bits."""


def is_capable(model: ModelInfo) -> bool:
    """Return whether a model can write answers in its own words and rewrite queries.

    A small model answers a query instead of rewriting it, and makes claims that no passage supports (SmolLM2-135M:
    docs/development/decisions/2026-11-28-small-models-quote.md). A remote model counts as capable: its size is unknown.
    """
    return model.is_remote or model.size_bytes >= CAPABLE_BYTES
