"""D13: nothing leaves the machine: a whole journey without a network, and what its processes tried."""

import ctypes
import fcntl
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from tests.browser.chat_page import ChatPage
from tests.browser.chromium import FLAGS, find_chromium
from tests.faults import tracing
from tests.live import free_port, wait_until_answered
from tests.scorecard.check import CannotRunError, Measured
from tests.scorecard.load_queue import body_of
from tests.scorecard.server import PARSER, Server, cli, search, serve
from tests.scorecard.tiny_embedder import ROOT

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
SAMPLES = ROOT / "data" / "samples"
_ADDRESS = re.compile(r'inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]+)"')
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")


def offline(folder: Path) -> Measured:
    """D13: a user's whole journey works without a network, no process asks for one, and a parser could not."""
    leave_the_network()
    if (reason := tracing.why_not()) is not None:
        raise CannotRunError(reason)
    trace = folder / "trace"
    command = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", str(trace), "-e", "trace=connect,sendto,sendmsg,sendmmsg"]
    with untraced_chromium(folder) as debugging_url:
        said = subprocess.run(
            [*command, sys.executable, "-m", "tests.scorecard.doors_offline", str(folder), debugging_url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    if said.returncode:
        return Measured("the journey without a network ended early", [(said.stderr.strip() or "without a word")[-300:]])
    outside = set(outside_addresses(trace.read_text(errors="replace").splitlines()))
    told = said.stdout.splitlines()
    problems = [f"a process asked for {address}" for address in sorted(outside)]
    problems += [line.removeprefix("PROBLEM ") for line in told if line.startswith("PROBLEM ")]
    left = "" if find_chromium() else "the page in a browser (there is no Chromium)"
    steps = [line for line in told if not line.startswith("PROBLEM ")]
    return Measured(f"{', '.join(steps)}: {len(outside)} addresses outside of this machine asked for", problems, left)


@contextmanager
def untraced_chromium(folder: Path) -> Generator[str]:
    """Run a Chromium beside the trace, as it asks for addresses of its own; yield where it is driven, or nothing."""
    executable = find_chromium()
    if executable is None:
        yield ""
        return
    port = free_port()
    options = [f"--remote-debugging-port={port}", f"--user-data-dir={folder / 'chromium'}", "about:blank"]
    process = subprocess.Popen([executable, *FLAGS, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_answered(f"{url}/json/version", process, Path(os.devnull))
        yield url
    finally:
        process.kill()
        process.wait()


def leave_the_network() -> None:
    """Move this process into a network of its own, which has nothing but loopback. Raises `CannotRunError`."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise CannotRunError(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING)
        fcntl.ioctl(control, SIOCSIFFLAGS, request)


def outside_addresses(lines: list[str]) -> Iterator[str]:
    """Yield the internet addresses in a trace that are not this machine's."""
    for line in lines:
        for address in _ADDRESS.findall(line):
            if not address.startswith("127.") and address not in ("::1", "0.0.0.0", "::"):  # noqa: S104 (this host)
                port = _PORT.search(line)
                yield f"{address} port {port[1] if port else '?'}"


def journey(folder: Path, debugging_url: str) -> Iterator[str]:
    """Do what a user does, from the first document to the backup; yield what was done."""
    home = folder / "home"
    made = cli(home, "ingest", str(SAMPLES))
    if made.returncode:
        raise RuntimeError(f"ingest: {made.stderr[-300:]}")
    yield f"{len(list(SAMPLES.iterdir()))} samples"
    with serve(home, page=True) as server, server.client() as client:
        for name in ("a.txt", "b.html", "c.md"):
            server.add(name, f"The pump {name} is blue. http://example.org/x.png".encode(), "default")
        documents = server.wait_until_read("default")
        yield f"{len(documents)} documents"
        if not search(client, "blue pump", "default"):
            raise RuntimeError("nothing is found")
        for model in (server.model(), "docs/default"):
            client.post("/v1/chat/completions", json=body_of(model, "Is the pump blue?")).raise_for_status()
        yield "search and 2 answers"
        if debugging_url:
            yield from _look_at_the_page(server, debugging_url)
        yield from _parser_problems(server)
    for command in (["doctor"], ["models", "ls"], ["check"], ["backup", str(folder / "backup")]):
        said = cli(home, *command)
        if said.returncode not in (0, 1):
            raise RuntimeError(f"{command}: {said.stderr[-300:]}")
    yield "doctor, models, check, backup"


def _look_at_the_page(server: Server, debugging_url: str) -> Iterator[str]:
    hosts: set[str | None] = set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(debugging_url)
        page = browser.new_context().new_page()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.on("websocket", lambda opened: hosts.add(urlsplit(opened.url).hostname))
        ChatPage(page, server.page_url)
    yield f"the page in Chromium ({len(hosts - {None})} host)"
    if outside := hosts - {None, "127.0.0.1"}:
        yield f"PROBLEM the page asked for {outside}"


def _parser_problems(server: Server) -> Iterator[str]:
    """A parser that was taken over has no network: another namespace, or a filter that forbids sockets."""
    own = os.readlink("/proc/self/ns/net")
    server.add("again.txt", b"A parser runs for it.", "default")
    server.wait_until_read("default")
    parsers = server.workers(PARSER)
    if not parsers:
        yield "PROBLEM no parser was seen"
    for pid in parsers:
        with suppress(FileNotFoundError):
            status = dict(
                line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
            )
            has_network = os.readlink(f"/proc/{pid}/ns/net") == own and status.get("Seccomp", "0").strip() != "2"
            if has_network:
                yield "PROBLEM a parser has the network of its server and no filter of system calls"
            if status.get("NoNewPrivs", "0").strip() != "1":
                yield "PROBLEM a parser may gain privileges"


if __name__ == "__main__":
    shutil.rmtree(Path(sys.argv[1]) / "home", ignore_errors=True)
    for step in dict.fromkeys(journey(Path(sys.argv[1]), sys.argv[2])):
        sys.stdout.write(step + "\n")
