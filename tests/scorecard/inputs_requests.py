"""B1, B8: requests that a fuzzer makes of the server's own description, and fields with values that hurt."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from tests.api.schema_fuzzing import fuzz
from tests.scorecard.check import CannotRunError, Measured
from tests.scorecard.http import describe
from tests.scorecard.load_queue import body_of
from tests.scorecard.server import ENGINE, serve

KEY = "correct-horse-battery-staple-0451"
JSON = {"Content-Type": "application/json"}


def against_its_schema(folder: Path, seeds: Sequence[int] = (1, 2), cases: int = 30) -> Measured:
    """B1: schemathesis finds nothing that the description does not say, with a key and without one."""
    if find_spec("schemathesis") is None:
        raise CannotRunError("schemathesis is not installed (pip install -e .[dev])")
    parts, problems = [], []
    for name, settings in (("with a key", {"PINCITE_API_KEY": KEY}), ("without", {})):
        with serve(folder / name / "home", settings) as server:
            server.add("pump.txt", b"The pump is blue.", "manuals")
            requests = 0
            for seed in seeds:
                report = fuzz(server.url, seed=seed, cases=cases, api_key=server.key or None)
                requests += report.requests
                problems += [f"{name}: {each.check} {each.operation}: {each.message}" for each in report.findings]
            parts.append(f"{requests} requests {name}")
            problems += ["the server ended"] if server.process.poll() is not None else []
    return Measured(f"{' and '.join(parts)}, seeds {list(seeds)}: {len(problems)} findings", problems)


def part_of_fuzzing(folder: Path, share: float) -> Measured:
    """B1 with one seed and fewer cases."""
    return against_its_schema(folder, (1,), max(1, round(30 * share)))


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
