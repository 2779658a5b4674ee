# pyright: basic
"""The embedding process: sentence-transformers on the CPU, or on a GPU if torch finds one."""

import copy
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling

from ingest.embedders.embedder import NICENESS, QUERY_PRIORITY, VectorBatch
from ingest.embedders.int8_encoder import Int8Encoder, Int8Pool, NotQuantizableError, use_one_core
from ingest.embedders.model_config import Prompts
from ingest.errors import TextTooLongError
from ingest.runtime.worker_main import Call, Channel, serve_calls

logger = logging.getLogger(__name__)

PROBE_TEXTS = [
    f"{start} " + "the pump must be inspected before every season of use. " * 6
    for start in (
        "Article 12: invoices are paid within thirty days of receipt, and",
        "Patients under 40 kg receive 15 mg twice a day;",
        "def area(width, height): return width * height  #",
        "In the winter of 1897 the harbour froze, so that",
        "Torque 45 Nm | bolt M8 | class 10.9 | note",
        "What happens when the contract is ended early? First",
        "The court found that the notice had not been served, because",
        "Sodium chloride, anhydrous, 99.5 %, CAS 7647-14-5:",
    )
]
PROBE_ROUNDS = 3
MAX_SLOWDOWN = 3.0
"""A precision that takes this many times as long for one text is not probed further."""
QUERY_BATCH = 16

Embed = Callable[[list[str]], NDArray[np.float32]]
"""Texts to unit vectors: shape (texts, dimension), float32, in the order given."""


@dataclass(frozen=True, slots=True)
class Precision:
    """A precision of the forward pass; eligible if its vectors have a cosine of `min_cosine` with those of float32.

    `embed` is for batches; `embed_queries` runs in another thread at the same time.
    """

    name: str
    embed: Embed
    embed_queries: Embed
    min_cosine: float


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model that the options of `WorkerEmbedder` describe, and serve `embed` and `embed_query`."""
    exact = load(options["path"], window=options["window"], pooling=options["pooling"])
    chosen = choose_precision(build_precisions(exact))
    logger.info("the embedder computes in %s", chosen.name)
    prompts = Prompts(**options["prompts"])
    # Queries have a thread at normal priority, so that they do not wait for a batch.
    query_embedder = TorchEmbedder(copy_sharing_weights(exact), chosen.embed_queries, prompts)
    threading.Thread(target=_serve_queries, args=(channel, query_embedder), name="queries", daemon=True).start()
    channel.ready()
    os.nice(NICENESS)
    serve_calls(channel, TorchEmbedder(exact, chosen.embed, prompts).handle)


def _serve_queries(channel: Channel, embedder: "TorchEmbedder") -> None:
    use_one_core(0)
    serve_calls(channel, embedder.handle, only_priority=QUERY_PRIORITY)


def load(path: str, *, window: int, pooling: str) -> SentenceTransformer:
    """Return the model in a folder with a window of `window` tokens; an empty `pooling` is that of the folder."""
    model = SentenceTransformer(path, device=_device(), local_files_only=True)
    if pooling:
        transformer = cast(Any, model[0])
        pooled = Pooling(transformer.get_embedding_dimension(), cast(Any, pooling))
        model = SentenceTransformer(modules=[transformer, pooled], device=_device())
    model.max_seq_length = window  # the library includes positions that RoBERTa-like models never use
    return model


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def build_precisions(exact: SentenceTransformer) -> list[Precision]:
    """Return the precisions in which this machine can run a model, float32 first."""
    bfloat16 = copy.deepcopy(exact).to(torch.bfloat16)
    precisions = [
        Precision(name, partial(embed, model), partial(embed, copy_sharing_weights(model)), min_cosine)
        for name, model, min_cosine in (("float32", exact, 1.0), ("bfloat16", bfloat16, 0.999))
    ]
    if exact.device.type == "cpu":
        try:
            encoder = Int8Encoder(exact)
            pool = Int8Pool(encoder, niceness=NICENESS)
            precisions.append(Precision("int8", pool.embed, encoder.copy_for_thread().embed, 0.98))
        except (NotQuantizableError, RuntimeError, AttributeError) as error:  # not every torch has the kernels
            logger.info("int8 is not available: %s", error)
    return precisions


def copy_sharing_weights(model: SentenceTransformer) -> SentenceTransformer:
    """Return a copy of a model for another thread: its weights are shared, its tokenizer is not thread-safe."""
    return copy.deepcopy(model, {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())})


def choose_precision(precisions: Sequence[Precision]) -> Precision:
    """Return the fastest precision whose vectors agree with those of the first, measured on `PROBE_TEXTS`."""
    exact = precisions[0]
    vectors, max_seconds = exact.embed(PROBE_TEXTS), MAX_SLOWDOWN * _measure_seconds(exact, PROBE_TEXTS[:1])
    # One text tells whether the processor has the instructions: without them it takes many times as long.
    supported = [other for other in precisions[1:] if _measure_seconds(other, PROBE_TEXTS[:1]) <= max_seconds]
    eligible = [other for other in supported if _min_cosine(vectors, other.embed(PROBE_TEXTS)) >= other.min_cosine]
    # Interleaved, and the best round of each: another program that wakes up must not decide this.
    rounds = [[_measure_seconds(each, PROBE_TEXTS) for each in (exact, *eligible)] for _ in range(PROBE_ROUNDS)]
    seconds = [min(times) for times in zip(*rounds, strict=True)]
    return (exact, *eligible)[seconds.index(min(seconds))]


def _min_cosine(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Return the smallest cosine between corresponding rows."""
    return float(np.sum(vectors * others, axis=1).min())


def embed(model: SentenceTransformer, texts: list[str]) -> NDArray[np.float32]:
    """Return unit vectors: shape (len(texts), dimension), float32; all texts in one batch, without adding a prompt."""
    with torch.inference_mode():
        embedded = model.encode(
            texts, prompt="", batch_size=len(texts), convert_to_tensor=True, show_progress_bar=False
        )
        unit = torch.nn.functional.normalize(embedded.to(torch.float32), dim=1)
    return np.ascontiguousarray(unit.cpu().numpy(), dtype=np.float32)


def _measure_seconds(precision: Precision, texts: list[str]) -> float:
    precision.embed(texts)  # the first run allocates
    started = time.perf_counter()
    precision.embed(texts)
    return time.perf_counter() - started


class TorchEmbedder:
    """A loaded sentence-transformers model that prepends its prompts to texts and refuses texts over its window."""

    def __init__(self, model: SentenceTransformer, embed: Embed, prompts: Prompts) -> None:
        self._model = model
        self._embed = embed
        self._prompts = prompts
        self._window = int(model.max_seq_length or 0)
        self._special_tokens = int(model.tokenizer.num_special_tokens_to_add(pair=False))

    def handle(self, call: Call) -> Iterator[VectorBatch]:
        """Answer one call of the parent."""
        texts = cast(list[str], call.params["texts"])
        vectors = self.embed(texts) if call.method == "embed" else self.embed_query(texts[0])
        rows, dimension = vectors.shape
        yield VectorBatch(rows, dimension, vectors.tobytes())

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the unit vectors of passages, one row each; raises `TextTooLongError` for a text over the window."""
        prompted = [self._prompts.passage + text for text in texts]
        longest = max(len(ids) for ids in self._tokenize(prompted)) + self._special_tokens
        if longest > self._window:
            raise TextTooLongError(tokens=longest, limit=self._window)
        return self._embed(prompted)

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the unit vector of a query of any length: shape (1, dimension); the mean of parts if it is long."""
        ids, prompt = self._tokenize([query, self._prompts.query])
        room = self._window - self._special_tokens - len(prompt)
        parts = [self._model.tokenizer.decode(ids[start : start + room]) for start in range(0, len(ids), room)]
        # A decoded part can have a few more tokens when it is tokenized again; the model truncates those.
        texts = [self._prompts.query + part for part in (parts if len(ids) > room else [query])]
        batches = [texts[start : start + QUERY_BATCH] for start in range(0, len(texts), QUERY_BATCH)]
        vectors = np.concatenate([self._embed(batch) for batch in batches])
        mean = vectors.mean(axis=0, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _tokenize(self, texts: list[str]) -> list[list[int]]:
        encoded = self._model.tokenizer(texts, truncation=False, padding=False, add_special_tokens=False, verbose=False)
        return cast(list[list[int]], encoded["input_ids"])
