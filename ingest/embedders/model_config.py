"""What an embedding model's own files say of it, and what its family needs where they do not say it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

_PASSAGE_NAMES = ("document", "passage", "corpus")
"""What sentence-transformers looks for, in this order, when it embeds a document."""
_OFFSET_KINDS = frozenset({"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet"})
"""Architectures whose first position is the one after the padding token's: 514 positions are 512 tokens."""
_UNSAID_WINDOW = 512


@dataclass(frozen=True, slots=True)
class Prompts:
    """What a model wants to read before a question and before a passage."""

    query: str = ""
    passage: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Models that say in their cards alone how they are used. `pooling`: where no `modules.json` says it."""

    name: re.Pattern[str]
    prompts: Prompts
    pooling: str


E5_TASK = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
_FAMILIES = (
    # https://huggingface.co/intfloat/multilingual-e5-large-instruct ("How to use")
    Family(re.compile(r"\be5-(small|base|large)\b.*-instruct"), Prompts(query=E5_TASK), "mean"),
    # https://huggingface.co/intfloat/multilingual-e5-small (FAQ 1; the same in the cards of e5-* and e5-*-v2)
    Family(re.compile(r"\be5-(small|base|large)\b"), Prompts("query: ", "passage: "), "mean"),
    # https://huggingface.co/BAAI/bge-small-en-v1.5 ("Model List": the instruction is for questions alone)
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


def prompts_of(path: Path, name: str) -> Prompts:
    """Return the prompts that the model declares, else those of the family that its name belongs to, else none."""
    file = _json(path / "config_sentence_transformers.json")
    declared: dict[str, str | None] = file.get("prompts") or {}
    default = declared.get(file.get("default_prompt_name") or "") or ""
    passages = (declared[key] for key in _PASSAGE_NAMES if key in declared)
    prompts = Prompts(declared.get("query") or default, next(passages, None) or default)
    family = family_of(name)
    return family.prompts if family and prompts == Prompts() else prompts


def pooling_of(path: Path, name: str) -> str:
    """Return how the tokens become one vector; empty where the folder says it, or its family is not known."""
    if (path / "modules.json").is_file():
        return ""
    family = family_of(name)
    return family.pooling if family else ""


def window_of(path: Path) -> int:
    """Return how many tokens the model reads at once, the special ones included."""
    config = _json(path / "config.json")
    positions = config.get("max_position_embeddings")
    if positions and config.get("model_type") in _OFFSET_KINDS:
        positions -= config.get("pad_token_id", 1) + 1
    limits = (
        positions,
        _json(path / "sentence_bert_config.json").get("max_seq_length"),
        _json(path / "tokenizer_config.json").get("model_max_length"),  # an absurd number where it is not known
    )
    return int(min((limit for limit in limits if limit), default=_UNSAID_WINDOW))


def dimension_of(path: Path) -> int:
    """Return the length of the vectors: that of the last dense layer, else that of the states of the transformer."""
    config = _json(path / "config.json")
    dimension = int(config.get("hidden_size") or config["dim"])  # DistilBERT calls it so
    for module in _modules(path):
        dimension = int(module.get("out_features", dimension))
    return dimension


def pieces_lost_to_cuts(path: Path) -> int:
    """Return how many pieces a text can have more by itself than in the midst of another.

    Tokenizers that mark the beginning of a word put a mark of its own before one of a script without spaces.
    """
    file = msgspec.json.decode((path / "tokenizer.json").read_bytes(), type=_TokenizerFile)
    return 0 if file.model.type == "WordPiece" else 1


class _TokenizerModel(msgspec.Struct):
    type: str = "WordPiece"


class _TokenizerFile(msgspec.Struct):
    """`tokenizer.json`, of which megabytes of vocabulary are not read."""

    model: _TokenizerModel


def family_of(name: str) -> Family | None:
    """Return the family that a model's name belongs to."""
    return next((family for family in _FAMILIES if family.name.search(name.lower())), None)


def _modules(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the configurations of the layers behind the transformer, in order."""
    listed = path / "modules.json"
    for module in json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else ():
        if module["path"]:
            yield _json(path / module["path"] / "config.json")


def _json(path: Path) -> dict[str, Any]:
    """Return what a file says; nothing where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
