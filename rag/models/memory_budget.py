"""How much memory models may take together, and how much a model takes."""

from ingest.runtime.gguf_header import GgufHeaderError
from rag.engines.llama.engine import read_preferences
from rag.engines.llama.model_shape import read_shape
from rag.engines.llama.placement import plan_placement
from rag.engines.llama.placement_types import GIB, RESERVE_BYTES, Machine
from rag.engines.machine import count_usable_cores, read_free_memory
from rag.models.catalog import CatalogEntry
from rag.settings import RagSettings

PROCESS_BYTES = 64 << 20
"""Memory of a process that has imported llama.cpp and loaded no model."""
TORCH_BYTES = 512 << 20
"""Memory of a process that has imported torch and loaded no model."""


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
