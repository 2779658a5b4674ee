"""`docs/reference/compatibility.md`: what the official clients of other APIs can do, as the last run of them says."""

import json
from pathlib import Path
from typing import Any

from docs.generate.markdown import bullets, code, codes, join_blocks, paragraph

RESULTS = Path(__file__).parents[2] / "tests" / "clients" / "results.json"
INTRODUCTION = (
    "Each client is its makers' own package, pointed at a live server with the sample documents by its address alone. "
    "A call is right if it gives what the client's manual promises, not merely if it does not fail. "
    "`python -m tests.clients` makes the calls again; `make test` does so for every change."
)


def render() -> str:
    """Return the page."""
    entries = json.loads(RESULTS.read_text(encoding="utf-8"))
    return join_blocks("Compatibility", [paragraph(INTRODUCTION), _summary(entries), *map(_section, entries)])


def _summary(entries: list[dict[str, Any]]) -> str:
    rows = [f"| {entry['title']} | {len(entry['calls'])} | {len(_right(entry))} |" for entry in entries]
    return "\n".join(["| client | calls | right |", "| --- | --- | --- |", *rows])


def _section(entry: dict[str, Any]) -> str:
    failing = [f"{code(call)}: {reason}" for call, reason in entry["calls"].items() if reason]
    blocks = [f"## {entry['title']}", paragraph(f"Right: {codes(_right(entry))}.")]
    if failing:
        blocks += [paragraph("Not right, with the reason:"), bullets(failing)]
    return "\n\n".join(blocks)


def _right(entry: dict[str, Any]) -> list[str]:
    return [call for call, reason in entry["calls"].items() if not reason]
