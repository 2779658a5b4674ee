"""The tokens and the text of one request, from its prompt to its finish reason. Pure."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.engines.serving.tools.parser import ToolCallParser
from rag.engines.types import FinishReason, ToolCallDelta, Usage


class StopScanner:
    """Passes text on up to the stop string that is complete first, however the text is cut into pieces."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(text for text in stop if text)
        self._buffer = ""
        self.has_stopped = False

    def push(self, text: str) -> str:
        """Return the text that can be shown now. An end that could begin a stop string is held back."""
        if self.has_stopped:
            return ""
        self._buffer += text
        matches = [(start + len(stop), start) for stop in self._stop if (start := self._buffer.find(stop)) >= 0]
        if matches:
            self.has_stopped = True
            return self._release(min(matches)[1])
        return self._release(len(self._buffer) - self._count_held_back())

    def flush(self) -> str:
        """Return the text that was held back; the stream has ended."""
        return "" if self.has_stopped else self._release(len(self._buffer))

    def _count_held_back(self) -> int:
        """Return the length of the longest end of the buffer that begins a stop string."""
        longest = min(max((len(stop) for stop in self._stop), default=1) - 1, len(self._buffer))
        for length in range(longest, 0, -1):
            if any(stop.startswith(self._buffer[-length:]) for stop in self._stop):
                return length
        return 0

    def _release(self, length: int) -> str:
        released, self._buffer = self._buffer[:length], self._buffer[length:]
        return released


class Detokenizer:
    """Turns the bytes of a stream of tokens into text without broken characters, tool calls or stop strings.

    A character that the model never completes is left out; bytes that are not UTF-8 become U+FFFD. A `parser` takes the
    tool calls out, in which no stop string stops anything.
    """

    def __init__(self, stop: Sequence[str], parser: ToolCallParser | None = None) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._scanner = StopScanner(stop)
        self._parser = parser

    @property
    def has_stopped(self) -> bool:
        return self._scanner.has_stopped

    def push(self, token_bytes: bytes) -> str:
        """Return the text that became certain with the bytes of one more token."""
        text = self._decoder.decode(token_bytes)
        return self._scanner.push(text if self._parser is None else self._parser.push(text))

    def flush(self) -> str:
        """Return the rest of the text."""
        rest = "" if self._parser is None else self._scanner.push(self._parser.flush())
        return rest + self._scanner.flush()


@dataclass(slots=True)
class TokenSequence:
    """The prompt of a request during prefill, then its completion during decoding.

    `position` is how many tokens of prompt and completion are in the KV cache; `cached_tokens` of them were there
    from an earlier request. `max_tokens` is the request's limit, or what the context window leaves if that is less. A
    `parser` reads the tool calls of the completion.
    """

    prompt: list[int]
    max_tokens: int
    stop: Sequence[str] = ()
    parser: ToolCallParser | None = None
    position: int = 0
    cached_tokens: int = 0
    completion: list[int] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    _detokenizer: Detokenizer = field(init=False)

    def __post_init__(self) -> None:
        if not self.prompt or self.max_tokens < 1:
            raise ValueError("a request needs a prompt and room for at least one token")
        self._detokenizer = Detokenizer(self.stop, self.parser)

    @property
    def pending_tokens(self) -> int:
        """How many prompt tokens still have to be prefilled."""
        return max(len(self.prompt) - self.position, 0)

    def resume_at(self, position: int) -> None:
        """Start after the first `position` prompt tokens, which are in the KV cache already."""
        self.position = self.cached_tokens = position

    def next_input(self, chunk_tokens: int) -> list[int]:
        """Return the tokens of the next step: a chunk of the prompt, or the last token of the completion."""
        if self.pending_tokens:
            return self.prompt[self.position : self.position + chunk_tokens]
        return self.completion[-1:]

    def advance(self, tokens: int) -> None:
        """Record that so many more tokens are in the KV cache."""
        self.position += tokens

    def accept(self, token: int, token_bytes: bytes) -> str:
        """Append a token to the completion; return the text that became certain."""
        self.completion.append(token)
        text = self._detokenizer.push(token_bytes)
        if self._detokenizer.has_stopped:
            self.finish_reason = "stop"
        elif len(self.completion) >= self.max_tokens:
            self.finish_reason = "length"
            text += self._detokenizer.flush()
        return text

    def finish(self) -> str:
        """End the completion because the model chose an end token; return the rest of the text."""
        self.finish_reason = "tool_calls" if self.parser is not None and self.parser.has_calls else "stop"
        return self._detokenizer.flush()

    def take_tool_calls(self) -> tuple[ToolCallDelta, ...]:
        """Return the pieces of tool calls that became certain since the last time."""
        return () if self.parser is None else self.parser.take_calls()

    def count_usage(self) -> Usage:
        """Return the prompt and completion tokens so far; the end token is not counted."""
        return Usage(len(self.prompt), len(self.completion), self.cached_tokens)


def limit_max_tokens(*, prompt_tokens: int, context_window: int, max_tokens: int | None) -> int:
    """Return how many tokens a completion may have: `max_tokens`, but never past the context window."""
    room = context_window - prompt_tokens
    return room if max_tokens is None else min(max(max_tokens, 1), room)


def count_common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many tokens two sequences share from their start."""
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
