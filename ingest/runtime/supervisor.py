"""Supervised subprocess: start, call, time-limit, kill, restart.

Parsers, the embedder and the model each run in a process of their own, because one bad PDF or GGUF can
end the process that reads it. Parent and child exchange length-prefixed MessagePack frames over the
child's standard input and output. Never pickle: a child that was taken over must not be able to run
code in the server.

A call has an id; its answers carry the same id, so that one child can serve several calls at once.
"""

import itertools
import logging
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

import msgspec

from ingest.errors import WorkerBusyError, WorkerCrashedError, WorkerFailedError, WorkerTimeoutError

logger = logging.getLogger(__name__)

T = TypeVar("T")

FRAME_HEADER = struct.Struct("<I")
MAX_FRAME_BYTES = 1 << 30
EXIT_GRACE_SECONDS = 5.0

ENVIRONMENT = {"GGML_NO_BACKTRACE": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
"""ggml's abort handler would fork children that outlive it; nothing a worker does may reach for the network."""

SPIN_COUNT = "1000"
"""How often an idle OpenMP thread looks for work before it sleeps. The default (300,000) takes the core away from
whoever else needs it: beside one busy process a model on 2 cores fell from 79 tokens/s to between 1 and 4."""


class CallFrame(msgspec.Struct, tag="call"):
    """Parent to child: do this. A lower `priority` is served first."""

    id: int
    method: str
    params: dict[str, Any]
    priority: int = 0


class CancelFrame(msgspec.Struct, tag="cancel"):
    """Parent to child: nobody waits for this call any more."""

    id: int


class ReplyFrame(msgspec.Struct, tag="reply"):
    """Child to parent: one answer to a call. `payload` is encoded by itself and decoded as the caller's type."""

    id: int
    payload: msgspec.Raw


class EndFrame(msgspec.Struct, tag="end"):
    """Child to parent: a call is finished."""

    id: int


class ErrorFrame(msgspec.Struct, tag="error"):
    """Child to parent: a call failed. `facts` are the attributes of the exception."""

    id: int
    error: str
    message: str
    facts: dict[str, Any]


ToChild = CallFrame | CancelFrame
ToParent = ReplyFrame | EndFrame | ErrorFrame

READY_ID = 0
"""The id under which a child says that it has started (or why it could not)."""


def write_frame(stream: IO[bytes], frame: ToChild | ToParent) -> None:
    """Send one frame; the caller makes sure that no other thread writes at the same time."""
    body = msgspec.msgpack.encode(frame)
    stream.write(FRAME_HEADER.pack(len(body)) + body)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next frame's body, or None where the other side has closed the stream."""
    header = stream.read(FRAME_HEADER.size)
    if len(header) < FRAME_HEADER.size:
        return None
    (length,) = FRAME_HEADER.unpack(header)
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes is over the limit of {MAX_FRAME_BYTES}")
    body = stream.read(length)
    return body if len(body) == length else None


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How to start a child.

    `target` is `module:function`; the function gets the channel and `options`. `errors` are the exception
    classes that cross the border: raised in the child, they are raised again in the parent with the
    same attributes. Anything else arrives as `WorkerFailedError`. A child with `niceness` above 0 gives way to
    others that want the processor.
    """

    name: str
    target: str
    options: dict[str, Any] = field(default_factory=dict)
    errors: tuple[type[Exception], ...] = ()
    memory_limit_bytes: int | None = None
    niceness: int = 0
    start_timeout_seconds: float = 120.0


class _Process:
    """One life of a child: its pipes, the thread that reads it, the calls that wait for it."""

    def __init__(self, spec: WorkerSpec) -> None:
        self.spec = spec
        self.inboxes: dict[int, queue.SimpleQueue[ToParent | None]] = {}
        self.lock = threading.Lock()
        # A lock of its own: a child that does not read may block a writer, who must not block the readers of answers.
        self.write_lock = threading.Lock()
        self.has_ended = False
        self.popen = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", "ingest.runtime.worker_main", spec.target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={"GOMP_SPINCOUNT": SPIN_COUNT, **os.environ, **ENVIRONMENT},
        )
        self.register(READY_ID)
        threading.Thread(target=self._read_replies, name=f"{spec.name}-replies", daemon=True).start()
        threading.Thread(target=self._read_log, name=f"{spec.name}-log", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return not self.has_ended and self.popen.poll() is None

    def register(self, call_id: int) -> "queue.SimpleQueue[ToParent | None]":
        """Return where the answers to a call arrive; None follows the last one of a child that has ended."""
        with self.lock:
            inbox = self.inboxes.setdefault(call_id, queue.SimpleQueue())
            if self.has_ended:
                inbox.put(None)
            return inbox

    def forget(self, call_id: int) -> None:
        with self.lock:
            self.inboxes.pop(call_id, None)

    def send(self, frame: ToChild) -> None:
        """Send a frame; a child that is gone is noticed by its reader, which wakes every caller."""
        stdin = self.popen.stdin
        with self.write_lock, suppress(BrokenPipeError, ValueError, OSError):
            if stdin is not None:
                write_frame(stdin, frame)

    def kill(self) -> None:
        """End the child and whatever it has started; harmless where it has ended already."""
        if self.popen.returncode is None:  # once reaped, its id may be another's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        with self.write_lock, suppress(BrokenPipeError):
            if self.popen.stdin is not None:
                self.popen.stdin.close()

    def describe_exit(self) -> str:
        """Say in words how the child ended; one that has closed its pipe but lingers is ended."""
        try:
            code = self.popen.wait(timeout=EXIT_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self.popen.wait()
        if code >= 0:
            return f"exit status {code}"
        with suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
        return f"signal {-code}"

    def _read_replies(self) -> None:
        assert self.popen.stdout is not None  # noqa: S101 (we asked for a pipe)
        decoder = msgspec.msgpack.Decoder(ToParent)
        with self.popen.stdout as stdout:
            try:
                while (body := read_frame(stdout)) is not None:
                    frame = decoder.decode(body)
                    with self.lock:
                        inbox = self.inboxes.get(frame.id)
                    if inbox is not None:
                        inbox.put(frame)
            except (msgspec.DecodeError, ValueError, OSError) as error:
                logger.warning("worker %s broke the protocol and is stopped: %s", self.spec.name, error)
                self.kill()
        with self.lock:
            self.has_ended = True
            waiting = list(self.inboxes.values())
        for inbox in waiting:
            inbox.put(None)

    def _read_log(self) -> None:
        assert self.popen.stderr is not None  # noqa: S101 (we asked for a pipe)
        # The child's own words may hold document text, so they never reach the log above DEBUG.
        with self.popen.stderr as stderr:
            for line in stderr:
                logger.debug("%s: %s", self.spec.name, line.decode(errors="replace").rstrip())


class Worker:
    """A child process that is started at the first call and started again after it died.

    Safe to use from several threads. Every wait has a limit: a child that does not answer in time is
    killed, and the call raises `WorkerTimeoutError`.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        self._known = {cls.__name__: cls for cls in spec.errors}
        self._ids = itertools.count(READY_ID + 1)
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._starting: _Process | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id, or None where none runs."""
        process = self._process
        return process.popen.pid if process is not None and process.is_alive else None

    def start(self) -> None:
        """Start the child and wait until it is ready; does nothing where one runs.

        Raises what the child's target raised (see `WorkerSpec.errors`), `WorkerCrashedError` or
        `WorkerTimeoutError`.
        """
        self._running()

    def call(
        self, method: str, params: dict[str, Any], reply: type[T], *, timeout_seconds: float, priority: int = 0
    ) -> T:
        """Return the one answer to a call, decoded as `reply`.

        Raises `WorkerCrashedError`, `WorkerTimeoutError`, `WorkerFailedError` or one of the spec's errors.
        """
        answers = self.stream(method, params, reply, timeout_seconds=timeout_seconds, priority=priority)
        try:
            return next(answers)
        except StopIteration:
            raise WorkerFailedError(worker=self._spec.name, message=f"{method} returned nothing") from None
        finally:
            answers.close()

    def stream(
        self, method: str, params: dict[str, Any], reply: type[T], *, timeout_seconds: float, priority: int = 0
    ) -> Generator[T, None, None]:
        """Yield the answers to a call as they come; closing the generator cancels the call in the child.

        `timeout_seconds` bounds the wait for each answer.
        """
        process = self._running()
        call_id = next(self._ids)
        inbox = process.register(call_id)
        is_over = False
        try:
            process.send(CallFrame(call_id, method, params, priority))
            for frame in self._frames(process, inbox, timeout_seconds):
                is_over = not isinstance(frame, ReplyFrame)
                if isinstance(frame, ReplyFrame):
                    yield msgspec.msgpack.decode(frame.payload, type=reply)
                else:
                    self._finish(frame)
                    return
        finally:
            process.forget(call_id)
            if not is_over:
                process.send(CancelFrame(call_id))

    def close(self) -> None:
        """End the child, one that is still starting too; further calls raise `WorkerCrashedError`."""
        self._is_closed = True
        if (starting := self._starting) is not None:
            starting.kill()  # whoever waits for its start holds the lock
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def recycle(self) -> None:
        """End the child; the next call starts a fresh one."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process = None

    def _running(self) -> _Process:
        with self._lock:
            if self._is_closed:
                raise WorkerCrashedError(worker=self._spec.name, how="it was closed")
            if self._process is not None and not self._process.is_alive:
                self._process.kill()
                self._process = None
            if self._process is None:
                self._process = self._start()
            return self._process

    def _start(self) -> _Process:
        process = self._starting = _Process(self._spec)
        if self._is_closed:  # since `_running` looked; `close` may not have seen this process
            process.kill()
        try:
            self._await_ready(process)
        except BaseException:
            process.kill()
            raise
        finally:
            self._starting = None
        logger.info("worker %s started, pid %s", self._spec.name, process.popen.pid)
        return process

    def _await_ready(self, process: _Process) -> None:
        inbox = process.register(READY_ID)
        limits = {"memory_limit_bytes": self._spec.memory_limit_bytes, "niceness": self._spec.niceness}
        params = {**self._spec.options, **limits}
        process.send(CallFrame(READY_ID, "start", params))
        self._finish(next(self._frames(process, inbox, self._spec.start_timeout_seconds)))
        process.forget(READY_ID)

    def _frames(
        self, process: _Process, inbox: "queue.SimpleQueue[ToParent | None]", timeout_seconds: float
    ) -> Iterator[ToParent]:
        while True:
            try:
                frame = inbox.get(timeout=timeout_seconds)
            except queue.Empty:
                process.kill()
                raise WorkerTimeoutError(worker=self._spec.name, timeout_seconds=timeout_seconds) from None
            if frame is None:
                raise WorkerCrashedError(worker=self._spec.name, how=process.describe_exit())
            yield frame

    def _finish(self, frame: ToParent) -> None:
        if isinstance(frame, ErrorFrame):
            known = self._known.get(frame.error)
            if known is None:
                raise WorkerFailedError(worker=self._spec.name, message=f"{frame.error}: {frame.message}")
            raise known(**frame.facts)


class WorkerPool:
    """A fixed number of interchangeable children; each is replaced after `calls_per_process` leases.

    Replacing them bounds what a leak in a native parser can cost.
    """

    def __init__(self, spec: WorkerSpec, *, size: int, calls_per_process: int) -> None:
        self._spec = spec
        self._calls_per_process = calls_per_process
        self._idle: queue.LifoQueue[tuple[Worker, int]] = queue.LifoQueue()
        self._all = [Worker(spec) for _ in range(size)]
        for worker in self._all:
            self._idle.put((worker, 0))
        self.size = size

    @contextmanager
    def lease(self, timeout_seconds: float | None = None) -> Generator[Worker]:
        """Lend an idle child, waiting for one where all are busy; raises `WorkerBusyError` after too long a wait."""
        try:
            worker, calls = self._idle.get(timeout=timeout_seconds)
        except queue.Empty:
            raise WorkerBusyError(worker=self._spec.name) from None
        try:
            yield worker
        finally:
            if calls + 1 >= self._calls_per_process:
                worker.recycle()
                calls = -1
            self._idle.put((worker, calls + 1))

    def close(self) -> None:
        """End every child."""
        for worker in self._all:
            worker.close()
