"""The sizes of a model from its GGUF header."""

from pathlib import Path

import pytest

from ingest.runtime.gguf_header import GgufHeader, GgufHeaderError, Metadata, TensorSpan
from ingest.runtime.model_files import list_gguf_parts
from rag.engines.llama.model_shape import derive_shape, read_shape
from tests.tiny_gguf import HEAD_WIDTH, HEADS, LAYERS, TRAINED_CONTEXT

BASE: Metadata = {
    "general.architecture": "llama",
    "llama.block_count": 2,
    "llama.context_length": 4_096,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
}


def header(metadata: Metadata, tensors: tuple[tuple[str, int], ...] = (("blk.0.w", 10), ("blk.1.w", 12))) -> GgufHeader:
    spans = tuple(TensorSpan(name, (1,), size) for name, size in tensors)
    return GgufHeader(metadata, {"tokenizer.ggml.tokens": 300}, spans)


def test_the_shape_of_a_file_is_what_was_written(tiny_gguf: Path) -> None:
    shape = read_shape(tiny_gguf)
    assert (shape.architecture, shape.layers, shape.trained_context) == ("llama", LAYERS, TRAINED_CONTEXT)
    assert shape.kv_bytes_per_token == LAYERS * HEADS * HEAD_WIDTH * 2 * 2
    weights = sum(shape.layer_bytes) + shape.input_bytes + shape.output_bytes
    assert tiny_gguf.stat().st_size - 20_000 < weights < tiny_gguf.stat().st_size


def test_grouped_query_attention_takes_a_smaller_kv_cache() -> None:
    assert derive_shape([header(BASE)]).kv_bytes_per_token == 2 * 4 * (16 + 16) * 2
    grouped = BASE | {"llama.attention.head_count_kv": 1}
    assert derive_shape([header(grouped)]).kv_bytes_per_token == 2 * 1 * (16 + 16) * 2


def test_layers_may_differ_in_heads_and_heads_in_width() -> None:
    mixed = BASE | {
        "llama.attention.head_count_kv": (2, 0),
        "llama.attention.key_length": 24,
        "llama.attention.value_length": 8,
    }
    assert derive_shape([header(mixed)]).kv_bytes_per_token == 2 * (24 + 8) * 2


def test_weights_are_summed_by_layer() -> None:
    tensors = (
        ("token_embd.weight", 5),
        ("output_norm.weight", 1),
        ("output.weight", 7),
        ("blk.0.a", 10),
        ("blk.1.a", 9),
    )
    shape = derive_shape([header(BASE, tensors)])
    assert (shape.layer_bytes, shape.output_bytes, shape.input_bytes) == ((10, 9), 8, 5)


def test_tied_weights_count_for_the_output_too() -> None:
    shape = derive_shape([header(BASE, (("token_embd.weight", 5), ("output_norm.weight", 1), ("blk.0.a", 10)))])
    assert (shape.output_bytes, shape.input_bytes) == (6, 5)


def test_the_parts_of_a_split_model_are_added_up() -> None:
    shape = derive_shape([header(BASE, (("blk.0.a", 10),)), header({}, (("blk.1.a", 9), ("output.weight", 3)))])
    assert (shape.layer_bytes, shape.output_bytes) == ((10, 9), 3)


def test_a_split_model_is_found_by_its_first_part() -> None:
    first = Path("models/big-00001-of-00002.gguf")
    assert list_gguf_parts(first) == (first, Path("models/big-00002-of-00002.gguf"))
    assert list_gguf_parts(Path("models/small.gguf")) == (Path("models/small.gguf"),)


@pytest.mark.parametrize("metadata", [{}, {"general.architecture": "clip"}, BASE | {"llama.block_count": 0}])
def test_a_file_without_a_language_model_is_refused(metadata: Metadata) -> None:
    with pytest.raises(GgufHeaderError, match="no language model"):
        derive_shape([header(metadata)])
