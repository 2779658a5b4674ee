"""The choice of the next token."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.sampling import Floats, Sampler
from rag.engines.types import Sampling

logits_lists = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=60)
CHANCES = np.array([0.5, 0.25, 0.125, 0.0625, 0.0625], dtype=np.float32)


def logits_for(chances: Floats) -> Floats:
    return np.log(chances) + np.float32(3)


def drawn(sampling: Sampling, logits: Floats, count: int) -> list[int]:
    sampler = Sampler(sampling)
    return [sampler.pick(logits) for _ in range(count)]


def test_temperature_zero_takes_the_likeliest_and_the_first_of_equals() -> None:
    logits = np.array([1.0, 5.0, 5.0, 2.0], dtype=np.float32)
    assert drawn(Sampling(temperature=0), logits, 3) == [1, 1, 1]


def test_draws_follow_the_chances() -> None:
    picks = drawn(Sampling(temperature=1, seed=1), logits_for(CHANCES), 20_000)
    assert np.bincount(picks) / len(picks) == pytest.approx(CHANCES, abs=0.02)


def test_a_low_temperature_sharpens_and_a_high_one_flattens() -> None:
    cold = drawn(Sampling(temperature=0.5, seed=1), logits_for(CHANCES), 5_000).count(0)
    hot = drawn(Sampling(temperature=5.0, seed=1), logits_for(CHANCES), 5_000).count(0)
    assert cold > 0.65 * 5_000 > 0.35 * 5_000 > hot


def test_draws_follow_the_chances_over_a_whole_vocabulary() -> None:
    logits = np.zeros(5_000, dtype=np.float32)
    picks = np.array(drawn(Sampling(temperature=1, seed=3), logits, 5_000))
    assert picks.min() < 25
    assert picks.max() > 4_975
    assert abs(picks.mean() - 2_500) < 60


@pytest.mark.parametrize(
    ("sampling", "allowed"),
    [
        (Sampling(temperature=1, top_k=2, seed=1), {0, 1}),
        (Sampling(temperature=1, top_p=0.7, seed=1), {0, 1}),
        (Sampling(temperature=1, top_p=0.0, seed=1), {0}),
        (Sampling(temperature=1, min_p=0.2, seed=1), {0, 1, 2}),
        (Sampling(temperature=1, top_k=4, top_p=0.95, min_p=0.3, seed=1), {0, 1}),
        (Sampling(temperature=1, top_k=99, seed=1), {0, 1, 2, 3, 4}),
    ],
)
def test_filters_leave_the_likeliest(sampling: Sampling, allowed: set[int]) -> None:
    assert set(drawn(sampling, logits_for(CHANCES), 2_000)) == allowed


def test_equal_tokens_stay_together() -> None:
    assert set(drawn(Sampling(temperature=1, top_k=4, seed=1), logits_for(CHANCES), 2_000)) == {0, 1, 2, 3, 4}


@given(logits=logits_lists, seed=st.integers(-(2**63), 2**63), temperature=st.floats(0, 100))
def test_the_same_seed_draws_the_same_tokens(logits: list[float], seed: int, temperature: float) -> None:
    row = np.array(logits, dtype=np.float32)
    sampling = Sampling(temperature=temperature, seed=seed)
    assert drawn(sampling, row, 5) == drawn(sampling, row, 5)


@given(
    logits=logits_lists, top_k=st.integers(0, 70), top_p=st.floats(0, 1), min_p=st.floats(0, 1), seed=st.integers(0, 99)
)
def test_every_combination_of_filters_leaves_a_likely_token(
    logits: list[float], top_k: int, top_p: float, min_p: float, seed: int
) -> None:
    row = np.array(logits, dtype=np.float32)
    token = Sampler(Sampling(temperature=1, top_k=top_k, top_p=top_p, min_p=min_p, seed=seed)).pick(row)
    chances = np.exp(row - row.max())
    assert 0 <= token < len(row)
    assert chances[token] >= min(min_p, 1) * 0.999
    if top_k:
        assert (row > row[token]).sum() < top_k


def test_two_requests_without_a_seed_differ() -> None:
    logits = np.zeros(1_000, dtype=np.float32)
    assert drawn(Sampling(temperature=1), logits, 8) != drawn(Sampling(temperature=1), logits, 8)


def test_a_token_that_was_written_is_penalized_once_and_for_every_time() -> None:
    logits = np.array([2.0, 1.5, 1.0], dtype=np.float32)
    assert drawn(Sampling(presence_penalty=0.75), logits, 4) == [0, 1, 0, 0]
    assert drawn(Sampling(frequency_penalty=0.75), logits, 4) == [0, 1, 0, 2]
    assert logits.tolist() == [2.0, 1.5, 1.0]


def test_what_stands_in_the_prompt_or_the_answer_repeats_less() -> None:
    sampler = Sampler(Sampling(repeat_penalty=2.0), prompt=[0])
    assert [sampler.pick(np.array([3.0, 2.0, -1.0], dtype=np.float32)) for _ in range(2)] == [1, 0]
    assert Sampler(Sampling(repeat_penalty=2.0), prompt=[0]).pick(np.array([-1.0, -1.5], dtype=np.float32)) == 1


def test_a_repetition_is_forgiven_after_64_tokens() -> None:
    logits = np.array([3.0, 2.5, -9.0], dtype=np.float32)
    assert Sampler(Sampling(repeat_penalty=2.0), prompt=[0, *[2] * 63]).pick(logits) == 1
    assert Sampler(Sampling(repeat_penalty=2.0), prompt=[0, *[2] * 64]).pick(logits) == 0
