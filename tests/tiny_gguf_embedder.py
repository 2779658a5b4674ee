"""A BERT or XLM-R as `tests.tiny_embedders` writes it, or the bundled model, as a GGUF file with the same weights."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
from numpy.typing import NDArray
from safetensors.numpy import load_file  # pyright: ignore[reportUnknownVariableType] (a bare `PathLike`)

POOLINGS = {"mean": gguf.PoolingType.MEAN, "cls": gguf.PoolingType.CLS}
KINDS = {"[UNK]": gguf.TokenType.CONTROL, "<unk>": gguf.TokenType.UNKNOWN}
SPECIALS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "<s>", "<pad>", "</s>")
INPUT = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def write_gguf_of(folder: Path, path: Path, *, pooling: str = "", name: str = "tiny") -> Path:
    """Write the model in `folder` to `path` and return it; without `pooling` the file does not say how it is pooled."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    tokenizer: dict[str, Any] = json.loads((folder / "tokenizer.json").read_text())["model"]
    unused_positions = config["pad_token_id"] + 1 if config["model_type"] == "xlm-roberta" else 0
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name(name)
    writer.add_context_length(config["max_position_embeddings"] - unused_positions)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_token_type_count(config["type_vocab_size"])
    if pooling:
        writer.add_pooling_type(POOLINGS[pooling])
    add_vocabulary = _add_word_pieces if tokenizer["type"] == "WordPiece" else _add_unigrams
    add_vocabulary(writer, tokenizer)
    for called, values in _weights(folder, unused_positions):
        writer.add_tensor(called, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_word_pieces(writer: gguf.GGUFWriter, tokenizer: dict[str, Any]) -> None:
    ids: dict[str, int] = tokenizer["vocab"]
    tokens = sorted(ids, key=ids.__getitem__)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    _add_tokens(writer, tokens, [_phantom(token) for token in tokens])
    writer.add_unk_token_id(ids["[UNK]"])
    writer.add_bos_token_id(ids["[CLS]"])
    writer.add_sep_token_id(ids["[SEP]"])
    writer.add_pad_token_id(ids["[PAD]"])


def _add_unigrams(writer: gguf.GGUFWriter, tokenizer: dict[str, Any]) -> None:
    tokens: list[str] = [token for token, _ in tokenizer["vocab"]]
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    _add_tokens(writer, tokens, tokens)
    writer.add_token_scores([score for _, score in tokenizer["vocab"]])
    writer.add_add_space_prefix(True)
    writer.add_remove_extra_whitespaces(True)
    writer.add_unk_token_id(tokenizer["unk_id"])
    writer.add_bos_token_id(tokens.index("<s>"))
    writer.add_eos_token_id(tokens.index("</s>"))
    writer.add_sep_token_id(tokens.index("</s>"))
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)


def _add_tokens(writer: gguf.GGUFWriter, tokens: list[str], written: list[str]) -> None:
    special = {**KINDS, **dict.fromkeys(SPECIALS, gguf.TokenType.CONTROL)}
    writer.add_token_list(written)
    writer.add_token_types([int(special.get(token, gguf.TokenType.NORMAL)) for token in tokens])


def _phantom(token: str) -> str:
    """Return a word piece as GGUF files have it: the beginning of a word is marked, not what goes on."""
    if token in (*KINDS, *SPECIALS):
        return token
    return token.removeprefix("##") if token.startswith("##") else f"▁{token}"


def _weights(folder: Path, unused_positions: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield what an embedder needs of the weights, as llama.cpp calls them."""
    for key, values in load_file(folder / "model.safetensors").items():
        weight, _, part = key.rpartition(".")
        if weight in INPUT:
            is_positions = weight == "embeddings.position_embeddings"
            yield f"{INPUT[weight]}.{part}", values[unused_positions:] if is_positions else values
        elif weight.startswith("encoder.layer."):
            _, _, layer, name = weight.split(".", 3)
            yield f"blk.{layer}.{LAYER[name]}.{part}", values
