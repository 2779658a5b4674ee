"""llama-server, llama.cpp's own, as a yardstick for answers that are written at the same time."""

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.engines.machine import count_usable_cores
from tests.benchmarks.engine_world import Run

START_SECONDS = 120.0


@contextmanager
def llama_server(program: Path, model: Path, *, parallel: int, window: int) -> Generator[int]:
    """Run the server with one window for each of `parallel` sequences and lend its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        program,
        "-m",
        model,
        "-np",
        parallel,
        "-c",
        parallel * window,
        "-t",
        count_usable_cores(),
        "--port",
        port,
    ]
    server = subprocess.Popen([*map(str, command), "--no-webui"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield port
    finally:
        server.kill()
        server.wait()


def complete(port: int, prompt: str, max_tokens: int) -> Run:
    """Stream a greedy answer of so many tokens and note when they came."""
    run, started = Run(), time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = {
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
        "max_tokens": max_tokens,
        "temperature": 0,
        "ignore_eos": True,
    }
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    for line in connection.getresponse():
        if line.startswith(b"data: {"):
            choices = json.loads(line[6:])["choices"]
            if choices and choices[0]["delta"].get("content"):
                run.times.append(time.perf_counter() - started)
                run.text += choices[0]["delta"]["content"]
    run.completion_tokens = len(run.times)
    connection.close()
    return run


def _await(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.1)
    raise RuntimeError("llama-server did not start")
