# pyright: basic, reportArgumentType=false, reportAssignmentType=false
# (a handle is None only where loading raised)
"""The only module that touches llama.cpp: a model, its vocabulary, and one context that computes.

Nothing here is safe to use from two threads; the worker's main thread owns it all. `ctypes` releases the
interpreter during every call, so other threads of the process go on.
"""

import ctypes
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from llama_cpp.llama_cpp import _lib as library
from numpy.typing import NDArray

from rag.engines.llama.load_report import read_memory
from rag.engines.llama.placement import (
    CELLS_TOGETHER,
    Device,
    DeviceKind,
    GpuSplit,
    KvType,
    Placement,
    Switch,
)
from rag.engines.serving.chat_template import TokenTexts
from rag.engines.serving.language_model import Row
from rag.engines.serving.speculative import WIDTHS
from rag.engines.serving.worker_protocol import DeviceMemory

ERROR_LEVEL = 4
ABORTED = 2
EVERYTHING = -1
DEVICE_KINDS: dict[int, DeviceKind] = {0: "cpu", 1: "gpu", 2: "integrated", 3: "accelerator"}
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
NO_GPU = GpuSplit()
GREETING = bytes([14]) + (24).to_bytes(8, "little") + bytes(24)
"""The first message to an RPC server: its number, its length, and that we know of no other way to speak than this."""

GREETING_SECONDS = 10.0
NEVER_FROM_TEXT = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN


class LlamaError(Exception):
    """llama.cpp could not do what it was asked for."""


class Runtime:
    """llama.cpp itself. Its log is kept out of the process's output; its last errors explain failures."""

    def __init__(self) -> None:
        self._errors: deque[str] = deque(maxlen=4)
        self._placed: deque[str] = deque(maxlen=1_000)
        self._buffers: dict[str, str] = {}
        self._handles: dict[str, int] = {}
        _declare_device_functions()
        self._callback = llama_cpp.llama_log_callback(self._take_log)  # must live as long as llama.cpp may call it
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p())
        llama_cpp.llama_backend_init()

    def explain(self, what: str) -> LlamaError:
        """Return an error that says what failed and what llama.cpp said about it."""
        said = "; ".join(self._errors)
        return LlamaError(f"{what} ({said})" if said else what)

    def add_servers(self, servers: Sequence[str]) -> None:
        """Make devices of other machines (`host:port` of llama.cpp's RPC servers) ours too.

        Raises `LlamaError` where llama.cpp was built without RPC or a server does not answer.
        """
        if servers and not llama_cpp.llama_supports_rpc():
            raise LlamaError(
                "llama.cpp was built without RPC: reinstall it with CMAKE_ARGS=-DGGML_RPC=on and "
                "`pip install --force-reinstall --no-cache-dir --no-deps llama-cpp-python`"
            )
        for server in servers:
            _greet(server)
            registry = _add_server(server)
            if not registry:
                raise self.explain(f"the RPC server {server} offers no device")
            library.ggml_backend_register(registry)

    def devices(self) -> tuple[Device, ...]:
        """Return what llama.cpp can compute on, with the memory that is free now."""
        handles = [library.ggml_backend_dev_get(index) for index in range(library.ggml_backend_dev_count())]
        devices = tuple(_describe(handle) for handle in handles)
        self._handles = {device.name: handle for device, handle in zip(devices, handles, strict=True)}
        self._buffers = {
            library.ggml_backend_dev_name(handle).decode(): device.name
            for device, handle in zip(devices, handles, strict=True)
            if device.kind in ("gpu", "integrated")
        }
        return devices

    def handles(self, names: Sequence[str]) -> Any:
        """Return devices as llama.cpp wants to have them listed."""
        return (ctypes.c_void_p * (len(names) + 1))(*(self._handles[name] for name in names), None)

    def placed(self) -> tuple[DeviceMemory, ...]:
        """Return what was placed where by all that was loaded; see `read_memory`."""
        return read_memory(self._placed, self._buffers)

    def _take_log(self, level: int, text: bytes, _: object) -> None:
        if level == ERROR_LEVEL:
            self._errors.append(text.decode(errors="replace").strip())
        elif b" buffer size = " in text or b" assigned to device " in text:
            self._placed.append(text.decode(errors="replace"))


class LlamaModel:
    """A loaded model and its vocabulary."""

    def __init__(self, runtime: Runtime, path: Path, *, gpu_layers: int, split: GpuSplit = NO_GPU) -> None:
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.split_mode = llama_cpp.LLAMA_SPLIT_MODE_ROW if split.by_rows else llama_cpp.LLAMA_SPLIT_MODE_LAYER
        devices = runtime.handles(split.devices if gpu_layers else ())  # a GPU without layers would still compute
        params.devices = ctypes.addressof(devices)  # pyright: ignore[reportAttributeAccessIssue]  # any pointer
        # Given as whole layers, the shares are cut where we cut them.
        shares = (ctypes.c_float * max(llama_cpp.llama_max_devices(), len(split.layers)))(*split.layers)
        params.tensor_split = shares
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
    def is_recurrent(self) -> bool:
        """Whether the model has layers that keep one state in place of every token."""
        recurrent, hybrid = llama_cpp.llama_model_is_recurrent, llama_cpp.llama_model_is_hybrid
        return bool(recurrent(self.handle) or hybrid(self.handle))

    @property
    def sliding_window(self) -> int:
        """How many tokens some layers look back; 0 where all look back to the beginning."""
        return int(llama_cpp.llama_model_n_swa(self.handle))

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
        params.n_outputs_max = placement.sequences + WIDTHS[-1]  # far from all; saves a table of step x vocabulary
        params.n_threads = params.n_threads_batch = placement.threads
        params.flash_attn_type = FLASH_ATTENTION[placement.flash_attention]
        params.type_k = params.type_v = KV_TYPES[placement.kv_type]
        params.offload_kqv = placement.kv_on_gpu
        params.swa_full = False  # nothing is ever cut back in a model with a sliding window
        self._model = model
        self._handle = llama_cpp.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise model.runtime.explain(f"no room for a context window of {placement.context_window} tokens")
        self._memory = llama_cpp.llama_get_memory(self._handle)
        self._batch = Batch(step_tokens)
        self._asked_of_row: list[int] = []
        self._should_stop: Callable[[], bool] = bool
        self._ask = llama_cpp.ggml_abort_callback(lambda _: self._should_stop())
        self._never_ask = llama_cpp.ggml_abort_callback()

    def read(self, rows: Sequence[Row], should_stop: Callable[[], bool]) -> bool:
        """Read all rows in one step; afterwards `logits` says what may follow the last tokens of each.

        Returns False where `should_stop` turned true meanwhile: then how much was read is open, and `keep` has to be
        called. Raises `LlamaError` when the computation fails.
        """
        self._asked_of_row = self._batch.fill(rows)
        self._listen(should_stop if len(rows) == 1 and len(rows[0].tokens) > 1 else None)
        status = llama_cpp.llama_decode(self._handle, self._batch.struct)
        if status not in (0, ABORTED):
            raise self._model.runtime.explain(f"llama_decode failed with status {status}")
        return bool(status == 0)

    def logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        """Return the logits after a token of a row that was asked: a view that the next `read` overwrites."""
        values = llama_cpp.llama_get_logits_ith(self._handle, self._asked_of_row[row] + output)
        return np.ctypeslib.as_array(values, (self._model.vocabulary,))

    def keep(self, sequence: int, count: int) -> None:
        """Keep the first `count` tokens of a sequence and forget the others."""
        if not llama_cpp.llama_memory_seq_rm(self._memory, sequence, count, EVERYTHING):
            raise LlamaError(f"the memory of this model cannot be cut back to {count} tokens")

    def can_keep(self, sequence: int, count: int) -> bool:
        """Return whether the first `count` tokens of a sequence are still there; see `SequenceStore`."""
        if count == 0:
            return True
        if self._model.is_recurrent:
            return bool(llama_cpp.llama_memory_seq_pos_max(self._memory, sequence) + 1 == count)
        needed = max(count - self._model.sliding_window, 0) if self._model.sliding_window else 0
        return bool(llama_cpp.llama_memory_seq_pos_min(self._memory, sequence) <= needed)

    def can_copy(self, sequence: int, count: int) -> bool:
        """Return whether a copy of the first `count` tokens would have all that they need; see `SequenceStore`."""
        if not self._model.sliding_window:
            return self.can_keep(sequence, count)
        length = llama_cpp.llama_memory_seq_pos_max(self._memory, sequence) + 1
        return bool(count == length or length <= self._model.sliding_window)

    def copy(self, source: int, target: int, count: int) -> None:
        """Make `target` have read just the first `count` tokens of `source`."""
        if not self.restore(target, self.state(source)):
            raise self._model.runtime.explain(f"sequence {source} could not be copied")
        self.keep(target, count)

    def state(self, sequence: int) -> memoryview:
        """Return all that a sequence has read."""
        size = llama_cpp.llama_state_seq_get_size(self._handle, sequence)
        state = np.empty(size, dtype=np.uint8)
        if llama_cpp.llama_state_seq_get_data(self._handle, _bytes_of(state), size, sequence) != size:
            raise self._model.runtime.explain(f"{size} bytes of a sequence could not be read")
        return state.data

    def restore(self, sequence: int, state: bytes | memoryview) -> bool:
        """Make a sequence have read what `state` holds; False, and nothing read, where llama.cpp cannot use it."""
        values = np.frombuffer(state, dtype=np.uint8)
        if llama_cpp.llama_state_seq_set_data(self._handle, _bytes_of(values), len(values), sequence) == len(values):
            return True
        self.keep(sequence, 0)
        return False

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
        """Take in rows one after the other; return where the first token of each stands that is asked what follows."""
        end = 0
        asked: list[int] = []
        self._wanted[:] = 0
        for row in rows:
            start, end = end, end + len(row.tokens)
            self._tokens[start:end] = row.tokens
            self._positions[start:end] = np.arange(row.position, row.position + end - start)
            self._sequences[start:end] = row.sequence
            asked.append(end - row.outputs)
            self._wanted[asked[-1] : end] = 1
        self.struct.n_tokens = end
        return asked


def _bytes_of(values: NDArray[np.uint8]) -> Any:
    return values.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def _declare_device_functions() -> None:
    # llama-cpp-python leaves these functions of ggml-backend.h out. They are looked up through libllama, because
    # wheels hold copies in place of links: what `libggml` names is loaded a second time, with devices of its own.
    handle, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    functions: dict[str, tuple[Any, list[Any]]] = {
        "ggml_backend_dev_buffer_type": (handle, [handle]),
        "ggml_backend_dev_count": (size, []),
        "ggml_backend_dev_get": (handle, [size]),
        "ggml_backend_dev_memory": (None, [handle, ctypes.POINTER(size), ctypes.POINTER(size)]),
        "ggml_backend_dev_name": (text, [handle]),
        "ggml_backend_dev_type": (ctypes.c_int, [handle]),
        "ggml_backend_buft_name": (text, [handle]),
        "ggml_backend_reg_by_name": (handle, [text]),
        "ggml_backend_reg_get_proc_address": (handle, [handle, text]),
        "ggml_backend_register": (None, [handle]),
    }
    for name, (result, arguments) in functions.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


def _describe(handle: int) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    library.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
    kind = DEVICE_KINDS.get(library.ggml_backend_dev_type(handle), "accelerator")
    return Device(
        library.ggml_backend_buft_name(library.ggml_backend_dev_buffer_type(handle)).decode(), kind, free.value
    )


def _add_server(server: str) -> Any:
    registry = library.ggml_backend_reg_by_name(b"RPC")
    address = library.ggml_backend_reg_get_proc_address(registry, b"ggml_backend_rpc_add_server")
    return ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)(address)(server.encode())


def _greet(server: str) -> None:
    # llama.cpp ends the process where a server does not answer, and waits for ever for one that serves somebody else.
    host, _, port = server.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), GREETING_SECONDS) as connection:
            connection.sendall(GREETING)
            answer = connection.recv(1)
    except OSError as error:
        raise LlamaError(f"the RPC server {server} does not answer ({error})") from error
    if not answer:
        raise LlamaError(f"what listens at {server} is no RPC server, or one of another version")
