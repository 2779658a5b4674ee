"""The process of a GGUF model: plan its placement, load it, and serve calls until the parent process is gone."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.runtime.derived_files import DerivedFiles
from ingest.runtime.gguf_header import GgufHeaderError
from ingest.runtime.model_files import fingerprint_files, list_gguf_parts
from ingest.runtime.worker_main import Channel
from rag.engines.llama.engine import LoadOptions
from rag.engines.llama.load_report import describe_memory
from rag.engines.llama.model_shape import ModelShape, read_shape
from rag.engines.llama.native.backend import LIBRARY_VERSION, LlamaBackend, LlamaError
from rag.engines.llama.native.context import LlamaContext
from rag.engines.llama.native.model import LlamaModel
from rag.engines.llama.placement import plan_placement
from rag.engines.llama.placement_types import Machine, Placement, PlacementError
from rag.engines.machine import count_usable_cores, read_free_memory
from rag.engines.serving.constraints import ConstraintCompiler, ToolReader
from rag.engines.serving.language_model import BatchRow
from rag.engines.serving.prefix_cache import PrefixCache
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.scheduler import Scheduler
from rag.engines.serving.scheduling_policy import SchedulingPolicy
from rag.engines.serving.speculative import STEP_WIDTHS
from rag.engines.serving.template_process import start_chat_template
from rag.engines.serving.worker_protocol import DeviceMemory, LoadedModel
from rag.engines.types import Message, ModelInfo, ReasoningEffort, Sampling, Tool, ToolUse
from rag.errors import ChatTemplateError, ModelLoadError

MAX_MEASURING_SECONDS = 3.0


def main(channel: Channel, options: dict[str, object]) -> None:
    """Load the model that `options` (a `LoadOptions`) name and serve calls for ever."""
    load = msgspec.convert(options, LoadOptions)
    policy = SchedulingPolicy(queue_size=load.queue_size)
    try:
        model = LlamaLanguageModel(load, max_batch_tokens=policy.max_chunk_tokens)
    except ChatTemplateError as error:
        raise ModelLoadError(model=load.model, detail=f"chat template: {error.detail}") from error
    except (GgufHeaderError, LlamaError, PlacementError) as error:
        raise ModelLoadError(model=load.model, detail=str(error)) from error
    files = DerivedFiles(Path(load.prefix_cache_folder), load.prefix_cache_bytes)
    prefix_cache = PrefixCache(files, model.state_fingerprint)
    channel.ready()
    Scheduler(channel, model, policy, prefix_cache).serve()


class LlamaLanguageModel:
    """A `LanguageModel` over llama.cpp, loaded on this machine and warmed up.

    `state_fingerprint` names all that a saved KV cache state depends on.
    """

    def __init__(self, load: LoadOptions, *, max_batch_tokens: int) -> None:
        path = Path(load.path)
        shape = read_shape(path)
        backend = LlamaBackend()
        backend.register_rpc_servers(load.preferences.rpc_servers)
        machine = Machine(backend.list_devices(), read_free_memory(), count_usable_cores())
        placement = plan_placement(shape, machine, load.preferences)
        self._model = LlamaModel(backend, path, gpu_layers=placement.gpu_layers, split=placement.split)
        self.slots = placement.slots
        self._context = LlamaContext(self._model, placement, max_batch_tokens=max_batch_tokens)
        self._template = start_chat_template(load.model, self._model.chat_template, self._model.read_special_tokens())
        self.loaded = _describe(load, shape, placement, backend.report_memory())
        self.stop_strings = self._template.stop_strings
        weights = fingerprint_files(list_gguf_parts(path))
        self.state_fingerprint = f"{weights} {LIBRARY_VERSION} {_select_state_layout(placement)}"
        self._token_bytes = [self._model.detokenize(token) for token in range(self._model.vocabulary_size)]
        vocabulary = range(self._model.vocabulary_size)
        self._constraints = ConstraintCompiler(
            self._token_bytes,
            list(filter(self.is_end_token, vocabulary)),
            self._template,
            tokenize=self._model.tokenize,
        )
        self._warm_up()
        can_truncate = not self._model.is_recurrent
        self.step_seconds = self._measure_steps() if load.is_speculative and can_truncate else {}

    def render_chat(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), effort: ReasoningEffort | None = None
    ) -> str:
        """Return the prompt that `messages` become; see `ChatTemplate.render`."""
        return self._template.render(messages, tools=tools, effort=effort)

    def tokenize_text(self, text: str) -> list[int]:
        """Return the tokens of a prompt that is continued as it is; see `LanguageModel`."""
        tokens = self._model.tokenize(text)
        bos = self._model.bos_token
        if bos is not None and tokens[:1] != [bos]:  # some templates leave it to the tokenizer
            tokens.insert(0, bos)
        return tokens or self._model.tokenize("\n")

    def forward(self, rows: Sequence[BatchRow], should_abort: Callable[[], bool]) -> bool:
        """Compute all rows in one forward pass; see `LlamaContext.forward`."""
        return self._context.forward(rows, should_abort)

    def read_logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        """Return the logits of an output of a row: (vocabulary,), float32; the next pass overwrites them."""
        return self._context.read_logits(row, output)

    def build_constraints(self, sampling: Sampling, tools: ToolUse | None = None) -> tuple[Constraint, ...]:
        """Return the constraints of a completion; see `LanguageModel`."""
        return self._constraints.build(sampling, tools)

    def read_tools(self) -> ToolReader:
        """Return what reads the tool calls of one completion."""
        return self._constraints.read_tools()

    def can_truncate(self, slot: int, length: int) -> bool:
        """Return whether a slot can be cut back to its first `length` tokens."""
        return self._context.can_truncate(slot, length)

    def can_copy(self, slot: int, length: int) -> bool:
        """Return whether a copy of the first `length` tokens of a slot would be complete."""
        return self._context.can_copy(slot, length)

    def truncate(self, slot: int, length: int) -> None:
        """Keep the first `length` tokens of a slot."""
        self._context.truncate(slot, length)

    def copy(self, source: int, target: int, length: int) -> None:
        """Make `target` hold exactly the first `length` tokens of `source`."""
        self._context.copy(source, target, length)

    def save_state(self, slot: int) -> memoryview:
        """Return the state of a slot as bytes."""
        return self._context.save_state(slot)

    def restore_state(self, slot: int, state: bytes) -> bool:
        """Replace a slot by a saved state; return False if it cannot be used."""
        return self._context.restore_state(slot, state)

    def is_end_token(self, token: int) -> bool:
        """Return whether the model ends a completion with `token`."""
        return self._model.is_end_token(token)

    def detokenize(self, token: int) -> bytes:
        """Return the bytes that a token adds to the text."""
        return self._token_bytes[token]

    def _warm_up(self) -> None:
        # Pages the weights in now rather than under the first question, and shows that the model computes.
        self._context.forward([BatchRow(0, [0], 0)], bool)
        self._context.truncate(0, 0)

    def _measure_steps(self) -> dict[int, float]:
        """Return the seconds of a forward pass by its tokens, the better of two; without wide ones of a slow model."""
        step_seconds: dict[int, float] = {}
        started = time.perf_counter()
        for width in STEP_WIDTHS:
            if time.perf_counter() - started < MAX_MEASURING_SECONDS:
                step_seconds[width] = min(self._measure_step(width) for _ in range(2))
        return step_seconds

    def _measure_step(self, width: int) -> float:
        started = time.perf_counter()
        self._context.forward([BatchRow(0, [0] * width, 0, width)], bool)
        seconds = time.perf_counter() - started
        self._context.truncate(0, 0)
        return seconds


def _select_state_layout(placement: Placement) -> tuple[object, ...]:
    """Return the part of a placement that the format of a state depends on; slots and window are not in it."""
    return placement.split, placement.kv_type, placement.kv_on_gpu, placement.flash_attention


def _describe(
    load: LoadOptions, shape: ModelShape, placement: Placement, memory: tuple[DeviceMemory, ...]
) -> LoadedModel:
    info = ModelInfo(
        id=load.model,
        path=load.path,
        architecture=shape.architecture,
        context_window=placement.context_window,
        gpu_layers=sum(device.layers for device in memory[1:]),
        threads=placement.threads,
        size_bytes=sum(part.stat().st_size for part in list_gguf_parts(Path(load.path))),
        placement=describe_memory(memory),
    )
    return LoadedModel(info, f"{placement.reason}; {info.placement}", placement.memory, memory)
