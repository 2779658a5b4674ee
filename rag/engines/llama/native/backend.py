# pyright: basic, reportArgumentType=false, reportAssignmentType=false
# (a handle is None only if loading raised)
"""llama.cpp itself: its log, its devices, and the devices of RPC servers."""

import ctypes
import socket
from collections import deque
from collections.abc import Sequence
from typing import Any

import llama_cpp
from llama_cpp.llama_cpp import _lib as library

from rag.engines.llama.load_report import parse_memory
from rag.engines.llama.placement_types import Device, DeviceKind
from rag.engines.serving.worker_protocol import DeviceMemory

LIBRARY_VERSION: str = llama_cpp.__version__
"""The version of llama-cpp-python, on which the format of a saved state depends."""
LOG_LEVEL_ERROR = 4
DEVICE_KINDS: dict[int, DeviceKind] = {0: "cpu", 1: "gpu", 2: "integrated", 3: "accelerator"}
RPC_HELLO = bytes([14]) + (24).to_bytes(8, "little") + bytes(24)
"""The first message of llama.cpp's RPC protocol: the command HELLO, its length, and no capabilities."""

RPC_TIMEOUT_SECONDS = 10.0


class LlamaError(Exception):
    """llama.cpp could not do what it was asked for."""


class LlamaBackend:
    """llama.cpp itself. Its log is kept out of the process's output; its last errors explain failures."""

    def __init__(self) -> None:
        self._errors: deque[str] = deque(maxlen=4)
        self._memory_log: deque[str] = deque(maxlen=1_000)
        self._buffer_names: dict[str, str] = {}
        self._handles: dict[str, int] = {}
        _declare_device_functions()
        self._callback = llama_cpp.llama_log_callback(self._record_log)  # must live as long as llama.cpp may call it
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p())
        llama_cpp.llama_backend_init()

    def explain(self, failure: str) -> LlamaError:
        """Return an error that says what failed, with the last errors of llama.cpp's log."""
        errors = "; ".join(self._errors)
        return LlamaError(f"{failure} ({errors})" if errors else failure)

    def register_rpc_servers(self, servers: Sequence[str]) -> None:
        """Add the devices of llama.cpp's RPC servers (`host:port`).

        Raises `LlamaError` if llama.cpp was built without RPC or a server does not answer.
        """
        if servers and not llama_cpp.llama_supports_rpc():
            raise LlamaError(
                "llama.cpp was built without RPC: reinstall it with CMAKE_ARGS=-DGGML_RPC=on and "
                "`pip install --force-reinstall --no-cache-dir --no-deps llama-cpp-python`"
            )
        for server in servers:
            _check_rpc_server(server)
            registry = _add_rpc_server(server)
            if not registry:
                raise self.explain(f"the RPC server {server} offers no device")
            library.ggml_backend_register(registry)

    def list_devices(self) -> tuple[Device, ...]:
        """Return the devices that llama.cpp can compute on, with the memory that is free now."""
        handles = [library.ggml_backend_dev_get(index) for index in range(library.ggml_backend_dev_count())]
        devices = tuple(_describe(handle) for handle in handles)
        self._handles = {device.name: handle for device, handle in zip(devices, handles, strict=True)}
        self._buffer_names = {
            library.ggml_backend_dev_name(handle).decode(): device.name
            for device, handle in zip(devices, handles, strict=True)
            if device.kind in ("gpu", "integrated")
        }
        return devices

    def build_device_array(self, names: Sequence[str]) -> Any:
        """Return the null-terminated array of device handles that llama.cpp takes."""
        return (ctypes.c_void_p * (len(names) + 1))(*(self._handles[name] for name in names), None)

    def report_memory(self) -> tuple[DeviceMemory, ...]:
        """Return the memory that everything loaded so far takes on each device; see `parse_memory`."""
        return parse_memory(self._memory_log, self._buffer_names)

    def _record_log(self, level: int, text: bytes, _: object) -> None:
        if level == LOG_LEVEL_ERROR:
            self._errors.append(text.decode(errors="replace").strip())
        elif b" buffer size = " in text or b" assigned to device " in text:
            self._memory_log.append(text.decode(errors="replace"))


def _declare_device_functions() -> None:
    # llama-cpp-python does not declare these functions of ggml-backend.h. They are looked up through libllama, because
    # wheels have copies instead of links: `libggml` would be loaded a second time, with devices of its own.
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


def _add_rpc_server(server: str) -> Any:
    registry = library.ggml_backend_reg_by_name(b"RPC")
    address = library.ggml_backend_reg_get_proc_address(registry, b"ggml_backend_rpc_add_server")
    return ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)(address)(server.encode())


def _check_rpc_server(server: str) -> None:
    # llama.cpp ends the process if a server does not answer, and waits for ever for one that serves another client.
    host, _, port = server.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), RPC_TIMEOUT_SECONDS) as connection:
            connection.sendall(RPC_HELLO)
            answer = connection.recv(1)
    except OSError as error:
        raise LlamaError(f"the RPC server {server} does not answer ({error})") from error
    if not answer:
        raise LlamaError(f"{server} is not an RPC server of llama.cpp, or one of another version")
