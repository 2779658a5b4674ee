"""An RPC server of llama.cpp on loopback, in a child process, whose devices are this machine's CPU."""

import contextlib
import ctypes
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from llama_cpp import llama_cpp

ROOT = Path(__file__).parent.parent
CPU = 0
START_SECONDS = 60.0


@contextmanager
def rpc_server(*, devices: int = 1) -> Generator[str]:
    """Serve so many devices, one client at a time, and give the address as `host:port`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.rpc_server", f"127.0.0.1:{port}", str(devices)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.05)
    raise RuntimeError("the RPC server does not listen")


def serve(address: str, devices: int) -> None:
    """Serve the CPU as so many devices, until the process is ended."""
    library = llama_cpp._lib  # pyright: ignore[reportPrivateUsage]  # llama-cpp-python has no name for these functions
    pointer = ctypes.c_void_p
    library.ggml_backend_dev_by_type.restype = pointer
    library.ggml_backend_reg_by_name.restype = pointer
    library.ggml_backend_reg_get_proc_address.argtypes = [pointer, ctypes.c_char_p]
    library.ggml_backend_reg_get_proc_address.restype = pointer
    registry = library.ggml_backend_reg_by_name(b"RPC")
    found = library.ggml_backend_reg_get_proc_address(registry, b"ggml_backend_rpc_start_server")
    size = ctypes.c_size_t
    start = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, size, size, ctypes.POINTER(pointer))(found)
    start(address.encode(), None, 1, devices, (pointer * devices)(*[library.ggml_backend_dev_by_type(CPU)] * devices))


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
