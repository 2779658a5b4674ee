"""The sizes of a model from its GGUF header: weights by layer, KV cache and compute buffers."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.runtime.gguf_header import GgufHeader, GgufHeaderError, Metadata, TensorSpan, read_header
from ingest.runtime.model_files import list_gguf_parts

KV_VALUE_BYTES = 2  # float16
LAYER_TENSOR = re.compile(r"blk\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The sizes that decide where a model can run.

    `layer_bytes` has the weights of each layer in order, `output_bytes` those of the output layer, `input_bytes` the
    rest, which always stays in main memory. `tied_bytes` of the output layer are the input embeddings again.
    `attention_heads` is that of the layer with the most; `compute_bytes_per_token` about the activations of a layer.
    """

    architecture: str
    trained_context: int
    vocabulary_size: int
    layer_bytes: tuple[int, ...]
    output_bytes: int
    input_bytes: int
    kv_bytes_per_token: int
    attention_heads: int = 0
    tied_bytes: int = 0
    compute_bytes_per_token: int = 0

    @property
    def layers(self) -> int:
        return len(self.layer_bytes)


def read_shape(path: Path) -> ModelShape:
    """Return the shape of the model at `path`, of all its parts; raise `GgufHeaderError` if it is damaged."""
    return derive_shape([read_header(part) for part in list_gguf_parts(path)])


def derive_shape(headers: Sequence[GgufHeader]) -> ModelShape:
    """Return the shape of the model with these headers, one for each of its files."""
    metadata = headers[0].metadata
    tensors = [tensor for header in headers for tensor in header.tensors]
    architecture = str(metadata.get("general.architecture", ""))
    layers = _read_integer(metadata, f"{architecture}.block_count")
    if layers < 1 or not tensors:
        raise GgufHeaderError("it holds no language model")
    layer_bytes, output_bytes, input_bytes = _sum_by_layer(tensors, layers)
    tied_bytes = _measure_tied_weights(tensors)
    return ModelShape(
        architecture=architecture,
        trained_context=_read_integer(metadata, f"{architecture}.context_length"),
        vocabulary_size=headers[0].list_lengths.get("tokenizer.ggml.tokens", 0),
        layer_bytes=layer_bytes,
        output_bytes=output_bytes + tied_bytes,
        input_bytes=input_bytes,
        kv_bytes_per_token=_estimate_kv_bytes(metadata, architecture, layers),
        attention_heads=max(_read_per_layer(metadata, f"{architecture}.attention.head_count", layers, default=0)),
        tied_bytes=tied_bytes,
        compute_bytes_per_token=_estimate_compute_bytes(metadata, architecture, layers),
    )


def _sum_by_layer(tensors: Sequence[TensorSpan], layers: int) -> tuple[tuple[int, ...], int, int]:
    layer_bytes: defaultdict[int, int] = defaultdict(int)
    input_bytes = output_bytes = 0
    for tensor in tensors:
        if match := LAYER_TENSOR.match(tensor.name):
            layer_bytes[int(match[1])] += tensor.size_bytes
        elif tensor.name.startswith("output"):
            output_bytes += tensor.size_bytes
        else:
            input_bytes += tensor.size_bytes
    return tuple(layer_bytes[layer] for layer in range(layers)), output_bytes, input_bytes


def _measure_tied_weights(tensors: Sequence[TensorSpan]) -> int:
    sizes = {tensor.name: tensor.size_bytes for tensor in tensors}
    return 0 if "output.weight" in sizes else sizes.get("token_embd.weight", 0)


def _estimate_kv_bytes(metadata: Metadata, architecture: str, layers: int) -> int:
    # Every layer counts as full attention: layers with a sliding window need less, so this is never too little.
    prefix = f"{architecture}.attention"
    heads = _read_per_layer(metadata, f"{prefix}.head_count", layers, default=0)
    kv_heads = _read_per_layer(metadata, f"{prefix}.head_count_kv", layers, default=heads[0])
    width = _read_integer(metadata, f"{architecture}.embedding_length") // max(*heads, 1)
    key = _read_integer(metadata, f"{prefix}.key_length", default=width)
    value = _read_integer(metadata, f"{prefix}.value_length", default=width)
    return sum(kv_heads) * (key + value) * KV_VALUE_BYTES


def _estimate_compute_bytes(metadata: Metadata, architecture: str, layers: int) -> int:
    # The embedding of the token and both halves of its gated feed-forward layer in float32: the widest activations.
    width = _read_integer(metadata, f"{architecture}.embedding_length")
    hidden = max(_read_per_layer(metadata, f"{architecture}.feed_forward_length", layers, default=4 * width))
    return 4 * (width + 2 * hidden)


def _read_per_layer(metadata: Metadata, key: str, layers: int, *, default: int) -> tuple[int, ...]:
    value = metadata.get(key, default)
    if isinstance(value, tuple):
        return tuple(int(item) for item in value)
    return (int(value),) * layers


def _read_integer(metadata: Metadata, key: str, *, default: int = 0) -> int:
    value = metadata.get(key, default)
    return value if isinstance(value, int) else default
