"""`pincite serve`, `ui` and `up`: the API, the chat page, or both."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from urllib.parse import urlsplit

from api.app import create_app
from api.commands.output import CommandError, configure_logging, results, write_json_line
from api.commands.resources import open_library
from api.server import (
    PinciteServer,
    address_of,
    check_address,
    end_process,
    open_lmstudio_socket,
    open_socket,
    reachable,
)
from api.server_record import claim_home
from api.services import Services
from api.settings import AllSettings, ApiSettings

UI_STOP_SECONDS = 5.0
POLL_SECONDS = 0.2
LABELS = {"api": "API", "chat": "Chat", "lmstudio": "LM Studio SDKs"}


def serve(settings: AllSettings, *, as_json: bool) -> int:
    """Serve the API until a signal ends it."""
    with _stop_on_signals() as stop, _api_server(settings, stop) as (server, addresses):
        _print_addresses(addresses, as_json=as_json)
        server.serve_until_stopped()
    return 0


def ui(settings: AllSettings, *, as_json: bool) -> int:
    """Serve the chat page until a signal ends it."""
    api_url = settings.api.api_url or reachable(settings.api.host, settings.api.port)
    with _stop_on_signals() as stop, _chat_page(settings.api, api_url, stop) as (page, chat_url):
        if _wait_until_answered(page, [chat_url]):
            _print_addresses({"chat": chat_url}, as_json=as_json)
        return page.wait()


def up(settings: AllSettings, *, as_json: bool) -> int:
    """Serve both and print their addresses when both answer. If one ends, so does the other."""
    with (
        _stop_on_signals() as stop,
        _api_server(settings, stop) as (server, addresses),
        _chat_page(settings.api, addresses["api"], stop) as (page, chat_url),
    ):
        watch = partial(_watch, server, page, {**addresses, "chat": chat_url}, as_json=as_json)
        threading.Thread(target=watch, name="watch", daemon=True).start()
        server.serve_until_stopped()
        if page.poll() is not None:
            raise CommandError(f"the chat page ended (exit status {page.returncode}); its messages are above")
    return 0


class _Stop:
    """An orderly stop at the first signal, and the end of this process and of `processes` at the second."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self._is_stopping = False

    def handle(self, number: int, _frame: FrameType | None) -> None:
        if self._is_stopping:
            self.end_at_once(number)
        self._is_stopping = True
        raise SystemExit(0)

    def end_at_once(self, number: int) -> None:
        for process in self.processes:
            process.kill()
        end_process(number)


@contextmanager
def _stop_on_signals() -> Generator[_Stop, None, None]:
    """Turn SIGINT and SIGTERM into an orderly stop with exit status 0.

    uvicorn raises the signal that stopped it once more at its end; this handler catches it.
    """
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _api_server(settings: AllSettings, stop: _Stop) -> Generator[tuple[PinciteServer, dict[str, str]], None, None]:
    """Yield a server whose port is bound already, and its addresses: `api`, and `lmstudio` if it has that one."""
    check_address(settings.api, has_named_keys=partial(_has_named_keys, settings))
    configure_logging(settings.api.log_level, has_tracebacks=True)
    with (
        open_socket(settings.api.host, settings.api.port, option="--port") as listener,
        open_lmstudio_socket(settings.api) as others,
        claim_home(settings) as presence,
    ):
        services = Services(settings, load_patience_seconds=settings.api.load_patience_seconds)
        try:
            app = create_app(services, settings.api)
            server = PinciteServer(app, settings.api, listener, presence, others=others, end_at_once=stop.end_at_once)
            addresses = {"api": address_of(listener)}
            if others:
                addresses["lmstudio"] = address_of(others[0])
            yield server, addresses
        finally:
            services.close()


def _has_named_keys(settings: AllSettings) -> bool:
    with open_library(settings) as library:
        return library.valid_keys() is not None


@contextmanager
def _chat_page(
    settings: ApiSettings, api_url: str, stop: _Stop
) -> Generator[tuple["subprocess.Popen[bytes]", str], None, None]:
    """Run the chat page in a child process; yield the process and its address."""
    # Binding the port for a moment tells whether it is free, and which port 0 becomes.
    with open_socket(settings.ui_host, settings.ui_port, option="--ui-port") as listener:
        port = int(listener.getsockname()[1])
    # The page has no key of its own: whoever opens it signs in with theirs.
    environment = {name: value for name, value in os.environ.items() if name != "PINCITE_API_KEY"}
    page = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        [sys.executable, "-m", "ui.server", "--host", settings.ui_host, "--port", str(port)],
        env={**environment, "PINCITE_API_URL": api_url},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the page
    )
    stop.processes.append(page)
    try:
        yield page, reachable(settings.ui_host, port)
    finally:
        _end(page)


def _end(page: "subprocess.Popen[bytes]") -> None:
    page.terminate()
    try:
        page.wait(UI_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        page.kill()
        page.wait()


def _watch(
    server: PinciteServer, page: "subprocess.Popen[bytes]", addresses: Mapping[str, str], *, as_json: bool
) -> None:
    """Print the addresses when both answer, and stop the server when the chat page ends."""
    if _wait_until_answered(page, [f"{addresses['api']}/health/live", addresses["chat"]]):
        _print_addresses(addresses, as_json=as_json)
    page.wait()
    server.should_exit = True


def _wait_until_answered(page: "subprocess.Popen[bytes]", urls: Sequence[str]) -> bool:
    """Whether all URLs answer before the chat page ends, however long that takes: a slow machine is no failure."""
    while page.poll() is None:
        if all(_answers(url) for url in urls):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _print_addresses(addresses: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        write_json_line(addresses)
        return
    width = max(5, *(len(LABELS[name]) for name in addresses))
    for name, url in addresses.items():
        results().print(f"{LABELS[name]:<{width}} {url}")


def _answers(url: str) -> bool:
    """Whether a server answers at `url`; never through a proxy that the environment names."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status < 500
    return False
