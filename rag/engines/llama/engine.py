"""A GGUF model as an `Engine`: the server's side of the model's process."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingest.runtime.derived_files import locate_prefix_cache
from rag.engines.llama.placement_types import LoadPreferences
from rag.engines.worker_engine import WorkerEngine
from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Which model the worker loads, and how; `is_speculative` turns prompt lookup decoding on."""

    model: str
    path: str
    preferences: LoadPreferences
    queue_size: int
    is_speculative: bool
    prefix_cache_folder: str
    prefix_cache_bytes: int


class LlamaEngine(WorkerEngine):
    """One GGUF model in a process of its own; see `WorkerEngine`."""

    def __init__(self, model: str, path: Path, settings: RagSettings) -> None:
        options = LoadOptions(
            model=model,
            path=str(path),
            preferences=read_preferences(settings),
            queue_size=settings.queue_size,
            is_speculative=settings.lookup_drafts,
            prefix_cache_folder=str(locate_prefix_cache(settings.home)),
            prefix_cache_bytes=settings.read_ahead_mb << 20,
        )
        super().__init__(
            model,
            target="rag.engines.llama.worker:main",
            options=msgspec.to_builtins(options),
            timeout_seconds=settings.engine_timeout_seconds,
        )


def read_preferences(settings: RagSettings) -> LoadPreferences:
    """Return how the settings ask a model to be loaded."""
    return LoadPreferences(
        gpu_layers=settings.gpu_layers,
        context_window=settings.context_window,
        threads=settings.threads,
        slots=settings.parallel_requests,
        kv_type=settings.kv_type,
        kv_on_gpu=settings.kv_on_gpu,
        flash_attention=settings.flash_attention,
        split_mode=settings.split_mode,
        main_gpu=settings.main_gpu,
        tensor_split=settings.tensor_split,
        rpc_servers=settings.rpc_servers,
    )
