"""Two clients of one server, of which one asks far more than the model can answer."""

import httpx
import pytest

from tests.benchmarks.fair_shares import QUIET_ADDRESS, ask, client_at, flood
from tests.live import LiveStack

pytestmark = pytest.mark.real


def test_a_client_with_many_requests_in_flight_does_not_lock_out_another(live_stack: LiveStack) -> None:
    with flood(live_stack.api_url, 60, max_tokens=4) as busy, client_at(live_stack.api_url, QUIET_ADDRESS) as quiet:
        while not busy[httpx.codes.TOO_MANY_REQUESTS]:
            assert ask(quiet, 0, max_tokens=1).status_code == httpx.codes.OK
        statuses = {ask(quiet, number, max_tokens=4).status_code for number in range(6)}
    assert statuses == {httpx.codes.OK}
    assert set(busy) == {httpx.codes.OK, httpx.codes.TOO_MANY_REQUESTS}
