# pyright: basic, reportArgumentType=false, reportAssignmentType=false
# (a handle is None only if loading raised)
"""A context over a model: its KV cache and forward passes over batches."""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from rag.engines.llama.native.backend import LlamaError
from rag.engines.llama.native.model import LlamaModel
from rag.engines.llama.placement_types import CELL_ALIGNMENT, KvType, Placement, Switch
from rag.engines.serving.language_model import BatchRow
from rag.engines.serving.speculative import STEP_WIDTHS

DECODE_ABORTED = 2
TO_THE_END = -1
FLASH_ATTENTION: dict[Switch, int] = {
    "auto": llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO,
    "on": llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED,
    "off": llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED,
}
KV_TYPES: dict[KvType, int] = {
    "f16": llama_cpp.GGML_TYPE_F16,
    "q8_0": llama_cpp.GGML_TYPE_Q8_0,
    "q4_0": llama_cpp.GGML_TYPE_Q4_0,
}


class LlamaContext:
    """The KV cache of a model in several slots (llama.cpp: sequences), and forward passes over it."""

    def __init__(self, model: LlamaModel, placement: Placement, *, max_batch_tokens: int) -> None:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = placement.slots * -(-placement.context_window // CELL_ALIGNMENT) * CELL_ALIGNMENT
        params.n_batch = params.n_ubatch = max_batch_tokens
        params.n_seq_max = placement.slots
        params.kv_unified = False  # in a unified cache every token attends over the cells of all slots
        params.n_outputs_max = placement.slots + STEP_WIDTHS[-1]  # few tokens get logits
        params.n_threads = params.n_threads_batch = placement.threads
        params.flash_attn_type = FLASH_ATTENTION[placement.flash_attention]
        params.type_k = params.type_v = KV_TYPES[placement.kv_type]
        params.offload_kqv = placement.kv_on_gpu
        params.swa_full = False  # layers with a sliding window cache the window only
        self._model = model
        self._handle = llama_cpp.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise model.backend.explain(f"no room for a context window of {placement.context_window} tokens")
        self._memory = llama_cpp.llama_get_memory(self._handle)
        self._batch = Batch(max_batch_tokens)
        self._first_outputs: list[int] = []
        self._should_abort: Callable[[], bool] = bool
        self._abort_callback = llama_cpp.ggml_abort_callback(lambda _: self._should_abort())
        self._no_callback = llama_cpp.ggml_abort_callback()

    def forward(self, rows: Sequence[BatchRow], should_abort: Callable[[], bool]) -> bool:
        """Compute all rows in one forward pass; afterwards `read_logits` has the logits of their outputs.

        Returns False if `should_abort` turned true meanwhile: the cache then has an unknown part of the rows, and
        has to be truncated. Raises `LlamaError` if the computation fails.
        """
        self._first_outputs = self._batch.fill(rows)
        self._set_abort(should_abort if len(rows) == 1 and len(rows[0].tokens) > 1 else None)
        status = llama_cpp.llama_decode(self._handle, self._batch.struct)
        if status not in (0, DECODE_ABORTED):
            raise self._model.backend.explain(f"llama_decode failed with status {status}")
        return bool(status == 0)

    def read_logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        """Return the logits of an output of a row: (vocabulary,), float32, a view that the next pass overwrites."""
        values = llama_cpp.llama_get_logits_ith(self._handle, self._first_outputs[row] + output)
        return np.ctypeslib.as_array(values, (self._model.vocabulary_size,))

    def truncate(self, slot: int, length: int) -> None:
        """Keep the first `length` tokens of a slot and evict the others."""
        if not llama_cpp.llama_memory_seq_rm(self._memory, slot, length, TO_THE_END):
            raise LlamaError(f"the KV cache of this model cannot be truncated to {length} tokens")

    def can_truncate(self, slot: int, length: int) -> bool:
        """Return whether a slot can be cut back to its first `length` tokens; see `KvCache`."""
        if length == 0:
            return True
        if self._model.is_recurrent:
            return bool(llama_cpp.llama_memory_seq_pos_max(self._memory, slot) + 1 == length)
        first_attended = max(length - self._model.sliding_window, 0) if self._model.sliding_window else 0
        return bool(llama_cpp.llama_memory_seq_pos_min(self._memory, slot) <= first_attended)

    def can_copy(self, slot: int, length: int) -> bool:
        """Return whether a copy of the first `length` tokens of a slot would be complete; see `KvCache`."""
        if not self._model.sliding_window:
            return self.can_truncate(slot, length)
        cached = llama_cpp.llama_memory_seq_pos_max(self._memory, slot) + 1
        return bool(length == cached or cached <= self._model.sliding_window)

    def copy(self, source: int, target: int, length: int) -> None:
        """Make `target` hold exactly the first `length` tokens of `source`."""
        if not self.restore_state(target, self.save_state(source)):
            raise self._model.backend.explain(f"slot {source} could not be copied")
        self.truncate(target, length)

    def save_state(self, slot: int) -> memoryview:
        """Return the state of a slot as bytes."""
        size = llama_cpp.llama_state_seq_get_size(self._handle, slot)
        state = np.empty(size, dtype=np.uint8)
        if llama_cpp.llama_state_seq_get_data(self._handle, _byte_pointer(state), size, slot) != size:
            raise self._model.backend.explain(f"the state of slot {slot} ({size} bytes) could not be saved")
        return state.data

    def restore_state(self, slot: int, state: bytes | memoryview) -> bool:
        """Replace a slot by a saved state; return False, the slot empty, if llama.cpp cannot use the state."""
        values = np.frombuffer(state, dtype=np.uint8)
        if llama_cpp.llama_state_seq_set_data(self._handle, _byte_pointer(values), len(values), slot) == len(values):
            return True
        self.truncate(slot, 0)
        return False

    def close(self) -> None:
        """Free the context."""
        llama_cpp.llama_free(self._handle)

    def _set_abort(self, should_abort: Callable[[], bool] | None) -> None:
        # llama.cpp calls back once per operation: negligible for a chunk, a tenth of the time of one token.
        self._should_abort = should_abort or bool
        llama_cpp.llama_set_abort_callback(
            self._handle, self._abort_callback if should_abort else self._no_callback, ctypes.c_void_p()
        )


class Batch:
    """A `llama_batch` over NumPy arrays: to fill llama.cpp's own arrays takes one ctypes call a token."""

    def __init__(self, size: int) -> None:
        self._tokens, self._positions, self._slots = (np.zeros(size, dtype=np.int32) for _ in range(3))
        self._ones = np.ones(size, dtype=np.int32)
        self._has_logits = np.zeros(size, dtype=np.int8)
        integer = ctypes.POINTER(ctypes.c_int32)
        address, item_bytes = self._slots.ctypes.data, self._slots.itemsize
        self._slot_pointers = (integer * size)(
            *(ctypes.cast(address + index * item_bytes, integer) for index in range(size))
        )
        self.struct = llama_cpp.llama_batch(
            token=self._tokens.ctypes.data_as(integer),
            pos=self._positions.ctypes.data_as(integer),
            n_seq_id=self._ones.ctypes.data_as(integer),
            seq_id=self._slot_pointers,
            logits=self._has_logits.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def fill(self, rows: Sequence[BatchRow]) -> list[int]:
        """Lay the rows one after the other; return the index in the batch of the first output of each."""
        end = 0
        first_outputs: list[int] = []
        self._has_logits[:] = 0
        for row in rows:
            start, end = end, end + len(row.tokens)
            self._tokens[start:end] = row.tokens
            self._positions[start:end] = np.arange(row.position, row.position + end - start)
            self._slots[start:end] = row.slot
            first_outputs.append(end - row.outputs)
            self._has_logits[first_outputs[-1] : end] = 1
        self.struct.n_tokens = end
        return first_outputs


def _byte_pointer(values: NDArray[np.uint8]) -> Any:
    return values.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
