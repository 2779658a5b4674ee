# pyright: basic, reportArgumentType=false, reportAttributeAccessIssue=false
# (a handle is None only if loading failed)
"""The adapter of llama.cpp in ingest: a GGUF model on the CPU, its vocabulary, and contexts that compute vectors.

No other module of `ingest` imports `llama_cpp`.
"""

import ctypes
import os
import weakref
from collections import deque
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import llama_cpp
import numpy as np
from numpy.typing import NDArray

ERROR_LEVEL = 4
_NON_TEXT_TOKENS = llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN | llama_cpp.LLAMA_TOKEN_ATTR_CONTROL
"""Attributes of tokens whose text is not known; of control tokens only the unknown one occurs in a text, and many files
mark it as control."""
_POOLINGS = {
    "mean": llama_cpp.LLAMA_POOLING_TYPE_MEAN,
    "cls": llama_cpp.LLAMA_POOLING_TYPE_CLS,
    "last": llama_cpp.LLAMA_POOLING_TYPE_LAST,
}
VocabularyType = Literal["wordpiece", "unigram", "other"]
_VOCABULARY_TYPES: dict[int, VocabularyType] = {
    llama_cpp.LLAMA_VOCAB_TYPE_WPM: "wordpiece",
    llama_cpp.LLAMA_VOCAB_TYPE_UGM: "unigram",
}


class LlamaError(Exception):
    """llama.cpp refuses the file, or a call failed."""


class _Log:
    """Keeps llama.cpp's log out of the output of the process; its last errors explain failures."""

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=4)
        self._callback = llama_cpp.llama_log_callback(self._append)  # must live as long as llama.cpp may call it
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p())
        llama_cpp.llama_backend_init()

    def _append(self, level: int, text: bytes, _: object) -> None:
        if level == ERROR_LEVEL:
            self.errors.append(text.decode(errors="replace").strip())


_log = cache(_Log)


def _explain(failure: str) -> LlamaError:
    """Return an error with the failure and llama.cpp's last messages about it."""
    messages = "; ".join(_log().errors)
    return LlamaError(f"{failure} ({messages})" if messages else failure)


class LlamaModel:
    """A GGUF model that llama.cpp opened on the CPU, and its vocabulary. Freed with the last reference."""

    def __init__(self, path: str | Path, *, vocabulary_only: bool) -> None:
        _log().errors.clear()
        params = llama_cpp.llama_model_default_params()
        params.vocab_only = vocabulary_only
        params.n_gpu_layers = 0  # the GPU's memory belongs to the chat model
        self._no_devices = (ctypes.c_void_p * 1)()
        params.devices = ctypes.cast(self._no_devices, ctypes.c_void_p)
        self.handle = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise _explain(f"llama.cpp refuses {Path(path).name}")
        weakref.finalize(self, llama_cpp.llama_model_free, self.handle)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self.handle)
        self.vocabulary_size: int = llama_cpp.llama_vocab_n_tokens(self._vocabulary)
        self.vocabulary_type = _VOCABULARY_TYPES.get(int(llama_cpp.llama_vocab_type(self._vocabulary)), "other")

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Return the tokens of a text; with `special` also those that the model expects around it.

        The name of a control token in the text is plain text.
        """
        data = text.encode("utf-8", errors="replace")
        capacity = len(data) + 16  # a token is at least one byte, except a space that some vocabularies put in front
        while True:
            tokens = (llama_cpp.llama_token * capacity)()
            count = llama_cpp.llama_tokenize(self._vocabulary, data, len(data), tokens, capacity, special, False)
            if count >= 0:
                return list(tokens[:count])
            capacity = -count  # a ligature such as ﷺ is expanded before it is tokenized

    def decode_token(self, token: int) -> bytes | None:
        """Return the bytes of a token in a text; None if the token can stand for any text."""
        if llama_cpp.llama_vocab_get_attr(self._vocabulary, token) & _NON_TEXT_TOKENS:
            return None
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, size, 0, True)
            if length >= 0:
                return buffer.raw[:length]
            size = -length


class LlamaEncoder:
    """One context over a model, for one thread at a time; contexts share the weights.

    Texts are computed one after the other, so that a text has the same vector in every batch; attention over the tokens
    of other texts would cost more than batching saves.
    """

    def __init__(self, model: LlamaModel, *, window: int, pooling: str, threads: int) -> None:
        self._model = model  # must outlive its contexts
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = window
        params.n_seq_max = 1
        params.embeddings = True
        params.pooling_type = _POOLINGS[pooling]
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED  # on the CPU it only loses digits
        self._handle = llama_cpp.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise _explain(f"llama.cpp has no memory for texts of {window} tokens")
        weakref.finalize(self, llama_cpp.llama_free, self._handle)
        self._memory = llama_cpp.llama_get_memory(self._handle)
        self._dimension = llama_cpp.llama_model_n_embd_out(model.handle)

    def embed_batch(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the unit vectors of tokenized texts: shape (len(texts), dimension), float32, in the order given.

        None of the texts may be longer than the window.
        """
        return np.stack([self.embed(tokens) for tokens in texts])

    def embed(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Return the unit vector of a tokenized text: shape (dimension,), float32."""
        if self._memory:  # a decoder has a KV cache
            llama_cpp.llama_memory_clear(self._memory, True)
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        status = llama_cpp.llama_decode(self._handle, llama_cpp.llama_batch_get_one(array, len(tokens)))
        if status != 0:
            raise _explain(f"llama_decode failed with status {status}")
        values = llama_cpp.llama_get_embeddings_seq(self._handle, 0)
        vector = np.ctypeslib.as_array(values, (self._dimension,))
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
