"""How the commands of a home find its running server: a lock that the server holds, and a file that says where it is.

The file alone would not do: it outlives a kill, and it is copied with the home. The lock does neither. The server holds
it from before it opens the library until that is closed, so commands also know of one that is starting or stopping.
"""

import logging
import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from filelock import Timeout

from api.settings import AllSettings
from ingest.runtime.atomic_files import open_incoming_file
from ingest.runtime.file_locks import open_lock
from rag.settings import select_decisive_settings

logger = logging.getLogger(__name__)

RECORD_NAME = "server.json"
LOCK_NAME = "server.lock"
CLAIM_SECONDS = 2.0
"""A command that looks for a server holds the lock for a moment, which is no server."""


class ServerRecord(msgspec.Struct, frozen=True):
    """A running server: its address, its process, when it started (Unix seconds), and its settings as texts.

    `instance` is a random id that `/health/live` repeats: another server at the same address has another one.
    """

    url: str
    pid: int
    started_at: int
    instance: str
    settings: Mapping[str, str]


def describe_settings(settings: AllSettings) -> dict[str, str]:
    """Return what decides how a question is answered, by the names of the settings."""
    rag, ingest = settings.rag, settings.ingest
    return {
        **select_decisive_settings(rag),
        "context_mode": str(rag.context_mode),
        "embedder": ingest.embedder,
        "entailment_model": str(rag.entailment_model),
        "model": str(rag.model),
    }


class ServerPresence:
    """What makes a server known to the commands of its home; only one server of a home is, the first."""

    def __init__(self, settings: AllSettings) -> None:
        self._settings = settings
        self._path = settings.home / RECORD_NAME
        self._lock = open_lock(settings.home / LOCK_NAME)

    def claim(self) -> None:
        """Take the lock unless another server has it. That a home cannot be written is left to the library to say."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire(timeout=CLAIM_SECONDS)
            self._path.unlink(missing_ok=True)  # left by a server that was killed
        except Timeout:
            logger.warning("another server runs for %s; commands use that one", self._path.parent)
        except OSError as error:
            logger.warning("commands will not find this server: %s", error)

    def announce(self, url: str, instance: str) -> None:
        """Write where the server is reached; call it when it answers there."""
        if not self._lock.is_locked:
            return
        record = ServerRecord(url, os.getpid(), int(time.time()), instance, describe_settings(self._settings))
        try:
            with open_incoming_file(self._path.parent) as (file, path):
                file.write(msgspec.json.format(msgspec.json.encode(record)))
                file.flush()
                path.rename(self._path)
        except OSError as error:
            logger.warning("commands will not find this server: %s", error)
            self._lock.release()  # they would wait for the file

    def withdraw(self) -> None:
        """Remove the file, before the server stops to answer."""
        if self._lock.is_locked:
            self._path.unlink(missing_ok=True)

    def release(self) -> None:
        """Give the home back to its commands, when the library is closed."""
        self.withdraw()
        self._lock.release()


@contextmanager
def claim_home(settings: AllSettings) -> Generator[ServerPresence]:
    """Hold a home for a server that is starting, until the block ends."""
    presence = ServerPresence(settings)
    presence.claim()
    try:
        yield presence
    finally:
        presence.release()


def has_server(home: Path) -> bool:
    """Whether a server holds the home now: one that answers, starts or stops. Raises `OSError`."""
    if not (home / LOCK_NAME).exists():
        return False
    lock = open_lock(home / LOCK_NAME)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False


def read_record(home: Path) -> ServerRecord | None:
    """Return what the server of a home has written; None if there is none yet, or any more."""
    try:
        return msgspec.json.decode((home / RECORD_NAME).read_bytes(), type=ServerRecord)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
