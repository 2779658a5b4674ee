"""Which engine serves a model of the catalog."""

from rag.engines.llama.engine import LlamaEngine
from rag.models.catalog import CatalogEntry
from rag.settings import RagSettings
from rag.types import LoadableEngine


def open_engine(entry: CatalogEntry, settings: RagSettings) -> LoadableEngine:
    """Return the engine of a model, which is not loaded yet."""
    return LlamaEngine(entry.id, entry.path, settings)
