"""Marks in an answer and the list they point to."""

from dataclasses import replace

import pytest

from ui.api_types import Basis, Citation, Evidence, Passage, SentenceVerdict, Style
from ui.citations import QuotePart, cite, describe_basis, render_draft, render_quote, render_quoted_draft

NBSP = "\u00a0"


def citation(answer: str, sentence: str, *, start: int = 10, **changes: object) -> Citation:
    begin = answer.index(sentence)
    base = Citation(
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
    return replace(base, **changes)  # type: ignore[arg-type]  # the names are checked by `replace`


def test_marks_follow_their_sentences_and_replace_those_of_the_model() -> None:
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


def test_a_mark_after_a_code_block_is_below_it() -> None:
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
    assert render_draft(text, {1}) == shown


def test_a_draft_shows_the_marks_of_verified_sentences() -> None:
    text = "It is red [1]. It is big [1"
    shown = render_draft(text, {1}, [citation(text, "It is red [1].")], [SentenceVerdict(0, 14, "supported")])
    assert shown == rf"It is red\.{NBSP}:green-badge[\[1\]] It is big"


def test_quotes_are_separate_parts_and_keep_their_brackets() -> None:
    answer = "It is red [2], as said. [1]\n\n- Size [1] matters [2]"
    pins = [
        citation(answer, "It is red [2], as said.", start=50, number=1, origin="quote"),
        citation(answer, "- Size [1] matters", start=90, number=2, origin="quote"),
    ]
    cited = cite(answer, pins, (), {1, 2})
    assert [(part.markdown, part.source.number) for part in cited.parts if isinstance(part, QuotePart)] == [
        (r"It is red \[2\]\, as said\.", 1),
        (r"\- Size \[1\] matters", 2),
    ]
    assert (cited.markdown, cited.sources) == ("", ())


def test_text_between_quotes_is_cited_like_any_other() -> None:
    answer = "Two places say so [1]:\n\nIt is red. [1]"
    pins = [citation(answer, "Two places say so [1]:"), citation(answer, "It is red.", start=90, origin="quote")]
    cited = cite(answer, pins, (), {1})
    assert cited.parts[0] == rf"Two places say so:{NBSP}:green-badge[\[1\]]".replace("so:", r"so\:")
    assert isinstance(cited.parts[1], QuotePart)
    assert [source.citation.start for source in cited.sources] == [10]


def test_a_quote_keeps_line_breaks_that_no_page_width_made() -> None:
    answer = "Warranty\nThe warranty on the frame of the Porter\nis ten years, on the frame\nof the Finch five."
    (part,) = cite(answer, [citation(answer, answer, origin="quote")], (), ()).parts
    assert isinstance(part, QuotePart)
    assert part.markdown == (
        "Warranty\\\nThe warranty on the frame of the Porter is ten years\\, on the frame of the Finch five\\."
    )


def test_a_quote_of_a_deleted_document_is_empty() -> None:
    answer = "█████ [1]"
    (part,) = cite(answer, [citation(answer, "█████", origin="quote")], (), {1}).parts
    assert isinstance(part, QuotePart)
    assert part.markdown == ""


def test_a_draft_of_quotes_loses_only_the_marks_at_their_ends() -> None:
    assert render_quoted_draft("It is red [2]. [1]\n\nIt is big. [", {1, 2}) == "It is red \\[2\\]\\.\n\nIt is big\\."


EVIDENCE = (Evidence("f1", "f1.pdf", 1, 0, 5, "quote"),)


@pytest.mark.parametrize(
    ("mode", "style", "files", "evidence", "line"),
    [
        ("whole", "written", ["f1"], (), "Based on 1 whole document"),
        ("retrieval", "written", ["f1", "f1", "f2"], (), "Based on 3 passages from 2 documents"),
        ("retrieval", "quoted", ["f1", "f2"], (), "Word for word, from 2 passages of 2 documents"),
        ("overview", "written", [], (), "Overview of everything"),
        ("none", "written", [], EVIDENCE, "Closest matches"),
        ("none", "written", [], (), "Nothing in the documents matches the question"),
    ],
)
def test_the_basis_of_an_answer_is_described_in_words(
    mode: str, style: Style, files: list[str], evidence: tuple[Evidence, ...], line: str
) -> None:
    passages = tuple(Passage(number, file, f"{file}.pdf") for number, file in enumerate(files, 1))
    assert describe_basis(Basis(mode, "because", evidence, passages, style)) == line


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("The desk in Stennick is\nopen on Saturdays.", "The desk in Stennick is open on Saturdays\\."),
        ("A ship may\ndischarge at night if the wind is low.", "A ship may discharge at night if the wind is low\\."),
        ("Weir Lane 12\nOrrindale\nA country of a long name", "Weir Lane 12\\\nOrrindale\\\nA country of a long name"),
        ("█████", ""),
    ],
)
def test_a_quote_is_shown_without_the_line_breaks_of_its_page(quote: str, shown: str) -> None:
    assert render_quote(quote) == shown
