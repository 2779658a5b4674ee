# pyright: basic
"""A BERT or XLM-R sentence encoder in 8-bit integers, by the quantized kernels that torch brings along.

Weights are quantized once when the model is loaded, activations text by text. Texts are never put
together in one matrix: nothing is padded, and a text has the same vector whatever it is embedded with.
"""

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

WEIGHT_LEVELS = 63
"""Seven bits: without VNNI the kernels add two products in 16 bits, and 255 * 127 * 2 does not fit."""
SMALLEST_SCALE = 1e-8


MAX_THREADS = 8


class NotQuantizableError(Exception):
    """The model is not a plain BERT or XLM-R, pooled by the mean or by its first token."""


class _Linear:
    """A linear layer with 8-bit weights, one scale a row."""

    def __init__(self, *layers: nn.Linear) -> None:
        weight = torch.cat([layer.weight for layer in layers])
        bias = torch.cat([layer.bias for layer in layers])
        scales = (weight.abs().amax(dim=1) / WEIGHT_LEVELS).clamp_min(SMALLEST_SCALE).double()
        zeros = torch.zeros(len(scales), dtype=torch.long)
        quantized = torch.quantize_per_channel(weight, scales, zeros, axis=0, dtype=torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(quantized, bias)

    def __call__(self, states: Tensor) -> Tensor:
        return cast(Tensor, torch.ops.quantized.linear_dynamic(states, self._packed))


@dataclass(frozen=True, slots=True)
class _Layer:
    heads: int
    projections: _Linear
    attended: _Linear
    attended_norm: nn.LayerNorm
    widen: _Linear
    narrow: _Linear
    narrow_norm: nn.LayerNorm

    def __call__(self, states: Tensor) -> Tensor:
        tokens, size = states.shape
        query, key, value = (
            self.projections(states).view(tokens, 3, self.heads, size // self.heads).permute(1, 2, 0, 3)[:, None]
        )
        mixed = functional.scaled_dot_product_attention(query, key, value)
        context = mixed[0].transpose(0, 1).reshape(tokens, size)
        states = self.attended_norm(self.attended(context).add_(states))
        return cast(Tensor, self.narrow_norm(self.narrow(functional.gelu(self.widen(states))).add_(states)))


class Int8Encoder:
    """A loaded sentence-transformers model in 8-bit integers.

    Raises `NotQuantizableError` where the model is not a plain BERT or XLM-R, pooled by the mean or by its first token.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        bert, self._pooling = _plain_bert(model)
        self._tokenizer = model.tokenizer
        embeddings = bert.embeddings
        padding = embeddings.position_embeddings.padding_idx
        first = 0 if padding is None else padding + 1  # XLM-R counts from there
        self._words = embeddings.word_embeddings.weight
        self._positions = embeddings.position_embeddings.weight[first:] + embeddings.token_type_embeddings.weight[0]
        self._window = min(int(model.max_seq_length or len(self._positions)), len(self._positions))
        self._norm = embeddings.LayerNorm
        self._layers = [_layer(layer, bert.config.num_attention_heads) for layer in bert.encoder.layer]

    def beside(self) -> "Int8Encoder":
        """Return the same encoder for another thread: one tokenizer cannot be used by two."""
        other = copy.copy(self)
        other._tokenizer = copy.deepcopy(self._tokenizer)
        return other

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors, one row a text, computed by the thread that calls this."""
        return np.stack([self.embed(ids) for ids in self.token_ids(texts)])

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """Return the tokens of each text, as many as the model can read."""
        encoded = self._tokenizer(texts, truncation=True, max_length=self._window, padding=False)
        return cast(list[list[int]], encoded["input_ids"])

    @torch.inference_mode()
    def embed(self, token_ids: list[int]) -> NDArray[np.float32]:
        """Return the unit vector of a text that was made tokens."""
        ids = torch.tensor(token_ids)
        states: Tensor = self._norm(self._words[ids] + self._positions[: len(ids)])
        for layer in self._layers:
            states = layer(states)
        pooled = states[0] if self._pooling == "cls" else states.mean(dim=0)
        return functional.normalize(pooled, dim=0).numpy()


class Int8Pool:
    """An `Int8Encoder` on all cores: each thread embeds one text after the other, on one core.

    That is faster than one text on all cores (48 against 33 texts a second on two), as most of the steps are small.
    Its threads give way by `niceness`.
    """

    def __init__(self, encoder: Int8Encoder, *, niceness: int = 0) -> None:
        self._encoder = encoder
        cores = min(len(os.sched_getaffinity(0)), MAX_THREADS)
        self._threads = ThreadPoolExecutor(
            cores, thread_name_prefix="embed", initializer=give_way_on_one_core, initargs=(niceness,)
        )

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors, one row a text."""
        return np.stack(list(self._threads.map(self._encoder.embed, self._encoder.token_ids(texts))))


def give_way_on_one_core(niceness: int) -> None:
    """Have the thread that calls this compute on one core, and give way to others (Linux: this thread alone)."""
    torch.set_num_threads(1)
    os.nice(niceness)


@torch.no_grad()
def _layer(layer: Any, heads: int) -> _Layer:
    attention = layer.attention
    return _Layer(
        heads=heads,
        projections=_Linear(attention.self.query, attention.self.key, attention.self.value),
        attended=_Linear(attention.output.dense),
        attended_norm=attention.output.LayerNorm,
        widen=_Linear(layer.intermediate.dense),
        narrow=_Linear(layer.output.dense),
        narrow_norm=layer.output.LayerNorm,
    )


def _plain_bert(model: SentenceTransformer) -> tuple[Any, str]:
    """Return the transformer and how it is pooled."""
    parts: list[Any] = list(model.children())
    transformer, pooling, *rest = parts
    bert = getattr(transformer, "auto_model", None)
    config = getattr(bert, "config", None)
    if getattr(config, "model_type", "") not in ("bert", "xlm-roberta") or getattr(config, "hidden_act", "") != "gelu":
        raise NotQuantizableError("neither a BERT nor an XLM-R with gelu")
    mode = pooling.get_config_dict().get("pooling_mode")
    (mode,) = mode if isinstance(mode, (tuple, list)) and len(mode) == 1 else (mode,)
    if mode not in ("mean", "cls"):
        raise NotQuantizableError("pooled neither by the mean nor by the first token")
    if any(type(module).__name__ != "Normalize" for module in rest):
        raise NotQuantizableError("has further layers")
    return bert, str(mode)
