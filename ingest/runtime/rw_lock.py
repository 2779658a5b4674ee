"""A read-write lock with writer preference."""

import threading
from collections.abc import Generator
from contextlib import contextmanager


class ReadWriteLock:
    """Any number of readers, or one writer; a reader that comes while a writer waits goes after it.

    It is not reentrant: a thread that holds it must not acquire it again.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.Lock())
        self._readers = 0
        self._waiting_writers = 0
        self._is_writing = False

    @property
    def has_waiting_writer(self) -> bool:
        """Whether a thread waits to write."""
        return self._waiting_writers > 0

    @contextmanager
    def reading(self) -> Generator[None]:
        """Hold the lock together with other readers."""
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
        """Hold the lock alone."""
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
