"""How long it takes to find out that nothing has changed in a folder: `pincite ingest` over files that it has read.

usage: python -m tests.benchmarks.unchanged_folder [--files N] [--rounds N]

Whole processes are timed, from the command to its end, beside `pincite --version`: what a start alone costs.
"""

import argparse
import logging
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measuring import seconds
from tests.live import clean_environment


def main() -> int:
    """Print the medians of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home, folder = Path(name, "home"), Path(name, "documents")
        home.mkdir()
        folder.mkdir()
        for number in range(arguments.files):
            Path(folder, f"note-{number}.txt").write_text(f"Note {number}: the meter showed {number * 7} litres.\n")

        def pincite(*words: str) -> None:
            command = [sys.executable, "-m", "api.cli", *words]
            subprocess.run(command, check=True, capture_output=True, env=clean_environment(home))

        first = seconds(lambda: pincite("ingest", str(folder)))
        again = [seconds(lambda: pincite("ingest", str(folder))) for _ in range(arguments.rounds)]
        start = [seconds(lambda: pincite("--version")) for _ in range(arguments.rounds)]
    logging.info("%d files, read for the first time: %.1f s", arguments.files, first)
    logging.info("unchanged: %.2f s (from %.2f to %.2f)", statistics.median(again), min(again), max(again))
    logging.info("a start alone: %.2f s", statistics.median(start))
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main())
