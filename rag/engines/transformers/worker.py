# pyright: basic
"""The process of a Transformers model: load it from its folder, and serve calls until the parent process is gone.

The adapter of PyTorch and Transformers in `rag`, with `tokenizer` beside it.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as parse_tensors
from safetensors.torch import save as dump_tensors
from transformers import AutoModelForCausalLM, DynamicCache
from transformers.cache_utils import DynamicLayer

from ingest.runtime.derived_files import DerivedFiles
from ingest.runtime.model_files import fingerprint_files
from ingest.runtime.worker_main import Channel
from rag.engines.machine import count_usable_cores
from rag.engines.serving.constraints import ToolReader
from rag.engines.serving.language_model import BatchRow
from rag.engines.serving.prefix_cache import PrefixCache
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.scheduler import Scheduler
from rag.engines.serving.scheduling_policy import SchedulingPolicy
from rag.engines.serving.worker_protocol import LoadedModel
from rag.engines.transformers.engine import LoadOptions
from rag.engines.transformers.tokenizer import ChatTokenizer
from rag.engines.types import Message, ModelInfo, ReasoningEffort, Sampling, Tool, ToolUse
from rag.errors import ChatTemplateError, ModelLoadError

LayerCache = tuple[torch.Tensor, torch.Tensor]
"""Keys and values of one layer: shape (1, heads, tokens, head size)."""

DEFAULT_WINDOW = 8_192
WEIGHTS = "*.safetensors"
LOAD_ERRORS = (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ImportError)
"""What Transformers raises for a folder that is incomplete, damaged or of an unknown architecture."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model that `options` (a `LoadOptions`) name and serve calls for ever."""
    load = msgspec.convert(options, LoadOptions)
    try:
        model = TransformersModel(load)
    except ChatTemplateError as error:
        raise ModelLoadError(model=load.model, detail=f"chat template: {error.detail}") from error
    except (*LOAD_ERRORS, SafetensorError) as error:
        raise ModelLoadError(model=load.model, detail=f"{type(error).__name__}: {error}") from error
    prefix_cache = PrefixCache(
        DerivedFiles(Path(load.prefix_cache_folder), load.prefix_cache_bytes), model.state_fingerprint
    )
    channel.ready()
    Scheduler(channel, model, SchedulingPolicy(queue_size=load.queue_size), prefix_cache).serve()


class TransformersModel:
    """A `LanguageModel` over PyTorch, warmed up; each slot has a `DynamicCache` that grows with its tokens.

    `state_fingerprint` names all that a saved KV cache state depends on.
    """

    def __init__(self, load: LoadOptions) -> None:
        torch.set_num_threads(load.threads or count_usable_cores())
        self._device = "cuda" if torch.cuda.is_available() and load.gpu_layers != 0 else "cpu"
        self._model = _load_model(load.path, self._device)
        config = self._model.config.get_text_config()
        self._tokenizer = ChatTokenizer(
            load.model,
            load.path,
            vocabulary_size=config.vocab_size,
            end_tokens=_list_end_tokens(self._model.generation_config),
        )
        self.stop_strings = self._tokenizer.stop_strings
        self.slots = load.slots
        self.step_seconds: dict[int, float] = {}  # no speculative decoding
        self._caches = [DynamicCache(config=self._model.config) for _ in range(load.slots)]
        self._has_full_attention = all(type(layer) is DynamicLayer for layer in self._caches[0].layers)
        self._logits: list[NDArray[np.float32]] = []
        self.loaded = LoadedModel(_describe(load, self._model), f"it computes on the {self._device} with PyTorch")
        weights = sorted(Path(load.path).glob(WEIGHTS))
        self.state_fingerprint = (
            f"{fingerprint_files(weights)} {transformers.__version__} {self._model.dtype} {self._device}"
        )
        self.forward([BatchRow(0, [0], 0)], bool)  # warm-up: shows now that the model computes
        self.truncate(0, 0)

    def render_chat(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), effort: ReasoningEffort | None = None
    ) -> str:
        """Return the prompt that `messages` become."""
        return self._tokenizer.render_chat(messages, tools, effort)

    def tokenize_text(self, text: str) -> list[int]:
        """Return the tokens of a prompt that is continued as it is; see `LanguageModel`."""
        return self._tokenizer.tokenize_text(text)

    def build_constraints(self, sampling: Sampling, tools: ToolUse | None = None) -> tuple[Constraint, ...]:
        """Return the constraints of a completion; see `LanguageModel`."""
        return self._tokenizer.constraints.build(sampling, tools)

    def read_tools(self) -> ToolReader:
        """Return what reads the tool calls of one completion."""
        return self._tokenizer.constraints.read_tools()

    def forward(self, rows: Sequence[BatchRow], should_abort: Callable[[], bool]) -> bool:
        """Compute the rows one after the other; return False, with nothing computed, if `should_abort` is true."""
        if should_abort():
            return False
        self._logits = [self._compute(row) for row in rows]
        return True

    def read_logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        """Return the logits of an output of a row: shape (vocabulary,), float32."""
        values: NDArray[np.float32] = self._logits[row][output]
        return values

    def can_truncate(self, slot: int, length: int) -> bool:
        """Return whether a slot can be cut back to its first `length` tokens."""
        return self._has_full_attention or length in (0, self._caches[slot].get_seq_length())

    def can_copy(self, slot: int, length: int) -> bool:
        """Return whether a copy of the first `length` tokens would be complete; it is if the slot can be truncated."""
        return self.can_truncate(slot, length)

    def truncate(self, slot: int, length: int) -> None:
        """Keep the first `length` tokens of a slot."""
        if length == 0:
            self._caches[slot] = DynamicCache(config=self._model.config)
        elif surplus := self._caches[slot].get_seq_length() - length:
            self._caches[slot].crop(-surplus)

    def copy(self, source: int, target: int, length: int) -> None:
        """Make `target` hold exactly the first `length` tokens of `source`."""
        if self._has_full_attention:
            layers = self._read_layers(source)
            self._fill(target, [(keys[..., :length, :], values[..., :length, :]) for keys, values in layers])
        else:
            self._caches[target] = deepcopy(self._caches[source])

    def save_state(self, slot: int) -> memoryview:
        """Return the state of a slot as safetensors; without tensors from a model with a sliding window."""
        layers = self._read_layers(slot) if self._has_full_attention else []
        named = {f"keys{layer}": keys.contiguous() for layer, (keys, _) in enumerate(layers)}
        named |= {f"values{layer}": values.contiguous() for layer, (_, values) in enumerate(layers)}
        return memoryview(dump_tensors(named))

    def restore_state(self, slot: int, state: bytes) -> bool:
        """Replace a slot by a saved state; return False if the state is empty."""
        named = {name: tensor.to(self._device) for name, tensor in parse_tensors(state).items()}
        self._fill(slot, [(named[f"keys{layer}"], named[f"values{layer}"]) for layer in range(len(named) // 2)])
        return bool(named)

    def is_end_token(self, token: int) -> bool:
        """Return whether the model ends a completion with `token`."""
        return token in self._tokenizer.end_tokens

    def detokenize(self, token: int) -> bytes:
        """Return the bytes that a token adds to the text."""
        return self._tokenizer.detokenize(token)

    @torch.inference_mode()
    def _compute(self, row: BatchRow) -> NDArray[np.float32]:
        tokens = torch.tensor([list(row.tokens)], device=self._device)
        cache = self._caches[row.slot]
        output = self._model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=row.outputs)
        values: NDArray[np.float32] = output.logits[0, -row.outputs :].float().cpu().numpy()
        return values

    def _read_layers(self, slot: int) -> list[LayerCache]:
        layers: list[Any] = self._caches[slot].layers
        return [(layer.keys, layer.values) for layer in layers]

    def _fill(self, slot: int, layers: list[LayerCache]) -> None:
        self._caches[slot] = DynamicCache(layers, config=self._model.config)


def _load_model(path: str, device: str) -> Any:
    """Load the model in a folder: without network, without pickles, and without code of the model."""
    model: Any = AutoModelForCausalLM.from_pretrained(
        path,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        # Half precision, in which most models are stored, is slower than float32 on most processors.
        dtype="auto" if device == "cuda" else torch.float32,
    )
    return model.to(device).eval()


def _list_end_tokens(generation_config: Any) -> list[int]:
    """Return the end tokens of the model's configuration, which has none, one or a list."""
    end_tokens: Any = generation_config.eos_token_id
    return end_tokens if isinstance(end_tokens, list) else [] if end_tokens is None else [end_tokens]


def _describe(load: LoadOptions, model: Any) -> ModelInfo:
    config = model.config.get_text_config()
    trained_window = getattr(config, "max_position_embeddings", None) or DEFAULT_WINDOW
    return ModelInfo(
        id=load.model,
        path=load.path,
        architecture=config.model_type,
        context_window=min(trained_window, load.context_window or DEFAULT_WINDOW),
        gpu_layers=config.num_hidden_layers if model.device.type == "cuda" else 0,
        threads=torch.get_num_threads(),
        size_bytes=sum(file.stat().st_size for file in Path(load.path).glob(WEIGHTS)),
    )
