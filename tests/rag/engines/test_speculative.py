"""Guesses at the next tokens, against a search that looks everywhere."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.speculative import CANDIDATES, LONGEST_MATCH, WIDTHS, Draft, Lookup, Speculation

CHEAP = {1: 1.0, 2: 1.1, 4: 1.2, 8: 1.4, 16: 1.8}
DEAR = {1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0, 16: 16.0}
TOKENS = st.lists(st.integers(0, 3), max_size=60)


def longest_match(tokens: Sequence[int]) -> Draft:
    """Look at the latest places of the last two tokens, one after the other."""
    last = [place for place in range(2, len(tokens)) if tokens[place - 2 : place] == tokens[-2:]][-CANDIDATES:]

    def matched(place: int) -> int:
        return max(
            n for n in range(min(LONGEST_MATCH, place) + 1) if tokens[place - n : place] == tokens[len(tokens) - n :]
        )

    best = max(last, key=lambda place: (matched(place), place), default=None)
    return Draft() if best is None else Draft(tokens[best : best + WIDTHS[-1] - 1], matched(best))


@given(parts=st.lists(TOKENS, max_size=4))
def test_a_draft_is_what_followed_the_longest_match_the_latest_of_equal_ones(parts: list[list[int]]) -> None:
    lookup = Lookup([])
    for part in parts:
        lookup.extend(part)
    tokens = [token for part in parts for token in part]
    assert lookup.draft() == longest_match(tokens)


def test_text_that_was_never_read_has_no_draft() -> None:
    assert Lookup([1, 2, 3, 4, 5]).draft() == Draft()
    assert Lookup([1]).draft() == Lookup([]).draft() == Draft()


def learned(step_seconds: dict[int, float], *, right: bool, rounds: int = 12) -> Sequence[int]:
    """Return what is drafted after so many drafts that were right or wrong."""
    speculation, draft = Speculation(step_seconds), Draft(list(range(15)), 3)
    for _ in range(rounds):
        read = len(speculation.chosen(draft))
        speculation.learn(draft, read, [*range(read), 99] if right else [99])
    return speculation.chosen(draft)


def test_drafts_that_are_right_grow_where_wide_steps_are_cheap() -> None:
    assert len(learned(CHEAP, right=True)) == 15
    assert len(learned(CHEAP, right=True)) > len(learned(CHEAP, right=True, rounds=0))


def test_drafts_that_are_wrong_are_no_longer_read() -> None:
    assert learned(CHEAP, right=False) == ()


def test_drafts_come_back_when_they_would_have_been_right() -> None:
    speculation, draft = Speculation(CHEAP), Draft(list(range(15)), 3)
    for _ in range(12):
        speculation.learn(draft, len(speculation.chosen(draft)), [99])
    assert speculation.chosen(draft) == ()
    for _ in range(12):
        speculation.learn(draft, 0, [0])
    assert speculation.chosen(draft) != ()


def test_nothing_is_drafted_where_a_wide_step_costs_as_much_as_many_narrow_ones() -> None:
    assert learned(DEAR, right=True) == ()


def test_nothing_is_drafted_where_no_step_was_measured() -> None:
    assert Speculation({}).chosen(Draft([1, 2, 3], 4)) == ()


def test_the_end_of_an_answer_is_not_held_against_its_draft() -> None:
    cut, whole = Speculation(CHEAP), Speculation(CHEAP)
    draft = Draft(list(range(15)), 3)
    cut.learn(draft, 7, [0, 1, 2])
    whole.learn(draft, 3, [0, 1, 2, 3])
    assert cut.chosen(draft) == whole.chosen(draft)


@given(outcomes=st.lists(st.tuples(st.integers(0, 15), st.integers(2, LONGEST_MATCH)), max_size=30))
def test_a_draft_is_the_beginning_of_what_was_found_and_of_a_width_that_was_measured(
    outcomes: list[tuple[int, int]],
) -> None:
    speculation = Speculation({width: CHEAP[width] for width in (1, 4, 16)})
    for right, matched in outcomes:
        draft = Draft(list(range(15)), matched)
        chosen = speculation.chosen(draft)
        assert list(chosen) == list(range(len(chosen)))
        assert 1 + len(chosen) in (1, 4, 16)
        speculation.learn(draft, len(chosen), [*range(min(right, len(chosen))), 99])
