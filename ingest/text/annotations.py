"""Text beside what a document states: struck out, deleted, hidden, comments and notes. Pure.

Parsers write it in brackets that name its kind, `[struck out: EUR 3,400]`, behind the paragraph or in the cell that it
belongs to. So a page shows it, a model reads what it is, and no sentence of the document contains it. Hidden text has
its reason, too: `[hidden: white text: EUR 3,400]`.
"""

import re
from enum import StrEnum

from ingest.types import HiddenReason


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
_REASONS = "|".join(re.escape(reason) for reason in HiddenReason)
_ANNOTATION = re.compile(rf"\[({'|'.join(AnnotationKind)})(?: by [^:\[\]]{{1,80}})?: [^\[\]]*\]")
_WITHDRAWN_TEXT = re.compile(rf"[ \t]*\[(?:{'|'.join(_WITHDRAWN)})(?: by [^:\[\]]{{1,80}})?: [^\[\]]*\]")
_OPENING = f"[{AnnotationKind.HIDDEN}: "
_HIDDEN = re.compile(rf"\[{AnnotationKind.HIDDEN}: (?:({_REASONS}): )?[^\[\]]*(?:\]|\Z)")
_HIDDEN_WITH_SPACE = re.compile(rf"[ \t]*{_HIDDEN.pattern}")
_BETWEEN_CELLS = re.compile(r"[\s|]+")


def annotate(kind: AnnotationKind, text: str, *, author: str = "", reason: HiddenReason | None = None) -> str:
    """Return `text` as an annotation, `author` or the `reason` of hidden text named; empty for a blank text.

    Brackets inside become parentheses and white space is collapsed, so that `find_annotations` finds its end.
    """
    content = " ".join(text.translate(_BRACKETS).split())
    name = " ".join(author.translate(_BRACKETS).replace(":", " ").split())[:80]
    by = f" by {name}" if name else ""
    why = f"{reason}: " if reason else ""
    return f"[{kind}{by}: {why}{content}]" if content else ""


def annotate_hidden(reason: HiddenReason, text: str) -> str:
    """Return hidden text as an annotation with its reason; empty for a blank text."""
    return annotate(AnnotationKind.HIDDEN, text, reason=reason)


def find_annotations(text: str) -> list[tuple[int, int, AnnotationKind]]:
    """Return the spans `[start, end)` of the annotations with their kinds, in order; they do not overlap."""
    return [(match.start(), match.end(), AnnotationKind(match[1])) for match in _ANNOTATION.finditer(text)]


def is_withdrawn(kind: AnnotationKind) -> bool:
    """Whether a document says that text of this kind does not hold any more."""
    return kind in _WITHDRAWN


def remove_withdrawn(text: str) -> str:
    """Return `text` without what is struck out or deleted."""
    return _WITHDRAWN_TEXT.sub("", text)


def find_hidden(text: str) -> list[tuple[int, int, HiddenReason]]:
    """Return the spans `[start, end)` of hidden text with their reasons, in order; one may be cut off at the end."""
    if _OPENING not in text:
        return []
    return [
        (match.start(), match.end(), HiddenReason(match[1] or HiddenReason.UNKNOWN)) for match in _HIDDEN.finditer(text)
    ]


def remove_hidden(text: str) -> str:
    """Return `text` without what is hidden in it."""
    return _HIDDEN_WITH_SPACE.sub("", text) if _OPENING in text else text


def find_hidden_reason(text: str) -> HiddenReason | None:
    """Return why nobody sees a sentence or a row of a table; None if any of it is seen, or if it is blank."""
    hidden = find_hidden(text)
    if not hidden or _BETWEEN_CELLS.sub("", _HIDDEN.sub("", text)):
        return None
    return hidden[0][2]
