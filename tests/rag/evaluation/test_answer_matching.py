"""Whether an answer is the right one, in any script."""

import pytest

from rag.evaluation.answer_matching import contains_answer, is_exact_match, normalize_answer, strip_markers, token_f1


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("The Eiffel Tower.", "eiffel tower"),
        ("1,000", "1000"),
        ("CAFÉ", "café"),
        ("  a   dog ", "dog"),
        ("罗马。", "罗马"),
        ("hit - points", "hit points"),
    ],
)
def test_case_punctuation_articles_and_space_do_not_count(answer: str, right: str) -> None:
    assert is_exact_match(answer, [right])


def test_one_of_several_right_answers_is_enough() -> None:
    assert is_exact_match("two", ["2", "Two"])
    assert not is_exact_match("two of them", ["2", "Two"])
    assert token_f1("two of them", ["them", "two of"]) == pytest.approx(0.8)


def test_f1_is_the_share_of_common_words_of_both() -> None:
    assert token_f1("the pump is oiled", ["pump is red"]) == pytest.approx(2 * 2 / (3 + 3))
    assert token_f1("pump pump", ["pump"]) == pytest.approx(2 / 3)
    assert token_f1("罗马人", ["罗马"]) == pytest.approx(4 / 5)
    assert token_f1("nothing in common", ["pump"]) == 0.0
    assert token_f1("", ["pump"]) == 0.0
    assert token_f1("pump", []) == 0.0


def test_a_right_answer_stands_in_a_text_word_for_word() -> None:
    assert contains_answer("It is oiled every 3 months, by hand.", ["Every 3 months"])
    assert not contains_answer("In 1984 it broke.", ["4"])
    assert not contains_answer("every month or 3 months", ["every 3 months"])
    assert contains_answer("他住在罗马城", ["罗马"])
    assert not contains_answer("anything", ["", "the", "..."])


def test_markers_are_no_part_of_an_answer() -> None:
    assert strip_markers("Every 3 months [1, 2].") == "Every 3 months ."
    assert normalize_answer("the [a]") == []
