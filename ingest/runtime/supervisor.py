"""Supervise a worker process: start it, call it, limit and cancel calls, kill it and start it again.

Parsers, the embedder and the model each run in a process of their own, because one bad PDF or GGUF can end the
process that reads it.
"""

import itertools
import logging
import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from ingest.errors import WorkerCrashedError, WorkerFailedError, WorkerTimeoutError
from ingest.runtime.child_process import WorkerProcess, WorkerSpec
from ingest.runtime.frames import READY_ID, CallFrame, CancelFrame, ErrorFrame, ReplyFrame, ToParent
from ingest.runtime.wait_limit import Allowance, WaitLimit

logger = logging.getLogger(__name__)

T = TypeVar("T")

POLL_SECONDS = 1.0
"""How often a wait asks how much of its time the child could run."""


class Worker:
    """A child process that is started at the first call and started again after it died.

    Safe to use from several threads. Every wait has a limit: a child that does not answer in time is
    killed, and the call raises `WorkerTimeoutError`. Limits count the seconds in which the child could run: on a busy
    machine it has as long as it needs.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        self._errors = {cls.__name__: cls for cls in spec.errors}
        self._ids = itertools.count(READY_ID + 1)
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None
        self._starting: WorkerProcess | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id, or None if none runs."""
        process = self._process
        return process.popen.pid if process is not None and process.is_alive else None

    def start(self) -> None:
        """Start the child and wait until it is ready; does nothing if one runs.

        Raises what the child's target raised (see `WorkerSpec.errors`), `WorkerCrashedError` or
        `WorkerTimeoutError`.
        """
        self._running()

    def call(
        self,
        method: str,
        params: dict[str, Any],
        reply: type[T],
        *,
        timeout_seconds: float,
        priority: int = 0,
        allowance: Allowance | None = None,
    ) -> T:
        """Return the one answer to a call, decoded as `reply`.

        With an `allowance` the call may not take longer than is left of it either. Raises `WorkerCrashedError`,
        `WorkerTimeoutError`, `WorkerFailedError` or one of the spec's errors.
        """
        seconds = timeout_seconds if allowance is None else min(timeout_seconds, allowance.seconds_left)
        answers = self.stream(method, params, reply, timeout_seconds=seconds, priority=priority, allowance=allowance)
        try:
            return next(answers)
        except StopIteration:
            raise WorkerFailedError(worker=self._spec.name, message=f"{method} returned nothing") from None
        finally:
            answers.close()

    def stream(
        self,
        method: str,
        params: dict[str, Any],
        reply: type[T],
        *,
        timeout_seconds: float,
        priority: int = 0,
        allowance: Allowance | None = None,
    ) -> Generator[T, None, None]:
        """Yield the answers to a call as they come; closing the generator cancels the call in the child.

        `timeout_seconds` bounds the wait for each answer; what the child ran is taken off the `allowance`.
        """
        process = self._running()
        call_id = next(self._ids)
        inbox = process.register(call_id)
        is_over = False
        try:
            process.send(CallFrame(call_id, method, params, priority))
            for frame in self._frames(process, inbox, timeout_seconds, allowance):
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
            starting.kill()  # the thread that waits for its start holds the lock
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def recycle(self) -> None:
        """End the child, one that is still starting too; the next call starts a fresh one.

        A call that waits raises `WorkerCrashedError`.
        """
        if (starting := self._starting) is not None:
            starting.kill()  # the thread that waits for its start holds the lock
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process = None

    def _running(self) -> WorkerProcess:
        with self._lock:
            if self._is_closed:
                raise WorkerCrashedError(worker=self._spec.name, how="it was closed")
            if self._process is not None and not self._process.is_alive:
                self._process.kill()
                self._process = None
            if self._process is None:
                self._process = self._start()
            return self._process

    def _start(self) -> WorkerProcess:
        process = self._starting = WorkerProcess(self._spec)
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

    def _await_ready(self, process: WorkerProcess) -> None:
        inbox = process.register(READY_ID)
        spec = self._spec
        limits = {"memory_limit_bytes": spec.memory_limit_bytes, "niceness": spec.niceness}
        params = {**spec.options, **limits, "confinement": msgspec.to_builtins(spec.confinement)}
        process.send(CallFrame(READY_ID, "start", params))
        self._finish(next(self._frames(process, inbox, self._spec.start_timeout_seconds)))
        process.forget(READY_ID)

    def _frames(
        self,
        process: WorkerProcess,
        inbox: "queue.SimpleQueue[ToParent | None]",
        timeout_seconds: float,
        allowance: Allowance | None = None,
    ) -> Iterator[ToParent]:
        while True:
            limit = WaitLimit(process.popen.pid, timeout_seconds)
            try:
                frame = self._next_frame(process, inbox, limit, timeout_seconds)
            finally:
                if allowance is not None:
                    allowance.seconds_left -= limit.finish()
            if frame is None:
                raise WorkerCrashedError(worker=self._spec.name, how=process.describe_exit())
            yield frame

    def _next_frame(
        self,
        process: WorkerProcess,
        inbox: "queue.SimpleQueue[ToParent | None]",
        limit: WaitLimit,
        timeout_seconds: float,
    ) -> ToParent | None:
        while limit.seconds_left > 0:
            with suppress(queue.Empty):
                return inbox.get(timeout=min(limit.seconds_left, POLL_SECONDS))
            limit.update()
        process.kill()
        raise WorkerTimeoutError(worker=self._spec.name, timeout_seconds=timeout_seconds)

    def _finish(self, frame: ToParent) -> None:
        if isinstance(frame, ErrorFrame):
            error = self._errors.get(frame.error)
            if error is None:
                raise WorkerFailedError(worker=self._spec.name, message=f"{frame.error}: {frame.message}")
            raise error(**frame.facts)
