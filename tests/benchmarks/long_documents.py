"""What long PDFs cost: peak memory by pages, and how soon the first page of one is found while it is being read.

usage: python -m tests.benchmarks.long_documents [--pages N [N …]] [--early N]

Memory is the proportional set size (PSS) of the `pincite ingest` process and all its workers together, looked at
every 0.25 s; each size runs in a home of its own. For the second figure a PDF is uploaded to a running server, which is
asked for a sentence of page 1 until it finds it.
"""

import argparse
import logging
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.files import write_pdf
from tests.live import clean_environment, free_port, wait_until_answered

LOOK_EVERY_SECONDS = 0.25
LINES_PER_PAGE = 8
WORDS_PER_LINE = 9
MEGABYTE = 1 << 20


def long_pdf(path: Path, pages: int) -> Path:
    """Write a PDF of that many pages; no two pages say the same."""
    dice = random.Random(pages)  # noqa: S311 (made-up text)
    words = ["".join(dice.choice("bdfglmnprst") + dice.choice("aeiou") for _ in range(3)) for _ in range(5000)]
    lines = ([f"This is page {number} of the record.", *_lines(dice, words)] for number in range(1, pages + 1))
    return write_pdf(path, *lines, title="The long record")


def _lines(dice: random.Random, words: list[str]) -> list[str]:
    return [" ".join(dice.choices(words, k=WORDS_PER_LINE)).capitalize() + "." for _ in range(LINES_PER_PAGE)]


def peak_of_ingest(pages: int) -> tuple[float, float]:
    """Ingest a PDF of that many pages with the command line; return the peak memory in MB and the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = long_pdf(Path(folder, "long.pdf"), pages)
        home = Path(folder, "home")
        home.mkdir()
        started = time.perf_counter()
        command = [sys.executable, "-m", "api.cli", "ingest", str(path)]
        process = subprocess.Popen(command, env=clean_environment(home), stderr=subprocess.DEVNULL)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(map(_memory, _tree(process.pid))))
            time.sleep(LOOK_EVERY_SECONDS)
        if process.returncode:
            raise RuntimeError(f"the ingest of {pages} pages ended with status {process.returncode}")
        return peak / MEGABYTE, time.perf_counter() - started


def _tree(root: int) -> set[int]:
    """Return a process and everything that it started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:  # it has ended meanwhile
                continue
            children.setdefault(parent, []).append(int(folder.name))
    tree, new = {root}, [root]
    while new:
        new = [child for parent in new for child in children.get(parent, [])]
        tree.update(new)
    return tree


def _memory(pid: int) -> int:
    """Return the bytes of memory that are a process's own, and its share of what it has in common with others."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


@contextmanager
def running_server() -> Iterator[httpx.Client]:
    """Lend a client of a fresh server that is ready."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        with Path(home, "server.log").open("wb") as log:
            command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
            process = subprocess.Popen(command, env=clean_environment(Path(home)), stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_answered(f"{url}/health/ready", process, Path(home, "server.log"))
            with httpx.Client(base_url=f"{url}/v1", timeout=120) as client:
                yield client
        finally:
            process.terminate()
            process.wait()


def seconds_until_found(pages: int) -> tuple[float, float, int]:
    """Upload a PDF of that many pages; return after how many seconds its first page is found, after how many all
    of it is read, and how many pages were stored when the first was found."""
    with tempfile.TemporaryDirectory() as folder, running_server() as client:
        path = long_pdf(Path(folder, "long.pdf"), pages)
        store = client.post("/vector_stores", json={"name": "bench"}).raise_for_status().json()["id"]
        file = client.post("/files", files={"file": path.open("rb")}, data={"purpose": "assistants"}).json()["id"]
        started = time.perf_counter()
        client.post(f"/vector_stores/{store}/files", json={"file_id": file}).raise_for_status()
        found = 0.0
        pages_stored = 0
        address = f"/vector_stores/{store}/files/{file}"
        while client.get(address).json()["status"] == "in_progress":
            if not found and _finds(client, store):
                found = time.perf_counter() - started
                pages_stored = client.get(address).json()["progress"]["done"]
            time.sleep(LOOK_EVERY_SECONDS)
        return found, time.perf_counter() - started, pages_stored


def _finds(client: httpx.Client, store: str) -> bool:
    body = {"query": "This is page 1 of the record.", "max_num_results": 1}
    hits = client.post(f"/vector_stores/{store}/search", json=body).raise_for_status().json()["data"]
    return bool(hits) and "This is page 1 of the record." in hits[0]["content"][0]["text"]


def main() -> int:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 10_000], metavar="N")
    parser.add_argument("--early", type=int, default=400, metavar="N")
    arguments = parser.parse_args()
    found, read, stored = seconds_until_found(arguments.early)
    logging.info(
        "page 1 of %d is found after %.1f s, with %d pages read; all are read after %.1f s",
        arguments.early,
        found,
        stored,
        read,
    )
    first = 0.0
    for pages in arguments.pages:
        peak, took = peak_of_ingest(pages)
        first = first or peak
        logging.info("%6d pages: peak %.0f MB (%.2f times), %.0f s", pages, peak, peak / first, took)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.exit(main())
