"""D1, D2, D3, D4, D9: where the server listens, and whom it lets in."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx

from api.http.credentials import KEY_HEADERS
from tests.api.test_guards import FOREIGN_HOSTS
from tests.live import clean_environment, free_port
from tests.scorecard.check import Measured
from tests.scorecard.http import describe, open_socket, routes, status_of
from tests.scorecard.server import (
    Server,
    children,
    cli,
    count_threads,
    percentile,
    serve,
    tiny_models,
    wait_until,
)
from tests.scorecard.tiny_embedder import ROOT

KEY = "correct-horse-battery-staple-0451"
SHORT_KEY = "short"
RIGHT_FORMS: Sequence[Mapping[str, str]] = (
    *({"Authorization": f"{scheme} {KEY}"} for scheme in ("Bearer", "bearer", "BEARER")),
    *({name: KEY} for name in KEY_HEADERS),
)
MORE_HOSTS = [
    "evil.example:80",
    "127.0.0.1:80@evil.example",
    "xn--localhost-",
    "169.254.169.254",
    "localhost,evil.example",
]
LOOPBACK_FORMS = (
    *("127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "127.1"),
    *("[::ffff:127.0.0.1]", "[::1]"),
)
OTHER_SCHEMES = (
    *("file:///etc/passwd", "ftp://127.0.0.1", "gopher://127.0.0.1", "data:text/plain,x", "jar:http://x!/y"),
    *("http://127.0.0.1.nip.io", "http://169.254.169.254/latest", "http://0/x"),
)
SAFE = {"GET", "HEAD", "OPTIONS"}
FOREIGN = "http://evil.example"
CROSS_SITE: Sequence[Mapping[str, str]] = (
    {"Origin": FOREIGN},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "https://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Content-Type": "text/plain"},
    {"Origin": FOREIGN, "Content-Type": "multipart/form-data; boundary=b"},
)


def addresses(folder: Path) -> Measured:
    """D1: by default only this machine reaches the API and the page; elsewhere a long key is asked for."""
    problems: list[str] = []
    with serve(folder / "home", page=True) as server:
        pids = [server.process.pid, *(pid for pid, _ in children(server.process.pid))]
        listening = {address for pid in pids for address in listening_addresses(pid)}
    if outside := [address for address in listening if not address.startswith(("127.", "::1"))]:
        problems.append(f"it listens on {outside}")
    port, tried = str(free_port()), 0
    every = ("0.0.0.0", "::", _own_address())  # noqa: S104 (addresses that must be refused)
    for command, flag in (("serve", "--host"), ("up", "--host"), ("ui", "--host")):
        for host in every:
            for key in ("", SHORT_KEY) if command != "ui" else ("",):
                tried += 1
                said = _refused(folder / "other", command, flag, host, port, key)
                problems += [f"{command} on {host} with the key {key!r}: {said}"] if said else []
    return Measured(
        f"listening on {len(listening)} addresses of this machine alone; {tried} other starts refused", problems
    )


def _refused(home: Path, command: str, flag: str, host: str, port: str, key: str) -> str:
    """Return what is wrong with the refusal of an address: it has to come before anything listens there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", command, flag, host, "--port", port],
        cwd=ROOT,
        env=clean_environment(home, {**tiny_models(), **({"PINCITE_API_KEY": key} if key else {})}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: process.poll() is not None or any(listening_addresses(process.pid)), 90, "it does not end")
        return "" if process.poll() == 2 else f"exit {process.poll()}" if process.poll() is not None else "it listens"
    except TimeoutError as error:
        return str(error)
    finally:
        process.terminate()
        process.communicate()


def _own_address() -> str:
    """Return an address of this machine that others can reach, or one that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # a datagram socket sends nothing when it is connected
        return str(probe.getsockname()[0])
    return "192.0.2.7"


def listening_addresses(pid: int) -> list[str]:
    """Return the addresses on which a process listens; none of one that has ended."""
    found = []
    try:
        own = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
        for table, width in (("tcp", 4), ("tcp6", 16)):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                parts = line.split()
                if parts[3] == "0A" and f"socket:[{parts[9]}]" in own:
                    address, port = parts[1].split(":")
                    found.append(f"{_readable(bytes.fromhex(address), width)}:{int(port, 16)}")
    except OSError:  # it has ended, or has closed a file, while it was looked at
        return []
    return found


def _readable(address: bytes, width: int) -> str:
    words = b"".join(address[start : start + 4][::-1] for start in range(0, width, 4))
    return socket.inet_ntop(socket.AF_INET if width == 4 else socket.AF_INET6, words)


def host_names(folder: Path) -> Measured:
    """D2: a name that is not this server's is refused on every route, before the key and before the body."""
    hosts = [*FOREIGN_HOSTS, *MORE_HOSTS]
    seen: Counter[int] = Counter()
    problems: list[str] = []
    with serve(folder / "home", {"PINCITE_API_KEY": KEY}, page=True) as server:
        known = routes(server)
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            for host in hosts:
                for route in known:
                    try:
                        status = status_of(client, route, {"Host": host}, content=b"x" if route[0] == "POST" else b"")
                    except httpx.TransportError as error:
                        problems.append(f"{host} {route}: {error!r}")
                        continue
                    seen[status] += 1
                    problems += [f"{host} {' '.join(route)}: {status}"] if status not in (400, 421) else []
        page = 0
        names = [host for host in hosts if not host.startswith("localhost:")]  # whose port alone is odd
        for host in names:
            for path in ("/", "/_stcore/health", "/static/js/x.js"):
                page += 1
                status = httpx.get(server.page_url + path, headers={"Host": host}, trust_env=False).status_code
                problems += [f"the page for {host}: {status}"] if status not in (400, 421) else []
            status = open_socket(server.page_url, {"Host": host, "Origin": f"http://{host}"})
            problems += [f"the page's web socket for {host}: {status}"] if status not in (400, 403, 421) else []
    told = ", ".join(f"{count} x {status}" for status, count in sorted(seen.items()))
    figure = (
        f"{len(hosts)} names x {len(known)} routes: {told}; {page} times the page and {len(names)} times its socket"
    )
    return Measured(figure, problems)


def cross_site(folder: Path, streams: int = 150) -> Measured:
    """D3: other web pages change nothing, read nothing, and cannot keep the server busy."""
    problems: list[str] = []
    tried = 0
    with serve(folder / "home", page=True) as server, server.client() as client:
        unsafe = [route for route in routes(server) if route[0] not in SAFE]
        for route in unsafe:
            for headers in CROSS_SITE:
                tried += 1
                status = status_of(client, route, headers)
                problems += [f"{' '.join(route)} with {dict(headers)}: {status}"] if status != 403 else []
            status = status_of(client, route, {})
            problems += [f"{' '.join(route)} of a program: {status}"] if status in (401, 403, 421) else []
        for method, path in routes(server):
            headers = {"Origin": FOREIGN, "Access-Control-Request-Method": method}
            answer = client.options(path, headers=headers)
            problems += [f"a preflight of {path} is allowed"] if "access-control-allow-origin" in answer.headers else []
        problems += _page_sockets(server)
        figure, found = _foreign_streams(server, streams)
        problems += found
    return Measured(f"{len(unsafe)} routes x {len(CROSS_SITE)} kinds of headers: {tried} x 403; {figure}", problems)


def _page_sockets(server: Server) -> list[str]:
    port = server.page_url.rsplit(":", 1)[1]
    foreign = [FOREIGN, "null", "http://localhost:3000", "http://127.0.0.1:9999", "https://127.0.0.1", "http://[::1]:1"]
    problems = []
    for origin in foreign:
        status = open_socket(server.page_url, {"Host": f"127.0.0.1:{port}", "Origin": origin})
        problems += [f"the page's web socket takes {origin}"] if status == 101 else []
    status = open_socket(server.page_url, {"Host": f"127.0.0.1:{port}", "Origin": server.page_url})
    return [*problems, *([f"the page's own web socket: {status}"] if status != 101 else [])]


def _foreign_streams(server: Server, count: int) -> tuple[str, list[str]]:
    """Open many event streams as a foreign page would, while the queue is paused, and look at what that costs."""
    with server.client() as client:
        client.post("/v1/queue/pause").raise_for_status()
        server.add("waits.txt", b"It waits.")
        threads, statuses = count_threads(server.process.pid), Counter[int]()
        with ExitStack() as stack:
            for _ in range(count):
                other = stack.enter_context(server.client(timeout=20))
                request = other.build_request("GET", "/v1/queue/events", headers={"Origin": FOREIGN})
                try:
                    answer = other.send(request, stream=True)
                except httpx.TransportError:
                    statuses[0] += 1
                    continue
                statuses[answer.status_code] += 1
                stack.callback(answer.close)
            grown = count_threads(server.process.pid) - threads
            waits = []
            for _ in range(20):
                started = time.monotonic()
                client.get("/v1/models").raise_for_status()
                waits.append(time.monotonic() - started)
        client.post("/v1/queue/resume").raise_for_status()
    problems = [f"{statuses[200]} foreign event streams are open"] if statuses[200] > 32 else []
    problems += [f"{grown} threads for event streams"] if grown > 48 else []
    told = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    return (
        f"{count} foreign event streams: {told}, {grown:+d} threads, p95 {percentile(waits, 0.95) * 1000:.0f} ms",
        problems,
    )


def keys(folder: Path) -> Measured:
    """D4: only the probe answers without the key, which counts in its header alone, and a revoked one no more."""
    problems: list[str] = []
    tried, is_open = 0, set()
    with serve(folder / "home", {"PINCITE_API_KEY": KEY}) as server:
        known = routes(server)
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            for route in known:
                for form, headers, query in _forms(KEY):
                    tried += 1
                    status = status_of(client, route, headers, params=query)
                    if status != 401:
                        is_open.add(route)
                        problems += [f"{' '.join(route)} with {form}: {status}"] if route[1] != "/health/live" else []
            for right in RIGHT_FORMS:
                status = status_of(client, ("GET", "/v1/models"), right)
                problems += [f"the key as {[*right.items()]}: {status}"] if status != 200 else []
        figure, found = _revoked(server)
    answered = sorted(path for _, path in is_open)
    figure = f"{len(known)} routes x {tried // len(known)} forms: only {answered} answers; {figure}"
    return Measured(figure, [*problems, *found])


def _forms(key: str) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Yield ways to come without a key, with a wrong one, or with the right one in a wrong place."""
    yield "nothing", {}, {}
    for scheme in ("Basic", "Token", "Digest", ""):
        yield f"the scheme {scheme!r}", {"Authorization": f"{scheme} {key}".strip()}, {}
    for wrong in (key[:-1], key + "x", key.upper(), "", "null", "undefined"):
        yield f"the key {wrong!r}", {"Authorization": f"Bearer {wrong}".strip()}, {}
    for name in KEY_HEADERS:
        yield f"another key in {name}", {name: f"{key}x"}, {}
    for name in ("X-Auth-Token", "Proxy-Authorization", "apikey"):
        yield f"the header {name}", {name: key}, {}
    yield "a cookie", {"Cookie": f"api_key={key}; session={key}"}, {}
    for name in ("api_key", "key", "token", "access_token"):
        yield f"the parameter {name}", {}, {name: key}


def _revoked(server: Server) -> tuple[str, list[str]]:
    """Make a key, take it back, and say how soon it is refused."""
    made = cli(server.home, "keys", "create", "guest", "--json")
    if made.returncode:
        return "no key that can be revoked", [f"there are no keys to revoke: {made.stderr.strip()[-100:]}"]
    found = re.search(r'"(?:key|secret|token)":\s*"([^"]+)"', made.stdout)
    if found is None:
        return "no key was shown", [f"`pincite keys create --json` says {made.stdout[:100]}"]
    headers = {"Authorization": f"Bearer {found[1]}"}
    problems = []
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
        before = client.get("/v1/models").status_code
        problems += [f"a new key: {before}"] if before != 200 else []
        said = cli(server.home, "keys", "revoke", "guest")
        problems += [f"revoking: {said.stderr[-100:]}"] if said.returncode else []
        started = time.monotonic()
        while client.get("/v1/models").status_code == 200 and time.monotonic() - started < 10:
            time.sleep(0.05)
        seconds = time.monotonic() - started
    problems += [f"a revoked key was taken for {seconds:.1f} s"] if seconds > 1 else []
    return f"a revoked key is refused after {seconds:.2f} s", problems


@contextmanager
def listener() -> Iterator[tuple[int, list[str]]]:
    """Listen on a loopback port and note who comes."""
    hits: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        is_over = threading.Event()

        def accept() -> None:
            while not is_over.is_set():
                with suppress(TimeoutError):
                    peer, address = server.accept()
                    hits.append(str(address))
                    peer.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield int(server.getsockname()[1]), hits
        finally:
            is_over.set()
            thread.join()


def addresses_in_requests(folder: Path) -> Measured:
    """D9: no field of any request is an address that the server goes to."""
    problems: list[str] = []
    with listener() as (port, hits), serve(folder / "home") as server, server.client() as client:
        fields = [
            name for name in re.findall(r'"(\w*(?:url|uri|href)\w*)": {', str(describe(server)).replace("'", '"'))
        ]
        urls = list(_urls(port))
        server.add("links.html", "".join(f'<a href="{url}">x</a><img src="{url}">' for url in urls).encode())
        server.add("links.md", "\n".join(f"![x]({url})" for url in urls).encode())
        for url in urls:
            picture = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": url}]
            bodies = [
                ("/v1/chat/completions", {"model": server.model(), "messages": [{"role": "user", "content": picture}]}),
                ("/v1/chat/completions", {"model": url, "messages": [{"role": "user", "content": "x"}]}),
                ("/v1/vector_stores/docs/files", {"file_id": url}),
                ("/api/v1/models/load", {"model": url}),
            ]
            for path, body in bodies:
                status = client.post(path, json=body).status_code
                problems += [f"{path} with {url}: {status}"] if not 400 <= status < 500 else []
        server.wait_until_read()
    problems += [f"the listener was reached {len(hits)} times"] if hits else []
    figure = (
        f"{len(urls)} addresses in 4 fields and 2 documents: {len(hits)} visits of the listener; fields for addresses: "
        f"{sorted(set(fields))}"
    )
    return Measured(figure, problems)


def _urls(port: int) -> Iterator[str]:
    for host in LOOPBACK_FORMS:
        for form in ("http://{}:{}/x", "http://user@{}:{}/x", "http://example.org@{}:{}/x", "//{}:{}/x"):
            yield form.format(host, port)
    yield from OTHER_SCHEMES
