# pyright: basic
"""The forward pass of a BERT or XLM-R sentence encoder in 8-bit integers, on torch's quantized kernels.

Dynamic quantization: weights once at load time with one scale a row, activations text by text. Each text is computed by
itself: there is no padding, and a text has the same vector in every batch.
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
"""Seven bits: without VNNI the kernels add two products in 16 bits, which 255 * 127 * 2 overflows."""
SMALLEST_SCALE = 1e-8
MAX_THREADS = 8


class NotQuantizableError(Exception):
    """The model is not a plain BERT or XLM-R with mean or CLS pooling."""


class _Linear:
    """A linear layer with 8-bit weights, one scale a row; several layers over one input are concatenated."""

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
    attention_output: _Linear
    attention_norm: nn.LayerNorm
    feed_forward_in: _Linear
    feed_forward_out: _Linear
    feed_forward_norm: nn.LayerNorm

    def __call__(self, states: Tensor) -> Tensor:
        tokens, size = states.shape
        query, key, value = (
            self.projections(states).view(tokens, 3, self.heads, size // self.heads).permute(1, 2, 0, 3)[:, None]
        )
        attended = functional.scaled_dot_product_attention(query, key, value)
        context = attended[0].transpose(0, 1).reshape(tokens, size)
        states = self.attention_norm(self.attention_output(context).add_(states))
        return cast(
            Tensor,
            self.feed_forward_norm(self.feed_forward_out(functional.gelu(self.feed_forward_in(states))).add_(states)),
        )


class Int8Encoder:
    """A loaded sentence-transformers model in 8-bit integers, for one thread.

    Raises `NotQuantizableError` unless the model is a plain BERT or XLM-R with mean or CLS pooling.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        bert, self._pooling = _find_bert(model)
        self._tokenizer = model.tokenizer
        embeddings = bert.embeddings
        padding = embeddings.position_embeddings.padding_idx
        first = 0 if padding is None else padding + 1  # XLM-R numbers positions after the padding token
        self._words = embeddings.word_embeddings.weight
        self._positions = embeddings.position_embeddings.weight[first:] + embeddings.token_type_embeddings.weight[0]
        self._window = min(int(model.max_seq_length or len(self._positions)), len(self._positions))
        self._norm = embeddings.LayerNorm
        self._layers = [_quantize_layer(layer, bert.config.num_attention_heads) for layer in bert.encoder.layer]

    def copy_for_thread(self) -> "Int8Encoder":
        """Return an encoder with the same weights for another thread: a tokenizer is not thread-safe."""
        other = copy.copy(self)
        other._tokenizer = copy.deepcopy(self._tokenizer)
        return other

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors: shape (len(texts), dimension), float32, computed in the calling thread."""
        return np.stack([self.embed_tokens(ids) for ids in self.tokenize(texts)])

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        """Return the token ids of each text, truncated to the model's window."""
        encoded = self._tokenizer(texts, truncation=True, max_length=self._window, padding=False)
        return cast(list[list[int]], encoded["input_ids"])

    @torch.inference_mode()
    def embed_tokens(self, token_ids: list[int]) -> NDArray[np.float32]:
        """Return the unit vector of a tokenized text: shape (dimension,), float32."""
        ids = torch.tensor(token_ids)
        states: Tensor = self._norm(self._words[ids] + self._positions[: len(ids)])
        for layer in self._layers:
            states = layer(states)
        pooled = states[0] if self._pooling == "cls" else states.mean(dim=0)
        return functional.normalize(pooled, dim=0).numpy()


class Int8Pool:
    """An `Int8Encoder` on all cores, up to `MAX_THREADS`: each thread embeds one text at a time on one core.

    That is faster than one text on all cores (48 against 33 texts a second on two), because most operations are small.
    The threads run at `niceness`.
    """

    def __init__(self, encoder: Int8Encoder, *, niceness: int = 0) -> None:
        self._encoder = encoder
        cores = min(len(os.sched_getaffinity(0)), MAX_THREADS)
        self._threads = ThreadPoolExecutor(
            cores, thread_name_prefix="embed", initializer=use_one_core, initargs=(niceness,)
        )

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors: shape (len(texts), dimension), float32, in the order given."""
        return np.stack(list(self._threads.map(self._encoder.embed_tokens, self._encoder.tokenize(texts))))


def use_one_core(niceness: int) -> None:
    """Restrict the calling thread to one core and lower its priority (on Linux that of this thread alone)."""
    torch.set_num_threads(1)
    os.nice(niceness)


@torch.no_grad()
def _quantize_layer(layer: Any, heads: int) -> _Layer:
    attention = layer.attention
    return _Layer(
        heads=heads,
        projections=_Linear(attention.self.query, attention.self.key, attention.self.value),
        attention_output=_Linear(attention.output.dense),
        attention_norm=attention.output.LayerNorm,
        feed_forward_in=_Linear(layer.intermediate.dense),
        feed_forward_out=_Linear(layer.output.dense),
        feed_forward_norm=layer.output.LayerNorm,
    )


def _find_bert(model: SentenceTransformer) -> tuple[Any, str]:
    """Return the transformer and its pooling."""
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
