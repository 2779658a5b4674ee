"""The configuration of an embedding model: from the files of its folder, and from its family for the rest."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

_PASSAGE_NAMES = ("document", "passage", "corpus")
"""Names of the passage prompt in sentence-transformers, in its order of preference."""
_OFFSET_ARCHITECTURES = frozenset({"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet"})
"""Architectures that number positions after the padding token: 514 positions hold 512 tokens."""
_DEFAULT_WINDOW = 512


@dataclass(frozen=True, slots=True)
class Prompts:
    """The instructions that a model expects before a query and before a passage."""

    query: str = ""
    passage: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Models whose prompts only their model card declares. `pooling` applies if there is no `modules.json`."""

    name: re.Pattern[str]
    prompts: Prompts
    pooling: str


E5_TASK = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
_FAMILIES = (
    # https://huggingface.co/intfloat/multilingual-e5-large-instruct ("How to use")
    Family(re.compile(r"\be5-(small|base|large)\b.*-instruct"), Prompts(query=E5_TASK), "mean"),
    # https://huggingface.co/intfloat/multilingual-e5-small (FAQ 1; the same in the cards of e5-* and e5-*-v2)
    Family(re.compile(r"\be5-(small|base|large)\b"), Prompts("query: ", "passage: "), "mean"),
    # https://huggingface.co/BAAI/bge-small-en-v1.5 ("Model List": the instruction is for queries alone)
    Family(
        re.compile(r"\bbge-(small|base|large)-en\b"),
        Prompts(query="Represent this sentence for searching relevant passages: "),
        "cls",
    ),
    Family(
        re.compile(r"\bbge-(small|base|large)-zh\b"), Prompts(query="为这个句子生成表示以用于检索相关文章："), "cls"
    ),
    # https://huggingface.co/BAAI/bge-m3 (FAQ 2: no instruction)
    Family(re.compile(r"\bbge-m3\b"), Prompts(), "cls"),
)


def read_prompts(path: Path, name: str) -> Prompts:
    """Return the prompts that the model declares, else those of the family that its name belongs to, else none."""
    file = _read_json(path / "config_sentence_transformers.json")
    declared: dict[str, str | None] = file.get("prompts") or {}
    default = declared.get(file.get("default_prompt_name") or "") or ""
    passages = (declared[key] for key in _PASSAGE_NAMES if key in declared)
    prompts = Prompts(declared.get("query") or default, next(passages, None) or default)
    family = find_family(name)
    return family.prompts if family and prompts == Prompts() else prompts


def read_pooling(path: Path, name: str) -> str:
    """Return the pooling of the model's family; empty if the folder declares it, or for an unknown family."""
    if (path / "modules.json").is_file():
        return ""
    family = find_family(name)
    return family.pooling if family else ""


def read_window(path: Path) -> int:
    """Return the model's window in tokens, special tokens included."""
    config = _read_json(path / "config.json")
    positions = config.get("max_position_embeddings")
    if positions and config.get("model_type") in _OFFSET_ARCHITECTURES:
        positions -= config.get("pad_token_id", 1) + 1
    limits = (
        positions,
        _read_json(path / "sentence_bert_config.json").get("max_seq_length"),
        _read_json(path / "tokenizer_config.json").get("model_max_length"),  # 1e30 if it is not declared
    )
    return int(min((limit for limit in limits if limit), default=_DEFAULT_WINDOW))


def read_dimension(path: Path) -> int:
    """Return the length of the vectors: the output of the last dense layer, else the transformer's hidden size."""
    config = _read_json(path / "config.json")
    dimension = int(config.get("hidden_size") or config["dim"])  # DistilBERT's name
    for module in _read_modules(path):
        dimension = int(module.get("out_features", dimension))
    return dimension


def count_extra_tokens(path: Path) -> int:
    """Return by how many tokens a text can grow if it is cut out of a longer one.

    Tokenizers that mark the beginning of a word add a mark before text of a script without spaces.
    """
    file = msgspec.json.decode((path / "tokenizer.json").read_bytes(), type=_TokenizerFile)
    return 0 if file.model.type == "WordPiece" else 1


class _TokenizerModel(msgspec.Struct):
    type: str = "WordPiece"


class _TokenizerFile(msgspec.Struct):
    """`tokenizer.json` without its megabytes of vocabulary."""

    model: _TokenizerModel


def find_family(name: str) -> Family | None:
    """Return the family of a model by its name; None for an unknown one."""
    return next((family for family in _FAMILIES if family.name.search(name.lower())), None)


def _read_modules(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the configurations of the modules after the transformer, in order."""
    file = path / "modules.json"
    for module in json.loads(file.read_text(encoding="utf-8")) if file.is_file() else ():
        if module["path"]:
            yield _read_json(path / module["path"] / "config.json")


def _read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
