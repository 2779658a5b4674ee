"""`pincite serve`, `ui` and `up`: addresses, ports, and an orderly end."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from api.backends.find_server import find_server
from api.server import open_socket
from api.server_record import read_record
from ingest.library.library import Library
from tests.api.shell import Shell
from tests.api.world import wait_for
from tests.fakes import passport
from tests.live import free_port


def test_a_port_in_use_is_named(shell: Shell) -> None:
    with open_socket("127.0.0.1", 0, option="--port") as taken:
        port = str(taken.getsockname()[1])
        for arguments, option in (
            (("serve", "--port", port), "--port"),
            (("up", "--port", "0", "--ui-port", port), "--ui-port"),
            (("ui", "--port", port), "--ui-port"),
        ):
            code, _, err = shell.run(*arguments)
            assert code == 1, arguments
            assert f"port {port}" in err
            assert option in err


def test_other_machines_are_not_served_without_a_key(shell: Shell) -> None:
    code, _, err = shell.run("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 (refused)
    assert code == 2
    assert "PINCITE_API_KEY" in err


def test_a_key_that_can_be_guessed_does_not_open_the_door_to_other_machines(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_API_KEY", "fifteen-letters")
    code, _, err = shell.run("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 (refused)
    assert code == 2
    assert "fewer than 16 characters" in err
    assert "openssl rand" in err
    assert "fifteen-letters" not in err


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Return a function that starts `pincite` in a process of its own, which leaves LM Studio's port alone."""

    def run(*arguments: str, lmstudio_port: int = 0) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "api.cli", *arguments, "--home", str(tmp_path / "home")],
            env={**os.environ, "PINCITE_LMSTUDIO_PORT": str(lmstudio_port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["SIGTERM", "SIGINT"])
def test_a_server_stops_in_order_while_its_models_are_still_loading(
    start: Callable[..., "subprocess.Popen[str]"], stop: str
) -> None:
    with start("serve", "--port", "0") as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("API   http://127.0.0.1:")
        time.sleep(1)
        started = time.monotonic()
        server.send_signal(getattr(signal, stop))
        _, err = server.communicate(timeout=20)
        assert time.monotonic() - started < 10
    assert server.returncode == 0
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_port_in_use_is_found_out_before_models_are_looked_for(
    start: Callable[..., "subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONVERBOSE", "1")  # names what is imported
    with open_socket("127.0.0.1", 0, option="--port") as taken:
        server = start("serve", "--port", str(taken.getsockname()[1]))
        _, err = server.communicate(timeout=120)
    assert server.returncode == 1
    assert "import 'uvicorn'" in err
    assert not {"fastapi", "faiss", "apsw", "torch"} & set(re.findall(r"^import '(\w+)'", err, re.MULTILINE))


@pytest.mark.slow
def test_the_second_signal_ends_a_server_that_still_answers(
    start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_STOP_GRACE_SECONDS", "3600")
    with closing(Library(tmp_path / "home")) as library:
        library.pause_queue()
        file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"a"))
        library.enqueue(library.create_collection("docs", passport()).id, file.id)
    with start("serve", "--port", "0") as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[1]
        with httpx.stream("GET", f"{url}/v1/queue/events", timeout=120, trust_env=False) as response:
            next(response.iter_bytes())
            server.terminate()
            wait_for(lambda: not accepts(url), seconds=60)
            assert server.poll() is None
            server.terminate()
            assert server.wait(60) == 128 + signal.SIGTERM


def accepts(url: str) -> bool:
    """Whether a server takes connections."""
    with suppress(ConnectionError):
        socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 80)).close()
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["serve", "--port", "0"], ["api"]),
        (["ui", "--port", "0"], ["chat"]),
        (["up", "--port", "0", "--ui-port", "0"], ["api", "chat"]),
    ],
    ids=["serve", "ui", "up"],
)
def test_addresses_in_json_are_one_line(
    start: Callable[..., "subprocess.Popen[str]"], arguments: list[str], parts: list[str]
) -> None:
    with start(*arguments, "--json") as server:
        assert server.stdout is not None
        addresses = json.loads(server.stdout.readline())
        server.terminate()
        rest, _ = server.communicate(timeout=20)
    assert list(addresses) == parts
    assert all(url.startswith("http://127.0.0.1:") for url in addresses.values())
    assert rest == ""


@pytest.mark.slow
def test_lm_studios_sdks_find_the_server_at_the_port_where_they_look(
    start: Callable[..., "subprocess.Popen[str]"],
) -> None:
    port = free_port()
    with start("serve", "--port", "0", lmstudio_port=port) as server:
        assert server.stdout is not None
        api, lmstudio = (server.stdout.readline().split() for _ in range(2))
        url = f"http://127.0.0.1:{port}"
        assert lmstudio == ["LM", "Studio", "SDKs", url]
        wait_for(lambda: answers(f"{api[-1]}/health/live"))
        assert httpx.get(f"{url}/lmstudio-greeting").json() == {"lmstudio": True}
        server.terminate()
        server.communicate(timeout=20)


def answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(url).is_success
    return False


@pytest.mark.slow
def test_a_killed_server_leaves_a_home_that_the_next_one_takes_over(
    start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with start("serve", "--port", "0") as server:
        wait_for(lambda: read_record(home) is not None, seconds=60)
        server.kill()
    assert read_record(home) is not None
    assert find_server(home, pytest.fail) is None
    with start("serve", "--port", "0") as server:
        wait_for(lambda: (record := read_record(home)) is not None and record.pid == server.pid, seconds=60)
        assert find_server(home, print) == read_record(home)
        server.terminate()
        server.communicate(timeout=20)
    assert read_record(home) is None
