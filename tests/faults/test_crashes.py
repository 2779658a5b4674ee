"""A process may be killed, or its disk may fail, at any point.

What was acknowledged is there, the rest is not there at all, and doing it again ends as if nothing had happened.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.steps import STEPS
from tests.faults.sweep import DISK_ERRORS, Swept

pytestmark = pytest.mark.slow

SHARDS = 2
CRASH_POINTS = int(os.environ.get("PINCITE_CRASH_POINTS", "40"))
"""Points of each step that are tried, evenly spread; the whole sweep has about 1,500."""
ERROR_POINTS = int(os.environ.get("PINCITE_ERROR_POINTS", "5"))
"""The same for each step and each kind of error."""
SWEEP_SECONDS = 280.0
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def killed(needs_tracing: None, covered: Callable[[str], None]) -> dict[str, Swept]:
    """Kill all steps, each at many points."""
    swept = sweep("kill", CRASH_POINTS)
    tried = sum(each.tried for each in swept)
    covered(f"crash sweep: {tried} of {sum(each.points for each in swept)} points, {len(STEPS)} steps")
    return {each.step: each for each in swept}


@pytest.fixture(scope="module")
def failed(needs_tracing: None, covered: Callable[[str], None]) -> dict[tuple[str, str], Swept]:
    """Let the disk fail in all steps, each at many points."""
    swept = sweep("errors", ERROR_POINTS)
    tried, fired = sum(each.tried for each in swept), sum(each.fired for each in swept)
    covered(f"disk errors: {tried} points, {len(STEPS)} steps, {len(DISK_ERRORS)} kinds of error; {fired} were told")
    return {(each.step, each.fault): each for each in swept}


def sweep(plan: str, most: int) -> list[Swept]:
    """Sweep all steps, in several processes, each of which takes its share of the points."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sweep", plan, str(shard), str(SHARDS), str(most)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for shard in range(SHARDS)
    ]
    try:
        outputs = [process.communicate(timeout=SWEEP_SECONDS)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0] * SHARDS
    return _joined([Swept(**json.loads(line)) for output in outputs for line in output.splitlines()])


def _joined(parts: list[Swept]) -> list[Swept]:
    swept: dict[tuple[str, str], Swept] = {}
    for part in parts:
        whole = swept.setdefault((part.step, part.fault), Swept(part.step, part.fault, points=part.points))
        whole.tried += part.tried
        whole.fired += part.fired
        whole.problems += part.problems
    return list(swept.values())


@pytest.mark.parametrize("step", [step.name for step in STEPS])
def test_a_kill_at_any_point_loses_and_spoils_nothing(killed: dict[str, Swept], step: str) -> None:
    swept = killed[step]
    assert swept.problems == []
    assert swept.tried > 30
    assert swept.fired >= 0.9 * swept.tried


@pytest.mark.parametrize("fault", [fault.name for fault in DISK_ERRORS])
@pytest.mark.parametrize("step", [step.name for step in STEPS])
def test_a_disk_error_is_told_and_spoils_nothing(failed: dict[tuple[str, str], Swept], step: str, fault: str) -> None:
    swept = failed[step, fault]
    assert swept.problems == []
    assert swept.fired > 0
