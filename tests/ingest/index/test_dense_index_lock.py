"""The lock of an index: many read at once, one writes, and a writer need not wait for ever."""

import threading

import pytest

from ingest.runtime.rw_lock import ReadWriteLock

WAIT_SECONDS = 30
SHORT_SECONDS = 0.05


def test_readers_do_not_wait_for_each_other() -> None:
    lock = ReadWriteLock()
    both_inside = threading.Barrier(2)

    def read() -> None:
        with lock.reading():
            both_inside.wait(WAIT_SECONDS)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert not both_inside.broken


def test_a_writer_is_alone_and_goes_before_readers_that_come_later() -> None:
    lock = ReadWriteLock()
    order: list[str] = []
    may_leave = threading.Event()

    def write() -> None:
        with lock.writing():
            order.append("writes")
            order.append("has written")

    def read() -> None:
        with lock.reading():
            order.append("reads")

    with lock.reading():
        writer = threading.Thread(target=write)
        writer.start()
        while not lock.has_waiting_writer:
            may_leave.wait(SHORT_SECONDS)
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(SHORT_SECONDS)
        assert order == []
    writer.join(WAIT_SECONDS)
    reader.join(WAIT_SECONDS)
    assert order == ["writes", "has written", "reads"]


def test_a_lock_is_free_after_an_error() -> None:
    lock = ReadWriteLock()
    for side in (lock.reading, lock.writing):
        with pytest.raises(KeyError), side():
            raise KeyError
    with lock.writing():
        pass
