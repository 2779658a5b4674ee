"""The state of one request: what was read, what was written, and when it is over. Pure."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.engines.types import FinishReason, Usage


class StopScanner:
    """Lets text through up to the stop string that is complete first, however it is cut into pieces."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(text for text in stop if text)
        self._held = ""
        self.has_stopped = False

    def push(self, text: str) -> str:
        """Return what may be shown now. An end that could begin a stop string is held back."""
        if self.has_stopped:
            return ""
        self._held += text
        found = [(at + len(stop), at) for stop in self._stop if (at := self._held.find(stop)) >= 0]
        if found:
            self.has_stopped = True
            return self._release(min(found)[1])
        return self._release(len(self._held) - self._held_back())

    def flush(self) -> str:
        """Return what was held back; nothing more will come."""
        return "" if self.has_stopped else self._release(len(self._held))

    def _held_back(self) -> int:
        """Return the length of the longest end that is the beginning of a stop string."""
        longest = min(max((len(stop) for stop in self._stop), default=1) - 1, len(self._held))
        for length in range(longest, 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stop):
                return length
        return 0

    def _release(self, length: int) -> str:
        released, self._held = self._held[:length], self._held[length:]
        return released


class TextStream:
    """Turns the bytes of tokens into text: no broken characters, no stop strings.

    A character that the model never finished is left out; bytes that can be no text become U+FFFD.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._scanner = StopScanner(stop)

    @property
    def has_stopped(self) -> bool:
        return self._scanner.has_stopped

    def push(self, piece: bytes) -> str:
        """Return the text that became certain with `piece`."""
        return self._scanner.push(self._decoder.decode(piece))

    def flush(self) -> str:
        """Return the rest of the text."""
        return self._scanner.flush()


@dataclass(slots=True)
class GenerationRequest:
    """A prompt that is being read, then an answer that is being written.

    `position` is how many tokens of prompt and answer the model has in its memory; `cached_tokens` of them
    were there from an earlier request. `max_tokens` is what the request allows and the window leaves.
    """

    prompt: list[int]
    max_tokens: int
    stop: Sequence[str] = ()
    position: int = 0
    cached_tokens: int = 0
    sampled: list[int] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    _text: TextStream = field(init=False)

    def __post_init__(self) -> None:
        if not self.prompt or self.max_tokens < 1:
            raise ValueError("a request needs a prompt and room for at least one token")
        self._text = TextStream(self.stop)

    @property
    def unread(self) -> int:
        """How many prompt tokens are still to be read."""
        return max(len(self.prompt) - self.position, 0)

    def resume_at(self, position: int) -> None:
        """Start after the first `position` prompt tokens, which are in the model's memory already."""
        self.position = self.cached_tokens = position

    def next_tokens(self, prefill_share: int) -> list[int]:
        """Return what the model reads next: a part of the prompt, or the token that it wrote last."""
        if self.unread:
            return self.prompt[self.position : self.position + prefill_share]
        return self.sampled[-1:]

    def advance(self, tokens: int) -> None:
        """Say that the model has read `tokens` more."""
        self.position += tokens

    def accept(self, token: int, piece: bytes) -> str:
        """Take in the token that the model wrote; return the text that became certain."""
        self.sampled.append(token)
        text = self._text.push(piece)
        if self._text.has_stopped:
            self.finish_reason = "stop"
        elif len(self.sampled) >= self.max_tokens:
            self.finish_reason = "length"
            text += self._text.flush()
        return text

    def end(self) -> str:
        """Take in that the model has ended its answer; return the rest of the text."""
        self.finish_reason = "stop"
        return self._text.flush()

    def usage(self) -> Usage:
        """Return the tokens read and written so far; the sign that ends an answer is not counted."""
        return Usage(len(self.prompt), len(self.sampled), self.cached_tokens)


def room_for_answer(*, prompt_tokens: int, context_window: int, max_tokens: int | None) -> int:
    """Return how many tokens an answer may have: what was asked for, and never past the window."""
    left = context_window - prompt_tokens
    return left if max_tokens is None else min(max(max_tokens, 1), left)


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many tokens two sequences share from their start."""
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
