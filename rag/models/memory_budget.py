"""How much memory a model takes, and which models leave for another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.runtime.gguf_header import GgufHeaderError
from rag.engines.llama.engine import wishes_of
from rag.engines.llama.model_shape import read_shape
from rag.engines.llama.placement import GIB, RESERVE_BYTES, Machine, place
from rag.engines.machine import free_ram_bytes, usable_cores
from rag.models.catalog import CatalogEntry
from rag.settings import RagSettings

PROCESS_BYTES = 64 << 20
"""What a process takes that has llama.cpp, before it has a model."""
TORCH_BYTES = 512 << 20
"""The same of one that has torch."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A model in memory; `last_used` is a time of a clock that all share."""

    path: Path
    size_bytes: int
    is_idle: bool
    last_used: float


def budget_bytes(settings: RagSettings) -> int:
    """Return what all models together may take: what the settings say, else what is free now less a reserve."""
    if settings.model_memory_gb is not None:
        return int(settings.model_memory_gb * GIB)
    return max(free_ram_bytes() - RESERVE_BYTES, 0)


def predicted_bytes(entry: CatalogEntry, settings: RagSettings, budget: int) -> int:
    """Return what a model takes once it is loaded, where it has all of `budget`; 0 for one that a server keeps.

    No GPU is counted on: what would go there counts as well.
    """
    if entry.kind == "remote":
        return 0
    if entry.kind == "transformers":
        return entry.size_bytes + TORCH_BYTES
    try:
        shape = read_shape(entry.path)
    except (GgufHeaderError, OSError):
        return entry.size_bytes  # loading it will say what is wrong with it
    machine = Machine((), budget + RESERVE_BYTES, usable_cores())
    return PROCESS_BYTES + place(shape, machine, wishes_of(settings)).ram_bytes


def leaving(needed: int, budget: int, tenants: Sequence[Tenant]) -> list[Tenant] | None:
    """Return who must leave so that a model of `needed` bytes fits; None where those who are not idle are in its way.

    The least recently used leave first, and no more than it takes. A model that is larger than the budget has the
    memory for itself: all leave.
    """
    in_use = sum(tenant.size_bytes for tenant in tenants if not tenant.is_idle)
    if in_use and in_use + needed > budget:
        return None
    excess = needed + sum(tenant.size_bytes for tenant in tenants) - budget
    chosen: list[Tenant] = []
    for tenant in sorted((each for each in tenants if each.is_idle), key=lambda each: each.last_used):
        if excess <= 0:
            break
        chosen.append(tenant)
        excess -= tenant.size_bytes
    return chosen
