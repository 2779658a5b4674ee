# pyright: basic, reportArgumentType=false, reportAssignmentType=false
# (a handle is None only where loading raised)
"""The only module that touches llama.cpp: a model, its vocabulary, and one context that computes.

Nothing here is safe to use from two threads; the worker's main thread owns it all. `ctypes` releases the
interpreter during every call, so other threads of the process go on.
"""

import ctypes
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from llama_cpp._ggml import libggml
from numpy.typing import NDArray

from rag.engines.llama.placement import Device, DeviceKind, Placement
from rag.engines.llama.serving import Row
from rag.engines.llama.templates import TokenTexts

ERROR_LEVEL = 4
ABORTED = 2
EVERYTHING = -1
CELLS_TOGETHER = 256
"""llama.cpp makes the window of a sequence a multiple of this."""
DEVICE_KINDS: dict[int, DeviceKind] = {0: "cpu", 1: "gpu", 2: "integrated", 3: "accelerator"}
NEVER_FROM_TEXT = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN


class LlamaError(Exception):
    """llama.cpp could not do what it was asked for."""


class Runtime:
    """llama.cpp itself. Its log is kept out of the process's output; its last errors explain failures."""

    def __init__(self) -> None:
        self._errors: deque[str] = deque(maxlen=4)
        self._callback = llama_cpp.llama_log_callback(self._take_log)  # must live as long as llama.cpp may call it
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p())
        llama_cpp.llama_backend_init()

    def explain(self, what: str) -> LlamaError:
        """Return an error that says what failed and what llama.cpp said about it."""
        said = "; ".join(self._errors)
        return LlamaError(f"{what} ({said})" if said else what)

    def devices(self) -> tuple[Device, ...]:
        """Return what llama.cpp can compute on, with the memory that is free now."""
        _declare_device_functions(libggml)
        handles = map(libggml.ggml_backend_dev_get, range(libggml.ggml_backend_dev_count()))
        return tuple(_describe(handle) for handle in handles)

    def _take_log(self, level: int, text: bytes, _: object) -> None:
        if level == ERROR_LEVEL:
            self._errors.append(text.decode(errors="replace").strip())


class LlamaModel:
    """A loaded model and its vocabulary."""

    def __init__(self, runtime: Runtime, path: Path, *, gpu_layers: int) -> None:
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        self.runtime = runtime
        self.handle = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise runtime.explain("llama.cpp refused the file")
        self._vocab = llama_cpp.llama_model_get_vocab(self.handle)
        self._pieces: dict[int, bytes] = {}
        self.vocabulary: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        bos: int = llama_cpp.llama_vocab_bos(self._vocab)
        self.leading_token: int | None = bos if llama_cpp.llama_vocab_get_add_bos(self._vocab) and bos >= 0 else None

    @property
    def can_rewind(self) -> bool:
        """Whether what the context has read can be cut back to any point.

        A recurrent state has no points to go back to, and a sliding window has forgotten what left it.
        """
        return not (
            llama_cpp.llama_model_is_recurrent(self.handle)
            or llama_cpp.llama_model_is_hybrid(self.handle)
            or llama_cpp.llama_model_n_swa(self.handle) > 0
        )

    @property
    def chat_template(self) -> str | None:
        template = llama_cpp.llama_model_chat_template(self.handle, None)
        return template.decode(errors="replace") if template else None

    def token_texts(self) -> TokenTexts:
        """Return how the tokens that have a meaning of their own are written."""
        control = [self._text(token) for token in range(self.vocabulary) if self._is_control(token)]
        bos, eos = llama_cpp.llama_vocab_bos(self._vocab), llama_cpp.llama_vocab_eos(self._vocab)
        return TokenTexts(self._text(bos), self._text(eos), tuple(filter(None, control)))

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of `text`, where the text of a control token becomes that token."""
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 16  # a token is at least one byte, but for a space that some vocabularies put in front
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, data, len(data), tokens, room, False, True)
        if count < 0:
            raise LlamaError(f"a text of {len(data)} bytes could not be split into tokens")
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        """Return the bytes that a token adds to the text; none for control tokens."""
        if token not in self._pieces:
            self._pieces[token] = self._read_piece(token)
        return self._pieces[token]

    def is_end(self, token: int) -> bool:
        """Return whether the model says with `token` that its answer is complete."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def close(self) -> None:
        """Free the model; its contexts must be closed before."""
        llama_cpp.llama_model_free(self.handle)

    def _read_piece(self, token: int) -> bytes:
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def _text(self, token: int) -> str:
        if not 0 <= token < self.vocabulary:
            return ""
        text: bytes = llama_cpp.llama_vocab_get_text(self._vocab, token)
        return text.decode(errors="replace")

    def _is_control(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_get_attr(self._vocab, token) & NEVER_FROM_TEXT) or self.is_end(token)


class LlamaContext:
    """The memory of what a model has read in several sequences, and the means to read on."""

    def __init__(self, model: LlamaModel, placement: Placement, *, step_tokens: int) -> None:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = placement.sequences * -(-placement.context_window // CELLS_TOGETHER) * CELLS_TOGETHER
        params.n_batch = params.n_ubatch = step_tokens
        params.n_seq_max = placement.sequences
        params.kv_unified = False  # in one common memory every token is weighed with those of all sequences
        params.n_outputs_max = placement.sequences  # one for each row; saves a table of step x vocabulary
        params.n_threads = params.n_threads_batch = placement.threads
        params.flash_attn_type = _flash_attention(placement)
        params.swa_full = False  # nothing is ever cut back in a model with a sliding window
        self._model = model
        self._handle = llama_cpp.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise model.runtime.explain(f"no room for a context window of {placement.context_window} tokens")
        self._memory = llama_cpp.llama_get_memory(self._handle)
        self._batch = Batch(step_tokens)
        self._last_of_row: list[int] = []
        self._should_stop: Callable[[], bool] = bool
        self._ask = llama_cpp.ggml_abort_callback(lambda _: self._should_stop())
        self._never_ask = llama_cpp.ggml_abort_callback()

    def read(self, rows: Sequence[Row], should_stop: Callable[[], bool]) -> bool:
        """Read all rows in one step; afterwards `logits` says what may follow the last token of each.

        Returns False where `should_stop` turned true meanwhile: then how much was read is open, and `keep` has to be
        called. Raises `LlamaError` when the computation fails.
        """
        self._last_of_row = self._batch.fill(rows)
        self._listen(should_stop if len(rows) == 1 and len(rows[0].tokens) > 1 else None)
        status = llama_cpp.llama_decode(self._handle, self._batch.struct)
        if status not in (0, ABORTED):
            raise self._model.runtime.explain(f"llama_decode failed with status {status}")
        return bool(status == 0)

    def logits(self, row: int) -> NDArray[np.float32]:
        """Return the logits after the last token of a row: a view that the next `read` overwrites."""
        values = llama_cpp.llama_get_logits_ith(self._handle, self._last_of_row[row])
        return np.ctypeslib.as_array(values, (self._model.vocabulary,))

    def keep(self, sequence: int, count: int) -> None:
        """Keep the first `count` tokens of a sequence and forget the others."""
        if not llama_cpp.llama_memory_seq_rm(self._memory, sequence, count, EVERYTHING):
            raise LlamaError(f"the memory of this model cannot be cut back to {count} tokens")

    def copy(self, source: int, target: int, count: int) -> None:
        """Make `target` have read just the first `count` tokens of `source`."""
        size = llama_cpp.llama_state_seq_get_size(self._handle, source)
        state = np.empty(size, dtype=np.uint8).ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if (
            llama_cpp.llama_state_seq_get_data(self._handle, state, size, source) != size
            or llama_cpp.llama_state_seq_set_data(self._handle, state, size, target) != size
        ):
            raise self._model.runtime.explain(f"{size} bytes of a sequence could not be copied")
        self.keep(target, count)

    def close(self) -> None:
        """Free the context."""
        llama_cpp.llama_free(self._handle)

    def _listen(self, should_stop: Callable[[], bool] | None) -> None:
        # llama.cpp asks once per operation, which is nothing beside many tokens but a tenth of a single small one.
        self._should_stop = should_stop or bool
        llama_cpp.llama_set_abort_callback(
            self._handle, self._ask if should_stop else self._never_ask, ctypes.c_void_p()
        )


class Batch:
    """The tokens of one step, in arrays of our own: llama.cpp's cost one call of ctypes a token to fill."""

    def __init__(self, size: int) -> None:
        self._tokens, self._positions, self._sequences = (np.zeros(size, dtype=np.int32) for _ in range(3))
        self._ones = np.ones(size, dtype=np.int32)
        self._wanted = np.zeros(size, dtype=np.int8)
        integer = ctypes.POINTER(ctypes.c_int32)
        first = self._sequences.ctypes.data
        step = self._sequences.itemsize
        self._places = (integer * size)(*(ctypes.cast(first + index * step, integer) for index in range(size)))
        self.struct = llama_cpp.llama_batch(
            token=self._tokens.ctypes.data_as(integer),
            pos=self._positions.ctypes.data_as(integer),
            n_seq_id=self._ones.ctypes.data_as(integer),
            seq_id=self._places,
            logits=self._wanted.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def fill(self, rows: Sequence[Row]) -> list[int]:
        """Take in rows one after the other; return where the last token of each stands, which is asked what follows."""
        end = 0
        last: list[int] = []
        for row in rows:
            start, end = end, end + len(row.tokens)
            self._tokens[start:end] = row.tokens
            self._positions[start:end] = np.arange(row.position, row.position + end - start)
            self._sequences[start:end] = row.sequence
            last.append(end - 1)
        self._wanted[:end] = 0
        self._wanted[last] = 1
        self.struct.n_tokens = end
        return last


def _flash_attention(placement: Placement) -> int:
    # On the CPU it makes long contexts slower (at 2,048 tokens 25 tokens/s in place of 36) and its results depend on
    # how many tokens are read together, which would make an answer depend on what was asked before.
    on_gpu, on_cpu = llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO, llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    return int(on_gpu if placement.gpu_layers else on_cpu)


def _declare_device_functions(library: Any) -> None:
    # llama-cpp-python leaves these functions of ggml-backend.h out.
    size_pointer = ctypes.POINTER(ctypes.c_size_t)
    library.ggml_backend_dev_count.restype = ctypes.c_size_t
    library.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    library.ggml_backend_dev_get.restype = ctypes.c_void_p
    library.ggml_backend_dev_name.argtypes = [ctypes.c_void_p]
    library.ggml_backend_dev_name.restype = ctypes.c_char_p
    library.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    library.ggml_backend_dev_type.restype = ctypes.c_int
    library.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p, size_pointer, size_pointer]
    library.ggml_backend_dev_memory.restype = None


def _describe(handle: int) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    libggml.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
    kind = DEVICE_KINDS.get(libggml.ggml_backend_dev_type(handle), "accelerator")
    return Device(libggml.ggml_backend_dev_name(handle).decode(), kind, free.value)
