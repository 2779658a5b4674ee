"""The results of the last run, which `docs/reference/compatibility.md` shows."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.clients.catalog import PROGRAMS
from tests.clients.environments import Program
from tests.clients.runs import CallResult

RESULTS = Path(__file__).with_name("results.json")


def record(program: Program, results: Sequence[CallResult]) -> None:
    """Replace what is written down about a program; programs keep the order of the catalog."""
    recorded = {entry["name"]: entry for entry in read_records()}
    recorded[program.name] = as_record(program, results)
    entries = [recorded[known.name] for known in PROGRAMS if known.name in recorded]
    RESULTS.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_records() -> list[dict[str, object]]:
    """Return what the last run of each program gave."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []


def as_record(program: Program, results: Sequence[CallResult]) -> dict[str, object]:
    """Return a program's results as they are written down: calls by name, a reason for each that fails."""
    return {
        "name": program.name,
        "title": program.title,
        "calls": {result.call: _outcome(program, result) for result in results},
    }


def _outcome(program: Program, result: CallResult) -> str:
    return "" if result.passed else program.stays_out.get(result.call, result.detail)
