"""B1, B8: requests that a fuzzer makes of the server's own description, and fields with values that hurt."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from tests.scorecard.check import CannotRunError, Measured
from tests.scorecard.http import describe
from tests.scorecard.load_queue import body_of
from tests.scorecard.server import ENGINE, Server, serve

PROGRAM = "SCORECARD_SCHEMATHESIS"
KEY = "correct-horse-battery-staple-0451"
JSON = {"Content-Type": "application/json"}
SLOWEST_SECONDS = 60
_GENERATED = re.compile(r"([\d,]+) generated")


def against_its_schema(folder: Path, seed: int = 7, examples: int = 30, minutes: int = 40) -> Measured:
    """B1: schemathesis finds nothing that the description does not say, with a key and without one."""
    program = os.environ.get(PROGRAM) or shutil.which("schemathesis")
    if program is None:
        raise CannotRunError(
            f"schemathesis is not installed (in an environment of its own, whose program {PROGRAM} names)"
        )
    parts, problems = [], []
    for name, settings in (("with a key", {"PINCITE_API_KEY": KEY}), ("without", {})):
        with serve(folder / name.replace(" ", "-") / "home", settings) as server:
            server.add("pump.txt", b"The pump is blue.")
            said = _fuzz(program, server, seed, examples, minutes)
            figure, found = _outcome(said)
            parts.append(f"{name} {figure}")
            problems += [f"{name}: {each}" for each in found]
            problems += ["the server ended"] if server.process.poll() is not None else []
    return Measured(f"{'; '.join(parts)} (seed {seed})", problems)


def _fuzz(program: str, server: Server, seed: int, examples: int, minutes: int) -> str:
    header = ["--header", f"Authorization: Bearer {server.key}"] if server.key else []
    command = [program, "run", f"{server.url}/openapi.json", *header, "--checks", "all", "--seed", str(seed)]
    command += [
        "--max-examples",
        str(examples),
        "--max-response-time",
        str(SLOWEST_SECONDS),
        "--request-timeout",
        "120",
    ]
    command += ["--phases", "examples,coverage,fuzzing,stateful", "--no-color", "--suppress-health-check", "all"]
    said = subprocess.run(
        command, capture_output=True, text=True, timeout=60 * minutes, check=False, cwd=server.home.parent
    )
    return said.stdout + said.stderr


def _outcome(said: str) -> tuple[str, list[str]]:
    """Read the summary of schemathesis."""
    count = _GENERATED.search(said)
    if count is None:
        return "it did not run", [said.strip()[-300:]]
    failures = re.findall(r"^- (.+)$", said, re.MULTILINE)
    kinds = Counter(failures)
    told = [f"{number} x {kind}" for kind, number in kinds.most_common(5)]
    return f"{count[1]} requests, {sum(kinds.values())} failures", told


def hostile_fields(folder: Path, requests: int = 500) -> Measured:
    """B8: a value that the description does not allow is a 400; one that it allows is answered; nothing ends."""
    problems: list[str] = []
    seen: Counter[int] = Counter()
    with serve(folder / "home") as server, server.client() as client:
        model = server.model()
        client.post("/v1/chat/completions", json=body_of(model, "x", max_tokens=1)).raise_for_status()
        workers = server.workers(ENGINE)
        described = describe(server)
        validator = _validator(described)
        for body in _every(list(_bodies(described, model)), requests):
            text = json.dumps(body)
            status = _send(client, text)
            seen[status] += 1
            is_valid = "Infinity" not in text and "NaN" not in text and validator.is_valid(json.loads(text))
            if not (is_valid or _is_harmless(body, model)) and status not in (400, 413, 422):
                problems.append(f"{_changed(body, model)}: {status}, the schema forbids it")
            if status >= 500:
                problems.append(f"{_changed(body, model)}: {status}")
        for name, text in _raw(model):
            status = _send(client, text)
            seen[status] += 1
            problems += [f"{name}: {status}"] if status not in (400, 413) else []
        problems += ["the model's process ended"] if server.workers(ENGINE) != workers else []
        problems += ["the server ended"] if server.process.poll() is not None else []
    told = ", ".join(f"{count} x {status}" for status, count in sorted(seen.items()))
    return Measured(f"{sum(seen.values())} requests: {told}; same model process", problems)


def _is_harmless(body: Mapping[str, Any], model: str) -> bool:
    """Whether a value that the schema does not name asks for nothing: an empty one, or `true` for a number."""
    usual = body_of(model, "x", max_tokens=1)
    changed = [value for name, value in body.items() if name not in usual or usual[name] != value]
    return all(value == 1 or not value for value in changed)


def _send(client: httpx.Client, text: str) -> int:
    return client.post("/v1/chat/completions", content=text.encode("utf-8", "surrogatepass"), headers=JSON).status_code


def _validator(described: Mapping[str, Any]) -> Draft202012Validator:
    schemas = described["components"]["schemas"]
    return Draft202012Validator({**schemas["ChatRequest"], "components": {"schemas": schemas}})


VALUES: tuple[Any, ...] = (
    None,
    -1,
    0,
    1,
    2**31,
    2**63,
    10**12,
    -(10**30),
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    True,
    "",
    "x",
    "x" * 100_000,
    "\ud800",
    "\0",
    [],
    [None],
    ["x"] * 1_000,
    {},
    {"x": 1},
    {"type": "x"},
)


def _bodies(described: Mapping[str, Any], model: str) -> Iterator[dict[str, Any]]:
    """Yield a request for each field and value, fields that are not there among them."""
    fields = [*described["components"]["schemas"]["ChatRequest"]["properties"], "grammar", "n_discard", "__proto__"]
    for value in VALUES:
        for field in fields:
            yield {**body_of(model, "x", max_tokens=1), field: value}


def _every(bodies: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    if len(bodies) <= count:
        return bodies
    return [bodies[number * len(bodies) // count] for number in range(count)]


def _changed(body: Mapping[str, Any], model: str) -> str:
    usual = body_of(model, "x", max_tokens=1)
    return ", ".join(f"{name}={str(value)[:30]!r}" for name, value in body.items() if usual.get(name, ...) != value)


def _raw(model: str) -> Iterator[tuple[str, str]]:
    """Yield texts that are no request whatever their fields say."""
    body = json.dumps(body_of(model, "x", max_tokens=1))
    yield "a list 100,000 deep", "[" * 100_000 + "]" * 100_000
    yield "an object 100,000 deep", '{"a":' * 100_000 + "1" + "}" * 100_000
    yield "a number of 100,000 digits", body.replace('"max_tokens": 1', '"max_tokens": ' + "9" * 100_000)
    yield "nothing", ""
    yield "half", body[: len(body) // 2]
    yield "two values", body + body
    yield "invalid UTF-8", body.replace("x", "\udcff")
    for pattern in ("(a{1,1000}){1,1000}", "(.*)*x", "a{1000000}", "(" * 5_000 + ")" * 5_000):
        schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}, "required": ["a"]}
        yield f"the pattern {pattern[:20]}", _with_schema(model, schema)
    yield "a schema that is itself", _with_schema(model, {"$ref": "#"})
    yield "a reference elsewhere", _with_schema(model, {"$ref": "http://127.0.0.1:9/x.json"})
    yield "a field `grammar`", json.dumps({**body_of(model, "x"), "grammar": "root ::= " + "(" * 60_000})
    yield (
        "100,000 messages",
        json.dumps({**body_of(model, "x"), "messages": [{"role": "user", "content": "x"}] * 100_000}),
    )


def _with_schema(model: str, schema: dict[str, Any]) -> str:
    wrapped = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
    return json.dumps({**body_of(model, "x", max_tokens=4), "response_format": wrapped})
