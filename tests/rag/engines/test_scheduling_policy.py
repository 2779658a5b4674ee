"""Who is next, and when to refuse."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.scheduling_policy import GRAIN, PATIENCE, Policy
from rag.errors import EngineBusyError


def test_the_client_with_the_fewest_running_is_served_first_and_first_come_first_served() -> None:
    policy = Policy()
    assert policy.next_waiting(["a", "a", "b"], []) == 0
    assert policy.next_waiting(["a", "a", "b", "b"], ["a"]) == 2
    assert policy.next_waiting(["a", "b"], ["a", "b"]) == 0


def test_the_prompt_that_is_read_soonest_comes_first_until_another_has_been_passed_over_too_often() -> None:
    policy = Policy()
    assert policy.next_reader([900, 40, 100], [3, 0, 1]) == 1
    assert policy.next_reader([900, 40, 100], [PATIENCE, 0, 1]) == 0


def test_beside_answers_a_step_of_a_prompt_is_about_twice_as_long_as_one_of_theirs() -> None:
    policy = Policy(prefill_tokens=256)
    assert policy.step_tokens(answer_seconds=0.0, token_seconds=0.001) == 256
    assert policy.step_tokens(answer_seconds=0.03, token_seconds=0.0) == 256
    assert policy.step_tokens(answer_seconds=0.03, token_seconds=0.001) == 48
    assert policy.step_tokens(answer_seconds=0.001, token_seconds=0.001) == GRAIN
    assert policy.step_tokens(answer_seconds=9.0, token_seconds=0.001) == 256


@given(length=st.integers(1, 2_000), steps=st.lists(st.integers(1, 20).map(lambda grains: grains * GRAIN), min_size=1))
def test_a_long_prompt_is_read_in_steps_of_whole_grains_and_no_small_rest(length: int, steps: list[int]) -> None:
    policy, unread, shares = Policy(), length, list[int]()
    for step in itertools.cycle(steps):
        if not unread:
            break
        shares.append(policy.prefill_share(unread, step))
        assert shares[-1] <= max(step, 2 * GRAIN - 1)
        unread -= shares[-1]
    assert all(share % GRAIN == 0 for share in shares[:-1])
    assert shares[-1] >= min(GRAIN, length)


@given(known=st.integers(0, 500), length=st.integers(1, 500))
def test_what_is_known_is_used_in_whole_grains_and_at_least_one_is_read_again(known: int, length: int) -> None:
    reusable = Policy().reusable(min(known, length), length)
    assert reusable % GRAIN == 0
    assert 0 <= reusable <= known
    assert reusable == 0 or reusable + GRAIN <= length
    assert min(known, length) - reusable < 2 * GRAIN


def test_a_full_queue_says_when_to_come_again() -> None:
    policy = Policy(queue_size=2)
    policy.check_room(1, mean_seconds=3.2)
    with pytest.raises(EngineBusyError) as caught:
        policy.check_room(2, mean_seconds=3.2)
    assert (caught.value.waiting, caught.value.retry_after_seconds) == (2, 4)


@pytest.mark.parametrize(("mean_seconds", "retry"), [(0.0, 1), (1e9, 600)])
def test_the_wait_that_is_advised_is_within_reason(mean_seconds: float, retry: int) -> None:
    with pytest.raises(EngineBusyError) as caught:
        Policy(queue_size=1).check_room(1, mean_seconds=mean_seconds)
    assert caught.value.retry_after_seconds == retry


@pytest.mark.parametrize(("queue_size", "prefill_tokens"), [(0, 256), (1, 0), (1, GRAIN), (1, 100)])
def test_a_policy_that_never_advances_or_leaves_the_grain_cannot_be_built(queue_size: int, prefill_tokens: int) -> None:
    with pytest.raises(ValueError, match=r"queue of at least 1|must be a multiple"):
        Policy(queue_size=queue_size, prefill_tokens=prefill_tokens)
