"""Time the list routes, `/metrics` and a rerun of the chat page at two sizes of the library, beside an older build.

    python -m tests.benchmarks.listing [--baseline TREE] [--documents 1000 100000] [--homes FOLDER] [--json]

`--baseline` is a checkout of the older build, which makes the libraries, because a newer one changes their format. The
two builds take turns on copies of the same libraries.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).parent.parent.parent
CALLS = Path(__file__).with_name("listing_calls.py")
LEAST_SPEEDUP = 50
MOST_GROWTH = 2.0

Times = dict[str, float]


def run(tree: Path, *arguments: str) -> str:
    """Run the calls with the build in `tree`; return what they print."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PINCITE_HOME": ""}
    # With -P, the script's own folder does not come before the build's.
    command = [sys.executable, "-P", str(CALLS), *arguments]
    done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def measure(tree: Path, home: Path) -> Times:
    """Return the seconds of each call of the build in `tree`, on a copy of a library."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy)
        times: Times = json.loads(run(tree, "measure", str(copy)))
        return times


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or with `--json` the seconds; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baseline", type=Path, help="checkout of the older build")
    parser.add_argument("--documents", type=int, nargs=2, default=(1_000, 100_000))
    parser.add_argument("--homes", type=Path, help="folder that keeps the libraries for the next run")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    small, large = options.documents
    builds = {"baseline": options.baseline} if options.baseline else {}
    builds["this build"] = TREE
    with tempfile.TemporaryDirectory() as scratch:
        homes = options.homes or Path(scratch)
        results: dict[str, dict[int, Times]] = {build: {} for build in builds}
        for documents in (small, large):
            home = homes / str(documents)
            if not home.exists():
                run(options.baseline or TREE, "make", str(home), str(documents))
            for build, tree in builds.items():
                results[build][documents] = measure(tree, home)
    if options.json:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
    else:
        _print_table(results, small, large)
    return 0 if _meets_goals(results, small, large) else 1


def _print_table(results: dict[str, dict[int, Times]], small: int, large: int) -> None:
    columns = [f"{build}, {size:,}" for build in results for size in (small, large)]
    write = sys.stdout.write
    write("| ms | " + " | ".join([*columns, "growth", "speedup"]) + " |\n")
    write("| --- |" + " ---: |" * (len(columns) + 2) + "\n")
    ours = results["this build"]
    for call in ours[small]:
        cells = [f"{results[build][size][call] * 1e3:,.1f}" for build in results for size in (small, large)]
        growth = f"{ours[large][call] / ours[small][call]:.2f}"
        speedup = f"{results['baseline'][large][call] / ours[large][call]:,.0f}" if "baseline" in results else ""
        write(f"| {call} | " + " | ".join([*cells, growth, speedup]) + " |\n")


def _meets_goals(results: dict[str, dict[int, Times]], small: int, large: int) -> bool:
    """Whether no call grows by more than the goal, and those that were slow are as much faster as the goal says."""
    ours, baseline = results["this build"], results.get("baseline")
    is_flat = all(ours[large][call] <= MOST_GROWTH * ours[small][call] for call in ours[small])
    if baseline is None:
        return is_flat
    grew = [call for call in ours[small] if baseline[large][call] > MOST_GROWTH * baseline[small][call]]
    return is_flat and all(baseline[large][call] >= LEAST_SPEEDUP * ours[large][call] for call in grew)


if __name__ == "__main__":
    sys.exit(main())
