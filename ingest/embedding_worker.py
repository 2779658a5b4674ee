# pyright: basic
"""The embedding process: sentence-transformers on the CPU, or on a GPU where torch finds one."""

import copy
import time
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from ingest.embedding import Vectors
from ingest.errors import TextTooLongError
from ingest.worker_process import Call, Channel, serve_calls

PROBE_TEXTS = [
    f"Sample {number}: " + "the pump must be inspected before every season of use. " * 6 for number in range(8)
]
PROBE_ROUNDS = 3
HOPELESS = 3.0
QUERY_BATCH = 16
MIN_PROBE_COSINE = 0.999
"""A faster precision is taken only where its vectors agree with float32 to this cosine."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model named by `options["path"]` and serve `embed` and `embed_query`."""
    model = TorchModel(faster_of_equals(SentenceTransformer(options["path"], device=_device(), local_files_only=True)))
    channel.ready()
    serve_calls(channel, model.handle)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def faster_of_equals(exact: SentenceTransformer) -> SentenceTransformer:
    """Return the model in bfloat16 where that is faster on this machine and gives the same vectors, else as it is."""
    rough = copy.deepcopy(exact).to(torch.bfloat16)
    # One text is enough to see that a processor has no instructions for it: then it is slower many times over.
    if _seconds(rough, PROBE_TEXTS[:1]) > HOPELESS * _seconds(exact, PROBE_TEXTS[:1]):
        return exact
    agreement = np.sum(encode(exact, PROBE_TEXTS) * encode(rough, PROBE_TEXTS), axis=1)
    if float(agreement.min()) < MIN_PROBE_COSINE:
        return exact
    # In turn, and the best of each: another program that wakes up must not decide this.
    rounds = [(_seconds(exact, PROBE_TEXTS), _seconds(rough, PROBE_TEXTS)) for _ in range(PROBE_ROUNDS)]
    exact_seconds, rough_seconds = (min(times) for times in zip(*rounds, strict=True))
    return rough if rough_seconds < exact_seconds else exact


def encode(model: SentenceTransformer, texts: list[str]) -> NDArray[np.float32]:
    """Return unit vectors, one row a text, all texts in one batch."""
    with torch.inference_mode():
        embedded = model.encode(texts, batch_size=len(texts), convert_to_tensor=True, show_progress_bar=False)
        unit = torch.nn.functional.normalize(embedded.to(torch.float32), dim=1)
    return np.ascontiguousarray(unit.cpu().numpy(), dtype=np.float32)


def _seconds(model: SentenceTransformer, texts: list[str]) -> float:
    encode(model, texts)  # the first run allocates
    started = time.perf_counter()
    encode(model, texts)
    return time.perf_counter() - started


class TorchModel:
    """A loaded sentence-transformers model that refuses what it would cut off."""

    def __init__(self, model: SentenceTransformer) -> None:
        self._model = model
        self._window = int(model.max_seq_length or 0)
        self._special_tokens = int(model.tokenizer.num_special_tokens_to_add(pair=False))

    def handle(self, call: Call) -> Iterator[Vectors]:
        """Answer one call of the parent."""
        texts = cast(list[str], call.params["texts"])
        vectors = self.embed(texts) if call.method == "embed" else self.embed_query(texts[0])
        rows, dimension = vectors.shape
        yield Vectors(rows, dimension, vectors.tobytes())

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors; raises `TextTooLongError` for a text over the window."""
        longest = max(len(ids) for ids in self._token_ids(texts)) + self._special_tokens
        if longest > self._window:
            raise TextTooLongError(tokens=longest, limit=self._window)
        return encode(self._model, texts)

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the unit vector of a text of any length, as a matrix of one row."""
        (ids,) = self._token_ids([query])
        room = self._window - self._special_tokens
        parts = [self._model.tokenizer.decode(ids[start : start + room]) for start in range(0, len(ids), room)]
        # Decoded pieces can come out a little longer when they are tokenised again; the model cuts those few.
        texts = parts if len(ids) > room else [query]
        batches = [texts[start : start + QUERY_BATCH] for start in range(0, len(texts), QUERY_BATCH)]
        vectors = np.concatenate([encode(self._model, batch) for batch in batches])
        mean = vectors.mean(axis=0, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        encoded = self._model.tokenizer(texts, truncation=False, padding=False, add_special_tokens=False, verbose=False)
        return cast(list[list[int]], encoded["input_ids"])
