"""What the server takes and sends is what `/openapi.json` says, asked by a fuzzer; a short run of it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.schema_fuzzing import KEY, Finding, fuzz, fuzzed_world, read_report


@pytest.mark.slow
@pytest.mark.parametrize(("flags", "key"), [({}, None), ({"api_key": KEY}, KEY)], ids=["without-key", "with-key"])
def test_a_fuzzer_that_reads_the_document_finds_nothing(tmp_path: Path, flags: dict[str, Any], key: str | None) -> None:
    with fuzzed_world(tmp_path / "home", **flags) as world, world.live() as live:
        report = fuzz(live.url, seed=1, cases=1, api_key=key, phases=("examples", "fuzzing"))
    assert report.findings == ()
    assert report.requests > 20


@pytest.mark.slow
def test_the_fuzzer_finds_what_the_document_does_not_say(tmp_path: Path) -> None:
    with fuzzed_world(tmp_path / "home") as world, world.live() as live:
        operation = world.app.openapi()["paths"]["/health/live"]["get"]
        operation["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "integer"}
        report = fuzz(live.url, seed=1, cases=1, phases=("fuzzing",), paths=["/health/live"])
    assert ("GET /health/live", "response_schema_conformance") in {
        (finding.operation, finding.check) for finding in report.findings
    }


def test_refusals_by_rules_that_a_schema_cannot_say_are_no_findings(tmp_path: Path) -> None:
    def line(code: str) -> str:
        content = base64_of(f'{{"error":{{"code":"{code}"}}}}')
        failure = {"failure": {"message": "valid data was refused"}}
        recorder = {
            "label": "POST /x",
            "interactions": {"1": {"request": None, "response": {"status_code": 400, "content": content}}},
            "checks": {"1": [{"name": "positive_data_acceptance", "status": "failure", "failure_info": failure}]},
        }
        return json.dumps({"ScenarioFinished": {"recorder": recorder}})

    path = tmp_path / "events.ndjson"
    path.write_text("\n".join([line("invalid_question"), line("invalid_value")]))
    report = read_report(path)
    answer = '400 {"error":{"code":"invalid_value"}}'
    found = Finding("POST /x", "positive_data_acceptance", "valid data was refused", "None None ", answer)
    assert (report.requests, report.findings) == (2, (found,))


def base64_of(text: str) -> dict[str, str]:
    return {"$base64": base64.b64encode(text.encode()).decode()}
