"""A random language model of about 300 kB, so that tests can load a real GGUF in a moment.

It is a llama with two layers whose vocabulary holds every byte, so that any text can be read, and a few
words, which are all it ever writes. What it writes depends on what it read.
"""

from pathlib import Path
from typing import Literal

import gguf
import numpy as np
from numpy.typing import NDArray

CONTROL = ("<unk>", "<|im_start|>", "<|im_end|>", "<|endoftext|>")
WORDS = tuple(f" {first}{second}" for first in ("ba", "do", "ki", "lu", "me", "no", "ru", "ta") for second in "aeiou")
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TRAINED_CONTEXT = 4_096
SLIDING_WINDOW = 64
LAYERS, WIDTH, HEADS, HIDDEN = 2, 48, 3, 96
HEAD_WIDTH = WIDTH // HEADS

Architecture = Literal["llama", "gemma3"]


def write_tiny_gguf(
    path: Path, *, template: str | None = TEMPLATE, architecture: Architecture = "llama", seed: int = 7
) -> Path:
    """Write the model to `path` and return it; the same arguments give the same bytes.

    The architecture `gemma3` makes a model that looks back over a sliding window only.
    """
    tokens = [*CONTROL, *_byte_tokens(), *(word.replace(" ", "Ġ") for word in WORDS)]
    writer = gguf.GGUFWriter(path, architecture)
    _add_shape(writer)
    if architecture == "gemma3":
        writer.add_sliding_window(SLIDING_WINDOW)
    _add_vocabulary(writer, tokens)
    if template is not None:
        writer.add_chat_template(template)
    for name, values in _weights(np.random.default_rng(seed), len(tokens), architecture).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_shape(writer: gguf.GGUFWriter) -> None:
    writer.add_name("tiny")
    writer.add_context_length(TRAINED_CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_key_length(HEAD_WIDTH)
    writer.add_value_length(HEAD_WIDTH)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HEAD_WIDTH)


def _add_vocabulary(writer: gguf.GGUFWriter, tokens: list[str]) -> None:
    kinds = [gguf.TokenType.CONTROL] * len(CONTROL) + [gguf.TokenType.NORMAL] * (len(tokens) - len(CONTROL))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["Ġ b", "Ġ d"])
    writer.add_bos_token_id(CONTROL.index("<|im_start|>"))
    writer.add_eos_token_id(CONTROL.index("<|im_end|>"))
    writer.add_add_bos_token(False)


def _byte_tokens() -> list[str]:
    """Return a printable stand-in for every byte, as vocabularies of the GPT-2 kind have them."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]


def _weights(rng: np.random.Generator, vocabulary: int, architecture: Architecture) -> dict[str, NDArray[np.float32]]:
    def random(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.4, shape).astype(np.float32)

    output = random(vocabulary, WIDTH)
    output[: vocabulary - len(WORDS)] = 0  # only words are ever likely
    weights = {"token_embd.weight": random(vocabulary, WIDTH), "output.weight": output}
    weights["output_norm.weight"] = np.ones(WIDTH, np.float32)
    for layer in range(LAYERS):
        prefix = f"blk.{layer}"
        for name, width in _norms(architecture).items():
            weights[f"{prefix}.{name}.weight"] = np.ones(width, np.float32)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weights[f"{prefix}.{name}.weight"] = random(WIDTH, WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            weights[f"{prefix}.{name}.weight"] = random(HIDDEN, WIDTH)
        weights[f"{prefix}.ffn_down.weight"] = random(WIDTH, HIDDEN)
    return weights


def _norms(architecture: Architecture) -> dict[str, int]:
    """Return the names and widths of the scales in a layer."""
    norms = {"attn_norm": WIDTH, "ffn_norm": WIDTH}
    if architecture == "gemma3":
        norms |= {"post_attention_norm": WIDTH, "post_ffw_norm": WIDTH}
        norms |= {"attn_q_norm": HEAD_WIDTH, "attn_k_norm": HEAD_WIDTH}
    return norms
