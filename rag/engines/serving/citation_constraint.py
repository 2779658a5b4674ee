"""Constrained decoding of citation markers: a completion cites only passages of its prompt. Pure.

A token has several characters, or a part of one: "[1", " [12].", half of "–". A state machine over characters decides
what a token would add. Only tokens with a digit can be forbidden; they are few.
"""

import codecs
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

SEPARATORS = ",;–-"
"""Between the numbers of a marker; see `rag.grounding.markers.MARKER`."""

Phase = Literal["text", "open", "number", "spaced"]
"""Outside of any marker; before a number; within a number; after a number and a space."""


class _State(NamedTuple):
    """The state after a text: `number` has the digits so far, `pending` the bytes of an incomplete character."""

    phase: Phase = "text"
    number: int = 0
    pending: bytes = b""


class CitationCompiler:
    """Makes constraints for one vocabulary, which share the forbidden tokens of each state.

    `token_bytes` has the bytes that each token adds to the text; none for control tokens, which are never forbidden.
    """

    def __init__(self, token_bytes: Sequence[bytes]) -> None:
        self._token_bytes = token_bytes
        self._digit_tokens = [token for token, data in enumerate(token_bytes) if _may_have_digit(data)]
        self._forbidden: dict[tuple[int, _State], NDArray[np.intp]] = {}

    def compile(self, cite_up_to: int) -> "CitationConstraint":
        """Return the constraint of one completion, which cites no number above `cite_up_to`, or 0."""
        return CitationConstraint(self, cite_up_to)

    def forbidden_tokens(self, state: _State, cite_up_to: int) -> NDArray[np.intp]:
        """Return the ids of the tokens that must not follow."""
        if state.phase == "text":  # an incomplete character makes no difference there
            state = _State()
        key = cite_up_to, state
        if key not in self._forbidden:
            tokens = [token for token in self._digit_tokens if self.advance(state, token, cite_up_to) is None]
            self._forbidden[key] = np.array(tokens, dtype=np.intp)
        return self._forbidden[key]

    def advance(self, state: _State, token: int, cite_up_to: int) -> _State | None:
        """Return the state after `token`; None if the token is forbidden."""
        data = state.pending + self._token_bytes[token]
        text, decoded = codecs.utf_8_decode(data, "replace", False)
        phase, number = state.phase, state.number
        for char in text:
            phase, number = _advance(phase, number, char)
            if phase == "number" and not 1 <= number <= cite_up_to:
                return None
        # Numbers that no digit can follow share one state, so that there are few states.
        return _State(phase, cite_up_to if number * 10 > cite_up_to else number, data[decoded:])


class CitationConstraint:
    """A `Constraint` of one completion: a marker like [7] or [2, 5] has only numbers from 1 to `cite_up_to`.

    Brackets without a number are free. Tokens without digits are never forbidden, so some token can always follow.
    """

    def __init__(self, compiler: CitationCompiler, cite_up_to: int) -> None:
        self._compiler = compiler
        self._cite_up_to = cite_up_to
        self._state = _State()

    def forbidden_tokens(self) -> NDArray[np.intp] | None:
        """Return the ids of the forbidden tokens; None if all are allowed."""
        tokens = self._compiler.forbidden_tokens(self._state, self._cite_up_to)
        return tokens if len(tokens) else None

    def accept(self, token: int) -> None:
        """Append a token, which was not forbidden, to the completion."""
        state = self._compiler.advance(self._state, token, self._cite_up_to)
        if state is None:
            raise ValueError(f"token {token} was forbidden")
        self._state = state


def _may_have_digit(data: bytes) -> bool:
    """Return whether a token has a digit of any script, or a part of a character that could be one."""
    try:
        return any(map(str.isdecimal, data.decode()))
    except UnicodeDecodeError:
        return True


def _advance(phase: Phase, number: int, char: str) -> tuple[Phase, int]:
    """Return the phase after one more character, and the number so far."""
    if char == "[":
        return "open", 0
    if phase == "text":
        return "text", 0
    if char.isdecimal() and phase != "spaced":
        return "number", number * 10 + int(char)
    if char.isspace():
        return ("open" if phase == "open" else "spaced"), 0
    if char in SEPARATORS and phase != "open":
        return "open", 0
    return "text", 0
