"""`python -m tests.clients [PROGRAM …]`: run clients' programs and write down what they say.

With `--url` against a server that runs already (its `docs/default` holds the samples), else against one of its own.
"""

import argparse
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.clients.catalog import PROGRAMS
from tests.clients.environments import InstallError, Program
from tests.clients.records import record
from tests.clients.runs import run_program
from tests.clients.samples import add_samples
from tests.live import start_stack


def main() -> None:
    """Run the named programs, or all; print each call that is not right."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("programs", nargs="*", choices=[*(program.name for program in PROGRAMS), []])
    parser.add_argument("--url")
    given = parser.parse_args()
    with _server(given.url) as url:
        for program in PROGRAMS:
            if not given.programs or program.name in given.programs:
                _try(program, url)


def _try(program: Program, url: str) -> None:
    try:
        results = run_program(program, url)
    except (InstallError, RuntimeError) as error:
        sys.stdout.write(f"{program.name}: {error}\n")
        return
    record(program, results)
    right = sum(result.passed for result in results)
    sys.stdout.write(f"{program.name}: {right} of {len(results)} right\n")
    for result in results:
        if not result.passed:
            sys.stdout.write(f"  {result.call}: {result.detail}\n")


@contextmanager
def _server(url: str | None) -> Generator[str, None, None]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as home:
        stack = start_stack(Path(home))
        try:
            add_samples(stack.api_url)
            yield stack.api_url
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
