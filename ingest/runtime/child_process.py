"""One run of a worker: a child process, its pipes, the threads that read them, and the calls that wait for replies."""

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ingest.runtime.confinement import Confinement
from ingest.runtime.frames import READY_ID, ToChild, ToParent, read_frame, write_frame
from ingest.runtime.worker_environment import select_variables

logger = logging.getLogger(__name__)

EXIT_GRACE_SECONDS = 5.0

ENVIRONMENT = {"GGML_NO_BACKTRACE": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
"""ggml's abort handler would fork children that outlive it; no worker may use the network."""

SPIN_COUNT = "1000"
"""How often an idle OpenMP thread spins before it sleeps. The default (300,000) takes the core from other
processes: beside one busy process a model on 2 cores fell from 79 tokens/s to between 1 and 4."""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How to start a child.

    `target` is `module:function`; the function gets the channel and `options`. `errors` are the exception
    classes that cross the pipe: raised in the child, they are raised again in the parent with the
    same attributes. Anything else arrives as `WorkerFailedError`. A child with `niceness` above 0 yields the CPU to
    other processes. One with a `confinement` has no network and reads no other files, where the kernel can do that.
    """

    name: str
    target: str
    options: dict[str, Any] = field(default_factory=dict)
    errors: tuple[type[Exception], ...] = ()
    memory_limit_bytes: int | None = None
    niceness: int = 0
    confinement: Confinement | None = None
    start_timeout_seconds: float = 600.0


class WorkerProcess:
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
            env={"GOMP_SPINCOUNT": SPIN_COUNT, **select_variables(os.environ), **ENVIRONMENT},
        )
        self.register(READY_ID)
        threading.Thread(target=self._read_replies, name=f"{spec.name}-replies", daemon=True).start()
        threading.Thread(target=self._read_log, name=f"{spec.name}-log", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return not self.has_ended and self.popen.poll() is None

    def register(self, call_id: int) -> "queue.SimpleQueue[ToParent | None]":
        """Return the queue of a call's replies; None follows the last reply of a child that has ended."""
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
        """Kill the child's process group; harmless if it has ended already."""
        if self.popen.returncode is None:  # once reaped, its id may be another's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        with self.write_lock, suppress(BrokenPipeError):
            if self.popen.stdin is not None:
                self.popen.stdin.close()

    def describe_exit(self) -> str:
        """Return in words how the child ended; a child that closed its pipe but goes on is killed."""
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
