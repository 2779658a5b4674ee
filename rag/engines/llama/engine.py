"""A GGUF model as an `Engine`: the server's side of the model's process."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingest.runtime.derived_files import prefix_cache_folder
from rag.engines.llama.placement import Wishes
from rag.engines.worker_engine import WorkerEngine
from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Which model the worker loads, and how.

    What it reads ahead of questions is kept in `heads_folder`; `with_drafts` lets it guess tokens from what was read.
    """

    model: str
    path: str
    wishes: Wishes
    queue_size: int
    with_drafts: bool
    heads_folder: str
    heads_budget_bytes: int


class LlamaEngine(WorkerEngine):
    """One GGUF model in a process of its own; see `WorkerEngine`."""

    def __init__(self, model: str, path: Path, settings: RagSettings) -> None:
        options = LoadOptions(
            model=model,
            path=str(path),
            wishes=wishes_of(settings),
            queue_size=settings.queue_size,
            with_drafts=settings.lookup_drafts,
            heads_folder=str(prefix_cache_folder(settings.home)),
            heads_budget_bytes=settings.read_ahead_mb << 20,
        )
        super().__init__(
            model,
            target="rag.engines.llama.worker:main",
            options=msgspec.to_builtins(options),
            timeout_seconds=settings.engine_timeout_seconds,
        )


def wishes_of(settings: RagSettings) -> Wishes:
    """Return what the settings ask of the place where a model runs."""
    return Wishes(
        gpu_layers=settings.gpu_layers,
        context_window=settings.context_window,
        threads=settings.threads,
        parallel=settings.parallel_requests,
        kv_type=settings.kv_type,
        kv_on_gpu=settings.kv_on_gpu,
        flash_attention=settings.flash_attention,
        split_mode=settings.split_mode,
        main_gpu=settings.main_gpu,
        tensor_split=settings.tensor_split,
        rpc_servers=settings.rpc_servers,
    )
