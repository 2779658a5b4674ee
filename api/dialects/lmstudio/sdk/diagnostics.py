"""The namespace `diagnostics`: the server's log as it is written. It has no text of questions and documents."""

import logging
import queue
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

from api.dialects.lmstudio.sdk.model_endpoints import Nothing
from api.dialects.lmstudio.sdk.namespace import Messages, Namespace, Session
from api.errors import AdministratorOnlyError
from api.wire.base import JsonObject

diagnostics = Namespace("diagnostics")

MAX_WAITING = 1_000
"""Lines that are kept for a client that reads slowly; those after them are lost."""
POLL_SECONDS = 0.5

Lines = queue.Queue[logging.LogRecord]


class _Listener(logging.Handler):
    """Puts lines of the log into a queue."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        if not self._lines.full():
            self._lines.put_nowait(record)


@diagnostics.channel("streamLogs", Nothing)
def stream_logs(session: Session, _: Nothing, cancelled: threading.Event) -> Messages:
    """Send the server's log from now on, to an administrator."""
    if not session.principal.is_admin:
        raise AdministratorOnlyError
    with _listen() as lines:
        while not cancelled.is_set():
            try:
                record = lines.get(timeout=POLL_SECONDS)
            except queue.Empty:
                yield {}
            else:
                yield {"type": "log", "log": _event(record)}


@contextmanager
def _listen() -> Generator[Lines, None, None]:
    lines = Lines(MAX_WAITING)
    listener = _Listener(lines)
    logging.getLogger().addHandler(listener)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(listener)


def _event(record: logging.LogRecord) -> JsonObject:
    data = {"type": "server.log", "level": _name_level(record.levelno), "content": record.getMessage()}
    return {"timestamp": round(record.created * 1000), "data": data}


def _name_level(level: int) -> Literal["debug", "info", "warn", "error"]:
    if level >= logging.ERROR:
        return "error"
    if level >= logging.WARNING:
        return "warn"
    return "info" if level >= logging.INFO else "debug"
