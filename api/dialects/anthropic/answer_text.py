"""Cut an answer into the text blocks of a message: a block for each cited sentence, without the numbers in brackets.

Anthropic's clients get citations beside a text instead of markers in it. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.grounding.citations import split_answer
from rag.grounding.markers import MARKER, UNFINISHED_MARKER
from rag.types import Citation

_SPACED_MARKER = re.compile(rf"[ \t]*{MARKER.pattern}")
_HELD = re.compile(rf"[ \t]*(?:{UNFINISHED_MARKER.pattern})?$")
"""The end of a text that may become a part of a marker."""


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A part of an answer, as it is shown, and the citations that support it."""

    text: str
    citations: tuple[Citation, ...] = ()


def hide_markers(text: str) -> str:
    """Return a text without citation markers and the blanks in front of them."""
    return _SPACED_MARKER.sub("", text)


def cut_answer(text: str, citations: Sequence[Citation], begin: int = 0) -> list[TextPiece]:
    """Return the pieces of an answer from `begin`, in order: each cited sentence, and what stands between two of them.

    Blanks between two cited sentences belong to the second.
    """
    pieces: list[TextPiece] = []
    position = begin
    for (start, end), cited in groupby(sorted(citations, key=_place), key=_place):
        if end <= position:
            continue
        if (between := hide_markers(text[position:start])).strip():
            pieces.append(TextPiece(between))
            position = start
        pieces.append(TextPiece(hide_markers(text[position:end]), tuple(cited)))
        position = end
    if rest := hide_markers(text[position:]).rstrip():
        pieces.append(TextPiece(rest))
    return pieces


def _place(citation: Citation) -> tuple[int, int]:
    return citation.answer_start, citation.answer_end


class AnswerText:
    """An answer that is being written: what of it can be shown.

    A sentence is shown while it is written. The next one is held back until the first is checked, so that it begins
    with a block of its own.
    """

    def __init__(self) -> None:
        self._text = ""
        self._shown = 0
        self._start = 0
        self._is_held = False

    def write(self, text: str) -> str:
        """Add to the answer, and return what can be shown now."""
        self._text += text
        if self._is_held:
            return ""
        sentences = split_answer(self._text[self._start :])
        if len(sentences) > 1:
            self._is_held = True
            return self._show(self._start + sentences[0].end)
        held = _HELD.search(self._text, self._shown)
        return self._show(len(self._text) if held is None else held.start())

    def end_sentence(self, end: int) -> str:
        """Return what is left to show of the sentence that ends at `end` of the answer; the next one begins there."""
        shown = self._show(end)
        self._start, self._is_held = self._shown, False
        return shown

    def finish(self, citations: Sequence[Citation]) -> list[TextPiece]:
        """Return the pieces of the complete answer that are left to show."""
        return cut_answer(self._text, citations, self._shown)

    def _show(self, end: int) -> str:
        shown = hide_markers(self._text[self._shown : end])
        self._shown = max(end, self._shown)
        return shown
