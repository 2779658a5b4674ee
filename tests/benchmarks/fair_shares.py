"""What one client feels of another that keeps many requests in flight.

usage: python -m tests.benchmarks.fair_shares [--seconds 60] [--in-flight 60]

A server with the bundled model. One client asks a short question every other second, first alone, then beside a client
at another loopback address that keeps its requests in flight and repeats those that are refused. That one is a process
of its own (`--flood URL`): in one process the quiet client would wait for the other's threads, not for the server.
"""

import argparse
import functools
import itertools
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.live import start_stack

QUIET_ADDRESS, BUSY_ADDRESS = "127.0.0.2", "127.0.0.1"
PERIOD_SECONDS = 2.0
NEW_TOKENS = 24
ANSWER_SECONDS = 600.0
ROOT = Path(__file__).resolve().parents[2]


def ask(client: httpx.Client, number: int, max_tokens: int = NEW_TOKENS) -> httpx.Response:
    """Ask the default model a plain question that differs from all others."""
    messages = [{"role": "user", "content": f"{number}: Write a long story about a pump that is oiled every 3 months."}]
    body: dict[str, Any] = {"model": find_model(client), "messages": messages, "max_tokens": max_tokens}
    return client.post("/v1/chat/completions", json=body)


@functools.cache
def find_model(client: httpx.Client) -> str:
    """Return the id of the default model."""
    return str(client.get("/v1/models").raise_for_status().json()["data"][0]["id"])


def client_at(url: str, address: str) -> httpx.Client:
    """Return a client whose connections come from a loopback address; certificates, which take long, are not loaded."""
    transport = httpx.HTTPTransport(local_address=address, verify=False)
    return httpx.Client(base_url=url, transport=transport, timeout=ANSWER_SECONDS, trust_env=False)


@contextmanager
def flood(url: str, in_flight: int, max_tokens: int = NEW_TOKENS) -> Iterator[Counter[int]]:
    """Have a process keep requests in flight; yield the counts of the statuses with which they are answered."""
    command = [sys.executable, "-m", "tests.benchmarks.fair_shares", "--flood", url, "--in-flight", str(in_flight)]
    process = subprocess.Popen([*command, "--max-tokens", str(max_tokens)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    statuses: Counter[int] = Counter()

    def count() -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            statuses.update(int(line) for line in lines)

    counting = threading.Thread(target=count)
    counting.start()
    try:
        yield statuses
    finally:
        process.kill()
        process.wait()
        counting.join()


def keep_asking(url: str, in_flight: int, max_tokens: int) -> None:
    """Keep requests in flight until the process is ended; print the status of each."""
    numbers = itertools.count(1_000)

    def ask_on() -> None:
        with client_at(url, BUSY_ADDRESS) as client:
            while True:
                status = ask(client, next(numbers), max_tokens).status_code
                sys.stdout.write(f"{status}\n")
                sys.stdout.flush()
                time.sleep(1.0 if status == httpx.codes.TOO_MANY_REQUESTS else 0.0)

    for _ in range(in_flight):
        threading.Thread(target=ask_on).start()


def measure_answers(url: str, seconds: float) -> tuple[list[float], Counter[int]]:
    """Return the seconds of each answer of a client that asks now and then, and the statuses."""
    waits: list[float] = []
    statuses: Counter[int] = Counter()
    begun = time.monotonic()
    with client_at(url, QUIET_ADDRESS) as client:
        for number in itertools.count():
            started = time.monotonic()
            if started - begun > seconds:
                return waits, statuses
            statuses[ask(client, number).status_code] += 1
            waits.append(time.monotonic() - started)
            time.sleep(max(PERIOD_SECONDS - waits[-1], 0.0))
    raise AssertionError("the count has no end")


def _percentiles(waits: Sequence[float]) -> tuple[float, float]:
    return statistics.median(waits), sorted(waits)[min(int(0.95 * len(waits)), len(waits) - 1)]


def main(argv: Sequence[str]) -> int:
    """Print the median and the 95th percentile alone and beside the flood."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--in-flight", type=int, default=60)
    parser.add_argument("--flood", metavar="URL", help="only be the busy client of this server")
    parser.add_argument("--max-tokens", type=int, default=NEW_TOKENS)
    options = parser.parse_args(argv)
    if options.flood:
        keep_asking(options.flood, options.in_flight, options.max_tokens)
        return 0
    with tempfile.TemporaryDirectory() as home:
        stack = start_stack(Path(home))
        try:
            measure_answers(stack.api_url, 3 * PERIOD_SECONDS)
            alone, _ = measure_answers(stack.api_url, options.seconds)
            with flood(stack.api_url, options.in_flight) as busy:
                time.sleep(5 * PERIOD_SECONDS)
                beside, statuses = measure_answers(stack.api_url, options.seconds)
        finally:
            stack.stop()
    (p50, p95), (p50_beside, p95_beside) = _percentiles(alone), _percentiles(beside)
    sys.stdout.write(
        f"alone p50 {p50:.2f} s, p95 {p95:.2f} s ({len(alone)} answers)\n"
        f"beside {options.in_flight} in flight p50 {p50_beside:.2f} s, p95 {p95_beside:.2f} s\n"
        f"statuses {dict(statuses)}; those of the busy client {dict(busy)}\n"
        f"ratios {p50_beside / p50:.2f} and {p95_beside / p95:.2f}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
