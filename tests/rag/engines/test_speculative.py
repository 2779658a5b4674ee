"""Prompt lookup drafts, against a search of all positions."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.speculative import (
    MAX_CANDIDATES,
    MAX_MATCH_TOKENS,
    STEP_WIDTHS,
    Draft,
    DraftPolicy,
    PromptLookup,
)

CHEAP = {1: 1.0, 2: 1.1, 4: 1.2, 8: 1.4, 16: 1.8}
EXPENSIVE = {1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0, 16: 16.0}
TOKENS = st.lists(st.integers(0, 3), max_size=60)


def longest_match(tokens: Sequence[int]) -> Draft:
    """Compare the latest positions of the last two tokens, one after the other."""
    ends = [place for place in range(2, len(tokens)) if tokens[place - 2 : place] == tokens[-2:]][-MAX_CANDIDATES:]

    def count_matching(place: int) -> int:
        return max(
            n for n in range(min(MAX_MATCH_TOKENS, place) + 1) if tokens[place - n : place] == tokens[len(tokens) - n :]
        )

    best = max(ends, key=lambda place: (count_matching(place), place), default=None)
    return Draft() if best is None else Draft(tokens[best : best + STEP_WIDTHS[-1] - 1], count_matching(best))


@given(parts=st.lists(TOKENS, max_size=4))
def test_a_draft_is_what_followed_the_longest_match_the_latest_of_equal_ones(parts: list[list[int]]) -> None:
    lookup = PromptLookup([])
    for part in parts:
        lookup.extend(part)
    tokens = [token for part in parts for token in part]
    assert lookup.find_draft() == longest_match(tokens)


def test_tokens_without_an_earlier_match_have_no_draft() -> None:
    assert PromptLookup([1, 2, 3, 4, 5]).find_draft() == Draft()
    assert PromptLookup([1]).find_draft() == PromptLookup([]).find_draft() == Draft()


def learn_outcomes(step_seconds: dict[int, float], *, is_accepted: bool, rounds: int = 12) -> Sequence[int]:
    """Return the draft after so many accepted or rejected drafts."""
    policy, draft = DraftPolicy(step_seconds), Draft(list(range(15)), 3)
    for _ in range(rounds):
        verified = len(policy.choose_tokens(draft))
        policy.record_outcome(draft, verified, [*range(verified), 99] if is_accepted else [99])
    return policy.choose_tokens(draft)


def test_accepted_drafts_grow_if_wide_steps_are_cheap() -> None:
    assert len(learn_outcomes(CHEAP, is_accepted=True)) == 15
    assert len(learn_outcomes(CHEAP, is_accepted=True)) > len(learn_outcomes(CHEAP, is_accepted=True, rounds=0))


def test_rejected_drafts_are_no_longer_verified() -> None:
    assert learn_outcomes(CHEAP, is_accepted=False) == ()


def test_drafts_come_back_when_they_would_have_been_accepted() -> None:
    policy, draft = DraftPolicy(CHEAP), Draft(list(range(15)), 3)
    for _ in range(12):
        policy.record_outcome(draft, len(policy.choose_tokens(draft)), [99])
    assert policy.choose_tokens(draft) == ()
    for _ in range(12):
        policy.record_outcome(draft, 0, [0])
    assert policy.choose_tokens(draft) != ()


def test_nothing_is_drafted_if_a_wide_step_costs_as_much_as_many_narrow_ones() -> None:
    assert learn_outcomes(EXPENSIVE, is_accepted=True) == ()


def test_nothing_is_drafted_if_no_step_was_measured() -> None:
    assert DraftPolicy({}).choose_tokens(Draft([1, 2, 3], 4)) == ()


def test_the_end_of_a_completion_does_not_count_as_a_rejection() -> None:
    short, full = DraftPolicy(CHEAP), DraftPolicy(CHEAP)
    draft = Draft(list(range(15)), 3)
    short.record_outcome(draft, 7, [0, 1, 2])
    full.record_outcome(draft, 3, [0, 1, 2, 3])
    assert short.choose_tokens(draft) == full.choose_tokens(draft)


@given(outcomes=st.lists(st.tuples(st.integers(0, 15), st.integers(2, MAX_MATCH_TOKENS)), max_size=30))
def test_a_draft_is_a_prefix_of_the_match_and_of_a_measured_width(
    outcomes: list[tuple[int, int]],
) -> None:
    policy = DraftPolicy({width: CHEAP[width] for width in (1, 4, 16)})
    for accepted, match_tokens in outcomes:
        draft = Draft(list(range(15)), match_tokens)
        tokens = policy.choose_tokens(draft)
        assert list(tokens) == list(range(len(tokens)))
        assert 1 + len(tokens) in (1, 4, 16)
        policy.record_outcome(draft, len(tokens), [*range(min(accepted, len(tokens))), 99])
