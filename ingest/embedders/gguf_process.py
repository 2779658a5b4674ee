# pyright: basic, reportArgumentType=false
# (a handle is None only where loading raised)
"""The embedding process of a GGUF model: llama.cpp on the CPU, in contexts that no chat shares."""

import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, cast

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from ingest.embedders.embedder import NICENESS, QUERY_PRIORITY, VectorBatch
from ingest.embedders.gguf_tokenizer import GgufModel, explained
from ingest.embedders.model_config import Prompts
from ingest.errors import TextTooLongError
from ingest.runtime.worker_main import Call, Channel, serve_calls

MAX_CONTEXTS = 4
"""Each has room for what it computes, and with a large vocabulary a megabyte for every token of a text."""
_POOLINGS = {
    "mean": llama_cpp.LLAMA_POOLING_TYPE_MEAN,
    "cls": llama_cpp.LLAMA_POOLING_TYPE_CLS,
    "last": llama_cpp.LLAMA_POOLING_TYPE_LAST,
}

Encode = Callable[[Sequence[Sequence[int]]], NDArray[np.float32]]
"""Texts, each as its tokens, to unit vectors, one row a text."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model that the options of `WorkerEmbedder` describe, and serve `embed` and `embed_query`."""
    model, prompts = GgufModel(options["path"], vocabulary_only=False), Prompts(**options["prompts"])
    window, pooling, cores = options["window"], options["pooling"], len(os.sched_getaffinity(0))
    contexts = min(cores, MAX_CONTEXTS)

    def encoder() -> GgufEncoder:
        return GgufEncoder(model, window=window, pooling=pooling, threads=cores // contexts)

    pool = GgufPool([encoder() for _ in range(contexts)], niceness=NICENESS)
    # Questions have a context and a thread of their own, which does not give way: they do not wait for a batch.
    asked = GgufEmbedder(model, encoder().encode, prompts, window=window)
    threading.Thread(target=_serve_questions, args=(channel, asked), name="questions", daemon=True).start()
    channel.ready()
    serve_calls(channel, GgufEmbedder(model, pool.encode, prompts, window=window).handle)


def _serve_questions(channel: Channel, embedder: "GgufEmbedder") -> None:
    serve_calls(channel, embedder.handle, only_priority=QUERY_PRIORITY)


class GgufEncoder:
    """One context over a model, for one thread at a time; contexts share the weights.

    Texts are computed one after the other: a text has the same vector whatever it is embedded with, and no token is
    weighed with those of other texts, which costs more than their company saves.
    """

    def __init__(self, model: GgufModel, *, window: int, pooling: str, threads: int) -> None:
        self._model = model  # lives as long as its contexts
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = window
        params.n_seq_max = 1
        params.embeddings = True
        params.pooling_type = _POOLINGS[pooling]
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED  # on the CPU it only loses digits
        self._handle = llama_cpp.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise explained(f"llama.cpp has no room for texts of {window} tokens")
        weakref.finalize(self, llama_cpp.llama_free, self._handle)
        self._memory = llama_cpp.llama_get_memory(self._handle)
        self._dimension = llama_cpp.llama_model_n_embd_out(model.handle)

    def encode(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the vectors of texts in the order given; none is longer than the window."""
        return np.stack([self.embed(tokens) for tokens in texts])

    def embed(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Return the unit vector of a text."""
        if self._memory:  # models that read from left to right keep what they have read
            llama_cpp.llama_memory_clear(self._memory, True)
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        status = llama_cpp.llama_decode(self._handle, llama_cpp.llama_batch_get_one(array, len(tokens)))
        if status != 0:
            raise explained(f"llama_decode failed with status {status}")
        values = llama_cpp.llama_get_embeddings_seq(self._handle, 0)
        vector = np.ctypeslib.as_array(values, (self._dimension,))
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


class GgufPool:
    """Encoders side by side: faster than one on all cores, and not slowed by a core that another program takes.

    Their threads give way by `niceness` (Linux: these alone).
    """

    def __init__(self, encoders: Sequence[GgufEncoder], *, niceness: int) -> None:
        self._idle: SimpleQueue[GgufEncoder] = SimpleQueue()
        for encoder in encoders:
            self._idle.put(encoder)
        self._threads = ThreadPoolExecutor(
            len(encoders), thread_name_prefix="embed", initializer=os.nice, initargs=(niceness,)
        )

    def encode(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the vectors of texts in the order given."""
        return np.stack(list(self._threads.map(self._embed, texts)))

    def _embed(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        encoder = self._idle.get()
        try:
            return encoder.embed(tokens)
        finally:
            self._idle.put(encoder)


class GgufEmbedder:
    """A loaded GGUF model that puts its prompts before texts, and refuses what does not fit its window."""

    def __init__(self, model: GgufModel, encode: Encode, prompts: Prompts, *, window: int) -> None:
        self._model = model
        self._encode = encode
        self._prompts = prompts
        self._window = window

    def handle(self, call: Call) -> Iterator[VectorBatch]:
        """Answer one call of the parent."""
        texts = cast(list[str], call.params["texts"])
        vectors = self.embed(texts) if call.method == "embed" else self.embed_query(texts[0])
        rows, dimension = vectors.shape
        yield VectorBatch(rows, dimension, vectors.tobytes())

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors; raises `TextTooLongError` for a text over the window."""
        tokens = [self._model.tokens(self._prompts.passage + text, special=True) for text in texts]
        longest = max(map(len, tokens))
        if longest > self._window:
            raise TextTooLongError(tokens=longest, limit=self._window)
        return self._encode(tokens)

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the unit vector of a text of any length, as a matrix of one row."""
        mean = self._encode(self._parts(query)).mean(axis=0, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _parts(self, query: str) -> list[list[int]]:
        """Return the tokens of a question behind its prompt; a long one is halved until each part fits behind it."""
        tokens = self._model.tokens(self._prompts.query + query, special=True)
        if len(tokens) <= self._window or len(query) < 2:
            return [tokens[: self._window]]
        half = len(query) // 2
        middle = max(query.rfind(" ", 1, half), 0) or half
        return self._parts(query[:middle]) + self._parts(query[middle:])
