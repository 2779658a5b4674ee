"""L1, L5, L6: routes that stay quick beside work, clients that are slow on purpose, uploads that are too much."""

import re
import select
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.scorecard.check import CannotRunError, Measured
from tests.scorecard.server import Server, count_descriptors, memory_mb, percentile, serve, upload

LIMIT_MS = 250.0
PATHS = ("/health/live", "/v1/models")
PAUSE_SECONDS = 2.0
CLOSED_SECONDS = 15.0
BUFFERED_MB = 4
"""What the kernel takes from a client before the server looks, over loopback."""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}


def quick_routes(folder: Path, files: int = 200, seconds: int = 20, connections: int = 32) -> Measured:
    """L1: the probe and the list of models stay quick while files are read."""
    if shutil.which("wrk") is None:
        raise CannotRunError("wrk is not installed (apt-get install wrk)")
    problems: list[str] = []
    parts = []
    with serve(folder / "home", {"PINCITE_READ_AHEAD_MB": "0"}) as server:
        idle = [hammer(server.url + path, seconds=5, connections=connections) for path in PATHS]
        for number in range(files):
            server.add(f"{number}.txt", f"File {number}. ".encode() + b"The pump is oiled every month. " * 400)
        for path, (usual, _, _) in zip(PATHS, idle, strict=True):
            late, count, bad = hammer(server.url + path, seconds=seconds, connections=connections)
            left = sum(each["status"] == "in_progress" for each in server.documents())
            parts.append(f"{path} p99 {late:.0f} ms of {count} (idle {usual:.0f} ms; {left} files waited at the end)")
            problems += [f"{path}: {bad} answers were no success"] if bad else []
            problems += [f"{path}: p99 is {late:.0f} ms"] if late > LIMIT_MS else []
            problems += [f"{path}: reading was over before the measurement"] if not left else []
    if problems and any(usual > LIMIT_MS for usual, _, _ in idle) and not any("success" in each for each in problems):
        return Measured("; ".join(parts), (), "the idle server misses the limit on this machine as well")
    return Measured("; ".join(parts), problems)


def hammer(url: str, *, seconds: int, connections: int) -> tuple[float, int, int]:
    """Return the 99th percentile in ms, the number of answers, and how many were no success, as `wrk` counts them."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    late, count = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", said), re.search(r"(\d+) requests in", said)
    if late is None or count is None:
        raise RuntimeError(f"wrk said {said}")
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: (.*)", said)
    failed = int(errors[1]) if errors else 0
    failed += sum(int(number) for number in re.findall(r"\d+", broken[1])) if broken else 0
    return float(late[1]) * _UNITS[late[2]], int(count[1]), failed


@dataclass(frozen=True, slots=True)
class SlowKind:
    """A way to be slow: what is sent first, and what is done at every pause."""

    name: str
    first: bytes
    go_on: Callable[[socket.socket], object]


def slow_clients(folder: Path, connections: int = 200, seconds: float = 60) -> Measured:
    """L5: clients that are slow to send or to read are hung up on, and nobody else feels them."""
    problems: list[str] = []
    parts = []
    with serve(folder / "home") as server:
        with server.client() as client:
            big = upload(client, "big.bin", b"x" * 20_000_000)
        for kind in _kinds(server, big):
            figure, found = _be_slow(server, kind, connections, seconds)
            parts.append(figure)
            problems += found
    return Measured("; ".join(parts), problems)


def _kinds(server: Server, big: str) -> Iterator[SlowKind]:
    host = f"Host: 127.0.0.1:{server.port}\r\n"
    yield SlowKind("heads", f"GET /v1/models HTTP/1.1\r\n{host}".encode(), lambda peer: peer.send(b"X-a: b\r\n"))
    head = f"POST /v1/chat/completions HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
    yield SlowKind("bodies", head.encode() + b"{", lambda peer: peer.send(b" "))
    path = f"GET /v1/files/{big}/content HTTP/1.1\r\n{host}\r\n"
    yield SlowKind("readers", path.encode(), lambda peer: peer.recv(1))


def _be_slow(server: Server, kind: SlowKind, connections: int, seconds: float) -> tuple[str, list[str]]:
    before, descriptors = memory_mb(server.process.pid), count_descriptors(server.process.pid)
    waits: list[float] = []
    is_over = threading.Event()
    normal = threading.Thread(target=_be_normal, args=(server, waits, is_over))
    with ExitStack() as stack:
        peers = {stack.enter_context(_connect(server.port)): 0.0 for _ in range(connections)}
        started = time.monotonic()
        for peer in peers:
            peer.send(kind.first)
        normal.start()
        while time.monotonic() - started < seconds and not all(peers.values()):
            kept = _kept_peers(server.port)
            for peer in [peer for peer, closed in peers.items() if not closed]:
                if _is_closed(peer, kind) or peer.getsockname()[1] not in kept:
                    peers[peer] = time.monotonic() - started
            time.sleep(PAUSE_SECONDS)
        grown = memory_mb(server.process.pid) - before
        opened = count_descriptors(server.process.pid) - descriptors
        is_over.set()
        normal.join()
    closed = [when for when in peers.values() if when]
    late = percentile(waits, 0.95)
    last = f"within {max(closed):.0f} s" if closed else "none"
    figure = f"slow {kind.name}: {len(closed)} of {connections} closed {last}, others p95 {late:.2f} s, {grown:+.0f} MB"
    problems = []
    if len(closed) < connections or max(closed) > CLOSED_SECONDS + 2 * PAUSE_SECONDS:
        problems.append(
            f"slow {kind.name}: {len(closed)} of {connections} closed in {seconds:g} s, {opened} files open"
        )
    if late > 1:
        problems.append(f"slow {kind.name}: a normal client waited {late:.1f} s")
    if grown > 32:
        problems.append(f"slow {kind.name}: memory grew by {grown:.0f} MB")
    return figure, problems


def _connect(port: int) -> socket.socket:
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    peer.settimeout(20)
    peer.connect(("127.0.0.1", port))
    peer.settimeout(0.0)
    return peer


def _is_closed(peer: socket.socket, kind: SlowKind) -> bool:
    """Go on being slow; tell whether the server has hung up."""
    try:
        if kind.name == "readers":
            return kind.go_on(peer) == b""
        kind.go_on(peer)
        while peer.recv(4_096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _kept_peers(port: int) -> set[int]:
    """Return the ports of the clients whose connections the server still holds.

    A client that has not read all does not see that the server has hung up.
    """
    kept = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, *_, inode = line.split()[:10]
        if int(local.split(":")[1], 16) == port and inode != "0":
            kept.add(int(remote.split(":")[1], 16))
    return kept


def _be_normal(server: Server, waits: list[float], is_over: threading.Event) -> None:
    with server.client() as client:
        while not is_over.is_set():
            started = time.monotonic()
            client.get("/v1/models").raise_for_status()
            waits.append(time.monotonic() - started)
            is_over.wait(0.2)


def upload_bounds(folder: Path, megabytes: int = 200) -> Measured:
    """L6: what is too much or malformed is refused before it is taken in, and leaves nothing behind."""
    temporary = folder / "tmp"
    temporary.mkdir()
    settings = {"PINCITE_API_KEY": "k" * 32, "PINCITE_MAX_UPLOAD_MB": "20", "TMPDIR": str(temporary)}
    problems: list[str] = []
    seen: Counter[int] = Counter()
    refused_after = 0
    with serve(folder / "home", settings) as server:
        for name, key, head, body, allowed in _bad_uploads(megabytes):
            status, taken = _send(server, key, head, body)
            seen[status] += 1
            if status not in allowed:
                problems.append(f"{name}: {status}")
            if status == 401:
                refused_after = max(refused_after, taken)
        with server.client() as client:
            if client.get("/v1/files").json()["data"]:
                problems.append("a file of a refused request was kept")
    kept = [path for path in (server.home / "files").rglob("*") if path.is_file()]
    lying = [path for path in temporary.rglob("*") if path.is_file()]
    problems += [f"left behind: {path.name}" for path in (*kept, *lying)]
    sent = refused_after / (1 << 20)
    problems += [f"{sent:.0f} MB were sent without a key"] if sent > BUFFERED_MB + 1 else []
    told = ", ".join(f"{count} x {status}" for status, count in sorted(seen.items()))
    figure = f"{sum(seen.values())} bad uploads: {told}; {sent:.1f} of {megabytes} MB sent without a key"
    return Measured(figure, problems)


def _bad_uploads(megabytes: int) -> Iterator[tuple[str, bool, str, Iterator[bytes], set[int]]]:
    form = "Content-Type: multipart/form-data; boundary=b\r\n"
    start = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    million = b"x" * (1 << 20)
    part = b'--b\r\nContent-Disposition: form-data; name="n%d"\r\n\r\nv\r\n'
    sized = f"{form}Content-Length: {megabytes << 20}\r\n"
    chunked = f"{form}Transfer-Encoding: chunked\r\n"

    def much(count: int) -> Iterator[bytes]:
        yield start
        for _ in range(count):
            yield million

    def of(body: bytes) -> tuple[str, Iterator[bytes]]:
        return f"{form}Content-Length: {len(body)}\r\n", iter([body])

    yield "no key", False, sized, much(megabytes), {401, 413}
    yield "no key, no length", False, chunked, _in_chunks(much(megabytes)), {401, 413}
    yield "over the limit", True, sized, much(megabytes), {413}
    yield "over the limit, no length", True, chunked, _in_chunks(much(megabytes)), {413}
    fields = b"".join(part % number for number in range(1_001)) + b"--b--\r\n"
    yield "1,001 fields", True, *of(fields), {400}
    files = fields.replace(b'"\r\n\r\nv', b'"; filename="f"\r\n\r\nv')
    yield "1,001 files", True, *of(files), {400}
    yield "a part header of 1 MB", True, *of(b"--b\r\nX: " + million + b"\r\n\r\nv\r\n--b--\r\n"), {400}
    yield "60,000 part headers", True, *of(b"--b\r\n" + b"X: y\r\n" * 60_000 + b"\r\nv\r\n--b--\r\n"), {400}
    yield "a field of 5 MB", True, *of(part % 1 + 5 * million + b"\r\n--b--\r\n"), {400, 413}
    for length in ("-1", "+5", "5_0", "0x10", "9" * 30, " ", "1e3", "5.0", "five"):
        yield f"length {length!r}", True, f"{form}Content-Length: {length}\r\n", iter([b"x"]), {400, 413}
    both = f"{form}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
    yield "both lengths", True, both, iter([b"0\r\n\r\n"]), {400}
    yield "a head of 1 MB", True, f"X: {'y' * (1 << 20)}\r\n", iter([]), {400, 431}


def _in_chunks(parts: Iterator[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def _send(server: Server, key: bool, head: str, body: Iterator[bytes]) -> tuple[int, int]:
    """Send a request until the server answers; return its status, 0 for none, and how much was sent by then."""
    lines = f"POST /v1/files HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{head}"
    lines += f"Authorization: Bearer {server.key}\r\n\r\n" if key else "\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        with suppress(OSError):
            peer.sendall(lines.encode())
            for part in body:
                if _has_answer(peer):
                    break
                peer.sendall(part)
                sent += len(part)
        with suppress(OSError):
            return int(peer.recv(4_096).split(b" ")[1]), sent
    return 0, sent


def _has_answer(peer: socket.socket) -> bool:
    return bool(select.select([peer], [], [], 0)[0])
