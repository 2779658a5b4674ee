"""Every client's program gives what `docs/reference/compatibility.md` says, against one live server."""

import shutil

import pytest

from tests.clients.catalog import PROGRAMS
from tests.clients.environments import InstallError, Program
from tests.clients.records import as_record, read_records
from tests.clients.runs import run_program
from tests.clients.samples import add_samples
from tests.live import LiveStack

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def url(live_stack: LiveStack) -> str:
    add_samples(live_stack.api_url)
    return live_stack.api_url


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_clients_calls_give_what_the_page_says(program: Program, url: str) -> None:
    if program.environment.language == "javascript" and not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node.js is not installed")
    try:
        results = run_program(program, url)
    except InstallError as error:
        pytest.skip(f"its packages cannot be installed here: {error}")
    failed = {result.call: result.detail for result in results if not result.passed}
    assert {call: detail for call, detail in failed.items() if call not in program.stays_out} == {}
    assert set(program.stays_out) == set(failed), "a call that works again is no longer one that stays out"
    recorded = {entry["name"]: entry for entry in read_records()}
    assert recorded[program.name] == as_record(program, results), "run `python -m tests.clients`, then `make docs`"
