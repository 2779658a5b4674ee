"""The words of a question: split, folded and compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.questions.words import agree, fold_words, list_content_words


def test_a_code_is_one_word_among_content_words_and_months_are_one_in_all_spellings() -> None:
    assert list_content_words("the E-1204 of 12 Jan") == ("e-1204", "12", "month1")
    assert list_content_words("the E-1204 of 12 January") == list_content_words("the E-1204 of 12 Jan")
    assert list_content_words("of the") == ("of", "the")


@pytest.mark.parametrize(
    ("one", "other", "does_agree"),
    [
        ("flag", "flagged", True),
        ("rent", "rents", True),
        ("gehalt", "gehalts", True),
        ("miete", "kaltmiete", True),
        ("rent", "parent", False),
        ("e-12", "e-1204", False),
        ("in", "inn", False),
    ],
)
def test_forms_of_a_word_and_compounds_agree(one: str, other: str, does_agree: bool) -> None:
    assert agree(one, other) == does_agree


@given(one=st.text(max_size=12), other=st.text(max_size=12))
def test_agreement_has_no_direction_and_a_word_agrees_with_itself(one: str, other: str) -> None:
    assert agree(one, other) == agree(other, one)
    assert agree(one, one)


@given(text=st.text(max_size=60))
def test_folded_words_are_the_same_when_they_are_folded_again(text: str) -> None:
    assert fold_words(" ".join(fold_words(text))) == [word for part in fold_words(text) for word in fold_words(part)]
