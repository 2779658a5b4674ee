"""What the turns of a conversation were shown, so that passages keep their numbers and their places in the prompt.

Clients send a conversation with every question, but not its passages. What was shown for a question is therefore
remembered under a hash of the conversation up to it, as long as the process lives. Where it is not known any more, the
conversation goes on without those passages.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

import msgspec

from rag.types import Passage, Question

REMEMBERED_TURNS = 2_000


@dataclass(frozen=True, slots=True)
class Shown:
    """The passages of one turn. Whole documents stand in front of the conversation, found passages in their turn."""

    passages: tuple[Passage, ...]
    is_whole: bool


class ShownPassages:
    """Remembers the turns that were asked last. Safe to use from many threads."""

    def __init__(self, capacity: int = REMEMBERED_TURNS) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._turns: OrderedDict[bytes, Shown] = OrderedDict()

    def of(self, question: Question, index: int) -> Shown | None:
        """Return what was shown for the message at `index`; None where that is not known."""
        key = _key(question, index)
        with self._lock:
            if key in self._turns:
                self._turns.move_to_end(key)
            return self._turns.get(key)

    def remember(self, question: Question, shown: Shown) -> None:
        """Note what is shown for the last message."""
        key = _key(question, len(question.messages) - 1)
        with self._lock:
            self._turns[key] = shown
            self._turns.move_to_end(key)
            while len(self._turns) > self._capacity:
                self._turns.popitem(last=False)


def _key(question: Question, index: int) -> bytes:
    asked_of = (question.collections, repr(question.filter), question.messages[: index + 1])
    return hashlib.sha256(msgspec.msgpack.encode(asked_of)).digest()
