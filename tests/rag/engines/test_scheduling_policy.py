"""Which request is next, how long its chunk is, and when the queue refuses."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.scheduling_policy import CHUNK_ALIGNMENT, MAX_SKIPPED_STEPS, SchedulingPolicy
from rag.errors import EngineBusyError


def test_the_shortest_remaining_prefill_comes_first_until_another_was_skipped_too_often() -> None:
    policy = SchedulingPolicy()
    assert policy.choose_prefill([900, 40, 100], [3, 0, 1], [1, 1, 1]) == 1
    assert policy.choose_prefill([900, 40, 100], [MAX_SKIPPED_STEPS, 0, 1], [1, 1, 1]) == 0
    assert policy.choose_prefill([900, 40, 100], [3, 0, 1], [1, 2, 2]) == 0


def test_beside_decoding_a_prefill_chunk_takes_about_twice_as_long_as_a_decode_step() -> None:
    policy = SchedulingPolicy(max_chunk_tokens=256)
    assert policy.limit_chunk(decode_seconds=0.0, token_seconds=0.001) == 256
    assert policy.limit_chunk(decode_seconds=0.03, token_seconds=0.0) == 256
    assert policy.limit_chunk(decode_seconds=0.03, token_seconds=0.001) == 48
    assert policy.limit_chunk(decode_seconds=0.001, token_seconds=0.001) == CHUNK_ALIGNMENT
    assert policy.limit_chunk(decode_seconds=9.0, token_seconds=0.001) == 256


@given(
    length=st.integers(1, 2_000),
    steps=st.lists(st.integers(1, 20).map(lambda units: units * CHUNK_ALIGNMENT), min_size=1),
)
def test_a_long_prompt_is_prefilled_in_aligned_chunks_without_a_small_rest(length: int, steps: list[int]) -> None:
    policy, pending, chunks = SchedulingPolicy(), length, list[int]()
    for step in itertools.cycle(steps):
        if not pending:
            break
        chunks.append(policy.cut_chunk(pending, step))
        assert chunks[-1] <= max(step, 2 * CHUNK_ALIGNMENT - 1)
        pending -= chunks[-1]
    assert all(chunk % CHUNK_ALIGNMENT == 0 for chunk in chunks[:-1])
    assert chunks[-1] >= min(CHUNK_ALIGNMENT, length)


@given(shared=st.integers(0, 500), length=st.integers(1, 500))
def test_reuse_is_aligned_and_leaves_at_least_one_chunk_to_prefill(shared: int, length: int) -> None:
    reused = SchedulingPolicy().align_reuse(min(shared, length), length)
    assert reused % CHUNK_ALIGNMENT == 0
    assert 0 <= reused <= shared
    assert reused == 0 or reused + CHUNK_ALIGNMENT <= length
    assert min(shared, length) - reused < 2 * CHUNK_ALIGNMENT


def test_a_full_queue_says_when_to_come_again() -> None:
    policy = SchedulingPolicy(queue_size=2)
    policy.check_queue(["a", "b"], "a", mean_seconds=3.2)
    with pytest.raises(EngineBusyError) as caught:
        policy.check_queue(["a", "a"], "a", mean_seconds=3.2)
    assert (caught.value.waiting, caught.value.retry_after_seconds) == (2, 4)


@pytest.mark.parametrize(("mean_seconds", "retry"), [(0.0, 1), (1e9, 600)])
def test_the_advised_wait_is_bounded(mean_seconds: float, retry: int) -> None:
    with pytest.raises(EngineBusyError) as caught:
        SchedulingPolicy(queue_size=1).check_queue(["a"], "a", mean_seconds=mean_seconds)
    assert caught.value.retry_after_seconds == retry


@pytest.mark.parametrize(("queue_size", "max_chunk_tokens"), [(0, 256), (1, 0), (1, CHUNK_ALIGNMENT), (1, 100)])
def test_a_policy_that_never_advances_or_breaks_alignment_cannot_be_built(
    queue_size: int, max_chunk_tokens: int
) -> None:
    with pytest.raises(ValueError, match=r"queue of at least 1|must be a multiple"):
        SchedulingPolicy(queue_size=queue_size, max_chunk_tokens=max_chunk_tokens)
