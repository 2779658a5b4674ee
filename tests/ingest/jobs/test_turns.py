"""Turns: no document waits behind those that take long, and those come to their end."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.jobs.turns import Turns

turns = st.builds(Turns, width=st.integers(1, 32), spare=st.integers(1, 4))


@given(turns=turns)
def test_without_long_documents_as_many_are_read_as_there_are_parsers(turns: Turns) -> None:
    assert turns.has_place(short=turns.width - 1, long=0)
    assert not turns.has_place(short=turns.width, long=0)


@given(turns=turns, long=st.integers(0, 40))
def test_however_many_are_long_there_is_a_place_for_a_short_one(turns: Turns, long: int) -> None:
    long = min(long, turns.most_long)
    assert turns.has_place(short=0, long=long)


@given(turns=turns, short=st.integers(0, 40), long=st.integers(0, 40))
def test_never_are_more_read_than_there_are_processes(turns: Turns, short: int, long: int) -> None:
    if turns.has_place(short=short, long=long):
        assert short + long + 1 <= turns.width + turns.spare


@given(turns=turns, long=st.integers(0, 40))
def test_a_document_yields_only_to_others(turns: Turns, long: int) -> None:
    assert not turns.must_yield(long=long, has_others=False)
    assert turns.must_yield(long=long, has_others=True) == (long >= turns.most_long)


@given(turns=turns, has_others=st.booleans())
def test_one_that_yielded_is_read_again_whoever_waits_if_none_is_long(turns: Turns, has_others: bool) -> None:
    assert turns.may_resume(long=0, has_others=has_others)


@given(turns=turns, long=st.integers(1, 40))
def test_one_that_yielded_does_not_take_the_last_place_from_others(turns: Turns, long: int) -> None:
    assert not turns.may_resume(long=long, has_others=True)
    assert turns.may_resume(long=long, has_others=False) == (long < turns.most_long)
