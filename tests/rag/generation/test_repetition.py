"""A model that repeats itself is noticed, one that lists things is not."""

import pytest

from rag.generation.repetition import is_repeating


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("It is blue. It is blue. It is blue.", True),
        ("First this. It is blue [1]. It is blue [1]. It is blue [1]. ", True),
        ("It is really very blue. So it is. " * 3, False),
        ("So it is. It is really very blue. " * 3, True),
        ("It is blue. It is blue. It is bl", False),
        ("It is blue. It is blue.", False),
        ("- one pump.\n- one hose.\n- one pump.\n", False),
        ("1. 1. 1.", False),
        ("", False),
    ],
)
def test_a_sentence_said_three_times_in_a_row_or_a_long_one_at_all_is_a_loop(answer: str, expected: bool) -> None:
    assert is_repeating(answer) is expected
