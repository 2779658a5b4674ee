"""Text beside what a document states: struck out, deleted, hidden, comments and notes. Pure.

Parsers write it in brackets that name its kind, `[struck out: EUR 3,400]`, behind the paragraph or in the cell that it
belongs to. So a page shows it, a model reads what it is, and no sentence of the document contains it.
"""

import re
from enum import StrEnum


class AnnotationKind(StrEnum):
    """What a document says of a stretch of its text."""

    STRUCK_OUT = "struck out"
    DELETED = "deleted"
    HIDDEN = "hidden"
    COMMENT = "comment"
    NOTE = "note"
    FORMULA = "formula"
    SUPERSEDED = "superseded"


_WITHDRAWN = (AnnotationKind.STRUCK_OUT, AnnotationKind.DELETED, AnnotationKind.SUPERSEDED)
_BRACKETS = str.maketrans("[]", "()")
_ANNOTATION = re.compile(rf"\[({'|'.join(AnnotationKind)})(?: by [^:\[\]]{{1,80}})?: [^\[\]]*\]")
_WITHDRAWN_TEXT = re.compile(rf"[ \t]*\[(?:{'|'.join(_WITHDRAWN)})(?: by [^:\[\]]{{1,80}})?: [^\[\]]*\]")


def annotate(kind: AnnotationKind, text: str, *, author: str = "") -> str:
    """Return `text` as an annotation, `author` named if there is one; empty for a blank text.

    Brackets inside become parentheses and white space is collapsed, so that `find_annotations` finds its end.
    """
    content = " ".join(text.translate(_BRACKETS).split())
    name = " ".join(author.translate(_BRACKETS).replace(":", " ").split())[:80]
    by = f" by {name}" if name else ""
    return f"[{kind}{by}: {content}]" if content else ""


def find_annotations(text: str) -> list[tuple[int, int, AnnotationKind]]:
    """Return the spans `[start, end)` of the annotations with their kinds, in order; they do not overlap."""
    return [(match.start(), match.end(), AnnotationKind(match[1])) for match in _ANNOTATION.finditer(text)]


def is_withdrawn(kind: AnnotationKind) -> bool:
    """Whether a document says that text of this kind does not hold any more."""
    return kind in _WITHDRAWN


def remove_withdrawn(text: str) -> str:
    """Return `text` without what is struck out or deleted."""
    return _WITHDRAWN_TEXT.sub("", text)
