"""Shares of principals and users: places in the queue, slots, decode steps and prefill time."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.fairness import (
    MAX_PREFILL_SHARE,
    MAX_PRINCIPAL_QUEUES,
    MAX_USER_QUEUES,
    RECENT_SECONDS,
    Sharers,
    cache_domain_of,
    choose_decoding,
    choose_waiting,
    is_queue_full,
    name_client,
    name_key_holder,
    principal_of,
)

STEPS = {1: 1.0, 2: 1.1, 4: 1.3, 8: 2.5}
"""Seconds of a step by its rows: up to four cost hardly more than one."""


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(principal=st.from_regex(r"[0-9a-f.:]{1,20}", fullmatch=True), user=st.text(max_size=20))
def test_a_user_never_changes_the_principal(principal: str, user: str) -> None:
    assert principal_of(name_client(principal, user)) == principal


def test_each_client_has_a_queue_of_its_own() -> None:
    flood = ["10.0.0.1"] * 32
    assert is_queue_full(flood, "10.0.0.1", queue_size=32)
    assert not is_queue_full(flood, "10.0.0.2", queue_size=32)
    assert not is_queue_full(flood, "10.0.0.1/ann", queue_size=32)


def test_naming_users_gains_only_so_many_places() -> None:
    flood = [f"10.0.0.1/{number}" for number in range(MAX_USER_QUEUES * 4)]
    assert is_queue_full(flood, "10.0.0.1/new", queue_size=4)
    assert not is_queue_full(flood, "10.0.0.2", queue_size=4)


def test_the_whole_queue_is_bounded() -> None:
    places = MAX_PRINCIPAL_QUEUES * MAX_USER_QUEUES * 4
    assert is_queue_full([str(number) for number in range(places)], "new", queue_size=4)
    assert not is_queue_full([str(number) for number in range(places - 1)], "new", queue_size=4)


def test_the_sharer_with_the_fewest_running_is_admitted_first_and_first_come_first_served() -> None:
    def admit(waiting: list[str], running: list[str]) -> int | None:
        return choose_waiting(waiting, running, free_slots=2, sharers={"a", "b"})

    assert admit(["a", "a", "b"], []) == 0
    assert admit(["a", "a", "b", "b"], ["a"]) == 2
    assert admit(["a", "b"], ["a", "b"]) == 0


@pytest.mark.parametrize(
    ("waiting", "running", "free_slots", "sharers", "index"),
    [
        (["a"], ["a"], 1, {"a", "b"}, None),
        (["a"], ["a"], 2, {"a", "b"}, 0),
        (["a"], ["a"], 1, {"a"}, 0),
        (["a", "b"], ["a"], 1, {"a", "b"}, 1),
        (["a"], ["a", "b"], 1, {"a", "b"}, 0),
        (["a"], [], 1, {"a", "b"}, 0),
    ],
    ids=["kept for b", "another is free", "alone", "b takes it", "b has one", "the only slot"],
)
def test_the_last_free_slot_is_kept_for_a_sharer_without_one(
    waiting: list[str], running: list[str], free_slots: int, sharers: set[str], index: int | None
) -> None:
    assert choose_waiting(waiting, running, free_slots=free_slots, sharers=sharers) == index


def test_one_sharer_decodes_everything_at_once() -> None:
    assert choose_decoding(["a"] * 8, [0] * 8, active={"a"}, step_seconds=STEPS) == list(range(8))


def test_beside_another_sharer_each_gets_the_same_rows_as_far_as_a_step_stays_short() -> None:
    decoding = ["a", "a", "a", "b", "a", "a"]
    assert choose_decoding(decoding, [5, 1, 2, 9, 4, 3], active={"a", "b"}, step_seconds=STEPS) == [1, 2, 3]
    assert choose_decoding(decoding, [5, 1, 2, 9, 4, 3], active={"a", "b"}, step_seconds={}) == [1, 3]
    assert choose_decoding(decoding[:4], [0] * 4, active={"a", "b"}, step_seconds=STEPS) == [0, 1, 2, 3]


def test_a_prompt_that_is_prefilled_counts_as_a_sharer() -> None:
    assert choose_decoding(["a"] * 8, list(range(8)), active={"a", "b"}, step_seconds=STEPS) == [0, 1]


@given(sharers=st.lists(st.sampled_from("abc"), min_size=1, max_size=12), steps=st.integers(1, 40))
def test_every_completion_is_decoded_in_turn(sharers: list[str], steps: int) -> None:
    last_steps, decoded = [0] * len(sharers), Counter[int]()
    for step in range(1, steps + 1):
        chosen = choose_decoding(sharers, last_steps, active=set(sharers), step_seconds={})
        assert chosen == sorted(set(chosen))
        assert {sharers[index] for index in chosen} == set(sharers)
        for index in chosen:
            last_steps[index] = step
        decoded.update(chosen)
    for sharer in set(sharers):
        counts = [decoded[index] for index, other in enumerate(sharers) if other == sharer]
        assert max(counts) - min(counts) <= 1


def test_principals_share_while_several_are_about_and_else_their_users() -> None:
    clock = Clock()
    sharers = Sharers(clock)
    sharers.see("10.0.0.1/ann")
    sharers.see("10.0.0.1/ben")
    assert sharers.list_recent() == {"10.0.0.1/ann", "10.0.0.1/ben"}
    clock.now = 1.0
    sharers.see("10.0.0.2")
    assert sharers.list_recent() == {"10.0.0.1", "10.0.0.2"}
    clock.now = RECENT_SECONDS + 0.5
    sharers.see("10.0.0.2")
    assert sharers.list_recent() == {"10.0.0.2"}


def test_prefill_beside_others_takes_a_share_of_their_decode_time() -> None:
    sharers = Sharers(Clock())
    assert sharers.may_delay_others
    sharers.record_delay(1.0)
    sharers.record_decoding(0.9 / MAX_PREFILL_SHARE)
    assert not sharers.may_delay_others
    sharers.record_decoding(0.2 / MAX_PREFILL_SHARE)
    assert sharers.may_delay_others
    sharers.record_delay(1.0)
    sharers.record_decoding(0.0)
    assert sharers.may_delay_others


def test_key_holders_are_told_from_addresses() -> None:
    anna = name_key_holder("anna")
    assert principal_of(name_client(anna, "laptop")) == anna
    assert {cache_domain_of(name_client(anna, user)) for user in (None, "laptop")} == {anna}
    assert cache_domain_of(name_client("127.0.0.1", "key:anna")) == cache_domain_of("") == ""
