"""A check of the scorecard: what it asks, what it has measured, and what follows from that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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

    def described(self, most: int = MOST_PROBLEMS) -> str:
        """Return the figure with the first problems or with what was left out."""
        shown = [*self.problems[:most]]
        if len(self.problems) > most:
            shown.append(f"and {len(self.problems) - most} more")
        said = [self.figure, *(f"**{problem}**" for problem in shown)]
        return "; ".join([*said, *([f"not measured: {self.unmeasured}"] if self.unmeasured else [])])


@dataclass(frozen=True, slots=True)
class Check:
    """One of the 46: `run` gets an empty folder and returns what it has measured within `minutes`.

    A long check has `run_part`, which also gets the share of its size that is to be measured.
    """

    id: str
    title: str
    run: Callable[[Path], Measured]
    minutes: float = 5.0
    run_part: Callable[[Path, float], Measured] | None = None

    def measure(self, folder: Path, share: float = 1.0) -> Measured:
        """Run it, at full size or, where it can be, at a share of it; what is left out is said."""
        if share == 1.0 or self.run_part is None:
            return self.run(folder)
        measured = self.run_part(folder, share)
        left = "; ".join(filter(None, [measured.unmeasured, f"the whole size ({share:.0%} of it was run)"]))
        return replace(measured, unmeasured=left)

    @property
    def group(self) -> str:
        return GROUPS[self.id[0]]
