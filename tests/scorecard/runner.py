"""Run checks of the scorecard, each in a process group of its own that ends with it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.scorecard.check import GROUPS, MOST_PROBLEMS, CannotRunError, Check, Result

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the scorecard."""

    id: str
    title: str
    result: Result
    figure: str
    conditions: str = ""

    def line(self) -> str:
        """Return it as the terminal shows it."""
        return f"{self.id:<4} {self.result:<7}  {self.figure}"


def run_here(check: Check, share: float = 1.0, most_problems: int = MOST_PROBLEMS) -> Row:
    """Run a check in this process."""
    with tempfile.TemporaryDirectory(prefix=f"pincite-{check.id}-", ignore_cleanup_errors=True) as folder:
        try:
            measured = check.measure(Path(folder), share)
        except CannotRunError as reason:
            return Row(check.id, check.title, "not run", str(reason))
        return Row(check.id, check.title, measured.result, measured.described(most_problems))


def run_apart(check: Check, share: float = 1.0) -> Row:
    """Run a check in a process of its own; nothing that it has started outlives it."""
    started, load = time.monotonic(), os.getloadavg()[0]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scorecard", "--here", "--share", str(share), check.id],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=60 * check.minutes)
        row = _row_of(check, output, errors)
    except subprocess.TimeoutExpired:
        row = Row(check.id, check.title, "failed", f"it did not end within {check.minutes:g} minutes")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    conditions = f"{datetime.now(UTC):%Y-%m-%d}, {_commit()}, load {load:.0f}, {time.monotonic() - started:.0f} s"
    return Row(row.id, row.title, row.result, row.figure, conditions)


def _row_of(check: Check, output: str, errors: str) -> Row:
    with suppress(json.JSONDecodeError, IndexError, TypeError):
        return Row(**json.loads(output.splitlines()[-1]))
    said = errors.strip().splitlines()
    return Row(check.id, check.title, "failed", f"the check broke off: {said[-1] if said else 'without a word'}")


def _commit() -> str:
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return said.stdout.strip() or "no commit"


def as_json(row: Row) -> str:
    """Return a row as `run_apart` reads it."""
    return json.dumps(asdict(row))


def summaries(rows: Sequence[Row], checks: Sequence[Check]) -> Iterator[str]:
    """Yield a closing line a group: how many of its checks are held, of all that it has."""
    for letter, group in GROUPS.items():
        known = [check for check in checks if check.id[0] == letter]
        ran = [row for row in rows if row.id[0] == letter]
        if ran:
            yield f"{group} {sum(row.result == 'held' for row in ran)}/{len(known)}"
