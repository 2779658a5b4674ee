"""Functions that tests run in a worker process."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

from ingest.errors import EmptyFileError
from ingest.worker_process import Call, Channel, serve_calls


def obedient(channel: Channel, options: dict[str, Any]) -> None:
    """Do what each call's method says."""
    channel.ready()
    serve_calls(channel, lambda call: METHODS[call.method](call, options))


def broken(channel: Channel, options: dict[str, Any]) -> None:
    """Fail to start."""
    raise EmptyFileError(filename=options["filename"])


def _echo(call: Call, options: dict[str, Any]) -> Iterator[object]:
    yield {**options, **call.params}


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


METHODS: dict[str, Callable[[Call, dict[str, Any]], Iterator[object]]] = {
    "echo": _echo,
    "count": _count,
    "die": _die,
    "hang": _hang,
    "refuse": _refuse,
    "stumble": _stumble,
    "shout": _shout,
    "eat": _eat,
}
