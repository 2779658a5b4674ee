"""Marks in an answer and the list they point to."""

from dataclasses import replace

import pytest

from ui.api_types import Basis, Citation, Passage, SentenceVerdict
from ui.citations import basis_line, cite, draft

NBSP = "\u00a0"


def citation(answer: str, sentence: str, *, start: int = 10, **changes: object) -> Citation:
    begin = answer.index(sentence)
    made = Citation(
        file_id="file-1",
        filename="a.pdf",
        page=2,
        start=start,
        end=start + 5,
        quote="quote",
        number=1,
        verdict="supported",
        answer_start=begin,
        answer_end=begin + len(sentence),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are checked by `replace`


def test_marks_stand_behind_their_sentences_and_replace_those_of_the_model() -> None:
    answer = "It is red [3]. It is big [1, 3]."
    pins = [
        citation(answer, "It is red [3].", start=50, number=3),
        citation(answer, "It is big [1, 3].", start=10, number=1, verdict="partly"),
        citation(answer, "It is big [1, 3].", start=50, number=3),
    ]
    cited = cite(answer, pins, (), {1, 3})
    assert cited.markdown == (
        rf"It is red\.{NBSP}:green-badge[\[1\]] It is big\.{NBSP}:orange-badge[\[2\]]{NBSP}:green-badge[\[1\]]"
    )
    assert [(source.number, source.citation.start) for source in cited.sources] == [(1, 50), (2, 10)]


def test_a_span_that_is_quoted_twice_has_one_entry_with_its_worst_verdict_and_all_reasons() -> None:
    answer = "One. Two."
    pins = [
        citation(answer, "One.", verdict="unsupported", reasons=("a number differs",)),
        citation(answer, "Two.", verdict="supported", reasons=("same words",)),
    ]
    (source,) = cite(answer, pins, (), ()).sources
    assert source.citation.verdict == "unsupported"
    assert source.citation.reasons == ("a number differs", "same words")


def test_the_same_pin_twice_is_one_mark() -> None:
    answer = "One."
    pin = citation(answer, "One.")
    assert cite(answer, [pin, pin], (), ()).markdown.count("badge") == 1


def test_a_sentence_that_nothing_supports_says_so() -> None:
    answer = "It is red. It came from the moon."
    sentences = [
        SentenceVerdict(0, 10, "supported"),
        SentenceVerdict(11, len(answer), "unsupported"),
    ]
    cited = cite(answer, [citation(answer, "It is red.")], sentences, ())
    assert cited.markdown.endswith(rf"moon\.{NBSP}:orange-badge[no source]")


def test_numbers_in_brackets_that_name_no_passage_stay() -> None:
    assert cite("Since [2021] and [7](x).", (), (), {1, 2}).markdown.startswith(r"Since \[2021\] and")


def test_a_mark_at_the_end_of_a_row_stays_in_the_table() -> None:
    answer = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    cited = cite(answer, [citation(answer, "| 1 | 2 |\n")], (), ())
    assert cited.markdown.endswith(rf"| 1 | 2{NBSP}:green-badge[\[1\]] |")


def test_a_mark_behind_a_code_block_stands_below_it() -> None:
    answer = "```\nx\n```"
    cited = cite(answer, [citation(answer, answer)], (), ())
    assert cited.markdown == f"```text\nx\n```\n\n{NBSP}:green-badge[\\[1\\]]"


def test_a_mark_inside_code_is_left_out_of_the_text_but_not_of_the_list() -> None:
    answer = "`One. Two.`"
    cited = cite(answer, [citation(answer, "One.")], (), ())
    assert cited.markdown == "`One. Two.`"
    assert len(cited.sources) == 1


def test_an_answer_cannot_bring_marks_of_its_own() -> None:
    forged = "Trust me.\ue000green-1\ue001 :green-badge[1] \ue002"
    assert cite(forged, (), (), ()).markdown == r"Trust me\.green\-1 \:green\-badge\[1\]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is red [1]", "It is red"),
        ("It is red [1", "It is red"),
        ("It is red [", "It is red"),
        ("It is [red", r"It is \[red"),
    ],
)
def test_a_draft_shows_no_marks_and_no_half_of_one(text: str, shown: str) -> None:
    assert draft(text, {1}) == shown


@pytest.mark.parametrize(
    ("mode", "files", "line"),
    [
        ("whole", ["f1"], "Based on 1 whole document"),
        ("retrieval", ["f1", "f1", "f2"], "Based on 3 passages from 2 documents"),
        ("none", [], "Nothing in the documents matches the question"),
    ],
)
def test_the_basis_of_an_answer_is_said_in_words(mode: str, files: list[str], line: str) -> None:
    passages = tuple(Passage(number, file, f"{file}.pdf") for number, file in enumerate(files, 1))
    assert basis_line(Basis(mode, "because", (), passages)) == line
