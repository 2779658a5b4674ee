"""What a GGUF embedding model says of itself in its header, and what its family needs where it has no place for it."""

import re
from dataclasses import dataclass
from pathlib import Path

from ingest.embedders.model_config import E5_TASK, Family, Prompts, family_of
from ingest.errors import EmbedderUnfitError
from ingest.runtime.gguf_header import GgufHeaderError, Metadata, read_header

MOST_TOKENS = 1_024
"""The longest text that is read: llama.cpp reserves memory for the square of it, and a vocabulary for each token."""
SPECIAL_TOKENS = 2
_POOLINGS = {1: "mean", 2: "cls", 3: "last"}
_LOST_TO_CUTS = {"bert": 0, "t5": 1}
_MOST_LOST_TO_CUTS = 8
"""Vocabularies whose words begin with their space spell a word in more pieces where it was cut off from it."""

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
"""Models whose folders declare this themselves; what becomes of them as a GGUF knows it by their name alone."""


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """What has to be known of a model before it is loaded; the same as a folder of `EmbedderInfo` says."""

    dimension: int
    window: int
    max_tokens: int
    prompts: Prompts
    pooling: str


def read_facts(path: Path) -> GgufFacts:
    """Return the facts of a GGUF file; raise `EmbedderUnfitError` where it is damaged or no embedding model.

    A family is recognized by the name of the file, else by the one that the model has in it.
    """
    try:
        metadata = read_header(path).metadata
    except GgufHeaderError as error:
        raise EmbedderUnfitError(name=str(path), detail=str(error)) from error
    architecture = metadata.get("general.architecture")
    family = _family(path.stem) or _family(str(metadata.get("general.name", "")))
    width = _integer(metadata, f"{architecture}.embedding_length")
    window = min(_integer(metadata, f"{architecture}.context_length"), MOST_TOKENS)
    pooling = _POOLINGS.get(_integer(metadata, f"{architecture}.pooling_type")) or (family.pooling if family else "")
    if not (width and window and pooling):
        detail = "it does not say how its tokens become one vector (pooling_type), as embedding models do"
        raise EmbedderUnfitError(name=str(path), detail=detail)
    prompts = family.prompts if family else Prompts()
    lost = _LOST_TO_CUTS.get(str(metadata.get("tokenizer.ggml.model")), _MOST_LOST_TO_CUTS)
    return GgufFacts(
        dimension=_integer(metadata, f"{architecture}.embedding_length_out") or width,
        window=window,
        # No token is shorter than a byte: the prompt is not worth the loading of a vocabulary.
        max_tokens=window - SPECIAL_TOKENS - len(prompts.passage.encode()) - lost,
        prompts=prompts,
        pooling=pooling,
    )


def _family(name: str) -> Family | None:
    plain = re.sub(r"[\s_]+", "-", name.lower())
    return family_of(plain) or next((family for family in _FAMILIES if family.name.search(plain)), None)


def _integer(metadata: Metadata, key: str) -> int:
    value = metadata.get(key, 0)
    return value if isinstance(value, int) else 0
