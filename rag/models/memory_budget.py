"""How much memory a model takes, and which models are evicted for another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.runtime.gguf_header import GgufHeaderError
from rag.engines.llama.engine import read_preferences
from rag.engines.llama.model_shape import read_shape
from rag.engines.llama.placement import GIB, RESERVE_BYTES, Machine
from rag.engines.llama.planning import plan_placement
from rag.engines.machine import count_usable_cores, read_free_memory
from rag.models.catalog import CatalogEntry
from rag.settings import RagSettings

PROCESS_BYTES = 64 << 20
"""Memory of a process that has imported llama.cpp and loaded no model."""
TORCH_BYTES = 512 << 20
"""Memory of a process that has imported torch and loaded no model."""


@dataclass(frozen=True, slots=True)
class ResidentModel:
    """A model in memory; `last_used` is a time of a clock that all models share."""

    path: Path
    size_bytes: int
    is_idle: bool
    last_used: float


def read_memory_budget(settings: RagSettings) -> int:
    """Return the bytes that all models together may take: the setting, else the free memory less a reserve."""
    if settings.model_memory_gb is not None:
        return int(settings.model_memory_gb * GIB)
    return max(read_free_memory() - RESERVE_BYTES, 0)


def predict_memory(entry: CatalogEntry, settings: RagSettings, budget_bytes: int) -> int:
    """Return the bytes that a model takes once it is loaded, if it has all of the budget; 0 for a remote model.

    No GPU is counted on: layers that a GPU would take count as well.
    """
    if entry.kind == "remote":
        return 0
    if entry.kind == "transformers":
        return entry.size_bytes + TORCH_BYTES
    try:
        shape = read_shape(entry.path)
    except (GgufHeaderError, OSError):
        return entry.size_bytes  # loading the file reports what is wrong with it
    machine = Machine((), budget_bytes + RESERVE_BYTES, count_usable_cores())
    return PROCESS_BYTES + plan_placement(shape, machine, read_preferences(settings)).ram_bytes


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
