"""The chat history that a prompt includes: as many turns as fit, and the passages of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.library.library import Library
from rag.context.passage_memory import PassageMemory, TurnPassages, merge_numbers
from rag.context.prompt import RULES, build_messages
from rag.engines.types import Message
from rag.grounding.hidden_text import VISIBLE_TEXT, ModelView
from rag.grounding.markers import MARKER
from rag.types import Passage, Question

CountTokens = Callable[[Sequence[Message]], int]

LONGEST_SHARE, TRUNCATED_SHARE = 0.5, 0.25
"""Shares of the context window. A history longer than the first is truncated to the second: seldom and by much, because
a cut changes the prompt's prefix, and the model has to prefill all that follows."""


@dataclass(frozen=True, slots=True)
class ChatHistory:
    """The messages that the prompt includes, the question last.

    `passages_before` has the passages in front of a message, by its index. `numbers` has the passage numbers of all
    chunks of the chat, those of the first `dropped` messages included.
    """

    messages: tuple[Message, ...]
    passages_before: Mapping[int, tuple[Passage, ...]] = field(default_factory=dict[int, tuple[Passage, ...]])
    numbers: Mapping[int, int] = field(default_factory=dict[int, int])
    dropped: int = 0
    rules: str = RULES
    view: ModelView = VISIBLE_TEXT

    def build_prompt(
        self, *, documents: Sequence[Passage] = (), passages_before: Mapping[int, Sequence[Passage]] | None = None
    ) -> tuple[Message, ...]:
        """Return the prompt; see `build_messages`."""
        return build_messages(
            self.messages, documents=documents, passages_before=passages_before, rules=self.rules, view=self.view
        )

    def add_passages(self, new: Sequence[Passage]) -> tuple[Message, ...]:
        """Return the prompt with the passages of earlier turns in their positions and `new` ones with the question."""
        return self.build_prompt(passages_before={**self.passages_before, len(self.messages) - 1: new})

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passages of earlier turns that the prompt includes, in order."""
        return tuple(passage for index in sorted(self.passages_before) for passage in self.passages_before[index])


def truncate_history(
    library: Library,
    memory: PassageMemory,
    question: Question,
    context_window: int,
    count_tokens: CountTokens,
    *,
    rules: str = RULES,
    view: ModelView = VISIBLE_TEXT,
) -> ChatHistory:
    """Return the chat history of a question, truncated to its share of `context_window` tokens.

    System messages always stay, and the first of the other messages is the user's, as chat templates require. Passages
    that have left the library, or are hidden from the `view` of the model, are left out. Answers of known turns
    have the markers that name their passages; others lose theirs, which would name other passages.
    """
    turns = memory.recall_turns(question)
    known = {index: turn for index, turn in turns.items() if turn is not None}
    passages_before = _select_current(library, known, view)
    messages = _restore_markers(question.messages, turns)
    start = _find_start(messages, passages_before, context_window, _PromptCounter(count_tokens, rules, view))
    system = [index for index in range(start) if messages[index].role == "system"]
    included = [*system, *range(start, len(messages))]
    return ChatHistory(
        messages=tuple(messages[index] for index in included),
        passages_before={
            position: passages_before[index] for position, index in enumerate(included) if index in passages_before
        },
        numbers=merge_numbers(turns.values()),
        dropped=start - len(system),
        rules=rules,
        view=view,
    )


def _select_current(
    library: Library, turns: Mapping[int, TurnPassages], view: ModelView
) -> dict[int, tuple[Passage, ...]]:
    """Return the passages of turns that are shown and still unchanged in the library, by the index of their turn."""
    ids = {passage.stored.id for turn in turns.values() for passage in turn.passages}
    stored = {chunk.id: chunk for chunk in library.chunks(list(ids))}
    current = {
        index: view.select_passages(
            [passage for passage in turn.passages if stored.get(passage.stored.id) == passage.stored]
        )
        for index, turn in turns.items()
    }
    return {index: passages for index, passages in current.items() if passages}


def _restore_markers(messages: Sequence[Message], turns: Mapping[int, TurnPassages | None]) -> list[Message]:
    """Return the messages with the answers of known turns as they name their passages, and others without markers."""
    restored: list[Message] = []
    turn: TurnPassages | None = None
    asked = 0
    for index, message in enumerate(messages):
        if index in turns:
            turn, asked = turns[index], index
        if message.role != "assistant":
            restored.append(message)
        elif turn is None:
            restored.append(replace(message, content=MARKER.sub("", message.content)))
        else:
            restored.append(replace(message, content=turn.answer) if index == asked + 1 else message)
    return restored


@dataclass(frozen=True, slots=True)
class _PromptCounter:
    """Counts the tokens of prompts with some rules and one view of the documents."""

    count_tokens: CountTokens
    rules: str
    view: ModelView

    def count(
        self, messages: Sequence[Message] = (), passages_before: Mapping[int, Sequence[Passage]] | None = None
    ) -> int:
        return self.count_tokens(
            build_messages(messages, passages_before=passages_before, rules=self.rules, view=self.view)
        )


def _find_start(
    messages: Sequence[Message],
    passages_before: Mapping[int, Sequence[Passage]],
    context_window: int,
    counter: _PromptCounter,
) -> int:
    """Return the index of the first message that the prompt includes.

    It replays every turn as it was when it came in, so that a cut stays in place until the next one is due.
    """
    turns = [index for index, message in enumerate(messages[:-1]) if message.role == "user"]
    longest = int(context_window * LONGEST_SHARE)
    if not turns or counter.count(messages, passages_before) <= longest:
        return 0
    empty = counter.count()
    ends = [*turns[1:], len(messages) - 1]
    sizes = [
        counter.count(messages[start:end], {0: passages_before.get(start, ())}) - empty
        for start, end in zip(turns, ends, strict=True)
    ]
    first, filled = 0, counter.count([*messages[: turns[0]], messages[-1]])
    for last, size in enumerate(sizes):
        filled += size
        if filled > longest:
            while first <= last and filled > context_window * TRUNCATED_SHARE:
                filled -= sizes[first]
                first += 1
    return turns[first] if first < len(turns) else len(messages) - 1
