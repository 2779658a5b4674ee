"""A check of the scorecard: what it asks, what it has measured, and what follows from that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Result = Literal["held", "partly", "failed", "not run"]

GROUPS = {"L": "load held", "F": "faults survived", "B": "bad inputs tried", "D": "doors closed"}
MOST_PROBLEMS = 3


class CannotRunError(Exception):
    """A check cannot run on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a check has measured: the figure that is shown, what contradicts the promise, and what was left out.

    A check that has left out a part of what it asks is never held.
    """

    figure: str
    problems: Sequence[str] = ()
    unmeasured: str = ""

    @property
    def result(self) -> Result:
        if self.problems:
            return "failed"
        return "partly" if self.unmeasured else "held"

    def described(self) -> str:
        """Return the figure with the first problems or with what was left out."""
        shown = [*self.problems[:MOST_PROBLEMS]]
        if len(self.problems) > MOST_PROBLEMS:
            shown.append(f"and {len(self.problems) - MOST_PROBLEMS} more")
        said = [self.figure, *(f"**{problem}**" for problem in shown)]
        return "; ".join([*said, *([f"not measured: {self.unmeasured}"] if self.unmeasured else [])])


@dataclass(frozen=True, slots=True)
class Check:
    """One of the 46: `run` gets an empty folder and returns what it has measured within `minutes`."""

    id: str
    title: str
    run: Callable[[Path], Measured]
    minutes: float = 5.0

    @property
    def group(self) -> str:
        return GROUPS[self.id[0]]
