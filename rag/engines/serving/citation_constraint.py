"""Let an answer cite only passages that it was shown. Pure.

Tokens are bytes and may hold several characters, or a part of one: "[1", " [12].", half of "–". What a token would
write is therefore played through, character by character. Only tokens that can write a digit can be at fault; they are
few.
"""

import codecs
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

SEPARATORS = ",;–-"
"""What stands between the numbers of a marker; see `rag.grounding.markers.MARKER`."""

Place = Literal["text", "open", "number", "spaced"]
"""Outside of any marker; where a number may begin; within a number; after a number and a space."""


class _State(NamedTuple):
    """Where the text stands. `number` is what has been written of it, `pending` the bytes of half a character."""

    place: Place = "text"
    number: int = 0
    pending: bytes = b""


class CitationRules:
    """Makes constraints for one vocabulary. What was found out for one answer is known to the next.

    `pieces` has the bytes that each token adds to the text; none for control tokens, which are never forbidden.
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._with_digits = [token for token, piece in enumerate(pieces) if _may_write_digit(piece)]
        self._known: dict[tuple[int, _State], NDArray[np.intp]] = {}

    def constraint(self, cite_up_to: int) -> "CitationConstraint":
        """Return what keeps one answer from citing a number above `cite_up_to`, or 0."""
        return CitationConstraint(self, cite_up_to)

    def forbidden(self, state: _State, cite_up_to: int) -> NDArray[np.intp]:
        """Return the tokens that must not come next."""
        if state.place == "text":  # the rest of a character cannot matter there
            state = _State()
        key = cite_up_to, state
        if key not in self._known:
            tokens = [token for token in self._with_digits if self.after(state, token, cite_up_to) is None]
            self._known[key] = np.array(tokens, dtype=np.intp)
        return self._known[key]

    def after(self, state: _State, token: int, cite_up_to: int) -> _State | None:
        """Return where the text stands after `token`; None where the token cites what it must not."""
        data = state.pending + self._pieces[token]
        text, decoded = codecs.utf_8_decode(data, "replace", False)
        place, number = state.place, state.number
        for char in text:
            place, number = _step(place, number, char)
            if place == "number" and not 1 <= number <= cite_up_to:
                return None
        # Numbers that no digit can follow are one state, so that there are few.
        return _State(place, cite_up_to if number * 10 > cite_up_to else number, data[decoded:])


class CitationConstraint:
    """A `Constraint` of one answer: a marker like [7] or [2, 5] names only numbers from 1 to `cite_up_to`.

    Brackets that do not begin with a number stay free. Tokens without digits are never forbidden: there is a way on.
    """

    def __init__(self, rules: CitationRules, cite_up_to: int) -> None:
        self._rules = rules
        self._cite_up_to = cite_up_to
        self._state = _State()

    def forbidden(self) -> NDArray[np.intp] | None:
        """Return the tokens that must not come next; None where all may."""
        tokens = self._rules.forbidden(self._state, self._cite_up_to)
        return tokens if len(tokens) else None

    def accept(self, token: int) -> None:
        """Take in the token that was written: one that was not forbidden."""
        state = self._rules.after(self._state, token, self._cite_up_to)
        if state is None:
            raise ValueError(f"token {token} was forbidden")
        self._state = state


def _may_write_digit(piece: bytes) -> bool:
    """Return whether a token has a digit of any script, or a part of a character that could become one."""
    try:
        return any(map(str.isdecimal, piece.decode()))
    except UnicodeDecodeError:
        return True


def _step(place: Place, number: int, char: str) -> tuple[Place, int]:
    """Return where the text stands after one more character, and the number that is being written."""
    if char == "[":
        return "open", 0
    if place == "text":
        return "text", 0
    if char.isdecimal() and place != "spaced":
        return "number", number * 10 + int(char)
    if char.isspace():
        return ("open" if place == "open" else "spaced"), 0
    if char in SEPARATORS and place != "open":
        return "open", 0
    return "text", 0
