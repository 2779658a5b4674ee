"""A served home with tiny models, in processes of its own, and what a check asks of it."""

import functools
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.live import clean_environment, free_port, wait_until_answered
from tests.scorecard.tiny_embedder import ROOT, write_embedder
from tests.tiny_gguf import write_tiny_gguf

MODELS = Path(tempfile.gettempdir()) / f"pincite-scorecard-models-{os.getuid()}"
CHUNK_TOKENS = 200
STOP_SECONDS = 60.0
READ_SECONDS = 300.0
ENGINE, PARSER = "rag.engines.llama.worker:main", "ingest.parsers.worker:main"
OPEN_STATES = frozenset({"in_progress"})


@functools.cache
def tiny_models() -> dict[str, str]:
    """Return settings that choose a tiny model and a tiny embedder; they are written once for all checks."""
    model, embedder = MODELS / "tiny.gguf", MODELS / "tiny-embedder.gguf"
    if not (model.exists() and embedder.exists()):
        MODELS.mkdir(mode=0o700, exist_ok=True)
        write_tiny_gguf(model)
        write_embedder(embedder)
    return {
        "PINCITE_MODEL": str(model),
        "PINCITE_EMBEDDER": str(embedder),
        "PINCITE_CHUNK_TOKENS": str(CHUNK_TOKENS),
        "PINCITE_PARSER_WORKERS": "2",
        "PINCITE_READ_AHEAD_MB": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


@dataclass
class Server:
    """A running `pincite serve`, or `pincite up` with its page at `page_url`."""

    url: str
    home: Path
    process: "subprocess.Popen[bytes]"
    log: Path
    key: str = ""
    page_url: str = ""
    _made: set[str] = field(default_factory=set[str])

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def client(self, timeout: float = 120.0, **options: Any) -> httpx.Client:
        """Return a client with the server's key."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        transport = httpx.HTTPTransport(verify=False, limits=httpx.Limits(max_connections=None))
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=timeout, transport=transport, trust_env=False, **options
        )

    def model(self) -> str:
        """Return the id of the language model."""
        with self.client() as client:
            ids = [str(each["id"]) for each in client.get("/v1/models").json()["data"]]
            return next(id_ for id_ in ids if not id_.startswith("docs/"))

    def add(self, name: str, body: bytes, collection: str = "docs", client: httpx.Client | None = None) -> str:
        """Upload a file, queue it in a collection, and return its id."""
        if client is None:
            with self.client() as own:
                return self.add(name, body, collection, own)
        if collection not in self._made:
            client.post("/v1/vector_stores", json={"name": collection})
            self._made.add(collection)
        file_id = upload(client, name, body)
        client.post(f"/v1/vector_stores/{collection}/files", json={"file_id": file_id}).raise_for_status()
        return file_id

    def documents(self, collection: str = "docs") -> list[dict[str, Any]]:
        """Return all documents of a collection as the API lists them."""
        with self.client() as client:
            found = client.get(f"/v1/vector_stores/{collection}/files", params={"limit": 10_000})
            return list(found.raise_for_status().json()["data"])

    def wait_until_read(self, collection: str = "docs", seconds: float = READ_SECONDS) -> list[dict[str, Any]]:
        """Wait until no document waits or is read; return them. Raises `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while True:
            documents = self.documents(collection)
            if not any(each["status"] in OPEN_STATES for each in documents):
                return documents
            if time.monotonic() > deadline:
                raise TimeoutError(f"documents are not read after {seconds:g} s")
            time.sleep(0.3)

    def workers(self, target: str = "") -> list[int]:
        """Return the ids of the server's child processes, or of those that run `target`."""
        return [pid for pid, command in children(self.process.pid) if target in command]

    def kill(self) -> None:
        """End it without a chance to tidy up, and wait until its port and its workers are gone."""
        workers = self.workers()
        self.process.kill()
        self.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in workers), 20, "workers outlive their server")

    def stop(self) -> int:
        """End it as Ctrl-C would; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def start(
    home: Path, settings: Mapping[str, str] | None = None, *, page: bool = False, wait: bool = True, port: int = 0
) -> Server:
    """Start `pincite serve`, or `up`, with tiny models, and wait until it is ready."""
    home.parent.mkdir(parents=True, exist_ok=True)
    ports = [str(port or free_port()), str(free_port())]
    command = [sys.executable, "-m", "api.cli", *(["up"] if page else ["serve"]), "--port", ports[0]]
    environment = clean_environment(home, {**tiny_models(), **(settings or {})})
    log = home.with_name(f"{home.name}.log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, *(["--ui-port", ports[1]] if page else [])],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    key = environment.get("PINCITE_API_KEY", "")
    server = Server(f"http://127.0.0.1:{ports[0]}", home, process, log, key)
    server.page_url = f"http://127.0.0.1:{ports[1]}" if page else ""
    try:
        if wait:
            for url in (f"{server.url}/health/live", *filter(None, [server.page_url])):
                wait_until_answered(url, process, log)
            wait_until(lambda: is_ready(server), 180, f"not ready: {log.read_text(errors='replace')[-2000:]}")
    except BaseException:
        process.kill()
        process.wait()
        raise
    return server


def is_ready(server: Server) -> bool:
    """Whether the models are loaded."""
    if server.process.poll() is not None:
        raise RuntimeError(f"the server ended: {server.log.read_text(errors='replace')[-2000:]}")
    with server.client(timeout=10) as client:
        try:
            return client.get("/health/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@contextmanager
def serve(home: Path, settings: Mapping[str, str] | None = None, *, page: bool = False) -> Generator[Server]:
    """Serve a home inside the block."""
    server = start(home, settings, page=page)
    try:
        yield server
    finally:
        server.stop()


def upload(client: httpx.Client, name: str, body: bytes) -> str:
    """Store a file and return its id."""
    files = {"file": (name, io.BytesIO(body))}
    response = client.post("/v1/files", files=files, data={"purpose": "assistants"})
    return str(response.raise_for_status().json()["id"])


def search(client: httpx.Client, query: str, collection: str = "docs", top: int = 10) -> list[dict[str, Any]]:
    """Return the hits of a search."""
    body = {"query": query, "max_num_results": top}
    return list(client.post(f"/v1/vector_stores/{collection}/search", json=body).raise_for_status().json()["data"])


def cli(home: Path, *arguments: str, timeout: float = 300, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of Pincite on a home."""
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        env=clean_environment(home, {**tiny_models(), **settings}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def children(parent: int) -> list[tuple[int, str]]:
    """Return the children of a process and their command lines."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                    found.append((int(folder.name), command))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def is_alive(pid: int) -> bool:
    """Whether a process exists and is more than a line in a table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """Return how much memory a process has, or with `VmHWM` had at most, in MB; 0 of one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:")), 0.0)


def count_descriptors(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def count_threads(pid: int) -> int:
    """Return how many threads a process has."""
    return len(os.listdir(f"/proc/{pid}/task"))


def wait_until(condition: Any, seconds: float, otherwise: str) -> float:
    """Wait until `condition()` is true; return the seconds that took. Raises `TimeoutError`."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise TimeoutError(otherwise)
        time.sleep(0.05)
    return time.monotonic() - started


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def deltas(lines: Iterator[str]) -> Iterator[str]:
    """Yield the events of a stream, without the prefix."""
    return (line.removeprefix("data: ") for line in lines if line.startswith("data: "))
