"""Who is next, and when to refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.llama.policy import GRAIN, Policy
from rag.errors import EngineBusyError


def test_first_come_first_served() -> None:
    assert Policy().next_waiting(["first", "second"]) == "first"
    assert Policy().next_waiting([]) is None


@given(length=st.integers(1, 2_000), step=st.integers(2, 20).map(lambda grains: grains * GRAIN))
def test_a_long_prompt_is_read_in_steps_of_whole_grains_and_no_small_rest(length: int, step: int) -> None:
    policy, unread, shares = Policy(prefill_tokens=step), length, list[int]()
    while unread:
        shares.append(policy.prefill_share(unread))
        unread -= shares[-1]
    assert all(share <= step for share in shares)
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
