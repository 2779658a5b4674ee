"""A Transformers model in a folder as an `Engine`: the server's side of the model's process."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingest.runtime.derived_files import locate_prefix_cache
from rag.engines.worker_engine import WorkerEngine
from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Which model the worker loads, and how; None leaves the choice to the worker."""

    model: str
    path: str
    gpu_layers: int | None
    context_window: int | None
    threads: int | None
    slots: int
    queue_size: int
    prefix_cache_folder: str
    prefix_cache_bytes: int


class TransformersEngine(WorkerEngine):
    """A model of Hugging Face's Transformers: a folder with `config.json`, a tokenizer and weights in safetensors.

    The same scheduler and sampler serve it as a GGUF model, with three differences: completions are not batched but
    decoded one after the other; a prompt that is partly cached gives the same logits up to the last bits; the whole
    model is on the GPU if there is one, unless `gpu_layers` is 0.
    """

    def __init__(self, model: str, path: Path, settings: RagSettings) -> None:
        options = LoadOptions(
            model=model,
            path=str(path),
            gpu_layers=settings.gpu_layers,
            context_window=settings.context_window,
            threads=settings.threads,
            slots=settings.parallel_requests,
            queue_size=settings.queue_size,
            prefix_cache_folder=str(locate_prefix_cache(settings.home)),
            prefix_cache_bytes=settings.read_ahead_mb << 20,
        )
        super().__init__(
            model,
            target="rag.engines.transformers.worker:main",
            options=msgspec.to_builtins(options),
            timeout_seconds=settings.engine_timeout_seconds,
        )
