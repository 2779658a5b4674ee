"""How many responses may be open at the same time, whoever opens and closes them in whatever order."""

from contextlib import ExitStack

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from api.errors import TooManyStreamsError
from api.http.open_responses import OpenResponses

PER_CLIENT, TOTAL = 2, 5
CLIENTS = st.sampled_from("abcd")


class Clients(RuleBasedStateMachine):
    """Clients that open and close responses, beside a list of those that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.places = OpenResponses(per_client=PER_CLIENT, total=TOTAL)
        self.open: list[tuple[str, ExitStack]] = []

    @rule(client=CLIENTS)
    def open_one(self, client: str) -> None:
        of_client = sum(other == client for other, _ in self.open)
        stack = ExitStack()
        if of_client < PER_CLIENT and len(self.open) < TOTAL:
            stack.enter_context(self.places.hold(client))
            self.open.append((client, stack))
            return
        with pytest.raises(TooManyStreamsError):
            stack.enter_context(self.places.hold(client))

    @rule(client=CLIENTS)
    def close_one(self, client: str) -> None:
        found = next((entry for entry in self.open if entry[0] == client), None)
        if found is not None:
            self.open.remove(found)
            found[1].close()

    @invariant()
    def count_is_true(self) -> None:
        assert self.places.count == len(self.open)


TestClients = Clients.TestCase


def test_a_response_that_fails_gives_its_place_back() -> None:
    places = OpenResponses(per_client=1, total=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.hold("a"):
            raise ZeroDivisionError
    assert places.count == 0
