"""The configuration of a GGUF embedding model: from its header, and from its family for what that leaves out."""

import re
from dataclasses import dataclass
from pathlib import Path

from ingest.embedders.model_config import E5_TASK, Family, Prompts, find_family
from ingest.errors import EmbedderUnfitError
from ingest.runtime.gguf_header import GgufHeaderError, Metadata, read_header

MAX_WINDOW_TOKENS = 1_024
"""Limit of the window: llama.cpp's memory grows with its square, and by a row of the vocabulary for each token."""
SPECIAL_TOKENS = 2
_POOLINGS = {1: "mean", 2: "cls", 3: "last"}
_EXTRA_TOKENS = {"bert": 0, "t5": 1}
_MAX_EXTRA_TOKENS = 8
"""Vocabularies whose words begin with a space spell a word in more tokens if it was cut off from its space."""

_FAMILIES = (
    # https://huggingface.co/nomic-ai/nomic-embed-text-v1.5 ("Task instruction prefixes")
    Family(re.compile(r"\bnomic-embed-text\b"), Prompts("search_query: ", "search_document: "), "mean"),
    # https://huggingface.co/google/embeddinggemma-300m ("Prompt Instructions")
    Family(
        re.compile(r"\bembedding-?gemma\b"), Prompts("task: search result | query: ", "title: none | text: "), "mean"
    ),
    # https://huggingface.co/Qwen/Qwen3-Embedding-0.6B (config_sentence_transformers.json)
    Family(re.compile(r"\bqwen3-embedding\b"), Prompts(query=E5_TASK.rstrip()), "last"),
    # https://huggingface.co/Snowflake/snowflake-arctic-embed-l-v2.0 ("Usage")
    Family(re.compile(r"\bsnowflake-arctic-embed-[lm]-v2\b"), Prompts(query="query: "), "cls"),
    # https://huggingface.co/Snowflake/snowflake-arctic-embed-l, https://huggingface.co/mixedbread-ai/mxbai-embed-large-v1
    Family(
        re.compile(r"\b(snowflake-arctic-embed|mxbai-embed-large)\b"),
        Prompts(query="Represent this sentence for searching relevant passages: "),
        "cls",
    ),
)
"""Models whose folders declare prompts and pooling; a GGUF conversion of them is recognized by its name alone."""


@dataclass(frozen=True, slots=True)
class GgufConfig:
    """Dimension, window, prompts and pooling of a model; see `ingest.embedders.embedder.EmbedderInfo`."""

    dimension: int
    window: int
    max_tokens: int
    prompts: Prompts
    pooling: str


def read_gguf_config(path: Path) -> GgufConfig:
    """Return the configuration of a GGUF file; raises `EmbedderUnfitError` if it is damaged or no embedding model.

    A family is recognized by the name of the file, else by `general.name` in the header.
    """
    try:
        metadata = read_header(path).metadata
    except GgufHeaderError as error:
        raise EmbedderUnfitError(name=str(path), detail=str(error)) from error
    architecture = metadata.get("general.architecture")
    family = _find_family(path.stem) or _find_family(str(metadata.get("general.name", "")))
    width = _read_integer(metadata, f"{architecture}.embedding_length")
    window = min(_read_integer(metadata, f"{architecture}.context_length"), MAX_WINDOW_TOKENS)
    pooling = _POOLINGS.get(_read_integer(metadata, f"{architecture}.pooling_type")) or (
        family.pooling if family else ""
    )
    if not (width and window and pooling):
        detail = "it does not declare how its token states are pooled (pooling_type), as embedding models do"
        raise EmbedderUnfitError(name=str(path), detail=detail)
    prompts = family.prompts if family else Prompts()
    extra_tokens = _EXTRA_TOKENS.get(str(metadata.get("tokenizer.ggml.model")), _MAX_EXTRA_TOKENS)
    return GgufConfig(
        dimension=_read_integer(metadata, f"{architecture}.embedding_length_out") or width,
        window=window,
        # No token is shorter than a byte: this bound saves loading the vocabulary.
        max_tokens=window - SPECIAL_TOKENS - len(prompts.passage.encode()) - extra_tokens,
        prompts=prompts,
        pooling=pooling,
    )


def _find_family(name: str) -> Family | None:
    normalized = re.sub(r"[\s_]+", "-", name.lower())
    return find_family(normalized) or next((family for family in _FAMILIES if family.name.search(normalized)), None)


def _read_integer(metadata: Metadata, key: str) -> int:
    value = metadata.get(key, 0)
    return value if isinstance(value, int) else 0
