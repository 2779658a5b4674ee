# pyright: basic
"""The process of a Transformers model: load it from its folder and serve calls until the parent is gone."""

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
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of
from transformers import AutoModelForCausalLM, DynamicCache
from transformers.cache_utils import DynamicLayer

from ingest.runtime.derived_files import DerivedFiles
from ingest.runtime.model_files import fingerprint_files
from ingest.runtime.worker_main import Channel
from rag.engines.machine import usable_cores
from rag.engines.serving.language_model import Row
from rag.engines.serving.prefix_cache import PrefixCache
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.scheduler import ModelWorker
from rag.engines.serving.scheduling_policy import Policy
from rag.engines.serving.worker_protocol import LoadedModel
from rag.engines.transformers.engine import LoadOptions
from rag.engines.transformers.tokenizer import Vocabulary
from rag.engines.types import Message, ModelInfo, Sampling
from rag.errors import ChatTemplateError, ModelLoadError

Pair = tuple[torch.Tensor, torch.Tensor]

DEFAULT_WINDOW = 8_192
WEIGHTS = "*.safetensors"
LOAD_FAILURES = (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ImportError)
"""What loading a folder raises that is incomplete, damaged, or of a kind that is not known."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model that `options` (a `LoadOptions`) name and serve calls for ever."""
    load = msgspec.convert(options, LoadOptions)
    try:
        model = TorchModel(load)
    except (*LOAD_FAILURES, SafetensorError, ChatTemplateError) as error:
        raise ModelLoadError(model=load.model, detail=f"{type(error).__name__}: {error}") from error
    prefix_cache = PrefixCache(
        DerivedFiles(Path(load.prefix_cache_folder), load.prefix_cache_bytes), model.state_fingerprint
    )
    channel.ready()
    ModelWorker(channel, model, Policy(queue_size=load.queue_size), prefix_cache).serve()


class TorchModel:
    """A `LanguageModel` that has computed once. Each of its sequences has a cache that grows with what it has read.

    `state_fingerprint` names all that such a cache depends on.
    """

    def __init__(self, load: LoadOptions) -> None:
        torch.set_num_threads(load.threads or usable_cores())
        self._device = "cuda" if torch.cuda.is_available() and load.gpu_layers != 0 else "cpu"
        self._model = _load_model(load.path, self._device)
        config = self._model.config.get_text_config()
        self._words = Vocabulary(load.path, size=config.vocab_size, ends=_listed(self._model.generation_config))
        self.stop = self._words.stop
        self.sequences = load.sequences
        self.step_seconds: dict[int, float] = {}  # no token is read on trial
        self._caches = [DynamicCache(config=self._model.config) for _ in range(load.sequences)]
        self._is_whole = all(type(layer) is DynamicLayer for layer in self._caches[0].layers)
        self._logits: list[NDArray[np.float32]] = []
        self.loaded = LoadedModel(_describe(load, self._model), f"it computes on the {self._device} with PyTorch")
        weights = sorted(Path(load.path).glob(WEIGHTS))
        self.state_fingerprint = (
            f"{fingerprint_files(weights)} {transformers.__version__} {self._model.dtype} {self._device}"
        )
        self.read([Row(0, [0], 0)], bool)  # shows now rather than under the first question that the model computes
        self.keep(0, 0)

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt that `messages` become."""
        return self._words.prompt(messages)

    def constraints(self, sampling: Sampling) -> tuple[Constraint, ...]:
        """Return what binds an answer; see `LanguageModel`."""
        return self._words.constraints(sampling)

    def read(self, rows: Sequence[Row], should_stop: Callable[[], bool]) -> bool:
        """Read the rows, one after the other; return False, having read nothing, where `should_stop` is true."""
        if should_stop():
            return False
        self._logits = [self._compute(row) for row in rows]
        return True

    def logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        """Return what may follow a token of a row that was asked."""
        values: NDArray[np.float32] = self._logits[row][output]
        return values

    def can_keep(self, sequence: int, count: int) -> bool:
        """Return whether the first `count` tokens of a sequence are still there."""
        return self._is_whole or count in (0, self._caches[sequence].get_seq_length())

    def can_copy(self, sequence: int, count: int) -> bool:
        """Return whether a copy of the first `count` tokens would have all that they need; a copy has all there is."""
        return self.can_keep(sequence, count)

    def keep(self, sequence: int, count: int) -> None:
        """Keep the first `count` tokens of a sequence."""
        if count == 0:
            self._caches[sequence] = DynamicCache(config=self._model.config)
        elif surplus := self._caches[sequence].get_seq_length() - count:
            self._caches[sequence].crop(-surplus)

    def copy(self, source: int, target: int, count: int) -> None:
        """Make `target` have read just the first `count` tokens of `source`."""
        if self._is_whole:
            self._fill(target, [(keys[..., :count, :], values[..., :count, :]) for keys, values in self._pairs(source)])
        else:
            self._caches[target] = deepcopy(self._caches[source])

    def state(self, sequence: int) -> memoryview:
        """Return all that a sequence has read; nothing from a model that forgets what left its window."""
        pairs = self._pairs(sequence) if self._is_whole else []
        named = {f"keys{layer}": keys.contiguous() for layer, (keys, _) in enumerate(pairs)}
        named |= {f"values{layer}": values.contiguous() for layer, (_, values) in enumerate(pairs)}
        return memoryview(bytes_of(named))

    def restore(self, sequence: int, state: bytes) -> bool:
        """Make a sequence have read what `state` holds; False where that is nothing."""
        named = {name: tensor.to(self._device) for name, tensor in tensors_of(state).items()}
        self._fill(sequence, [(named[f"keys{layer}"], named[f"values{layer}"]) for layer in range(len(named) // 2)])
        return bool(named)

    def is_end(self, token: int) -> bool:
        """Return whether `token` says that the answer is complete."""
        return token in self._words.ends

    def piece(self, token: int) -> bytes:
        """Return the bytes that `token` adds to the text."""
        return self._words.piece(token)

    @torch.inference_mode()
    def _compute(self, row: Row) -> NDArray[np.float32]:
        tokens = torch.tensor([list(row.tokens)], device=self._device)
        cache = self._caches[row.sequence]
        computed = self._model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=row.outputs)
        values: NDArray[np.float32] = computed.logits[0, -row.outputs :].float().cpu().numpy()
        return values

    def _pairs(self, sequence: int) -> list[Pair]:
        layers: list[Any] = self._caches[sequence].layers
        return [(layer.keys, layer.values) for layer in layers]

    def _fill(self, sequence: int, pairs: list[Pair]) -> None:
        self._caches[sequence] = DynamicCache(pairs, config=self._model.config)


def _load_model(path: str, device: str) -> Any:
    """Return the model of a folder. Nothing is fetched, no pickle is opened and no code of the model is run."""
    model: Any = AutoModelForCausalLM.from_pretrained(
        path,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        # Half precision, in which most models are stored, is slower than float32 on most processors.
        dtype="auto" if device == "cuda" else torch.float32,
    )
    return model.to(device).eval()


def _listed(generation: Any) -> list[int]:
    """Return the tokens that end a text by the model's configuration, which names none, one or several."""
    ends: Any = generation.eos_token_id
    return ends if isinstance(ends, list) else [] if ends is None else [ends]


def _describe(load: LoadOptions, model: Any) -> ModelInfo:
    config = model.config.get_text_config()
    longest = getattr(config, "max_position_embeddings", None) or DEFAULT_WINDOW
    return ModelInfo(
        id=load.model,
        path=load.path,
        architecture=config.model_type,
        context_window=min(longest, load.context_window or DEFAULT_WINDOW),
        gpu_layers=config.num_hidden_layers if model.device.type == "cuda" else 0,
        threads=torch.get_num_threads(),
        size_bytes=sum(file.stat().st_size for file in Path(load.path).glob(WEIGHTS)),
    )
