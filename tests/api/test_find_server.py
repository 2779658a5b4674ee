"""A command finds the server of its home, and only a server that is alive and really this one."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.backends import find_server as module
from api.backends.find_server import check_health, find_server
from api.server import open_socket, reachable
from api.server_record import ServerRecord, claim_home
from tests.api.world import World


@pytest.fixture
def told() -> list[str]:
    """What a person is told."""
    return []


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def record_of(url: str, instance: str = "abc") -> ServerRecord:
    return ServerRecord(url, os.getpid(), 0, instance, {})


def test_a_running_server_is_found_and_then_gone(world: World, told: list[str]) -> None:
    home = world.settings.home
    with world.live() as live:
        record = find_server(home, told.append)
        assert record is not None
        assert (record.url, record.instance) == (live.url, world.app.state.instance)
    assert find_server(home, told.append) is None
    assert told == []


def test_another_server_at_the_address_is_not_taken_for_this_one(world: World, told: list[str]) -> None:
    with world.live() as live, claim_home(world.settings.in_home(world.settings.home / "b", model="x")) as presence:
        presence.announce(live.url, "the instance that had this port before")
        assert find_server(world.settings.home / "b", told.append) is None
    (message,) = told
    assert live.url in message
    assert "models of its own" in message


def test_a_server_that_cannot_be_reached_from_here_is_said_to_be_so(world: World, told: list[str]) -> None:
    with open_socket("127.0.0.1", 0, option="--port") as listener:
        closed = reachable("127.0.0.1", listener.getsockname()[1])
    with claim_home(world.settings) as presence:
        presence.announce(closed, "abc")
        assert find_server(world.settings.home, told.append) is None
    assert closed in told[0]


def test_a_server_that_is_starting_is_waited_for(world: World, told: list[str]) -> None:
    lives: list[str] = []

    def look() -> None:
        record = find_server(world.settings.home, told.append)
        lives.append("" if record is None else record.instance)

    with claim_home(world.settings):
        looking = in_thread(look)
        time.sleep(module.SILENT_SECONDS + 0.3)
        assert told == ["the server is starting or stopping; waiting for it (Ctrl-C gives up)"]
        assert lives == []
    looking.join(10)
    assert lives == [""]  # it ended before it answered


def test_a_server_that_is_too_busy_to_answer_is_waited_for(
    world: World, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEALTH_SECONDS", 0.5)
    with open_socket("127.0.0.1", 0, option="--port") as listener:  # accepts, and says nothing
        url = reachable("127.0.0.1", listener.getsockname()[1])
        assert check_health(record_of(url)) == "busy"
        with claim_home(world.settings) as presence:
            presence.announce(url, "abc")
            looking = in_thread(lambda: find_server(world.settings.home, told.append))
            looking.join(2.5)
            assert looking.is_alive()
            assert told == ["the server is busy; waiting for it (Ctrl-C gives up)"]
        looking.join(10)
        assert not looking.is_alive()


@pytest.mark.parametrize("content", [b"", b"[]", b"not json", b'{"status": "ok"}', b'{"instance": 1}'])
def test_what_is_no_health_of_ours_is_another_server(content: bytes, tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(content), content)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)

    with open_socket("127.0.0.1", 0, option="--port") as listener:
        serving = in_thread(serve)
        assert check_health(record_of(reachable("127.0.0.1", listener.getsockname()[1]))) == "elsewhere"
        serving.join(10)
