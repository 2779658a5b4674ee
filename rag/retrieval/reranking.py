"""Rerank the best candidates with a cross-encoder, which reads the query and each text together.

The model runs in a worker process of its own (the server never imports torch).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.chunking.chunker import contextualize
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.model_cache import find_model_folder
from ingest.runtime.supervisor import Worker
from rag.errors import RerankerNotFoundError, RerankerUnfitError
from rag.retrieval.fusion import weighted_mean
from rag.retrieval.query_variants import QueryVariant
from rag.types import Reranker, ScoredChunk

PAIRS = 20
"""Pairs of query and chunk that are scored for one search. A model of 6 layers and 384 dimensions
(ms-marco-MiniLM-L6-v2) takes 85 ms of one core for a chunk of 200 word pieces: a second for all on 2 idle cores."""

CALL_TIMEOUT_SECONDS = 300.0
CROSS_ENCODER = "ForSequenceClassification"
"""Suffix of the architectures that classify pairs of texts."""
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
DEFAULT_LABELS = 2
"""Labels of a model whose configuration names none."""


def find_reranker(name: str) -> Path:
    """Return the folder of the model that a setting names: a folder, or a model in the Hugging Face cache.

    Loads nothing and uses no network. Raises `RerankerNotFoundError`, and `RerankerUnfitError` if the model is no
    cross-encoder with one score per pair, or if its weights are not in safetensors.
    """
    path = find_model_folder(name)
    if path is None or not (config := path / "config.json").is_file():
        raise RerankerNotFoundError(name=name)
    if not any((path / weights).is_file() for weights in WEIGHTS):
        raise RerankerUnfitError(
            name=name, detail=f"it has no {WEIGHTS[0]}, and weights in a pickle are not read, because that can run code"
        )
    _check_kind(name, json.loads(config.read_text(encoding="utf-8")))
    return path


def _check_kind(name: str, facts: dict[str, Any]) -> None:
    architecture = str((facts.get("architectures") or ["model of an unknown kind"])[0])
    if not architecture.endswith(CROSS_ENCODER):
        raise RerankerUnfitError(name=name, detail=f"it is a {architecture}, not a cross-encoder (…{CROSS_ENCODER})")
    labels = len(facts["id2label"]) if "id2label" in facts else DEFAULT_LABELS
    if labels != 1:
        raise RerankerUnfitError(name=name, detail=f"it gives {labels} numbers for a pair of texts, not one")


class CrossEncoderReranker:
    """A `Reranker` whose model runs in a worker process, started at the first use. Safe to use from many threads.

    A pair that exceeds the model's window is truncated at the end of the longer text: the chunk, unless the query fills
    more than half of the window.
    """

    def __init__(self, path: Path) -> None:
        self._worker = Worker(
            WorkerSpec(name="reranker", target="rag.retrieval.reranker_worker:main", options={"path": str(path)})
        )

    def start(self) -> None:
        """Load the model now instead of at the first use. Raises `WorkerError`."""
        self._worker.start()

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers the question, in [0, 1], in the order given; empty for no texts.

        Raises `WorkerError`.
        """
        if not texts:
            return []
        params = {"question": question, "texts": list(texts)}
        return self._worker.call("scores", params, list[float], timeout_seconds=CALL_TIMEOUT_SECONDS)

    def close(self) -> None:
        """End the worker."""
        self._worker.close()


def rerank(reranker: Reranker, variants: Sequence[QueryVariant], hits: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Return all `hits`, best first, with the first ones reranked: their score is that of `reranker`.

    `PAIRS` pairs are scored, so half as many hits for a query with two variants, whose scores are averaged by weight.
    The other hits follow in their order; none scores higher than the lowest reranked one.
    """
    if not hits:
        return []
    depth = PAIRS // len(variants)
    texts = [contextualize(hit.chunk.chunk) for hit in hits[:depth]]
    by_variant = [reranker.scores(variant.text, texts) for variant in variants]
    scores = [weighted_mean(variants, of_hit) for of_hit in zip(*by_variant, strict=True)]
    reranked = [
        replace(hit, score=score, breakdown=replace(hit.breakdown, rerank_score=score))
        for hit, score in zip(hits[:depth], scores, strict=True)
    ]
    lowest = min(scores)
    others = [replace(hit, score=min(hit.score, lowest)) for hit in hits[depth:]]
    return [*sorted(reranked, key=lambda hit: (-hit.score, hit.chunk.id)), *others]
