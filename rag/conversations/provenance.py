"""What an answer depends on besides its question, and what of that is another thing now."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ingest.errors import CollectionNotFoundError
from ingest.library.library import Library
from ingest.runtime.model_files import fingerprint_files, list_gguf_parts
from ingest.types import EmbedderPassport
from rag.engines.types import Engine, ModelInfo
from rag.errors import RagError
from rag.settings import RagSettings
from rag.types import Question

logger = logging.getLogger(__name__)

WEIGHTS = "*.safetensors"
DECISIVE_SETTINGS = (
    "answer_style",
    "flash_attention",
    "fusion_weight",
    "kv_type",
    "lookup_drafts",
    "max_answer_tokens",
    "min_score",
    "reranker",
    "rewrite_questions",
    "top_k",
)
"""Settings that choose passages, change what a model computes or end answers."""

Subject = Literal["version", "model", "settings", "embedder", "documents", "passages", "sampling"]


@dataclass(frozen=True, slots=True)
class CollectionProvenance:
    """A collection as it was when it was asked."""

    id: str
    name: str
    passport: EmbedderPassport


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that was the case when an answer was written.

    `model_mark` is a hash over a model's files (see `fingerprint_files`), empty where there are none. `settings` are
    those that choose passages and limit answers, by their names.
    """

    version: str = ""
    model: ModelInfo | None = None
    model_mark: str = ""
    collections: tuple[CollectionProvenance, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it was, in words for the user."""

    about: Subject
    what: str


class ProvenanceCollector:
    """Says what is the case now. `settings` and `version` are those of this program."""

    def __init__(
        self,
        library: Library,
        engine_for: Callable[[str | None], Engine],
        *,
        settings: Mapping[str, str],
        version: str,
    ) -> None:
        self._library = library
        self._engine_for = engine_for
        self._settings = settings
        self._version = version

    def collect(self, question: Question) -> Provenance:
        """Return what a question's answer depends on; what cannot be told, because it is gone, is left out."""
        model = self._model(question.model)
        return Provenance(
            version=self._version,
            model=model,
            model_mark="" if model is None else _mark(model),
            collections=tuple(mark for id_ in question.collections if (mark := self._collection(id_)) is not None),
            settings=self._settings,
        )

    def _model(self, model: str | None) -> ModelInfo | None:
        try:
            return self._engine_for(model).info()
        except RagError as error:
            logger.info("what is known of the model is not kept: %s", type(error).__name__)
            return None

    def _collection(self, id_: str) -> CollectionProvenance | None:
        try:
            collection = self._library.collection(id_)
        except CollectionNotFoundError:
            return None
        return CollectionProvenance(collection.id, collection.name, collection.passport)


def select_settings(settings: RagSettings) -> dict[str, str]:
    """Return the settings that an answer depends on, by their names."""
    return {name: str(getattr(settings, name)) for name in DECISIVE_SETTINGS}


def compare_provenance(before: Provenance, now: Provenance) -> list[Difference]:
    """Return what is not as it was, the most telling first; nothing where all that is known is the same."""
    found = [*_of_models(before, now), *_of_collections(before, now)]
    if before.version != now.version:
        found.append(Difference("version", f"Pincite was {before.version} and is {now.version}"))
    for name in sorted(before.settings.keys() | now.settings.keys()):
        old, new = before.settings.get(name, "not set"), now.settings.get(name, "not set")
        if old != new:
            found.append(Difference("settings", f"PINCITE_{name.upper()} was {old} and is {new}"))
    return found


def _of_models(before: Provenance, now: Provenance) -> list[Difference]:
    old, new = before.model, now.model
    if old is None or new is None:
        return [] if old is new else [Difference("model", "it is not known which model answers, or answered")]
    found: list[Difference] = []
    if old.id != new.id:
        found.append(Difference("model", f"{old.id} answered, and {new.id} answers now"))
    elif (before.model_mark, old.size_bytes, old.architecture) != (now.model_mark, new.size_bytes, new.architecture):
        found.append(Difference("model", f"the files of {old.id} are others"))
    for name in ("context_window", "gpu_layers", "threads", "placement"):
        was, is_ = getattr(old, name), getattr(new, name)
        if was != is_:
            found.append(Difference("settings", f"the model's {name.replace('_', ' ')} was {was} and is {is_}"))
    if new.is_remote:
        found.append(Difference("model", "it answers on another server, where it may have changed unseen"))
    return found


def _of_collections(before: Provenance, now: Provenance) -> list[Difference]:
    there = {mark.id: mark for mark in now.collections}
    found: list[Difference] = []
    for mark in before.collections:
        current = there.get(mark.id)
        if current is None:
            found.append(Difference("documents", f"the collection {mark.name} was removed"))
        elif current.passport != mark.passport:
            told = f"{_named(mark.passport)}, and is by {_named(current.passport)}"
            found.append(Difference("embedder", f"the collection {current.name} was embedded by {told}"))
    return found


def _named(passport: EmbedderPassport) -> str:
    return f"{passport.model} {passport.revision[:12]} (chunks: {passport.chunker})"


def _mark(model: ModelInfo) -> str:
    path = Path(model.path)
    try:
        paths = sorted(path.glob(WEIGHTS)) if path.is_dir() else list(list_gguf_parts(path))
        return "" if model.is_remote else _mark_of(tuple((each, each.stat().st_mtime_ns) for each in paths))
    except OSError:
        return ""


@lru_cache(maxsize=8)
def _mark_of(files: tuple[tuple[Path, int], ...]) -> str:  # by their times, so that a file that was replaced counts
    return fingerprint_files([path for path, _ in files])
