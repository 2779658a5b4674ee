"""Which models are evicted from memory for another one: the least recently used first (LRU). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ResidentModel:
    """A model in memory; `last_used` is a time of a clock that all models share."""

    path: Path
    size_bytes: int
    is_idle: bool
    last_used: float


def choose_evictions(
    needed_bytes: int, budget_bytes: int, residents: Sequence[ResidentModel]
) -> list[ResidentModel] | None:
    """Return which models to evict so that a new one fits; None if models in use leave it too little memory.

    Idle models are evicted least recently used first (LRU), and no more than needed. A model larger than the whole
    budget is loaded alone: all others are evicted.
    """
    in_use_bytes = sum(model.size_bytes for model in residents if not model.is_idle)
    if in_use_bytes and in_use_bytes + needed_bytes > budget_bytes:
        return None
    excess_bytes = needed_bytes + sum(model.size_bytes for model in residents) - budget_bytes
    evicted: list[ResidentModel] = []
    for model in sorted((model for model in residents if model.is_idle), key=lambda model: model.last_used):
        if excess_bytes <= 0:
            break
        evicted.append(model)
        excess_bytes -= model.size_bytes
    return evicted
