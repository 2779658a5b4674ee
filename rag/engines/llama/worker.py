"""The model's process: place the model on the machine, load it, and serve calls until the parent is gone."""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import llama_cpp
import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.runtime.derived_files import DerivedFiles
from ingest.runtime.gguf_header import GgufHeaderError
from ingest.runtime.model_files import fingerprint_files, list_gguf_parts
from ingest.runtime.worker_main import Channel
from rag.engines.llama.engine import LoadOptions
from rag.engines.llama.load_report import memory_in_words
from rag.engines.llama.model import LlamaContext, LlamaError, LlamaModel, Runtime
from rag.engines.llama.model_shape import ModelShape, read_shape
from rag.engines.llama.placement import Machine, Placement, PlacementError, place
from rag.engines.machine import free_ram_bytes, usable_cores
from rag.engines.serving.chat_template import ChatTemplate
from rag.engines.serving.citation_constraint import CitationRules
from rag.engines.serving.language_model import Row
from rag.engines.serving.prefix_cache import PrefixCache
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.scheduler import ModelWorker
from rag.engines.serving.scheduling_policy import Policy
from rag.engines.serving.schema_constraint import SchemaCompiler
from rag.engines.serving.speculative import WIDTHS
from rag.engines.serving.worker_protocol import DeviceMemory, LoadedModel
from rag.engines.types import Message, ModelInfo, Sampling
from rag.errors import ChatTemplateError, ModelLoadError

LONGEST_MEASURING_SECONDS = 3.0


def main(channel: Channel, options: dict[str, object]) -> None:
    """Load the model that `options` (a `LoadOptions`) name and serve calls for ever."""
    load = msgspec.convert(options, LoadOptions)
    policy = Policy(queue_size=load.queue_size)
    try:
        model = PlacedModel(load, step_tokens=policy.prefill_tokens)
    except (GgufHeaderError, LlamaError, PlacementError, ChatTemplateError) as error:
        raise ModelLoadError(model=load.model, detail=str(error)) from error
    prefix_cache = PrefixCache(
        DerivedFiles(Path(load.prefix_cache_folder), load.prefix_cache_bytes), model.state_fingerprint
    )
    channel.ready()
    ModelWorker(channel, model, policy, prefix_cache).serve()


class PlacedModel:
    """A `LanguageModel` that was placed on this machine and has computed once."""

    def __init__(self, load: LoadOptions, *, step_tokens: int) -> None:
        path = Path(load.path)
        shape = read_shape(path)
        runtime = Runtime()
        runtime.add_servers(load.preferences.rpc_servers)
        placement = place(shape, Machine(runtime.devices(), free_ram_bytes(), usable_cores()), load.preferences)
        self._model = LlamaModel(runtime, path, gpu_layers=placement.gpu_layers, split=placement.split)
        self.sequences = placement.sequences
        self._context = LlamaContext(self._model, placement, step_tokens=step_tokens)
        self._template = ChatTemplate(self._model.chat_template, self._model.token_texts())
        self.loaded = _loaded(load, shape, placement, runtime.placed())
        self.stop = self._template.stop
        self.state_fingerprint = (
            f"{fingerprint_files(list_gguf_parts(path))} {llama_cpp.__version__} {_decisive(placement)}"
        )
        self._pieces = [self._model.piece(token) for token in range(self._model.vocabulary)]
        self._citations = CitationRules(self._pieces)
        self._warm_up()
        may_guess = load.is_speculative and not self._model.is_recurrent
        self.step_seconds = self._measure_steps() if may_guess else {}

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt that `messages` become; see `ChatTemplate.render`."""
        tokens = self._model.tokenize(self._template.render(messages))
        first = self._model.leading_token
        if first is not None and tokens[:1] != [first]:  # some templates write it, some leave it to us
            tokens.insert(0, first)
        return tokens

    def read(self, rows: Sequence[Row], should_stop: Callable[[], bool]) -> bool:
        """Read all rows in one step; see `LlamaContext.read`."""
        return self._context.read(rows, should_stop)

    def logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        """Return what may follow a token of a row that was asked; the next `read` overwrites it."""
        return self._context.logits(row, output)

    def constraints(self, sampling: Sampling) -> tuple[Constraint, ...]:
        """Return what binds an answer; see `LanguageModel`."""
        if sampling.json_schema:
            return (self._schemas.constraint(sampling.json_schema),)
        return () if sampling.cite_up_to is None else (self._citations.constraint(sampling.cite_up_to),)

    def can_keep(self, sequence: int, count: int) -> bool:
        """Return whether the first `count` tokens of a sequence are still there."""
        return self._context.can_keep(sequence, count)

    def can_copy(self, sequence: int, count: int) -> bool:
        """Return whether a copy of the first `count` tokens of a sequence would have all that they need."""
        return self._context.can_copy(sequence, count)

    def keep(self, sequence: int, count: int) -> None:
        """Keep the first `count` tokens of a sequence."""
        self._context.keep(sequence, count)

    def copy(self, source: int, target: int, count: int) -> None:
        """Make `target` have read just the first `count` tokens of `source`."""
        self._context.copy(source, target, count)

    def state(self, sequence: int) -> memoryview:
        """Return all that a sequence has read."""
        return self._context.state(sequence)

    def restore(self, sequence: int, state: bytes) -> bool:
        """Make a sequence have read what `state` holds; False where it cannot be used."""
        return self._context.restore(sequence, state)

    def is_end(self, token: int) -> bool:
        """Return whether `token` says that the answer is complete."""
        return self._model.is_end(token)

    def piece(self, token: int) -> bytes:
        """Return the bytes that `token` adds to the text."""
        return self._pieces[token]

    @cached_property
    def _schemas(self) -> SchemaCompiler:
        ends = [token for token in range(self._model.vocabulary) if self._model.is_end(token)]
        return SchemaCompiler(self._pieces, ends)

    def _warm_up(self) -> None:
        # Brings the weights into memory now rather than under the first question, and shows that the model computes.
        self._context.read([Row(0, [0], 0)], bool)
        self._context.keep(0, 0)

    def _measure_steps(self) -> dict[int, float]:
        """Return the seconds of a step by its tokens, the better of two; wide steps of a slow model are left out."""
        measured: dict[int, float] = {}
        began = time.perf_counter()
        for width in WIDTHS:
            if time.perf_counter() - began < LONGEST_MEASURING_SECONDS:
                measured[width] = min(self._step_seconds(width) for _ in range(2))
        return measured

    def _step_seconds(self, width: int) -> float:
        began = time.perf_counter()
        self._context.read([Row(0, [0] * width, 0, width)], bool)
        seconds = time.perf_counter() - began
        self._context.keep(0, 0)
        return seconds


def _decisive(placement: Placement) -> tuple[object, ...]:
    """Return what of a placement decides how a state looks: not how many of them there may be, nor how long."""
    return placement.split, placement.kv_type, placement.kv_on_gpu, placement.flash_attention


def _loaded(
    load: LoadOptions, shape: ModelShape, placement: Placement, placed: tuple[DeviceMemory, ...]
) -> LoadedModel:
    info = ModelInfo(
        id=load.model,
        path=load.path,
        architecture=shape.architecture,
        context_window=placement.context_window,
        gpu_layers=sum(part.layers for part in placed[1:]),
        threads=placement.threads,
        size_bytes=sum(part.stat().st_size for part in list_gguf_parts(Path(load.path))),
        placement=memory_in_words(placed),
    )
    return LoadedModel(info, f"{placement.reason}; {info.placement}", placement.memory, placed)
