# pyright: basic
"""The embedding process: sentence-transformers on the CPU, or on a GPU where torch finds one."""

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
from ingest.embedders.int8_encoder import Int8Encoder, Int8Pool, NotQuantizableError, give_way_on_one_core
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
HOPELESS = 3.0
QUERY_BATCH = 16

Encode = Callable[[list[str]], NDArray[np.float32]]
"""Texts to unit vectors, one row a text."""


@dataclass(frozen=True, slots=True)
class Precision:
    """A way to compute the vectors. It is taken only where they agree with float32 to `min_cosine`.

    `encode` is for batches, `encode_beside` for questions, in another thread at the same time.
    """

    name: str
    encode: Encode
    encode_beside: Encode
    min_cosine: float


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model that the options of `WorkerEmbedder` describe, and serve `embed` and `embed_query`."""
    exact = load(options["path"], window=options["window"], pooling=options["pooling"])
    chosen = fastest(candidates(exact))
    logger.info("vectors are computed as %s", chosen.name)
    prompts = Prompts(**options["prompts"])
    # Questions have a thread of their own, which does not give way: they neither wait for a batch nor beside one.
    asked = TorchModel(sharing_weights(exact), chosen.encode_beside, prompts)
    threading.Thread(target=_serve_questions, args=(channel, asked), name="questions", daemon=True).start()
    channel.ready()
    os.nice(NICENESS)
    serve_calls(channel, TorchModel(exact, chosen.encode, prompts).handle)


def _serve_questions(channel: Channel, model: "TorchModel") -> None:
    give_way_on_one_core(0)
    serve_calls(channel, model.handle, only_priority=QUERY_PRIORITY)


def load(path: str, *, window: int, pooling: str) -> SentenceTransformer:
    """Return the model in a folder, which reads `window` tokens; an empty `pooling` leaves that to the folder."""
    model = SentenceTransformer(path, device=_device(), local_files_only=True)
    if pooling:
        transformer = cast(Any, model[0])
        pooled = Pooling(transformer.get_embedding_dimension(), cast(Any, pooling))
        model = SentenceTransformer(modules=[transformer, pooled], device=_device())
    model.max_seq_length = window  # the library counts the positions that RoBERTa-like models never use
    return model


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def candidates(exact: SentenceTransformer) -> list[Precision]:
    """Return the ways that this machine can compute the vectors of a model, float32 first."""
    rough = copy.deepcopy(exact).to(torch.bfloat16)
    ways = [
        Precision(name, partial(encode, model), partial(encode, sharing_weights(model)), min_cosine)
        for name, model, min_cosine in (("float32", exact, 1.0), ("bfloat16", rough, 0.999))
    ]
    if exact.device.type == "cpu":
        try:
            encoder = Int8Encoder(exact)
            ways.append(Precision("int8", Int8Pool(encoder, niceness=NICENESS).encode, encoder.beside().encode, 0.98))
        except (NotQuantizableError, RuntimeError, AttributeError) as error:  # not every torch has the kernels
            logger.info("no 8-bit vectors: %s", error)
    return ways


def sharing_weights(model: SentenceTransformer) -> SentenceTransformer:
    """Return the same model for another thread: one tokenizer cannot be used by two."""
    return copy.deepcopy(model, {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())})


def fastest(ways: Sequence[Precision]) -> Precision:
    """Return the fastest way whose vectors are as good as those of the first."""
    exact = ways[0]
    vectors, hopeless = exact.encode(PROBE_TEXTS), HOPELESS * _seconds(exact, PROBE_TEXTS[:1])
    # One text is enough to see that a processor has no instructions for it: then it is slower many times over.
    hopeful = [way for way in ways[1:] if _seconds(way, PROBE_TEXTS[:1]) <= hopeless]
    good = [way for way in hopeful if _agreement(vectors, way.encode(PROBE_TEXTS)) >= way.min_cosine]
    # In turn, and the best of each: another program that wakes up must not decide this.
    rounds = [[_seconds(way, PROBE_TEXTS) for way in (exact, *good)] for _ in range(PROBE_ROUNDS)]
    seconds = [min(times) for times in zip(*rounds, strict=True)]
    return (exact, *good)[seconds.index(min(seconds))]


def _agreement(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Return the smallest cosine between rows."""
    return float(np.sum(vectors * others, axis=1).min())


def encode(model: SentenceTransformer, texts: list[str]) -> NDArray[np.float32]:
    """Return unit vectors, one row a text, all texts in one batch, none with a prompt that is not in it."""
    with torch.inference_mode():
        embedded = model.encode(
            texts, prompt="", batch_size=len(texts), convert_to_tensor=True, show_progress_bar=False
        )
        unit = torch.nn.functional.normalize(embedded.to(torch.float32), dim=1)
    return np.ascontiguousarray(unit.cpu().numpy(), dtype=np.float32)


def _seconds(way: Precision, texts: list[str]) -> float:
    way.encode(texts)  # the first run allocates
    started = time.perf_counter()
    way.encode(texts)
    return time.perf_counter() - started


class TorchModel:
    """A loaded sentence-transformers model that puts its prompts before texts, and refuses what it would cut off."""

    def __init__(self, model: SentenceTransformer, encode: Encode, prompts: Prompts) -> None:
        self._model = model
        self._encode = encode
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
        """Return unit vectors; raises `TextTooLongError` for a text over the window."""
        prompted = [self._prompts.passage + text for text in texts]
        longest = max(len(ids) for ids in self._token_ids(prompted)) + self._special_tokens
        if longest > self._window:
            raise TextTooLongError(tokens=longest, limit=self._window)
        return self._encode(prompted)

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the unit vector of a text of any length, as a matrix of one row."""
        ids, prompt = self._token_ids([query, self._prompts.query])
        room = self._window - self._special_tokens - len(prompt)
        parts = [self._model.tokenizer.decode(ids[start : start + room]) for start in range(0, len(ids), room)]
        # Decoded pieces can come out a little longer when they are tokenised again; the model cuts those few.
        texts = [self._prompts.query + part for part in (parts if len(ids) > room else [query])]
        batches = [texts[start : start + QUERY_BATCH] for start in range(0, len(texts), QUERY_BATCH)]
        vectors = np.concatenate([self._encode(batch) for batch in batches])
        mean = vectors.mean(axis=0, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        encoded = self._model.tokenizer(texts, truncation=False, padding=False, add_special_tokens=False, verbose=False)
        return cast(list[list[int]], encoded["input_ids"])
