"""Prefetch an iterator by one item: a thread makes the next item while the last one is used."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")


def prefetch(items: Iterator[T]) -> Generator[T, None, None]:
    """Yield `items` in order; a thread makes the next one meanwhile, and at most one is buffered.

    An error of `items` is raised after the items before it. When the generator is closed, the thread ends after the
    item that it is making.
    """
    ready: queue.Queue[T | _End] = queue.Queue(maxsize=1)
    is_over = threading.Event()
    thread = threading.Thread(target=_fill, args=(items, ready, is_over), name="prefetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        is_over.set()
        while thread.is_alive():  # it may wait for room
            _drain(ready)
            thread.join(timeout=0.01)


class _End:
    """The end of the items, with the error that ended them, if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _fill(items: Iterator[T], ready: "queue.Queue[T | _End]", is_over: threading.Event) -> None:
    try:
        for item in items:
            ready.put(item)
            if is_over.is_set():
                return
    except BaseException as error:  # noqa: BLE001 (raised again in the consumer)
        ready.put(_End(error))
    else:
        ready.put(_End())


def _drain(ready: "queue.Queue[T | _End]") -> None:
    while not ready.empty():
        ready.get_nowait()
