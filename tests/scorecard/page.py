"""The page of the scorecard. It is also where results are kept: a run of some checks replaces their rows alone."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

from tests.scorecard.check import GROUPS, Check, Result
from tests.scorecard.runner import ROOT, Row, summaries

PAGE = ROOT / "docs" / "development" / "scorecard.md"
HEAD = """# Scorecard

<!-- Written by `python -m tests.scorecard`; change the checks in tests/scorecard, not this page. -->

46 promises about load, faults, bad inputs and doors, each with what its check last measured against a real server.
[Testing](testing.md#scorecard) says how to run them. **Held**: all that the check asks was measured, and the promise
is kept. **Partly**: what was measured is kept, a part was not measured. **Failed** and **not run** say why.

The models are tiny random ones unless a row says otherwise, so counts, statuses, survival and memory count; seconds are
upper bounds on a machine with the load that the row names.
"""
_ROW = re.compile(
    r"^\| (?P<id>[LFBD]\d+) \| (?P<title>.*) \| (?P<figure>.*) \| (?P<result>.*) \| (?P<conditions>.*) \|$"
)


def read_rows(path: Path) -> dict[str, Row]:
    """Return the rows of a page by their ids; none of a page that is not there."""
    if not path.exists():
        return {}
    matches = filter(None, map(_ROW.match, path.read_text("utf-8").splitlines()))
    return {match["id"]: _row(match.groupdict()) for match in matches}


def _row(cells: Mapping[str, str]) -> Row:
    if cells["result"] not in get_args(Result):
        raise ValueError(f"{PAGE}: {cells['id']} has the result {cells['result']}; it is one of {get_args(Result)}")
    figure = cells["figure"].replace("\\|", "|")
    return Row(cells["id"], cells["title"], cast("Result", cells["result"]), figure, cells["conditions"])


def render(rows: Mapping[str, Row], checks: Sequence[Check]) -> str:
    """Return the page: a table for each group, with a row for each check."""
    whole = [rows.get(check.id, Row(check.id, check.title, "not run", "not run yet")) for check in checks]
    closing = {line.rsplit(" ", 1)[0]: line for line in summaries(whole, checks)}
    parts = [HEAD]
    for letter, group in GROUPS.items():
        parts.append(f"\n## {closing.get(group, group).capitalize()}\n")
        parts += ["| id | check | figure | result | conditions |", "| --- | --- | --- | --- | --- |"]
        parts += [_line(row, check) for row, check in zip(whole, checks, strict=True) if row.id[0] == letter]
    return "\n".join(parts) + "\n"


def _line(row: Row, check: Check) -> str:
    figure = " ".join(row.figure.split()).replace("|", "\\|").replace("<", "&lt;")
    return f"| {row.id} | {check.title} | {figure} | {row.result} | {row.conditions} |"


def write_page(rows: Sequence[Row], checks: Sequence[Check], path: Path = PAGE) -> None:
    """Put rows into the page; those of other checks stay as they are."""
    whole = {**read_rows(path), **{row.id: row for row in rows}}
    path.write_text(render(whole, checks), "utf-8")
