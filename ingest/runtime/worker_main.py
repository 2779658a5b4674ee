"""The child's side of `ingest.runtime.supervisor`: `python -m ingest.runtime.worker_main module:function`.

The target function gets a `Channel` and the options of its `WorkerSpec`. It sets itself up, says
`channel.ready()` and serves calls until `next_call` raises `EOFError`. Most targets end with
`serve_calls`; one that works on several calls at once (the model) runs its own loop over the channel.
"""

import heapq
import importlib
import itertools
import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO

import msgspec

from ingest.runtime.confinement import Confinement, confine
from ingest.runtime.frames import (
    READY_ID,
    CallFrame,
    CancelFrame,
    EndFrame,
    ErrorFrame,
    ReplyFrame,
    ToChild,
    ToParent,
    read_frame,
    write_frame,
)

logger = logging.getLogger(__name__)


class Call:
    """One request from the parent. `is_cancelled` turns true when the parent has stopped waiting."""

    def __init__(self, frame: CallFrame) -> None:
        self.id = frame.id
        self.method = frame.method
        self.params = frame.params
        self.priority = frame.priority
        self.is_cancelled = False


class Channel:
    """Calls in, answers out. Calls come by priority, then in order of arrival."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._write_lock = threading.Lock()
        self._arrived = threading.Condition()
        self._waiting: list[tuple[int, int, Call]] = []
        self._open: dict[int, Call] = {}
        self._order = itertools.count()

    def listen(self) -> None:
        """Start to read calls in a thread. The process ends when the parent is gone, whatever it is doing."""
        threading.Thread(target=self._read_calls, name="calls", daemon=True).start()

    def ready(self) -> None:
        """Tell the parent that calls are accepted."""
        self._send(EndFrame(READY_ID))

    @property
    def has_calls(self) -> bool:
        """Whether a call waits to be taken."""
        with self._arrived:
            return bool(self._waiting)

    def next_call(self, timeout_seconds: float | None = None, *, only_priority: int | None = None) -> Call | None:
        """Return the next call that was not cancelled, or None when none came in time.

        With `only_priority`, calls with a higher number are left to other threads.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        with self._arrived:
            while True:
                while self._waiting and (only_priority is None or self._waiting[0][0] <= only_priority):
                    call = heapq.heappop(self._waiting)[2]
                    if not call.is_cancelled:
                        return call
                    self._open.pop(call.id, None)
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    return None
                self._arrived.wait(remaining)

    def reply(self, call: Call, payload: object) -> None:
        """Send one answer to `call`."""
        self._send(ReplyFrame(call.id, msgspec.Raw(msgspec.msgpack.encode(payload))))

    def finish(self, call: Call) -> None:
        """Say that `call` has no further answer."""
        self._forget(call)
        self._send(EndFrame(call.id))

    def fail(self, call: Call, error: Exception) -> None:
        """Say that `call` failed; the attributes of `error` travel with it."""
        self._forget(call)
        self._send(error_frame(call.id, error))

    def _send(self, frame: ToParent) -> None:
        with self._write_lock:
            write_frame(self._stdout, frame)

    def _forget(self, call: Call) -> None:
        with self._arrived:
            self._open.pop(call.id, None)

    def _read_calls(self) -> None:
        decoder = msgspec.msgpack.Decoder(ToChild)
        while (body := read_frame(self._stdin)) is not None:
            frame = decoder.decode(body)
            with self._arrived:
                if isinstance(frame, CancelFrame):
                    if (cancelled := self._open.get(frame.id)) is not None:
                        cancelled.is_cancelled = True
                else:
                    call = Call(frame)
                    self._open[call.id] = call
                    heapq.heappush(self._waiting, (call.priority, next(self._order), call))
                self._arrived.notify_all()
        os._exit(0)  # the main thread may be deep in native code that nothing else interrupts


def error_frame(call_id: int, error: Exception) -> ErrorFrame:
    """Describe an exception so that the parent can raise it again."""
    facts = {name: value for name, value in vars(error).items() if isinstance(value, str | int | float | None)}
    return ErrorFrame(call_id, type(error).__name__, str(error), facts)


def serve_calls(
    channel: Channel, handle: Callable[[Call], Iterator[object]], *, only_priority: int | None = None
) -> None:
    """Serve calls one after the other, for ever; `handle` yields the replies.

    With `only_priority`, calls with a higher number are left to another thread.
    """
    while True:
        call = channel.next_call(only_priority=only_priority)
        if call is None:
            continue
        try:
            for payload in handle(call):
                if call.is_cancelled:
                    break
                channel.reply(call, payload)
        except Exception as error:
            logger.debug("call %s failed", call.method, exc_info=True)
            channel.fail(call, error)
        else:
            channel.finish(call)


def main() -> None:
    """Import the target, hand it the channel, and report a failed start to the parent."""
    stdin, stdout = _private_pipes()
    body = read_frame(stdin)
    if body is None:
        return
    start = msgspec.msgpack.decode(body, type=CallFrame)
    channel = Channel(stdin, stdout)
    try:
        _limit_memory(start.params.pop("memory_limit_bytes"))
        os.nice(start.params.pop("niceness"))
        if (confinement := start.params.pop("confinement")) is not None:
            confine(msgspec.convert(confinement, Confinement))
        module, _, function = sys.argv[1].partition(":")
        target = getattr(importlib.import_module(module), function)
        channel.listen()
        target(channel, start.params)
    except Exception as error:
        write_frame(stdout, error_frame(READY_ID, error))
        raise SystemExit(1) from error


def _private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    # Native libraries print to descriptor 1; a private copy keeps their words out of the frames.
    stdin = os.fdopen(os.dup(0), "rb")
    stdout = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    return stdin, stdout


def _limit_memory(limit_bytes: int | None) -> None:
    if limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))


if __name__ == "__main__":
    main()
