"""The embedding process: sentence-transformers on the CPU, or on a GPU where torch finds one."""

import time
from collections.abc import Callable, Iterator
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
MIN_PROBE_COSINE = 0.999
"""A faster precision is taken only where its vectors agree with float32 to this cosine."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model named by `options["path"]` and serve `embed` and `embed_query`."""
    model = TorchModel(SentenceTransformer(options["path"], device=_device(), local_files_only=True))
    model.choose_precision()
    channel.ready()
    serve_calls(channel, model.handle)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


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

    def choose_precision(self) -> None:
        """Switch to bfloat16 where that is faster on this machine and gives the same vectors."""
        exact, exact_seconds = _timed(lambda: self._encode(PROBE_TEXTS))
        self._model.to(torch.bfloat16)
        rough, rough_seconds = _timed(lambda: self._encode(PROBE_TEXTS))
        agrees = float(np.sum(exact * rough, axis=1).min()) >= MIN_PROBE_COSINE
        if not (agrees and rough_seconds < exact_seconds):
            self._model.to(torch.float32)

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors; raises `TextTooLongError` for a text over the window."""
        longest = max(len(ids) for ids in self._token_ids(texts)) + self._special_tokens
        if longest > self._window:
            raise TextTooLongError(tokens=longest, limit=self._window)
        return self._encode(texts)

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the unit vector of a text of any length, as a matrix of one row."""
        (ids,) = self._token_ids([query])
        room = self._window - self._special_tokens
        parts = [self._model.tokenizer.decode(ids[start : start + room]) for start in range(0, len(ids), room)]
        # Decoded pieces can come out a little longer when they are tokenised again; the model cuts those few.
        vectors = self._encode(parts) if len(ids) > room else self._encode([query])
        mean = vectors.mean(axis=0, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        encoded = self._model.tokenizer(texts, truncation=False, padding=False, add_special_tokens=False, verbose=False)
        return cast(list[list[int]], encoded["input_ids"])

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        with torch.inference_mode():
            embedded = self._model.encode(
                texts, batch_size=len(texts), convert_to_tensor=True, show_progress_bar=False
            ).to(torch.float32)
            unit = torch.nn.functional.normalize(embedded, dim=1)
        return np.ascontiguousarray(unit.cpu().numpy(), dtype=np.float32)


def _timed(work: Callable[[], NDArray[np.float32]]) -> tuple[NDArray[np.float32], float]:
    work()  # the first run allocates and compiles
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started
