"""Functions that tests run in a worker process."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ingest.errors import EmptyFileError
from ingest.parsers import NextPiece
from ingest.parsers.embedded_files import scratch_file
from ingest.runtime.effort import limit_effort, without_limit
from ingest.runtime.worker_main import Call, Channel, serve_calls
from rag.engines.types import Delta
from tests.fakes import chunked


def obedient(channel: Channel, options: dict[str, Any]) -> None:
    """Do what each call's method says."""
    channel.ready()
    serve_calls(channel, lambda call: METHODS[call.method](call, options))


def mortal(channel: Channel, options: dict[str, Any]) -> None:
    """Be a parser that dies of its first file."""
    methods = {"parse": _die_once, "more": _no_more}
    channel.ready()
    serve_calls(channel, lambda call: methods[call.method](call, options))


def breaks_off(channel: Channel, options: dict[str, Any]) -> None:
    """Be a model that writes two words and ends without saying why."""
    methods = {"generate": _two_words}
    channel.ready()
    serve_calls(channel, lambda call: methods[call.method](call, options))


def broken(channel: Channel, options: dict[str, Any]) -> None:
    """Fail to start."""
    raise EmptyFileError(filename=options["filename"])


def _echo(call: Call, options: dict[str, Any]) -> Iterator[object]:
    yield {**options, **call.params}


def _environment(call: Call, options: dict[str, Any]) -> Iterator[object]:
    yield dict(os.environ)


def _count(call: Call, options: dict[str, Any]) -> Iterator[object]:
    for number in range(call.params["to"]):
        time.sleep(call.params.get("pause", 0.0))
        yield number


def _die(call: Call, options: dict[str, Any]) -> Iterator[object]:
    os.kill(os.getpid(), signal.SIGSEGV)
    yield None


def _hang(call: Call, options: dict[str, Any]) -> Iterator[object]:
    time.sleep(60)
    yield None


def _spin(call: Call, options: dict[str, Any]) -> Iterator[object]:
    """Use a core for so many seconds of CPU time, however long that takes."""
    end = time.thread_time() + call.params["cpu_seconds"]
    while time.thread_time() < end:
        pass
    yield "done"


def _refuse(call: Call, options: dict[str, Any]) -> Iterator[object]:
    raise EmptyFileError(filename=call.params["filename"])
    yield None


def _stumble(call: Call, options: dict[str, Any]) -> Iterator[object]:
    raise ZeroDivisionError("an accident")
    yield None


def _shout(call: Call, options: dict[str, Any]) -> Iterator[object]:
    os.write(1, b"noise on standard output\n")
    yield "still in step"


def _eat(call: Call, options: dict[str, Any]) -> Iterator[object]:
    yield len(bytearray(call.params["bytes"]))


def _spend(call: Call, options: dict[str, Any]) -> Iterator[object]:
    """Use processor time within a limit, or without it."""
    with limit_effort(call.params["cpu_seconds"]), without_limit() if call.params.get("uncounted") else nullcontext():
        end = time.process_time() + call.params.get("spend", 0.0)
        while time.process_time() < end:
            pass
    yield "done"


def _read_file(call: Call, options: dict[str, Any]) -> Iterator[object]:
    yield Path(call.params["path"]).read_text(encoding="utf-8")


def _write_file(call: Call, options: dict[str, Any]) -> Iterator[object]:
    path = Path(call.params["path"])
    path.write_text("written", encoding="utf-8")
    path.unlink()
    yield "done"


def _keep_scratch(call: Call, options: dict[str, Any]) -> Iterator[object]:
    with scratch_file() as (file, path):
        file.write(b"kept")
        file.flush()
        yield path.read_bytes()


def _connect(call: Call, options: dict[str, Any]) -> Iterator[object]:
    with socket.socket(call.params["family"], socket.SOCK_STREAM) as client:
        client.connect(call.params["address"])
    yield "connected"


def _run_program(call: Call, options: dict[str, Any]) -> Iterator[object]:
    yield subprocess.run([sys.executable, "-c", ""], check=False).returncode


def _fork(call: Call, options: dict[str, Any]) -> Iterator[object]:
    if os.fork() == 0:
        os._exit(0)
    yield "forked"


def _signal(call: Call, options: dict[str, Any]) -> Iterator[object]:
    os.kill(call.params["pid"], 0)
    yield "reached"


def _raise_limit(call: Call, options: dict[str, Any]) -> Iterator[object]:
    resource.prlimit(0, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    yield "raised"


def _use_threads(call: Call, options: dict[str, Any]) -> Iterator[object]:
    with ThreadPoolExecutor(4) as threads:
        yield sum(threads.map(abs, range(10)))


def _two_words(call: Call, options: dict[str, Any]) -> Iterator[object]:
    yield from (Delta("The "), Delta("pump"))


def _die_once(call: Call, options: dict[str, Any]) -> Iterator[object]:
    """Read a file as one chunk, but end the process at the first try (or at every one)."""
    mark = Path(options["mark"])
    if options["for_good"] or not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGSEGV)
    yield NextPiece(chunked("The pump is blue."))


def _no_more(call: Call, options: dict[str, Any]) -> Iterator[object]:
    yield NextPiece(None)


METHODS: dict[str, Callable[[Call, dict[str, Any]], Iterator[object]]] = {
    "echo": _echo,
    "environment": _environment,
    "count": _count,
    "die": _die,
    "hang": _hang,
    "spin": _spin,
    "refuse": _refuse,
    "stumble": _stumble,
    "shout": _shout,
    "eat": _eat,
    "spend": _spend,
    "read_file": _read_file,
    "write_file": _write_file,
    "keep_scratch": _keep_scratch,
    "connect": _connect,
    "run_program": _run_program,
    "fork": _fork,
    "signal": _signal,
    "raise_limit": _raise_limit,
    "use_threads": _use_threads,
}
