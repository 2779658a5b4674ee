"""The page's server in its own process: allowed hosts and security headers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.live import free_port
from ui.server import is_loopback, main

pytestmark = pytest.mark.slow

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 (it must be refused)
FOREIGN_HOSTS = ["evil.example", "127.0.0.1.evil.example", "localhost.", "127.0.0.1@evil.example", EVERY_ADDRESS, ""]
PATHS = ["/", "/_stcore/health", "/_stcore/host-config", "/static/js/none.js", "/nowhere"]
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of the page; nothing is behind it."""
    port = free_port()
    environment = {**os.environ, "PINCITE_API_URL": "http://127.0.0.1:9", "PINCITE_ALLOWED_HOSTS": "docs.home.example"}
    process = subprocess.Popen([sys.executable, "-m", "ui.server", "--port", str(port)], env=environment)
    address = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(address, timeout=2)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield address
    process.terminate()
    assert process.wait(10) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_requests_for_another_host_are_refused_everywhere(url: str, path: str, host: str) -> None:
    assert httpx.get(url + path, headers={"Host": host}).status_code == httpx.codes.BAD_REQUEST


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "docs.home.example"])
def test_requests_for_this_machine_and_configured_hosts_are_answered(url: str, name: str) -> None:
    assert httpx.get(url, headers={"Host": f"{name}:8501"}).status_code == httpx.codes.OK


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("evil.example", "http://evil.example", 400),
        ("127.0.0.1", "http://evil.example", 403),
        ("127.0.0.1", "http://127.0.0.1:9999", 403),
        ("127.0.0.1", "http://localhost", 403),
        ("localhost:8501", "http://localhost:3000", 403),
        ("127.0.0.1", "null", 403),
        ("127.0.0.1", None, 403),
        ("docs.home.example", "https://docs.home.example.evil.example", 403),
        ("127.0.0.1", "http://127.0.0.1", 101),
        ("localhost:8501", "http://localhost:8501", 101),
        ("docs.home.example", "https://docs.home.example", 101),
    ],
)
def test_a_web_socket_opens_only_for_the_page_itself(url: str, host: str, origin: str | None, status: int) -> None:
    headers = {**UPGRADE, "Host": host} | ({} if origin is None else {"Origin": origin})
    with httpx.stream("GET", f"{url}/_stcore/stream", headers=headers) as response:
        assert response.status_code == status


@pytest.mark.parametrize(("origin", "is_refused"), [("http://127.0.0.1:9999", True), ("null", True), (None, False)])
def test_other_pages_send_no_files(url: str, origin: str | None, is_refused: bool) -> None:
    headers = {} if origin is None else {"Origin": origin}
    response = httpx.put(f"{url}/_stcore/upload_file/a/b", headers=headers, content=b"x")
    assert (response.text == "Requests from other pages are refused.") is is_refused


def test_the_browser_is_told_to_load_nothing_from_elsewhere(url: str) -> None:
    headers = httpx.get(url).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    sources = {source for part in policy.values() for source in part.split()}
    assert {source for source in sources if ":" in source} == {
        "data:",
        "blob:",
        url.replace("http:", "ws:"),
        url.replace("http:", "ws:").replace("127.0.0.1", "localhost"),
    }
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_it_listens_on_this_machine_only(url: str) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(url.replace("127.0.0.1", "127.0.0.2"))


def test_a_port_that_is_taken_is_said_so(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    port = url.rsplit(":", 1)[1]
    assert main(["--port", port]) == 1
    assert capsys.readouterr().err == (
        f"Cannot serve the page on 127.0.0.1:{port}: address already in use. Choose another --port.\n"
    )


@pytest.mark.parametrize("host", [EVERY_ADDRESS, "::", "192.0.2.7", "pincite.example"])
def test_an_address_that_others_can_reach_is_refused(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", host]) == 2
    assert "does not encrypt" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_has_several_names(host: str) -> None:
    assert is_loopback(host)
