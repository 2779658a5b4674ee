"""L2, L3, L7, L8: what a busy model does with requests that come, leave, are too long, or are many."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.fair_shares import PERIOD_SECONDS, flood, measure_answers
from tests.scorecard.check import Measured
from tests.scorecard.server import Server, deltas, percentile, serve, wait_until
from tests.tiny_gguf import TRAINED_CONTEXT

TURNS_IN_ORDER_SECONDS = 0.05
LONG = 3_000
"""Tokens of an answer that holds a slot for seconds."""


def body_of(model: str, text: str, *, max_tokens: int = 16, stream: bool = False) -> dict[str, Any]:
    """Return a chat request."""
    messages = [{"role": "user", "content": text}]
    return {"model": model, "messages": messages, "max_tokens": max_tokens, "stream": stream}


def queue_bound(folder: Path, chats: int = 50, waiting: int = 8) -> Measured:
    """L2: with one slot that is taken and a short queue, the rest is refused in words, and nothing is reset."""
    settings = {"PINCITE_PARALLEL_REQUESTS": "1", "PINCITE_QUEUE_SIZE": str(waiting)}
    with serve(folder / "home", settings) as server:
        parts = [_crowd(server, chats, waiting, stream=stream) for stream in (False, True)]
    problems = [problem for _, found in parts for problem in found]
    return Measured("; ".join(figure for figure, _ in parts), problems)


def _crowd(server: Server, chats: int, waiting: int, *, stream: bool) -> tuple[str, list[str]]:
    model, finished, lock = server.model(), [], threading.Lock()
    answers: dict[int, tuple[int, str]] = {}

    def ask(number: int, max_tokens: int) -> None:
        body = body_of(model, f"{number}: hello", max_tokens=max_tokens, stream=stream)
        with server.client() as client:
            try:
                response = client.post("/v1/chat/completions", json=body)
                answers[number] = (response.status_code, _complaint(response))
            except httpx.TransportError as error:
                answers[number] = (0, repr(error))
        with lock:
            finished.append(number)

    threads = [threading.Thread(target=ask, args=(number, LONG if number == 0 else 32)) for number in range(chats)]
    for thread in threads:
        thread.start()
        time.sleep(TURNS_IN_ORDER_SECONDS)
    for thread in threads:
        thread.join()
    statuses = Counter(status for status, _ in answers.values())
    admitted = [number for number in finished if answers[number][0] == httpx.codes.OK]
    problems = [complaint for _, complaint in answers.values() if complaint]
    if set(statuses) - {200, 429, 503}:
        problems.append(f"statuses {dict(statuses)}")
    early = [number for number in admitted if number <= waiting]
    if early != sorted(early):
        problems.append(f"finished in the order {early}")
    if statuses[200] > waiting + 1 and 0 in admitted[:1]:
        problems += _late_admissions(admitted, waiting)
    kind = "streamed" if stream else "plain"
    refused = statuses[429] + statuses[503]
    return f"{kind}: {chats} chats, {statuses[200]} admitted, {refused} x 429, {statuses[0]} resets", problems


def _late_admissions(admitted: Sequence[int], waiting: int) -> list[str]:
    """More are admitted only when the long answer has ended while others still came, which is no fault."""
    late = [number for number in admitted if number > waiting]
    return [] if late == sorted(late) else [f"late requests finished in the order {late}"]


def _complaint(response: httpx.Response) -> str:
    """Return what is wrong with an answer or a refusal."""
    if response.status_code == httpx.codes.OK:
        return ""
    error = response.json().get("error", {})
    if not response.headers.get("retry-after", "").isdigit():
        return f"{response.status_code} without Retry-After"
    return "" if error.get("message") and error.get("code") else f"{response.status_code} without an error: {error}"


def left_clients(folder: Path, tries: int = 5) -> Measured:
    """L3: a client that leaves frees its slot, and the next answer begins as soon as on an idle server."""
    with serve(folder / "home", {"PINCITE_PARALLEL_REQUESTS": "1"}) as server:
        model = server.model()
        first_token(server, model)
        idle = [first_token(server, model) for _ in range(tries)]
        after = []
        for stream in (True, False):
            for _ in range(tries):
                leave(server, model, stream=stream)
                after.append(first_token(server, model))
    usual, worst, typical = percentile(idle, 0.5), max(after), percentile(after, 0.5)
    problems = [f"the slot was not free after {worst:.1f} s"] if worst > 2 + usual else []
    if typical > 1.5 * percentile(idle, 0.9) and typical > usual + 0.1:
        problems.append(f"first token after {typical:.2f} s, idle {usual:.2f} s")
    figure = (
        f"{2 * tries} clients left; next first token after {typical:.2f} s, at most {worst:.2f} s; idle {usual:.2f} s"
    )
    return Measured(figure, problems)


def first_token(server: Server, model: str) -> float:
    """Return the seconds until the first token of an answer."""
    started = time.monotonic()
    with (
        server.client() as client,
        client.stream(
            "POST", "/v1/chat/completions", json=body_of(model, "Say a word.", max_tokens=4, stream=True)
        ) as response,
    ):
        response.raise_for_status()
        for event in deltas(response.iter_lines()):
            if '"content"' in event:
                return time.monotonic() - started
    raise AssertionError("an answer without a token")


def leave(server: Server, model: str, *, stream: bool) -> None:
    """Ask for a long answer and hang up: after five tokens of a stream, or half a second into a plain request."""
    body = body_of(model, "Tell a long story.", max_tokens=LONG, stream=stream)
    with server.client() as client:
        if not stream:
            try:
                client.post("/v1/chat/completions", json=body, timeout=0.5)
            except httpx.ReadTimeout:
                return
            raise AssertionError("the answer was too short to leave it")
        with client.stream("POST", "/v1/chat/completions", json=body) as response:
            for number, _ in enumerate(deltas(response.iter_lines())):
                if number == 5:
                    return


def overflow(folder: Path) -> Measured:
    """L7: what does not fit the context window is refused with a stable code, or cut with a word about it."""
    problems: list[str] = []
    tried = 0
    with serve(folder / "home") as server, server.client() as client:
        model = server.model()
        server.add("pump.txt", b"The pump is oiled every three months.\n" * 400)
        server.wait_until_read()
        history = [
            {"role": ("user", "assistant")[number % 2], "content": f"turn {number} says a few words more"}
            for number in range(501)
        ]
        expected: list[tuple[dict[str, Any], set[int]]] = [
            (body_of(model, "x" * length), {400}) for length in (TRAINED_CONTEXT + 1, 12_000, 200_000)
        ]
        expected += [({**body_of(model, "x"), "messages": history}, {400})]
        expected += [(body_of(model, "x", max_tokens=number), {400}) for number in (10**12, -2, 0)]
        documents = {**body_of("docs/docs", "x"), "messages": [*history, {"role": "user", "content": "the pump?"}]}
        expected += [(documents, {200, 400})]
        for body, statuses in expected:
            tried += 1
            response = client.post("/v1/chat/completions", json=body)
            error = response.json().get("error", {})
            if response.status_code not in statuses:
                problems.append(f"request {tried}: {response.status_code} {error.get('message', '')[:80]}")
            elif response.status_code == 400 and not error.get("code"):
                problems.append(f"request {tried}: 400 without a code")
    return Measured(f"{tried} requests over the window (501 turns and max_tokens 1e12 among them), all said", problems)


def fairness(folder: Path, seconds: float = 60, in_flight: int = 60) -> Measured:
    """L8: beside a client that keeps many requests in flight, another waits at most twice as long as alone."""
    with serve(folder / "home") as server:
        measure_answers(server.url, 3 * PERIOD_SECONDS)
        alone, _ = measure_answers(server.url, seconds)
        with flood(server.url, in_flight) as busy:
            wait_until(lambda: busy[429] or sum(busy.values()) > 5 * in_flight, 120, "the flood does not begin")
            beside, statuses = measure_answers(server.url, seconds)
    usual, busy_time = percentile(alone, 0.95), percentile(beside, 0.95)
    problems = [f"B was refused: {dict(statuses)}"] if set(statuses) != {200} else []
    if busy_time > 2 * usual:
        problems.append(f"p95 is {busy_time / usual:.1f} times that of the idle server")
    figure = (
        f"{in_flight} in flight beside: p95 {busy_time:.2f} s, alone {usual:.2f} s; B {dict(statuses)}, A {dict(busy)}"
    )
    return Measured(figure, problems)
