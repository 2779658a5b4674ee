"""F2, F8, F9, F10, F11, F12: the server or one of its processes is ended in the middle of its work."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx

from tests.live import clean_environment, free_port
from tests.raw_database import raw_database
from tests.scorecard.check import Measured
from tests.scorecard.load_queue import LONG, body_of
from tests.scorecard.server import (
    ENGINE,
    PARSER,
    Server,
    cli,
    deltas,
    is_alive,
    search,
    serve,
    start,
    tiny_models,
    upload,
    wait_until,
)
from tests.scorecard.tiny_embedder import ROOT
from tests.scorecard.workload import Workload

SEED = 20261201
JSON = {"Content-Type": "application/json"}
THOROUGH_EVERY = 10
SHORTEST_SECONDS, LONGEST_SECONDS = 0.3, 3.0
BACK_SECONDS = 10.0
GRACE_SECONDS = 10.0


def random_kills(folder: Path, kills: int = 200, clients: int = 4, seed: int = SEED) -> Measured:
    """F2: a server that is killed under load again and again loses nothing that it has acknowledged."""
    dice, home, problems = random.Random(seed), folder / "home", []
    port, workload = free_port(), None
    for number in range(1, kills + 2):
        server = start(home, port=port)
        if workload is None:
            workload = Workload(server)
            workload.begin()
        workload.server = server
        is_thorough = number % THOROUGH_EVERY == 0 or number == kills + 1
        problems += [f"after kill {number - 1}: {each}" for each in workload.verify(dice, is_thorough=is_thorough)]
        if number == kills + 1:
            server.stop()
            break
        with workload.clients(clients, seed + number):
            time.sleep(dice.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))
            server.kill()
        if is_thorough:
            problems += _check_home(home, f"after kill {number}")
    problems += [*workload.problems, *_check_home(home, "at the end")] if workload else []
    assert workload is not None
    figure = (
        f"{kills} kills under {clients} clients, seed {seed}: {len(workload.live)} live, {len(workload.gone)} deleted "
        f"files and {len(workload.conversations)} conversations acknowledged, {sum(workload.statuses.values())} answers"
    )
    return Measured(figure, problems)


def part_of_kills(folder: Path, share: float) -> Measured:
    """F2 with fewer kills."""
    return random_kills(folder, max(1, round(200 * share)))


def _check_home(home: Path, when: str) -> list[str]:
    said = cli(home, "check")
    return [] if said.returncode == 0 else [f"{when}: pincite check: {(said.stdout + said.stderr)[-300:]}"]


def dead_parsers(folder: Path, good: int = 9) -> Measured:
    """F8: a file whose parser is killed at every try fails alone, with a reason, and is not tried for ever."""
    problems: list[str] = []
    with serve(folder / "home", {"PINCITE_PARSER_WORKERS": "1"}) as server:
        pid = server.process.pid
        poison = server.add("poison.txt", b"The victim is long. " * 400_000)
        for number in range(good):
            server.add(f"good {number}.txt", f"This is good file {number}.".encode())
        killed = _kill_parsers_of(server, poison)
        documents = {each["id"]: each for each in server.wait_until_read()}
        reason = (documents[poison]["last_error"] or {}).get("message", "")
        statuses = Counter(each["status"] for file, each in documents.items() if file != poison)
        if documents[poison]["status"] != "failed" or not reason:
            problems.append(f"the file is {documents[poison]['status']}: {reason!r}")
        if statuses != {"completed": good}:
            problems.append(f"the others are {dict(statuses)}")
        if server.process.poll() is not None or server.process.pid != pid:
            problems.append("the server ended")
    return Measured(
        f"parser killed {killed} times: failed with “{reason}”; {statuses['completed']} of {good} done", problems
    )


def _kill_parsers_of(server: Server, file_id: str) -> int:
    """Kill the parser whenever a file is read, until that is given up; return how often."""
    killed, deadline = 0, time.monotonic() + 240
    while time.monotonic() < deadline:
        document = next(each for each in server.documents() if each["id"] == file_id)
        if document["status"] != "in_progress":
            break
        if (document["progress"] or {"stage": "waiting"})["stage"] != "waiting":
            for parser in server.workers(PARSER):
                with suppress(ProcessLookupError):
                    os.kill(parser, signal.SIGKILL)
            killed += 1
        time.sleep(0.2)
    return killed


def dead_model(folder: Path) -> Measured:
    """F9: a model's process that ends, hangs or cannot be met takes one answer with it, and is soon back."""
    problems: list[str] = []
    parts = []
    with serve(folder / "home") as server, server.client() as client:
        server.add("pump.txt", b"The pump is blue.")
        server.wait_until_read()
        model = server.model()
        for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL):
            event = _kill_in_stream(server, model, number)
            if '"error"' not in event:
                problems.append(f"{number.name}: the stream ended with {event[:80]}")
            if not search(client, "blue pump"):
                problems.append(f"{number.name}: nothing was found")
            back = wait_until(lambda: _answers(client, model), 60, f"{number.name}: the model did not come back")
            parts.append(f"{number.name} back after {back:.1f} s")
            problems += [f"{number.name}: back after {back:.0f} s"] if back > BACK_SECONDS else []
        workers = server.workers(ENGINE)
        for depth in (100, 60_000):
            status = client.post("/v1/chat/completions", content=_deep_schema(model, depth), headers=JSON).status_code
            parts.append(f"a schema {depth:,} deep: {status}")
            problems += [f"a schema {depth:,} deep: {status}"] if status >= 500 else []
        problems += ["a schema ended the model"] if server.workers(ENGINE) != workers else []
        if len(server.workers(ENGINE)) != 1:
            problems.append(f"{len(server.workers(ENGINE))} model processes")
    return Measured("; ".join(parts), problems)


def _kill_in_stream(server: Server, model: str, number: signal.Signals) -> str:
    """Return the last event of a stream whose model got a signal."""
    last = ""
    with server.client() as client:
        body = body_of(model, "Tell a long story.", max_tokens=LONG, stream=True)
        with client.stream("POST", "/v1/chat/completions", json=body) as response:
            for count, event in enumerate(deltas(response.iter_lines())):
                last = event
                if count == 4:
                    for pid in server.workers(ENGINE):
                        os.kill(pid, number)
    return last


def _deep_schema(model: str, depth: int) -> str:
    body = json.dumps({**body_of(model, "x"), "response_format": "HERE"})
    nested = '{"type": "array", "items": ' * depth + '{"type": "array"}' + "}" * depth
    schema = f'{{"type": "json_schema", "json_schema": {{"name": "deep", "schema": {nested}}}}}'
    return body.replace('"HERE"', schema)


def _answers(client: httpx.Client, model: str) -> bool:
    return client.post("/v1/chat/completions", json=body_of(model, "x", max_tokens=2)).status_code == httpx.codes.OK


def resumed_batch(folder: Path, files: int = 100) -> Measured:
    """F10: a batch that is interrupted by a kill is read once, and the same bytes are one document."""
    counts: dict[str, int] = {}
    problems: list[str] = []
    for name in ("calm", "stormy"):
        server = start(folder / name / "home")
        for number in range(files):
            server.add(f"{number}.txt", b"\n\n".join([b"Page %d of file %d." % (page, number) for page in range(3)]))
        if name == "stormy":
            wait_until(partial(_is_begun, server, files // 10), 240, "nothing is read")
            server.kill()
            server = start(folder / name / "home")
        documents = server.wait_until_read()
        statuses = Counter(each["status"] for each in documents)
        problems += [f"{name}: {dict(statuses)}"] if statuses != {"completed": files} else []
        if name == "stormy":
            problems += _same_bytes(server)
        server.stop()
        counts[name] = _count_chunks(folder / name / "home")
    if counts["calm"] != counts["stormy"]:
        problems.append(f"chunks {counts}")
    return Measured(
        f"{files} files, killed in the middle: {counts['stormy']} chunks, a calm run {counts['calm']}", problems
    )


def _is_begun(server: Server, count: int) -> bool:
    return len([each for each in server.documents() if each["status"] == "completed"]) >= count


def _same_bytes(server: Server) -> list[str]:
    ids: list[str] = []

    def send(times: int) -> None:
        with server.client() as client:
            ids.extend(upload(client, "same.txt", b"The same bytes.") for _ in range(times))

    send(3)
    threads = [threading.Thread(target=send, args=(1,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (
        []
        if len(set(ids)) == 1 and len(ids) == 7
        else [f"the same bytes are {len(set(ids))} files, {len(ids)} answers"]
    )


def _count_chunks(home: Path) -> int:
    db = raw_database(home / "library.db")
    count = db.execute("SELECT count(*) FROM chunks").get
    db.close()
    return int(count)


def busy_places(folder: Path) -> Measured:
    """F11: a taken port or home is said at once, and a server that was killed leaves nothing that blocks the next."""
    problems: list[str] = []
    home, port = folder / "home", free_port()
    with socket.create_server(("127.0.0.1", port)):
        code, seconds, said = _serve_and_time(folder / "other", port)
        if code == 0 or str(port) not in said or "Traceback" in said:
            problems.append(f"a busy port: exit {code}, {said[-200:]}")
        problems += [f"a busy port: {seconds:.1f} s of CPU until it was said"] if seconds > 2 else []
    parts = [f"busy port: exit {code} after {seconds:.1f} s of CPU"]
    server = start(home)
    with serve(home) as second:
        one, two = server.add("one.txt", b"The pump is blue."), second.add("two.txt", b"The valve is red.")
        for each in (server, second):
            statuses = {document["id"]: document["status"] for document in each.wait_until_read()}
            if statuses != {one: "completed", two: "completed"}:
                problems.append(f"two servers on a home: {statuses}")
    parts.append("two servers on a home both see both documents")
    server.kill()
    server = start(home)
    parts.append("started again after a kill")
    server.stop()
    problems += _check_home(home, "at the end")
    left = "that a second server on a home ends, as the check asks: servers share a home by design"
    return Measured("; ".join(parts), problems, left)


def _serve_and_time(home: Path, port: int) -> tuple[int, float, str]:
    """Return how `pincite serve` ends, the CPU seconds that it took, and what it said."""
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=clean_environment(home, tiny_models()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, said


def asked_to_stop(folder: Path, files: int = 30) -> Measured:
    """F12: SIGTERM in a stream and a batch ends both in order, a second one at once, and the batch goes on later."""
    problems: list[str] = []
    home, parts = folder / "home", []
    for signals in (1, 2):
        server = start(home)
        workers = server.workers()
        for number in range(files):
            server.add(f"{signals} {number}.txt", f"File {number} of {signals}. ".encode() * 200)
        last, seconds, code = _stop_in_stream(server, signals)
        parts.append(f"{signals} x TERM: exit {code} after {seconds:.1f} s, last event {_code_of(last)}")
        if signals == 1 and (code != 0 or "server_stopping" not in last):
            problems.append(f"exit {code}, last event {last[-120:]}")
        if seconds > (GRACE_SECONDS + 2 if signals == 1 else 3):
            problems.append(f"{signals} x TERM: it took {seconds:.0f} s")
        with suppress(TimeoutError):  # they end by themselves when their server is gone
            wait_until(partial(_are_gone, workers), 10, "")
        problems += [f"worker {pid} is left" for pid in workers if is_alive(pid)]
    with serve(home) as server:
        statuses = Counter(each["status"] for each in server.wait_until_read())
        problems += [f"afterwards {dict(statuses)}"] if statuses != {"completed": 2 * files} else []
    return Measured("; ".join([*parts, f"{statuses['completed']} of {2 * files} read afterwards"]), problems)


def _are_gone(pids: Sequence[int]) -> bool:
    return not any(map(is_alive, pids))


def _code_of(event: str) -> str:
    return next((code for code in ("server_stopping", "[DONE]") if code in event), "none")


def _stop_in_stream(server: Server, signals: int) -> tuple[str, float, int]:
    last, asked, code = "", 0.0, 0
    with server.client() as client, suppress(httpx.TransportError):
        body = {**body_of(server.model(), "Tell a long story.", max_tokens=LONG, stream=True)}
        # Requests that wait keep the server busy beyond the grace period, however fast the model is.
        with client.stream("POST", "/v1/chat/completions", json=body) as response:
            for count, event in enumerate(deltas(response.iter_lines())):
                last = event
                if count == 5:
                    asked = time.monotonic()
                    for _ in range(signals):
                        server.process.send_signal(signal.SIGTERM)
                        time.sleep(0.5)
    code = server.process.wait(60)
    return last, time.monotonic() - asked, code
