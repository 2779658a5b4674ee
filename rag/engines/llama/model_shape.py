"""What a model needs of the machine, as its GGUF header tells it."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.runtime.gguf_header import GgufHeader, GgufHeaderError, Metadata, TensorSpan, read_header
from ingest.runtime.model_files import list_gguf_parts

KV_VALUE_BYTES = 2  # the cache holds 16-bit numbers
LAYER_TENSOR = re.compile(r"blk\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes that decide where a model can run.

    `layer_bytes` has the weights of each layer in order; `output_bytes` those of the step from the last
    layer to the vocabulary; `input_bytes` the rest, which always stays in main memory.
    `tied_bytes` of the output are the input's own weights again. `attention_heads` is the most that a layer
    has; `step_bytes_per_token` about what a layer takes to compute on a token.
    """

    architecture: str
    trained_context: int
    vocabulary: int
    layer_bytes: tuple[int, ...]
    output_bytes: int
    input_bytes: int
    kv_bytes_per_token: int
    attention_heads: int = 0
    tied_bytes: int = 0
    step_bytes_per_token: int = 0

    @property
    def layers(self) -> int:
        return len(self.layer_bytes)


def read_shape(path: Path) -> ModelShape:
    """Return the shape of the model at `path`, all its parts included; raise `GgufHeaderError` if it is damaged."""
    return model_shape([read_header(part) for part in list_gguf_parts(path)])


def model_shape(headers: Sequence[GgufHeader]) -> ModelShape:
    """Return the shape of the model that `headers`, one for each of its files, describe."""
    metadata = headers[0].metadata
    tensors = [tensor for header in headers for tensor in header.tensors]
    architecture = str(metadata.get("general.architecture", ""))
    layers = _integer(metadata, f"{architecture}.block_count")
    if layers < 1 or not tensors:
        raise GgufHeaderError("it holds no language model")
    layer_bytes, output_bytes, input_bytes = _split_by_place(tensors, layers)
    tied_bytes = _tied_bytes(tensors)
    return ModelShape(
        architecture=architecture,
        trained_context=_integer(metadata, f"{architecture}.context_length"),
        vocabulary=headers[0].list_lengths.get("tokenizer.ggml.tokens", 0),
        layer_bytes=layer_bytes,
        output_bytes=output_bytes + tied_bytes,
        input_bytes=input_bytes,
        kv_bytes_per_token=_kv_bytes_per_token(metadata, architecture, layers),
        attention_heads=max(_per_layer(metadata, f"{architecture}.attention.head_count", layers, default=0)),
        tied_bytes=tied_bytes,
        step_bytes_per_token=_step_bytes_per_token(metadata, architecture, layers),
    )


def _split_by_place(tensors: Sequence[TensorSpan], layers: int) -> tuple[tuple[int, ...], int, int]:
    in_layer: defaultdict[int, int] = defaultdict(int)
    input_bytes = output_bytes = 0
    for tensor in tensors:
        if match := LAYER_TENSOR.match(tensor.name):
            in_layer[int(match[1])] += tensor.size_bytes
        elif tensor.name.startswith("output"):
            output_bytes += tensor.size_bytes
        else:
            input_bytes += tensor.size_bytes
    return tuple(in_layer[layer] for layer in range(layers)), output_bytes, input_bytes


def _tied_bytes(tensors: Sequence[TensorSpan]) -> int:
    sizes = {tensor.name: tensor.size_bytes for tensor in tensors}
    return 0 if "output.weight" in sizes else sizes.get("token_embd.weight", 0)


def _kv_bytes_per_token(metadata: Metadata, architecture: str, layers: int) -> int:
    # Counts every layer as full attention: layers with a sliding window need less, so this never falls short.
    prefix = f"{architecture}.attention"
    heads = _per_layer(metadata, f"{prefix}.head_count", layers, default=0)
    kv_heads = _per_layer(metadata, f"{prefix}.head_count_kv", layers, default=heads[0])
    width = _integer(metadata, f"{architecture}.embedding_length") // max(*heads, 1)
    key = _integer(metadata, f"{prefix}.key_length", default=width)
    value = _integer(metadata, f"{prefix}.value_length", default=width)
    return sum(kv_heads) * (key + value) * KV_VALUE_BYTES


def _step_bytes_per_token(metadata: Metadata, architecture: str, layers: int) -> int:
    # The token itself and the two halves of its feed-forward step, in 32 bits: the widest that stands at one time.
    width = _integer(metadata, f"{architecture}.embedding_length")
    hidden = max(_per_layer(metadata, f"{architecture}.feed_forward_length", layers, default=4 * width))
    return 4 * (width + 2 * hidden)


def _per_layer(metadata: Metadata, key: str, layers: int, *, default: int) -> tuple[int, ...]:
    value = metadata.get(key, default)
    if isinstance(value, tuple):
        return tuple(int(item) for item in value)
    return (int(value),) * layers


def _integer(metadata: Metadata, key: str, *, default: int = 0) -> int:
    value = metadata.get(key, default)
    return value if isinstance(value, int) else default
