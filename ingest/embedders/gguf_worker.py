"""The embedding process of a GGUF model: llama.cpp on the CPU, in contexts of its own."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ingest.embedders.embedder import NICENESS, QUERY_PRIORITY, VectorBatch
from ingest.embedders.llama_model import LlamaEncoder, LlamaModel
from ingest.embedders.model_config import Prompts
from ingest.errors import TextTooLongError
from ingest.runtime.worker_main import Call, Channel, serve_calls

MAX_CONTEXTS = 4
"""Each has buffers for one computation, with a large vocabulary a megabyte for every token of the window."""

EmbedTokens = Callable[[Sequence[Sequence[int]]], NDArray[np.float32]]
"""Tokenized texts to unit vectors: shape (texts, dimension), float32, in the order given."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model that the options of `WorkerEmbedder` describe, and serve `embed` and `embed_query`."""
    model, prompts = LlamaModel(options["path"], vocabulary_only=False), Prompts(**options["prompts"])
    window, pooling, cores = options["window"], options["pooling"], len(os.sched_getaffinity(0))
    contexts = min(cores, MAX_CONTEXTS)

    def make_encoder() -> LlamaEncoder:
        return LlamaEncoder(model, window=window, pooling=pooling, threads=cores // contexts)

    pool = GgufPool([make_encoder() for _ in range(contexts)], niceness=NICENESS)
    # Queries have a context and a thread at normal priority, so that they do not wait for a batch.
    query_embedder = GgufEmbedder(model, make_encoder().embed_batch, prompts, window=window)
    threading.Thread(target=_serve_queries, args=(channel, query_embedder), name="queries", daemon=True).start()
    channel.ready()
    serve_calls(channel, GgufEmbedder(model, pool.embed_batch, prompts, window=window).handle)


def _serve_queries(channel: Channel, embedder: "GgufEmbedder") -> None:
    serve_calls(channel, embedder.handle, only_priority=QUERY_PRIORITY)


class GgufPool:
    """Encoders in threads: faster than one encoder on all cores, and less affected by a core that is busy otherwise.

    The threads run at `niceness` (on Linux it applies to these threads alone).
    """

    def __init__(self, encoders: Sequence[LlamaEncoder], *, niceness: int) -> None:
        self._idle: SimpleQueue[LlamaEncoder] = SimpleQueue()
        for encoder in encoders:
            self._idle.put(encoder)
        self._threads = ThreadPoolExecutor(
            len(encoders), thread_name_prefix="embed", initializer=os.nice, initargs=(niceness,)
        )

    def embed_batch(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the unit vectors of tokenized texts, one row each, in the order given."""
        return np.stack(list(self._threads.map(self._embed, texts)))

    def _embed(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        encoder = self._idle.get()
        try:
            return encoder.embed(tokens)
        finally:
            self._idle.put(encoder)


class GgufEmbedder:
    """A loaded GGUF model that prepends its prompts to texts and refuses texts over its window."""

    def __init__(self, model: LlamaModel, embed_tokens: EmbedTokens, prompts: Prompts, *, window: int) -> None:
        self._model = model
        self._embed_tokens = embed_tokens
        self._prompts = prompts
        self._window = window

    def handle(self, call: Call) -> Iterator[VectorBatch]:
        """Answer one call of the parent."""
        texts = cast(list[str], call.params["texts"])
        vectors = self.embed(texts) if call.method == "embed" else self.embed_query(texts[0])
        rows, dimension = vectors.shape
        yield VectorBatch(rows, dimension, vectors.tobytes())

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of passages, one row each; raises `TextTooLongError` for a text over the window."""
        tokens = [self._model.tokenize(self._prompts.passage + text, special=True) for text in texts]
        longest = max(map(len, tokens))
        if longest > self._window:
            raise TextTooLongError(tokens=longest, limit=self._window)
        return self._embed_tokens(tokens)

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the unit vector of a query of any length: shape (1, dimension); the mean of parts if it is long."""
        mean = self._embed_tokens(self._split_query(query)).mean(axis=0, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _split_query(self, query: str) -> list[list[int]]:
        """Return the tokens of a query after its prompt; a long query is halved until each part fits the window."""
        tokens = self._model.tokenize(self._prompts.query + query, special=True)
        if len(tokens) <= self._window or len(query) < 2:
            return [tokens[: self._window]]
        half = len(query) // 2
        middle = max(query.rfind(" ", 1, half), 0) or half
        return self._split_query(query[:middle]) + self._split_query(query[middle:])
