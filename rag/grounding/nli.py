"""Natural language inference (NLI): an optional model that judges whether a quote implies a sentence.

Its probabilities are a second opinion for claim verification. The model runs in a worker process of its own (the server
never imports torch).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.model_cache import find_model_folder
from ingest.runtime.supervisor import Worker
from rag.errors import EntailmentModelNotFoundError, EntailmentModelUnfitError
from rag.retrieval.reranking import CROSS_ENCODER, WEIGHTS
from rag.types import Entailment

CALL_TIMEOUT_SECONDS = 300.0
ENTAILED, CONTRADICTED = "entail", "contradict"
"""Prefixes of the two labels, in lower case."""


@dataclass(frozen=True, slots=True)
class EntailmentFolder:
    """An NLI model on disk, described without loading it.

    `entailed` and `contradicted` are the indices of those labels among the model's logits. A model with one logit has
    no label for a contradiction (None).
    """

    name: str
    path: Path
    entailed: int
    contradicted: int | None


def find_entailment_model(name: str) -> EntailmentFolder:
    """Return the model that a setting names: a folder, or a model in the Hugging Face cache.

    Loads nothing and uses no network. Raises `EntailmentModelNotFoundError`, and `EntailmentModelUnfitError` if the
    model does not classify pairs of texts by entailment, or if its weights are not in safetensors.
    """
    path = find_model_folder(name)
    if path is None or not (config := path / "config.json").is_file():
        raise EntailmentModelNotFoundError(name=name)
    if not any((path / weights).is_file() for weights in WEIGHTS):
        raise EntailmentModelUnfitError(
            name=name, detail=f"it has no {WEIGHTS[0]}, and weights in a pickle are not read, because that can run code"
        )
    return _describe(name, path, json.loads(config.read_text(encoding="utf-8")))


def _describe(name: str, path: Path, facts: Mapping[str, Any]) -> EntailmentFolder:
    architecture = str((facts.get("architectures") or ["model of an unknown kind"])[0])
    if not architecture.endswith(CROSS_ENCODER):
        raise EntailmentModelUnfitError(name=name, detail=f"it is a {architecture}, which classifies nothing")
    labels = {int(index): str(label).casefold() for index, label in facts.get("id2label", {}).items()}
    if len(labels) == 1:
        return EntailmentFolder(name, path, 0, None)
    entailed = next((index for index, label in labels.items() if label.startswith(ENTAILED)), None)
    contradicted = next((index for index, label in labels.items() if label.startswith(CONTRADICTED)), None)
    if entailed is None or contradicted is None:
        names = ", ".join(labels.values()) or "no names"
        raise EntailmentModelUnfitError(
            name=name, detail=f"none of its labels ({names}) is called entailment, or none contradiction"
        )
    return EntailmentFolder(name, path, entailed, contradicted)


class EntailmentModel:
    """An `EntailmentJudge` whose model runs in a worker process, started at the first use.

    Safe to use from many threads. A pair that exceeds the model's window is truncated at the end of the longer text.
    """

    def __init__(self, folder: EntailmentFolder) -> None:
        self._folder = folder
        self._worker = Worker(
            WorkerSpec(name="entailment", target="rag.grounding.nli_worker:main", options={"path": str(folder.path)})
        )

    def start(self) -> None:
        """Load the model now instead of at the first use. Raises `WorkerError`."""
        self._worker.start()

    def judge(self, quote: str, sentence: str) -> Entailment:
        """Return the probabilities that `quote` implies and contradicts `sentence`. Raises `WorkerError`."""
        params = {"quote": quote, "sentence": sentence}
        probabilities = self._worker.call("classify", params, list[float], timeout_seconds=CALL_TIMEOUT_SECONDS)
        contradicted = self._folder.contradicted
        return Entailment(
            model=self._folder.name,
            entailed=probabilities[self._folder.entailed],
            contradicted=0.0 if contradicted is None else probabilities[contradicted],
        )

    def close(self) -> None:
        """End the worker."""
        self._worker.close()
