"""The runs of a paragraph: one sentence without what is left out of it."""

import pytest

from ingest.parsers.marked_text import STATED, MarkedText, RunStyle, Script
from ingest.text.annotations import AnnotationKind

STRUCK = RunStyle(kind=AnnotationKind.STRUCK_OUT)
DELETED = RunStyle(kind=AnnotationKind.DELETED, author="Ann")
RAISED = RunStyle(Script.SUPERSCRIPT)
LOWERED = RunStyle(Script.SUBSCRIPT)


def join(*runs: tuple[str, RunStyle]) -> tuple[str, list[str]]:
    text = MarkedText()
    for content, style in runs:
        text.add(content, style)
    return text.join()


@pytest.mark.parametrize(
    ("runs", "sentence", "annotations"),
    [
        ([("is ", STATED), ("EUR 7", STRUCK), (" EUR 8.", STATED)], "is EUR 8.", ["[struck out: EUR 7]"]),
        ([("fee", STATED), (" 7 ", STRUCK), ("8", STATED)], "fee 8", ["[struck out: 7]"]),
        ([("fee ", STATED), ("old", STRUCK), (".", STATED)], "fee.", ["[struck out: old]"]),
        ([("fee ", STATED), ("old", STRUCK), (". End", STATED)], "fee. End", ["[struck out: old]"]),
        ([("a, ", STATED), ("b", STRUCK), (", c", STATED)], "a, , c", ["[struck out: b]"]),
        ([("cat", STATED), ("s ", DELETED), ("fish", STATED)], "catfish", ["[deleted by Ann: s]"]),
        ([("a", STRUCK), ("b", STRUCK), ("c", DELETED)], "", ["[struck out: ab]", "[deleted by Ann: c]"]),
        ([("a", STRUCK), (" x ", STATED), ("b", STRUCK)], " x ", ["[struck out: a]", "[struck out: b]"]),
        ([("10", STATED), ("1", RAISED), ("2", RAISED)], "10¹²", []),
        ([("x", STATED), ("a/", RAISED), ("b", RAISED), ("i", LOWERED)], "x^(a/b)ᵢ", []),
        ([("10", STRUCK), ("6", RunStyle(Script.SUPERSCRIPT, AnnotationKind.STRUCK_OUT))], "", ["[struck out: 10⁶]"]),
        ([(" ", STRUCK), ("x", STATED)], "x", []),
        ([], "", []),
    ],
)
def test_runs_are_a_sentence_and_its_annotations(
    runs: list[tuple[str, RunStyle]], sentence: str, annotations: list[str]
) -> None:
    assert join(*runs) == (sentence, annotations)
