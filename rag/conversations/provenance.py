"""Provenance: collect what an answer depends on besides its question, and compare it with the present state."""

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
from rag.types import Question

logger = logging.getLogger(__name__)

WEIGHTS = "*.safetensors"
Subject = Literal["version", "model", "settings", "embedder", "documents", "passages", "sampling"]


@dataclass(frozen=True, slots=True)
class CollectionProvenance:
    """The state of a collection when the question was asked."""

    id: str
    name: str
    passport: EmbedderPassport


@dataclass(frozen=True, slots=True)
class Provenance:
    """The program, model, collections and settings that an answer depends on.

    `model_mark` is a hash of the model's files (see `fingerprint_files`), empty for a remote model. `settings` are the
    `DECISIVE_SETTINGS`, by name.
    """

    version: str = ""
    model: ModelInfo | None = None
    model_mark: str = ""
    collections: tuple[CollectionProvenance, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Difference:
    """One change of the provenance; `what` describes it for the user."""

    about: Subject
    what: str


class ProvenanceCollector:
    """Collects the present provenance of questions. `settings` and `version` are those of this program."""

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
        """Return the provenance of an answer to `question`; models and collections that are gone are left out."""
        model = self._model(question.model)
        return Provenance(
            version=self._version,
            model=model,
            model_mark="" if model is None else _fingerprint_model(model),
            collections=tuple(
                collection for id_ in question.collections if (collection := self._collection(id_)) is not None
            ),
            settings=self._settings,
        )

    def _model(self, model: str | None) -> ModelInfo | None:
        try:
            return self._engine_for(model).info()
        except RagError as error:
            logger.info("the answer is stored without its model: %s", type(error).__name__)
            return None

    def _collection(self, id_: str) -> CollectionProvenance | None:
        try:
            collection = self._library.collection(id_)
        except CollectionNotFoundError:
            return None
        return CollectionProvenance(collection.id, collection.name, collection.passport)


def compare_provenance(before: Provenance, now: Provenance) -> list[Difference]:
    """Return the changes of provenance, most telling first; empty if nothing changed."""
    changes = [*_compare_models(before, now), *_compare_collections(before, now)]
    if before.version != now.version:
        changes.append(Difference("version", f"Pincite was {before.version} and is {now.version}"))
    for name in sorted(before.settings.keys() | now.settings.keys()):
        old, new = before.settings.get(name, "not set"), now.settings.get(name, "not set")
        if old != new:
            changes.append(Difference("settings", f"PINCITE_{name.upper()} was {old} and is {new}"))
    return changes


def _compare_models(before: Provenance, now: Provenance) -> list[Difference]:
    old, new = before.model, now.model
    if old is None or new is None:
        return [] if old is new else [Difference("model", "the model that answers, or answered, is unknown")]
    changes: list[Difference] = []
    if old.id != new.id:
        changes.append(Difference("model", f"{old.id} answered, and {new.id} answers now"))
    elif (before.model_mark, old.size_bytes) != (now.model_mark, new.size_bytes):
        changes.append(Difference("model", f"the files of {old.id} have changed"))
    # Of a model that was not loaded, for an answer that it did not write, the rest is not known.
    is_known = not (old.is_estimated or new.is_estimated)
    for name in ("context_window", "gpu_layers", "threads", "placement") if is_known else ():
        was, is_ = getattr(old, name), getattr(new, name)
        if was != is_:
            changes.append(Difference("settings", f"the model's {name.replace('_', ' ')} was {was} and is {is_}"))
    if new.is_remote:
        changes.append(Difference("model", "it runs on another server, which may have changed it"))
    return changes


def _compare_collections(before: Provenance, now: Provenance) -> list[Difference]:
    present = {collection.id: collection for collection in now.collections}
    changes: list[Difference] = []
    for collection in before.collections:
        current = present.get(collection.id)
        if current is None:
            changes.append(Difference("documents", f"the collection {collection.name} was removed"))
        elif current.passport != collection.passport:
            embedders = f"{_describe_embedder(collection.passport)}, and is by {_describe_embedder(current.passport)}"
            changes.append(Difference("embedder", f"the collection {current.name} was embedded by {embedders}"))
    return changes


def _describe_embedder(passport: EmbedderPassport) -> str:
    return f"{passport.model} {passport.revision[:12]} (chunks: {passport.chunker})"


def _fingerprint_model(model: ModelInfo) -> str:
    path = Path(model.path)
    try:
        paths = sorted(path.glob(WEIGHTS)) if path.is_dir() else list(list_gguf_parts(path))
        if model.is_remote:
            return ""
        return _cached_fingerprint(tuple((file, file.stat().st_mtime_ns) for file in paths))
    except OSError:
        return ""


@lru_cache(maxsize=8)
def _cached_fingerprint(files: tuple[tuple[Path, int], ...]) -> str:  # keyed by mtime too: files can be replaced
    return fingerprint_files([path for path, _ in files])
