"""Which engine serves a model of the catalog."""

from rag.engines.llama.engine import LlamaEngine
from rag.engines.openai.client import server_from_settings
from rag.engines.openai.engine import OpenAiEngine
from rag.engines.transformers.engine import TransformersEngine
from rag.engines.types import LoadableEngine
from rag.errors import ModelLoadError
from rag.models.catalog import CatalogEntry
from rag.settings import RagSettings


def create_engine(entry: CatalogEntry, settings: RagSettings) -> LoadableEngine:
    """Return the engine of a model, not loaded yet; raise `ModelLoadError` if a remote model's server is not set."""
    if entry.kind == "gguf":
        return LlamaEngine(entry.id, entry.path, settings)
    if entry.kind == "transformers":
        return TransformersEngine(entry.id, entry.path, settings)
    server = server_from_settings(settings)
    if server is None:
        raise ModelLoadError(model=entry.id, detail="PINCITE_REMOTE_URL does not name its server")
    return OpenAiEngine(
        entry.id,
        server,
        context_window=settings.remote_context_window,
        timeout_seconds=settings.engine_timeout_seconds,
    )
