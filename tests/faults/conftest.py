"""What all tests of faults share: they say at the end how much they have covered."""

import functools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COVERED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COVERED] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(COVERED, []):
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def covered(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Have a line shown at the end of the run."""
    return pytestconfig.stash[COVERED].append


@functools.cache
def _why_no_tracing() -> str | None:
    # In a process of its own: the tests' own one may have threads, and is not to be forked.
    found = subprocess.run([sys.executable, "-m", "tests.faults.tracing"], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip() or found.stderr.strip() or None


@pytest.fixture(scope="session")
def needs_tracing() -> None:
    """Skip where strace is missing or may not attach to a process."""
    if (reason := _why_no_tracing()) is not None:
        pytest.skip(reason)
