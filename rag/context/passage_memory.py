"""What the turns of a conversation were shown, so that passages keep their numbers and their places in the prompt.

Clients send a conversation with every question, but not its passages. What was shown in a turn is therefore remembered
under a hash of the conversation up to its answer, as long as the process lives: the answer names passages by their
numbers, so another answer to the same question is another turn. Where it is not known any more, the conversation goes
on without those passages.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from rag.engines.types import Message
from rag.types import Passage, Question

REMEMBERED_TURNS = 2_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What one turn was shown: the `numbers` of all its chunks by id, and the `passages` that stand in it.

    Whole documents stand in front of the conversation, and what an overview read stands nowhere.
    """

    numbers: Mapping[int, int] = field(default_factory=dict[int, int])
    passages: tuple[Passage, ...] = ()


class ShownPassages:
    """Remembers the turns that were answered last. Safe to use from many threads."""

    def __init__(self, capacity: int = REMEMBERED_TURNS) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._turns: OrderedDict[bytes, Shown] = OrderedDict()

    def of(self, question: Question, index: int) -> Shown | None:
        """Return what was shown for the message at `index`, which the next one answers; None where nobody knows."""
        key = _key(question, question.messages[: index + 2])
        with self._lock:
            if key in self._turns:
                self._turns.move_to_end(key)
            return self._turns.get(key)

    def turns(self, question: Question) -> dict[int, Shown | None]:
        """Return what was shown for each message of the user before the last message, by its index."""
        earlier = enumerate(question.messages[:-1])
        return {index: self.of(question, index) for index, message in earlier if message.role == "user"}

    def remember(self, question: Question, answer: str, shown: Shown) -> None:
        """Note what was shown for the last message, which was answered in these words."""
        key = _key(question, (*question.messages, Message("assistant", answer)))
        with self._lock:
            self._turns[key] = shown
            self._turns.move_to_end(key)
            while len(self._turns) > self._capacity:
                self._turns.popitem(last=False)


def numbers_of(turns: Iterable[Shown | None]) -> dict[int, int]:
    """Return the numbers that turns gave to chunks, by the chunks' ids; where nobody knows, none."""
    return {id_: number for shown in turns if shown is not None for id_, number in shown.numbers.items()}


def _key(question: Question, messages: Sequence[Message]) -> bytes:
    said = [(message.role, message.content.strip()) for message in messages]  # some clients trim what they send back
    return hashlib.sha256(msgspec.msgpack.encode((question.collections, repr(question.filters), said))).digest()
