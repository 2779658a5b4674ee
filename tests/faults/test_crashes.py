"""A process may be killed, or its disk may fail, at any point.

What was acknowledged is there, the rest is not there at all, and doing it again ends as if nothing had happened.
"""

import os
from collections.abc import Callable

import pytest

from tests.faults.sharded import sweep
from tests.faults.steps import STEPS
from tests.faults.sweep import DISK_ERRORS, Swept

pytestmark = pytest.mark.slow

CRASH_POINTS = int(os.environ.get("PINCITE_CRASH_POINTS", "40"))
"""Points of each step that are tried, evenly spread; `python -m tests.scorecard F1` tries all."""
ERROR_POINTS = int(os.environ.get("PINCITE_ERROR_POINTS", "5"))
"""The same for each step and each kind of error."""
SWEEP_SECONDS = 280.0


@pytest.fixture(scope="module")
def killed(needs_tracing: None, covered: Callable[[str], None]) -> dict[str, Swept]:
    """Kill all steps, each at many points."""
    swept = sweep("kill", CRASH_POINTS, SWEEP_SECONDS)
    tried = sum(each.tried for each in swept)
    covered(f"crash sweep: {tried} of {sum(each.points for each in swept)} points, {len(STEPS)} steps")
    return {each.step: each for each in swept}


@pytest.fixture(scope="module")
def failed(needs_tracing: None, covered: Callable[[str], None]) -> dict[tuple[str, str], Swept]:
    """Let the disk fail in all steps, each at many points."""
    swept = sweep("errors", ERROR_POINTS, SWEEP_SECONDS)
    tried, fired = sum(each.tried for each in swept), sum(each.fired for each in swept)
    covered(f"disk errors: {tried} points, {len(STEPS)} steps, {len(DISK_ERRORS)} kinds of error; {fired} were told")
    return {(each.step, each.fault): each for each in swept}


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
