"""The conversation that a question goes on with: as much of it as fits, and the passages that stand in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.library.library import Library
from rag.context.passage_memory import Shown, ShownPassages, numbers_of
from rag.context.prompt import RULES, build_messages
from rag.engines.types import Message
from rag.grounding.markers import MARKER
from rag.types import Passage, Question

CountTokens = Callable[[Sequence[Message]], int]

LONGEST_SHARE, SHORTENED_SHARE = 0.5, 0.25
"""A conversation that fills more of the window than the one is cut down to the other: seldom, and then by much, because
the model has to read everything again that follows a cut."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is kept of a conversation, the question at its end.

    `shown` has the passages that stand in it, by the index of the message. `numbers` has those of all chunks that the
    conversation was ever shown, also of those that were cut off with the first `dropped` messages.
    """

    messages: tuple[Message, ...]
    shown: Mapping[int, tuple[Passage, ...]] = field(default_factory=dict[int, tuple[Passage, ...]])
    numbers: Mapping[int, int] = field(default_factory=dict[int, int])
    dropped: int = 0
    rules: str = RULES

    def prompt(
        self, *, documents: Sequence[Passage] = (), shown: Mapping[int, Sequence[Passage]] | None = None
    ) -> tuple[Message, ...]:
        """Return what the model reads; see `build_messages`."""
        return build_messages(self.messages, documents=documents, shown=shown, rules=self.rules)

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passages that stand in the conversation, in order."""
        return tuple(passage for index in sorted(self.shown) for passage in self.shown[index])


def tell(
    library: Library,
    memory: ShownPassages,
    question: Question,
    window: int,
    count_tokens: CountTokens,
    *,
    rules: str = RULES,
) -> Story:
    """Return the story of a question.

    System messages always stay; what is kept besides begins with a message of the user, as chat templates want it.
    Passages that are not in the library any more are left out; markers in answers to turns that nothing is known of
    are taken away, because they would name other passages.
    """
    turns = memory.turns(question)
    known = {index: shown for index, shown in turns.items() if shown is not None}
    shown = _still_there(library, known)
    messages = _with_known_markers(question.messages, turns)
    start = _start(messages, shown, window, count_tokens, rules=rules)
    system = [index for index in range(start) if messages[index].role == "system"]
    kept = [*system, *range(start, len(messages))]
    return Story(
        messages=tuple(messages[index] for index in kept),
        shown={place: shown[index] for place, index in enumerate(kept) if index in shown},
        numbers=numbers_of(turns.values()),
        dropped=start - len(system),
        rules=rules,
    )


def _still_there(library: Library, known: Mapping[int, Shown]) -> dict[int, tuple[Passage, ...]]:
    found = {index: shown.passages for index, shown in known.items()}
    ids = {passage.stored.id for passages in found.values() for passage in passages}
    there = {chunk.id: chunk for chunk in library.chunks(list(ids))}
    kept = {
        index: tuple(passage for passage in passages if there.get(passage.stored.id) == passage.stored)
        for index, passages in found.items()
    }
    return {index: passages for index, passages in kept.items() if passages}


def _with_known_markers(messages: Sequence[Message], turns: Mapping[int, Shown | None]) -> list[Message]:
    cleaned: list[Message] = []
    is_known = True
    for index, message in enumerate(messages):
        is_known = turns[index] is not None if index in turns else is_known
        is_cleaned = message.role == "assistant" and not is_known
        cleaned.append(replace(message, content=MARKER.sub("", message.content)) if is_cleaned else message)
    return cleaned


def _start(
    messages: Sequence[Message],
    shown: Mapping[int, Sequence[Passage]],
    window: int,
    count_tokens: CountTokens,
    *,
    rules: str,
) -> int:
    """Return the first message that is kept.

    Every turn is looked at as it was when it was asked: so the cut stays where it was until the next one is due.
    """
    turns = [index for index, message in enumerate(messages[:-1]) if message.role == "user"]
    longest = int(window * LONGEST_SHARE)
    if not turns or count_tokens(build_messages(messages, shown=shown, rules=rules)) <= longest:
        return 0
    empty = count_tokens(build_messages((), rules=rules))
    ends = [*turns[1:], len(messages) - 1]
    sizes = [
        count_tokens(build_messages(messages[start:end], shown={0: shown.get(start, ())}, rules=rules)) - empty
        for start, end in zip(turns, ends, strict=True)
    ]
    first, filled = 0, count_tokens(build_messages([*messages[: turns[0]], messages[-1]], rules=rules))
    for last, size in enumerate(sizes):
        filled += size
        if filled > longest:
            while first <= last and filled > window * SHORTENED_SHARE:
                filled -= sizes[first]
                first += 1
    return turns[first] if first < len(turns) else len(messages) - 1
