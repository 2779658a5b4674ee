"""What the files of a model say about it, read without loading it: architecture, quantization, size, window."""

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingest.runtime.gguf_header import GgufHeader, GgufHeaderError, read_header

CONFIG = "config.json"
FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
"""llama.cpp's numbers for what most weights of a GGUF file are."""
SCALES = ((10**9, "B"), (10**6, "M"), (10**3, "K"))
MAX_FILES = 256


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the files say; empty, 0 or False for what they leave out.

    `quantization` is the name of its scheme, such as `Q4_K_M`, and `bits` what a weight takes; `parameters` is how many
    there are, such as `135M`.
    """

    architecture: str = ""
    quantization: str = ""
    bits: int = 0
    parameters: str = ""
    trained_context: int = 0
    takes_tools: bool = False


def read_facts(path: Path) -> ModelFacts:
    """Return the facts of a GGUF file or of a folder of Transformers; none of a file that cannot be read."""
    file = path / CONFIG if path.is_dir() else path
    try:
        return _read_file(file, file.stat().st_mtime_ns)
    except OSError:
        return ModelFacts()


@lru_cache(maxsize=MAX_FILES)
def _read_file(file: Path, _modified_ns: int) -> ModelFacts:
    try:
        if file.name == CONFIG:
            return _describe_config(json.loads(file.read_text(encoding="utf-8")))
        return _describe_header(read_header(file))
    except (GgufHeaderError, ValueError, TypeError, AttributeError):
        return ModelFacts()


def _describe_header(header: GgufHeader) -> ModelFacts:
    metadata = header.metadata
    architecture = str(metadata.get("general.architecture", ""))
    quantization = FILE_TYPES.get(_integer(metadata.get("general.file_type", -1)), "")
    count = sum(math.prod(tensor.shape) for tensor in header.tensors)
    return ModelFacts(
        architecture=architecture,
        quantization=quantization,
        bits=_count_bits(quantization),
        parameters=str(metadata.get("general.size_label", "")) or _abbreviate(count),
        trained_context=_integer(metadata.get(f"{architecture}.context_length", 0)),
        takes_tools="tools" in str(metadata.get("tokenizer.chat_template", "")),
    )


def _describe_config(config: dict[str, Any]) -> ModelFacts:
    precision = str(config.get("dtype") or config.get("torch_dtype") or "")
    return ModelFacts(
        architecture=str(config.get("model_type", "")),
        quantization=precision,
        bits=_count_bits(precision),
        trained_context=_integer(config.get("max_position_embeddings", 0)),
    )


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def _count_bits(quantization: str) -> int:
    """Return the bits of a weight as the name of the scheme says it: 4 of `IQ4_XS`, 16 of `bfloat16`."""
    match = re.search(r"\d+", quantization)
    return int(match[0]) if match else 0


def _abbreviate(count: int) -> str:
    for scale, letter in SCALES:
        if count >= scale:
            return f"{count / scale:.3g}{letter}"
    return str(count) if count else ""
