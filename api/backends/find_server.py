"""Find the server that runs for a home, and wait for one that is starting, stopping or busy."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import httpx
from pydantic import ValidationError

from api.backends.http_client import open_client
from api.server_record import ServerRecord, has_server, read_record
from api.wire.health import LivenessObject

HEALTH_SECONDS = 2.0
POLL_SECONDS = 0.1
SILENT_SECONDS = 1.0
"""A wait that is shorter than this is not worth a message."""

Health = Literal["answers", "busy", "elsewhere"]


def find_server(home: Path, notify: Callable[[str], None]) -> ServerRecord | None:
    """Return the server that runs for a home; None if there is none, or none that can be reached from here.

    A server that starts, stops or is too busy to answer is waited for: to load the models once more beside it would
    slow both down. `notify` is told about a wait. Raises `OSError` if the home cannot be read.
    """
    notice = _Notice(notify)
    while has_server(home):
        record = read_record(home)
        health = None if record is None else check_health(record)
        if record is not None and health == "answers":
            return record
        if record is not None and health == "elsewhere" and read_record(home) == record:
            notify(
                f"a server (process {record.pid}) runs for {home}, but not at {record.url} as seen from here; "
                "this command loads models of its own"
            )
            return None
        notice.wait("the server is busy" if health == "busy" else "the server is starting or stopping")
    return None


def check_health(record: ServerRecord) -> Health:
    """Return whether this server answers at its address, takes too long, or another one or nobody answers there."""
    try:
        with open_client(record.url, timeout_seconds=HEALTH_SECONDS) as client:
            response = client.get("/health/live")
        instance = LivenessObject.model_validate_json(response.content).instance
    except httpx.TimeoutException:
        return "busy"
    except (httpx.HTTPError, ValidationError):
        return "elsewhere"
    return "answers" if instance == record.instance else "elsewhere"


class _Notice:
    """Tells a person once what a command waits for, if it takes longer than a moment."""

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._started = time.monotonic()
        self._is_told = False

    def wait(self, reason: str) -> None:
        """Wait a little for another try."""
        if not self._is_told and time.monotonic() - self._started >= SILENT_SECONDS:
            self._notify(f"{reason}; waiting for it (Ctrl-C gives up)")
            self._is_told = True
        time.sleep(POLL_SECONDS)
