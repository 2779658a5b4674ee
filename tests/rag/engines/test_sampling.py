"""Sampling of the next token."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.sampling import Floats, Sampler
from rag.engines.types import Sampling

logits_lists = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=60)
PROBABILITIES = np.array([0.5, 0.25, 0.125, 0.0625, 0.0625], dtype=np.float32)


def logits_for(probabilities: Floats) -> Floats:
    return np.log(probabilities) + np.float32(3)


def sample_tokens(sampling: Sampling, logits: Floats, count: int) -> list[int]:
    sampler = Sampler(sampling)
    return [sampler.sample(logits) for _ in range(count)]


def test_temperature_zero_takes_the_likeliest_and_the_first_of_equals() -> None:
    logits = np.array([1.0, 5.0, 5.0, 2.0], dtype=np.float32)
    assert sample_tokens(Sampling(temperature=0), logits, 3) == [1, 1, 1]


def test_draws_follow_the_probabilities() -> None:
    tokens = sample_tokens(Sampling(temperature=1, seed=1), logits_for(PROBABILITIES), 20_000)
    assert np.bincount(tokens) / len(tokens) == pytest.approx(PROBABILITIES, abs=0.02)


def test_a_low_temperature_sharpens_and_a_high_one_flattens() -> None:
    cold = sample_tokens(Sampling(temperature=0.5, seed=1), logits_for(PROBABILITIES), 5_000).count(0)
    hot = sample_tokens(Sampling(temperature=5.0, seed=1), logits_for(PROBABILITIES), 5_000).count(0)
    assert cold > 0.65 * 5_000 > 0.35 * 5_000 > hot


def test_draws_follow_the_probabilities_over_a_whole_vocabulary() -> None:
    logits = np.zeros(5_000, dtype=np.float32)
    tokens = np.array(sample_tokens(Sampling(temperature=1, seed=3), logits, 5_000))
    assert tokens.min() < 25
    assert tokens.max() > 4_975
    assert abs(tokens.mean() - 2_500) < 60


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
    assert set(sample_tokens(sampling, logits_for(PROBABILITIES), 2_000)) == allowed


def test_equal_tokens_stay_together() -> None:
    assert set(sample_tokens(Sampling(temperature=1, top_k=4, seed=1), logits_for(PROBABILITIES), 2_000)) == {
        0,
        1,
        2,
        3,
        4,
    }


@given(logits=logits_lists, seed=st.integers(-(2**63), 2**63), temperature=st.floats(0, 100))
def test_the_same_seed_draws_the_same_tokens(logits: list[float], seed: int, temperature: float) -> None:
    row = np.array(logits, dtype=np.float32)
    sampling = Sampling(temperature=temperature, seed=seed)
    assert sample_tokens(sampling, row, 5) == sample_tokens(sampling, row, 5)


@given(
    logits=logits_lists, top_k=st.integers(0, 70), top_p=st.floats(0, 1), min_p=st.floats(0, 1), seed=st.integers(0, 99)
)
def test_every_combination_of_filters_leaves_a_likely_token(
    logits: list[float], top_k: int, top_p: float, min_p: float, seed: int
) -> None:
    row = np.array(logits, dtype=np.float32)
    token = Sampler(Sampling(temperature=1, top_k=top_k, top_p=top_p, min_p=min_p, seed=seed)).sample(row)
    weights = np.exp(row - row.max())
    assert 0 <= token < len(row)
    assert weights[token] >= min(min_p, 1) * 0.999
    if top_k:
        assert (row > row[token]).sum() < top_k


def test_two_requests_without_a_seed_differ() -> None:
    logits = np.zeros(1_000, dtype=np.float32)
    assert sample_tokens(Sampling(temperature=1), logits, 8) != sample_tokens(Sampling(temperature=1), logits, 8)


def test_presence_counts_once_and_frequency_for_every_occurrence() -> None:
    logits = np.array([2.0, 1.5, 1.0], dtype=np.float32)
    assert sample_tokens(Sampling(presence_penalty=0.75), logits, 4) == [0, 1, 0, 0]
    assert sample_tokens(Sampling(frequency_penalty=0.75), logits, 4) == [0, 1, 0, 2]
    assert logits.tolist() == [2.0, 1.5, 1.0]


def test_repeat_penalty_covers_prompt_and_completion() -> None:
    sampler = Sampler(Sampling(repeat_penalty=2.0), prompt=[0])
    assert [sampler.sample(np.array([3.0, 2.0, -1.0], dtype=np.float32)) for _ in range(2)] == [1, 0]
    assert Sampler(Sampling(repeat_penalty=2.0), prompt=[0]).sample(np.array([-1.0, -1.5], dtype=np.float32)) == 1


def test_repeat_penalty_covers_the_last_64_tokens() -> None:
    logits = np.array([3.0, 2.5, -9.0], dtype=np.float32)
    assert Sampler(Sampling(repeat_penalty=2.0), prompt=[0, *[2] * 63]).sample(logits) == 1
    assert Sampler(Sampling(repeat_penalty=2.0), prompt=[0, *[2] * 64]).sample(logits) == 0
