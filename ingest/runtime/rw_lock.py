"""A lock that lets many read at once."""

import threading
from collections.abc import Generator
from contextlib import contextmanager


class ReadWriteLock:
    """Any number of readers, or one writer; who comes to read while a writer waits goes after it.

    Neither side may take it again while it holds it.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.Lock())
        self._readers = 0
        self._waiting_writers = 0
        self._is_writing = False

    @property
    def has_waiting_writer(self) -> bool:
        """Whether somebody waits to write."""
        return self._waiting_writers > 0

    @contextmanager
    def reading(self) -> Generator[None]:
        """Hold it beside other readers."""
        with self._condition:
            while self._is_writing or self._waiting_writers:
                self._condition.wait()
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                if not self._readers:
                    self._condition.notify_all()

    @contextmanager
    def writing(self) -> Generator[None]:
        """Hold it alone."""
        with self._condition:
            self._waiting_writers += 1
            try:
                while self._is_writing or self._readers:
                    self._condition.wait()
                self._is_writing = True
            finally:
                self._waiting_writers -= 1
        try:
            yield
        finally:
            with self._condition:
                self._is_writing = False
                self._condition.notify_all()
