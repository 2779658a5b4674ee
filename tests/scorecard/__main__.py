"""Run the scorecard: `python -m tests.scorecard [ID ...]`, with all checks or some, real servers and real kills.

A line for each check with its figure, a closing line for each group, and docs/development/scorecard.md. A letter
(`L`, `F`, `B`, `D`) stands for its whole group; `--skip ID` leaves a check out. The exit status is 1 if one has failed.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.scorecard.check import Check
from tests.scorecard.page import write_page
from tests.scorecard.registry import CHECKS
from tests.scorecard.runner import as_json, run_apart, run_here, summaries


def choose(names: Sequence[str], skipped: Sequence[str]) -> list[Check]:
    """Return the checks that are named, or all, in the order of the scorecard. Raises `ValueError` for others."""
    known = {check.id for check in CHECKS} | {check.id[0] for check in CHECKS}
    if unknown := {*names, *skipped} - known:
        raise ValueError(f"no check is called {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
    wanted = names or sorted(known)
    return [check for check in CHECKS if {check.id, check.id[0]} & {*wanted} and check.id not in skipped]


def main(argv: Sequence[str]) -> int:
    """Run the chosen checks, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--skip", action="append", default=[], metavar="ID", help="leave this check out")
    parser.add_argument("--no-page", action="store_true", help="leave the page as it is")
    parser.add_argument("--share", type=float, default=1.0, help="measure this share of the long checks, then `partly`")
    parser.add_argument("--here", action="store_true", help="run one check in this process, print all as JSON")
    options = parser.parse_args(argv)
    try:
        chosen = choose(options.ids, options.skip)
    except ValueError as error:
        parser.error(str(error))
    if options.here:
        sys.stdout.write(as_json(run_here(chosen[0], options.share)) + "\n")
        return 0
    rows = []
    for check in chosen:
        rows.append(run_apart(check, options.share))
        sys.stdout.write(rows[-1].line() + "\n")
        sys.stdout.flush()
        if not options.no_page:
            write_page(rows[-1:], CHECKS)
    sys.stdout.write("\n".join(summaries(rows, CHECKS)) + "\n")
    return int(any(row.result == "failed" for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
