"""The passages of earlier turns, so that they keep their numbers and their positions in the prompt.

Clients send the chat history with every question, but not its passages. The memory keeps the passages of a turn under a
hash of the chat up to its answer, as long as the process lives: another answer to the same question is another turn.
The citation markers of answers do not count, because what a client was shown may number them otherwise; the memory has
the answer as it names its passages. The chat goes on without the passages of a turn that the memory has lost.
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from cachetools import LRUCache

from rag.engines.types import Message
from rag.grounding.markers import MARKER
from rag.types import Passage, Question

REMEMBERED_TURNS = 2_000


@dataclass(frozen=True, slots=True)
class TurnPassages:
    """The passages of one turn: the `numbers` of all its chunks by id, and the `passages` that its prompt added.

    `answer` is the turn's answer with the markers that name them; the memory fills it in. Whole documents are in the
    system message and the passages of an overview in no prompt: both add none.
    """

    numbers: Mapping[int, int] = field(default_factory=dict[int, int])
    passages: tuple[Passage, ...] = ()
    answer: str = ""


class PassageMemory:
    """An LRU cache of the passages of turns. Safe to use from many threads."""

    def __init__(self, capacity: int = REMEMBERED_TURNS) -> None:
        self._lock = threading.Lock()
        self._turns: LRUCache[bytes, TurnPassages] = LRUCache(capacity)

    def recall(self, question: Question, index: int) -> TurnPassages | None:
        """Return the passages of the turn whose question is the message at `index`; None if they are unknown."""
        key = _hash_chat(question, question.messages[: index + 2])
        with self._lock:
            return self._turns.get(key)

    def recall_turns(self, question: Question) -> dict[int, TurnPassages | None]:
        """Return the passages of every earlier turn, by the index of the user's message."""
        earlier = enumerate(question.messages[:-1])
        return {index: self.recall(question, index) for index, message in earlier if message.role == "user"}

    def remember(self, question: Question, answer: str, turn: TurnPassages) -> None:
        """Keep the passages of the turn that `answer` completes; the least recently used turn goes for it."""
        key = _hash_chat(question, (*question.messages, Message("assistant", answer)))
        with self._lock:
            self._turns[key] = replace(turn, answer=answer)


def merge_numbers(turns: Iterable[TurnPassages | None]) -> dict[int, int]:
    """Return the passage numbers of all chunks in some turns, by chunk id; unknown turns have none."""
    return {id_: number for turn in turns if turn is not None for id_, number in turn.numbers.items()}


def _hash_chat(question: Question, messages: Sequence[Message]) -> bytes:
    chat = [(message.role, _strip_markers(message)) for message in messages]
    return hashlib.sha256(msgspec.msgpack.encode((question.collections, repr(question.filters), chat))).digest()


def _strip_markers(message: Message) -> str:
    """Return the text of a message without markers if it is an answer; some clients trim what they send back."""
    text = message.content
    if message.role == "assistant":
        text = " ".join(MARKER.sub("", text).split())
    return text.strip()
