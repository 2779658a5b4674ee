"""No completion cites a passage that the prompt does not have, however the tokens are cut."""

import codecs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.engines.serving.citation_constraint import CitationCompiler, CitationConstraint
from rag.grounding.markers import MARKER, parse_numbers

END = b""  # an end token adds no bytes
WORDS = ("a", " the", "[", "[[", "]", "][", "[1", "[12", "[12].", " [2, 5]", "[99]", "1-3", ", ", " 3", "–", "\u00a0")
DIGITS = tuple("0123456789")
FOREIGN = ("٣", "[٣]", "é", "五")
HALVES = (b"\xe2\x80", b"\x93", b"\xd9", b"\xa3", b"[\xd9")  # of "–" and "٣"
TOKENS = (END, *(text.encode() for text in (*WORDS, *DIGITS, *FOREIGN)), *HALVES)

vocabularies = st.lists(st.sampled_from(TOKENS), max_size=30).map(lambda tokens: (END, *tokens))


def constraint_over(*texts: str, cite_up_to: int) -> CitationConstraint:
    return CitationCompiler([text.encode() for text in texts]).compile(cite_up_to)


def allowed(constraint: CitationConstraint, count: int) -> list[int]:
    forbidden = constraint.forbidden_tokens()
    return [token for token in range(count) if forbidden is None or token not in forbidden]


@given(vocabulary=vocabularies, cite_up_to=st.integers(0, 130), choices=st.lists(st.integers(0, 1_000), max_size=40))
@example(vocabulary=(END, b"[", b"1", b"3", b" "), cite_up_to=12, choices=[1, 2, 3, 1, 2, 2, 1])
@example(vocabulary=(END, b"[\xd9", b"\xa3", b"]"), cite_up_to=2, choices=[1, 1, 2, 1])
def test_every_completion_cites_only_numbers_in_range(
    vocabulary: tuple[bytes, ...], cite_up_to: int, choices: list[int]
) -> None:
    constraint = CitationCompiler(vocabulary).compile(cite_up_to)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text = ""
    for choice in choices:
        tokens = allowed(constraint, len(vocabulary))
        token = tokens[choice % len(tokens)]
        constraint.accept(token)
        text += decoder.decode(vocabulary[token])
    cited = [number for marker in MARKER.findall(text) for number in parse_numbers(marker)]
    assert all(1 <= number <= cite_up_to for number in cited)


@given(cite_up_to=st.integers(1, 120), first=st.integers(1, 120), last=st.integers(1, 120))
def test_every_number_in_range_can_be_cited(cite_up_to: int, first: int, last: int) -> None:
    constraint = constraint_over(*"[, –]0123456789", cite_up_to=cite_up_to)
    for char in f"[{min(first, cite_up_to)}, {min(last, cite_up_to)}–{cite_up_to}]":
        token = "[, –]0123456789".index(char)
        assert token in allowed(constraint, 15)
        constraint.accept(token)


def test_brackets_without_a_number_and_numbers_without_brackets_stay_free() -> None:
    texts = ("[", "sic", "]", "2024", "[sic]", " 99", "f[i] = 7")
    constraint = constraint_over(*texts, cite_up_to=2)
    for token in (4, 3, 6, 0, 1, 5, 2, 5):
        assert token in allowed(constraint, len(texts))
        constraint.accept(token)


def test_a_token_that_holds_a_whole_marker_is_judged_by_its_numbers() -> None:
    constraint = constraint_over("[2]", "[3]", " [1, 2].", " [1-3].", "[0]", "[02]", "see [", cite_up_to=2)
    assert allowed(constraint, 7) == [0, 2, 6]


def test_nothing_can_be_cited_where_nothing_was_shown() -> None:
    constraint = constraint_over("[", "1", "0", "x", cite_up_to=0)
    constraint.accept(0)
    assert allowed(constraint, 4) == [0, 3]


def test_nothing_is_forbidden_without_tokens_with_digits() -> None:
    constraint = constraint_over("[", "7", "]", "word", cite_up_to=2)
    assert constraint.forbidden_tokens() is None


def test_a_forbidden_token_is_not_accepted() -> None:
    constraint = constraint_over("[7]", "word", cite_up_to=2)
    with pytest.raises(ValueError, match="token 0 was forbidden"):
        constraint.accept(0)
