"""B7: model files that were made to hurt, loaded by the process that loads models."""

import random
import struct
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.scorecard.check import Measured
from tests.scorecard.load_queue import body_of
from tests.scorecard.server import ENGINE, Server, memory_mb, serve
from tests.tiny_gguf import write_tiny_gguf

SEED = 20261201
HEADER_BYTES = 24_000
MEMORY_MB = 1_024
SLOWEST_SECONDS = 60
REACHES = (
    "self.__init__.__globals__",
    "cycler.__init__.__globals__.os.popen('touch {pwned}').read()",
    "''.__class__.__mro__[1].__subclasses__()",
    "namespace.__init__.__globals__['os'].system('touch {pwned}')",
    "lipsum.__globals__['os'].popen('touch {pwned}').read()",
    "joiner.__init__.__globals__.os.system('touch {pwned}')",
    "messages.__class__.__base__.__subclasses__()",
    "raise_exception.__globals__['__builtins__']['open']('{pwned}','w')",
    "(messages|attr('__class__')).__base__",
    "self._TemplateReference__context.environment",
)


def hostile_models(folder: Path, cuts: int = 30, mutations: int = 200) -> Measured:
    """B7: a hostile or broken model file is refused or harmless: no code runs, the process stays within its bounds."""
    models, pwned, problems = folder / "home" / "models", folder / "pwned", []
    models.mkdir(parents=True)
    files = dict(_files(folder, pwned, cuts, mutations))
    for name, body in files.items():
        (models / f"{name}.gguf").write_bytes(body)
    outcomes: Counter[str] = Counter()
    peak = 0.0
    with serve(folder / "home") as server, server.client(timeout=SLOWEST_SECONDS * 3) as client:
        listed = {model["id"] for model in client.get("/v1/models").json()["data"]}
        for name in files:
            started = time.monotonic()
            outcome, status = _load_and_ask(client, name, is_listed=name in listed)
            outcomes[outcome] += 1
            peak = max(peak, *(memory_mb(pid, "VmHWM") for pid in server.workers(ENGINE)), 0.0)
            seconds = time.monotonic() - started
            problems += [f"{name}: {status}"] if status == httpx.codes.INTERNAL_SERVER_ERROR else []
            problems += [f"{name}: {seconds:.0f} s"] if seconds > SLOWEST_SECONDS else []
            problems += [f"{name}: code of the file ran"] if pwned.exists() else []
            pwned.unlink(missing_ok=True)
        problems += _busy_after(server)
        problems += ["the server ended"] if server.process.poll() is not None else []
    problems += [f"a model's process used {peak:.0f} MB"] if peak > MEMORY_MB else []
    told = ", ".join(f"{count} {what}" for what, count in outcomes.most_common())
    return Measured(f"{len(files)} files: {told}; no code ran, at most {peak:.0f} MB (seed {SEED})", problems)


def part_of_models(folder: Path, share: float) -> Measured:
    """B7 with fewer cuts and mutants."""
    return hostile_models(folder, max(1, round(30 * share)), max(1, round(200 * share)))


def _load_and_ask(client: httpx.Client, name: str, *, is_listed: bool) -> tuple[str, int]:
    loaded = client.post("/api/v1/models/load", json={"model": name})
    if loaded.status_code != httpx.codes.OK:
        kind = "refused" if loaded.json()["error"]["message"] else "refused without a word"
        return (kind if is_listed else "not listed"), loaded.status_code
    try:
        asked = client.post("/v1/chat/completions", json=body_of(name, "hello", max_tokens=4))
    except httpx.ReadTimeout:
        return "never answered", httpx.codes.INTERNAL_SERVER_ERROR
    client.post("/api/v1/models/unload", json={"model": name})
    return ("answered" if asked.status_code == httpx.codes.OK else "refused when asked"), asked.status_code


def _busy_after(server: Server) -> list[str]:
    """Whether a model's process still works, though nobody waits for it."""
    before = {pid: _cpu_ticks(pid) for pid in server.workers(ENGINE)}
    time.sleep(3)
    busy = [pid for pid, ticks in before.items() if _cpu_ticks(pid) - ticks > 200]
    return [f"{len(busy)} model processes work on for nobody"] if busy else []


def _cpu_ticks(pid: int) -> int:
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(parts[11]) + int(parts[12])


def _files(folder: Path, pwned: Path, cuts: int, mutations: int) -> Iterator[tuple[str, bytes]]:
    dice, path = random.Random(SEED), folder / "made.gguf"
    for number, reach in enumerate(REACHES):
        yield (
            f"reach-{number}",
            write_tiny_gguf(path, template="{{ " + reach.replace("{pwned}", str(pwned)) + " }}").read_bytes(),
        )
    for name, template in _heavy_templates():
        yield name, write_tiny_gguf(path, template=template).read_bytes()
    whole = write_tiny_gguf(path).read_bytes()
    for number in range(cuts):
        yield f"cut-{number}", whole[: dice.randrange(4, len(whole))]
    for number in range(mutations):
        body = bytearray(whole)
        for _ in range(dice.choice((1, 1, 4))):
            body[dice.randrange(min(HEADER_BYTES, len(body)))] = dice.randrange(256)
        yield f"mutant-{number}", bytes(body)
    for name, offset, form in (("version", 4, "<I"), ("tensor-count", 8, "<Q"), ("key-count", 16, "<Q")):
        for value in (0, 2**31 - 1, 2 ** (31 if form == "<I" else 63)):
            body = bytearray(whole)
            struct.pack_into(form, body, offset, value)
            yield f"{name}-{value}", bytes(body)


def _heavy_templates() -> Iterator[tuple[str, str]]:
    """Yield templates that work for long, or say very much, for one short question."""
    yield "loops", "".join(f"{{% for {name} in range(9999) %}}" for name in "abc") + "{% endfor %}" * 3
    yield (
        "doubles",
        "{% set t = namespace(s='x') %}{% for a in range(40) %}{% set t.s = t.s + t.s %}{% endfor %}{{ t.s }}",
    )
    yield "repeats", "{{ 'x' * 2000000000 }}"
    yield "broken", "{% for m in messages %}"
    yield "unknown", "{{ nobody.knows.this }}"
    yield "recursion", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"
