"""Markers in answers and the sentences they belong to."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.citations import MarkerFilter, split_answer

PIECES = st.sampled_from(["[1]", "[2]", "[9]", "[1, 9]", "[", "]", "1", ",", " ", "text", ".", "[a]", "[12"])


def filtered(deltas: list[str], passages: int = 2) -> str:
    markers = MarkerFilter(range(1, passages + 1))
    return "".join([*(markers.feed(delta) for delta in deltas), markers.flush()])


def test_known_markers_pass_and_unknown_ones_are_removed() -> None:
    assert filtered(["Oil it [1]. Twice [7]. Often [2, 9]."]) == "Oil it [1]. Twice . Often [2]."


def test_a_marker_split_over_deltas_is_treated_as_one() -> None:
    assert filtered(["Oil it [", "7", "]", ". Yes [1", "]."]) == "Oil it . Yes [1]."


def test_other_brackets_pass_unchanged() -> None:
    assert filtered(["See [note], a[i] and [x", "] or ["]) == "See [note], a[i] and [x] or ["


def test_text_is_not_held_back_longer_than_a_marker_needs() -> None:
    markers = MarkerFilter({1, 2})
    assert [markers.feed("plain"), markers.feed(" ["), markers.feed("x")] == ["plain", " ", "[x"]


@given(st.lists(PIECES, max_size=20))
def test_the_result_does_not_depend_on_how_the_text_was_split(pieces: list[str]) -> None:
    assert filtered(pieces) == filtered(["".join(pieces)]) == filtered(list("".join(pieces)))


def test_each_sentence_has_its_passages() -> None:
    answer = "The pump is old [1]. It is blue [2][1], too. Nobody knows why."
    assert [(s.text, s.numbers, answer[s.start : s.end]) for s in split_answer(answer)] == [
        ("The pump is old.", (1,), "The pump is old [1]."),
        ("It is blue, too.", (2, 1), "It is blue [2][1], too."),
        ("Nobody knows why.", (), "Nobody knows why."),
    ]


def test_a_marker_after_the_full_stop_belongs_to_the_sentence_before_it() -> None:
    answer = "The pump is old. [1] It is blue. [2, 3]"
    assert [(s.text, s.numbers) for s in split_answer(answer)] == [
        ("The pump is old.", (1,)),
        ("It is blue.", (2, 3)),
    ]


def test_markers_in_front_belong_to_what_follows() -> None:
    answer = "[1] The pump is red.\n[2] The valve is blue."
    assert [(s.text, s.numbers) for s in split_answer(answer)] == [
        ("The pump is red.", (1,)),
        ("The valve is blue.", (2,)),
    ]


def test_a_range_names_every_passage_in_it() -> None:
    (sentence,) = split_answer("The pump is red [1-3, 5].")
    assert sentence.numbers == (1, 2, 3, 5)
    assert filtered(["Red [1–", "9]."], passages=3) == "Red [1, 2, 3]."


def test_the_number_of_a_list_item_is_no_part_of_what_it_says() -> None:
    answer = "1. Press the button [1].\n2. Wait."
    assert [s.text for s in split_answer(answer)] == ["Press the button.", "Wait."]


def test_an_answer_of_markers_alone_has_no_sentence() -> None:
    assert split_answer("[1] [2].") == []


@given(st.lists(PIECES, max_size=20).map("".join))
def test_sentences_are_in_order_and_inside_the_answer(answer: str) -> None:
    sentences = split_answer(answer)
    assert all(0 <= s.start < s.end <= len(answer) for s in sentences)
    assert all(a.end <= b.start for a, b in itertools.pairwise(sentences))
