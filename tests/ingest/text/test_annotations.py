"""Annotations: what is struck out, deleted, hidden or a comment, written in brackets and found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.annotations import AnnotationKind, annotate, find_annotations, is_withdrawn, remove_withdrawn

KINDS = st.sampled_from(list(AnnotationKind))


@given(before=st.text("ab [.", max_size=5), kind=KINDS, content=st.text(min_size=1), author=st.text(max_size=100))
def test_an_annotation_is_found_where_it_was_written(
    before: str, kind: AnnotationKind, content: str, author: str
) -> None:
    annotation = annotate(kind, content, author=author)
    spans = find_annotations(f"{before}{annotation} after")
    expected = [(len(before), len(before) + len(annotation), kind)] if annotation else []
    assert spans == expected


def test_a_blank_text_has_no_annotation() -> None:
    assert annotate(AnnotationKind.COMMENT, " \n") == ""


def test_brackets_inside_become_parentheses_and_lines_are_joined() -> None:
    assert annotate(AnnotationKind.NOTE, "see [3]\n below", author="A: B") == "[note by A B: see (3) below]"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The fee is EUR 4,150. [struck out: EUR 3,400]", "The fee is EUR 4,150."),
        ("[deleted by Ann: no] Yes.", " Yes."),
        ("Rate [struck out: 11] | 13", "Rate | 13"),
        ("Rate [comment by Bo: ask him]", "Rate [comment by Bo: ask him]"),
        ("[struck out] is a word in brackets", "[struck out] is a word in brackets"),
    ],
)
def test_what_is_withdrawn_is_removed(text: str, left: str) -> None:
    assert remove_withdrawn(text) == left


def test_struck_out_deleted_and_superseded_text_is_withdrawn_and_no_other() -> None:
    assert [kind for kind in AnnotationKind if is_withdrawn(kind)] == ["struck out", "deleted", "superseded"]
