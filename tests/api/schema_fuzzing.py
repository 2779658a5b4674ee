"""Fuzz an application by its own OpenAPI document: schemathesis with all its checks against a live server.

usage: python -m tests.api.schema_fuzzing [--seed 1 --seed 2] [--cases 50]

Each seed is one run without and one with a key, over a library with documents and a scripted model. Prints what was
found; the exit status is 1 if anything was.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.api.world import DRILL, LUNCH, PUMP, World, make_world

KEY = "correct-horse-battery-staple"
ALL_PHASES = ("examples", "coverage", "fuzzing", "stateful")
RULES_BEYOND_SCHEMAS = frozenset({"invalid_question", "invalid_json_schema", "invalid_tools", "file_part_refused"})
"""Codes of refusals whose rules JSON Schema cannot say: that the last of the messages is a question with some text,
which JSON Schemas a decoder can obey, that tools have names of their own and agree with their choice, and what is a
file with text. Each has its own tests."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that failed: on which operation, why, and the request and response."""

    operation: str
    check: str
    message: str
    request: str = ""
    response: str = ""


@dataclass(frozen=True, slots=True)
class FuzzReport:
    """How many requests were made, and what was found; the same finding of an operation once."""

    requests: int
    findings: tuple[Finding, ...]


def fuzz(
    url: str,
    *,
    seed: int,
    cases: int,
    api_key: str | None = None,
    phases: Sequence[str] = ALL_PHASES,
    paths: Sequence[str] = (),
) -> FuzzReport:
    """Run schemathesis against the server at `url`, at most `cases` cases of each phase for an operation.

    With `paths`, of the operations of these alone.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "events.ndjson"
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"]
        command += ["--checks", "all", "--phases", ",".join(phases), "--continue-on-failure", "--no-shrink"]
        command += ["--seed", str(seed), "--max-examples", str(cases), "--generation-database", "none"]
        command += ["--suppress-health-check", "all", "--warnings", "off", "--output-sanitize", "false"]
        command += ["--report", "ndjson", "--report-ndjson-path", str(report)]
        command += [option for path in paths for option in ("--include-path", path)]
        command += [] if api_key is None else ["--header", f"Authorization: Bearer {api_key}"]
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode not in (0, 1) or not report.exists():
            raise RuntimeError(f"schemathesis ended with status {ended.returncode}: {ended.stdout}{ended.stderr}")
        return read_report(report)


def read_report(path: Path) -> FuzzReport:
    """Return what schemathesis has written as its report of events."""
    requests = 0
    findings: dict[tuple[str, str, str], Finding] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, event = next(iter(json.loads(line).items())) if line else ("", {})
        if kind == "ScenarioFinished":
            requests += len(event["recorder"].get("interactions", {}))
            for finding in _find_failures(event["recorder"]):
                findings.setdefault((finding.operation, finding.check, finding.message), finding)
        elif "Error" in kind:
            findings.setdefault((kind, "", ""), Finding(str(event.get("label", "")), kind, json.dumps(event)[:2000]))
    return FuzzReport(requests, tuple(findings.values()))


def _find_failures(recorder: dict[str, Any]) -> Iterator[Finding]:
    for case_id, checks in recorder.get("checks", {}).items():
        interaction = recorder["interactions"].get(case_id, {})
        response = interaction.get("response") or {}
        answer = f"{response.get('status_code')} {_text(response.get('content'))}"
        for check in checks:
            is_beyond = any(f'"code":"{code}"' in answer for code in RULES_BEYOND_SCHEMAS)
            if check["status"] == "success" or (is_beyond and check["name"] == "positive_data_acceptance"):
                continue
            if check["name"] == "negative_data_rejection" and recorder["label"] == "POST /v1/files":
                continue  # another type of the same bytes: any bytes are a file
            request = interaction.get("request") or {}
            asked = f"{request.get('method')} {request.get('uri')} {_text(request.get('body'))}"
            message = check["failure_info"]["failure"]["message"]
            yield Finding(str(recorder["label"]), check["name"], message, asked[:4000], answer[:1000])


def _text(body: Any) -> str:
    encoded = body.get("$base64", "") if isinstance(body, dict) else ""
    return base64.b64decode(encoded).decode(errors="replace")


@contextmanager
def fuzzed_world(home: Path, **flags: Any) -> Iterator[World]:
    """Yield an application with documents, whose collection is the one in the examples of the document."""
    with make_world(home, **flags) as world:
        world.add("pump.txt", PUMP, collection="manuals")
        world.add("house.txt", LUNCH, DRILL, collection="docs")
        world.services.warm_up()
        yield world


def main(argv: Sequence[str]) -> int:
    """Fuzz with every seed, without and with a key, and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--cases", type=int, default=50)
    options = parser.parse_args(argv)
    number = 0
    for seed in options.seed or [1, 2, 3]:
        for key in (None, KEY):
            flags = {} if key is None else {"api_key": key}
            with (
                tempfile.TemporaryDirectory() as home,
                fuzzed_world(Path(home) / "home", **flags) as world,
                world.live() as live,
            ):
                report = fuzz(live.url, seed=seed, cases=options.cases, api_key=key)
            number += len(report.findings)
            access = "without a key" if key is None else "with a key"
            sys.stdout.write(f"seed {seed} {access}: {report.requests} requests, {len(report.findings)} findings\n")
            for finding in report.findings:
                sys.stdout.write(f"{finding}\n")
            sys.stdout.flush()
    return 1 if number else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
