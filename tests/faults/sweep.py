"""Let something go wrong at every point at which a step changes the disk, and look at what is left.

`python -m tests.faults.sweep PLAN SHARD SHARDS POINTS` prints one line of JSON for each step and fault: how many
points were tried, and what was wrong after which of them. Of a step that has more than POINTS points, so many are
taken, evenly.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults import homes, tracing
from tests.faults.homes import State
from tests.faults.steps import DONE, REFUSED, STEPS, Step
from tests.faults.tracing import PERSISTENCE_CALLS, Call, Outcome, Report

MEMORY = Path("/dev/shm")  # noqa: S108 (a folder for the tests' homes, in which fsync costs nothing)
SPACE_CALLS = ("write", "pwrite64", "mkdir", "rename", "ftruncate")
DISK_CALLS = (*SPACE_CALLS, "fsync", "fdatasync", "unlink")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, in which calls, and whether it stays so."""

    name: str
    inject: str
    calls: tuple[str, ...]
    is_lasting: bool = False


KILL = Fault("kill", "signal=SIGKILL", PERSISTENCE_CALLS)
DISK_ERRORS = (
    Fault("EIO once", "error=EIO", (*DISK_CALLS, "openat")),
    Fault("EIO from then on", "error=EIO", DISK_CALLS, is_lasting=True),
    Fault("ENOSPC once", "error=ENOSPC", (*SPACE_CALLS, "openat")),
    Fault("ENOSPC from then on", "error=ENOSPC", SPACE_CALLS, is_lasting=True),
)
PLANS = {"kill": (KILL,), "errors": DISK_ERRORS}


@dataclass(slots=True)
class Swept:
    """What a sweep of one step has found."""

    step: str
    fault: str
    points: int = 0
    tried: int = 0
    fired: int = 0
    problems: list[str] = field(default_factory=list)


class StepSweep:
    """One step with its base home and with what the home must say after each of its actions."""

    def __init__(self, step: Step, folder: Path) -> None:
        self._step = step
        self._folder = folder
        self._base = folder / "base"
        self._base.mkdir()
        step.prepare(self._base)
        self._states = [self._state_after(number) for number in range(len(step.actions) + 2)]
        home = self._fresh()
        self.calls = tracing.count_calls(lambda report: step.run(home, report), folder / "log")

    def sweep(self, fault: Fault, choose: Callable[[list[Call]], Sequence[Call]]) -> Swept:
        """Have a fault at the chosen points, one after the other."""
        calls = [call for call in self.calls if call.name in fault.calls]
        swept = Swept(self._step.name, fault.name, points=len(calls))
        for call in choose(calls):
            home = self._fresh()
            outcome = self._run(home, call, fault)
            swept.tried += 1
            swept.fired += outcome.signal > 0 or _has_refused(outcome)
            problems = [*_problems_of(outcome), *self._problems_after(home, outcome.lines.count(DONE))]
            swept.problems += [f"{fault.name} at {call.text}: {problem}" for problem in problems]
        return swept

    def _run(self, home: Path, call: Call, fault: Fault) -> Outcome:
        def work(report: Report) -> None:
            if fault is KILL:
                self._step.run(home, report)
            else:
                self._step.run_on_bad_disk(home, report)

        return tracing.run_with_fault(work, call, fault.inject, lasting=fault.is_lasting)

    def _problems_after(self, home: Path, acknowledged: int) -> list[str]:
        """Return what is wrong with a home in which so many actions were acknowledged before the process ended."""
        state, problems = homes.look(home)
        allowed = self._states[acknowledged : acknowledged + 2]
        if state not in allowed:
            problems.append(f"after {acknowledged} actions: {difference(state, allowed[0])}")
        again = tracing.run(lambda report: self._step.run(home, report), None)
        problems += [f"run again: {problem}" for problem in _problems_of(again)]
        state, more = homes.look(home)
        if state != self._states[-1]:
            problems.append(f"run again: {difference(state, self._states[-1])}")
        return [*problems, *(f"run again: {problem}" for problem in more)]

    def _state_after(self, actions: int) -> State:
        home = self._fresh()
        outcome = tracing.run(lambda report: self._step.run(home, report, until=actions), None)
        state, problems = homes.look(home)
        if outcome.exit_code or problems:
            raise AssertionError(self._step.name, actions, outcome.lines, problems)
        return state

    def _fresh(self) -> Path:
        """Return a copy of the base home."""
        home = self._folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self._base, home)
        return home


def _problems_of(outcome: Outcome) -> list[str]:
    """Return what is wrong with the end of a process: an open library that refuses must still find everything."""
    if outcome.exit_code:
        return ["\n".join(outcome.lines)]
    if DONE in outcome.lines and outcome.lines[-1].startswith(REFUSED):
        return ["it was not searched after the error"]
    return []


def _has_refused(outcome: Outcome) -> bool:
    return any(line.startswith(REFUSED) for line in outcome.lines)


def difference(state: State, expected: State) -> str:
    """Return the parts of a state that are not as expected."""
    return "; ".join(f"{key}: {state[key]} is not {expected[key]}" for key in state if state[key] != expected[key])


def evenly(calls: Sequence[Call], most: int) -> list[Call]:
    """Return at most so many of the calls, evenly spread."""
    if len(calls) <= most:
        return list(calls)
    return [calls[number * len(calls) // most] for number in range(most)]


def main(plan: str, shard: int, shards: int, most: int) -> None:
    """Sweep one part of the points of every step."""
    parent = MEMORY if MEMORY.is_dir() else None
    for step in STEPS:
        with tempfile.TemporaryDirectory(dir=parent, prefix="pincite-faults-") as folder:
            sweep = StepSweep(step, Path(folder))
            for fault in PLANS[plan]:
                swept = sweep.sweep(fault, lambda calls: evenly(calls, most)[shard::shards])
                sys.stdout.write(json.dumps(asdict(swept)) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
