"""The checks of the scorecard that fit a test run, at small sizes; none of these depends on a clock."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.scorecard import doors_data, doors_http, inputs_files, load_queue, load_slow
from tests.scorecard.check import CannotRunError, Measured

pytestmark = [pytest.mark.slow, pytest.mark.real]

SMALL: dict[str, Callable[[Path], Measured]] = {
    "L2": partial(load_queue.queue_bound, chats=12, waiting=4),
    "L6": partial(load_slow.upload_bounds, megabytes=40),
    "L7": load_queue.overflow,
    "B4": inputs_files.external_entities,
    "D9": doors_http.addresses_in_requests,
    "D12": doors_data.purged,
}


@pytest.mark.parametrize("name", SMALL)
def test_what_a_check_measures_keeps_the_promise(name: str, tmp_path: Path) -> None:
    try:
        measured = SMALL[name](tmp_path)
    except CannotRunError as reason:
        pytest.skip(str(reason))
    assert list(measured.problems) == []
