"""Complete many prompts for map-reduce, one or several at the same time."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from rag.engines.types import Delta, Engine, Message, Sampling, Usage
from rag.errors import RagError
from rag.generation.repetition import is_repeating
from rag.types import AnswerDelta

MAX_FAILURES_IN_A_ROW = 3
"""After so many the model will fail at the next prompt, too."""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A prompt and its sampling."""

    messages: tuple[Message, ...]
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class CompletionResult:
    """The completion of one request; `is_cut` if it reached its length, `error` if it failed."""

    text: str
    usage: Usage
    is_cut: bool = False
    error: RagError | None = None


class RunReport:
    """The usage of a map-reduce run so far, and in words what is missing from its result."""

    def __init__(self) -> None:
        self.usage = Usage(0, 0)
        self.shortfalls: list[str] = []

    def add_usage(self, usage: Usage) -> None:
        """Add the usage of one request."""
        self.usage = Usage(
            self.usage.prompt_tokens + usage.prompt_tokens,
            self.usage.completion_tokens + usage.completion_tokens,
            self.usage.cached_tokens + usage.cached_tokens,
        )

    def add_shortfall(self, shortfall: str) -> None:
        """Note in words what is missing."""
        self.shortfalls.append(shortfall)


def complete_all(
    engine: Engine,
    requests: Sequence[Callable[[], CompletionRequest | RagError]],
    *,
    parallel: int,
    client: str,
) -> Generator[AnswerDelta | tuple[int, CompletionResult], None, None]:
    """Yield the index and the result of each request, in order; empty deltas between are signs of life.

    Up to `parallel` completions run at once. A request is built when its turn comes; one that cannot be built fails.
    Closing the generator stops the model. After `MAX_FAILURES_IN_A_ROW`, or if every request failed, it raises the last
    error.
    """
    waiting = deque(enumerate(requests))
    running: list[_RunningCompletion] = []
    finished: dict[int, CompletionResult] = {}
    failures = _FailureCount(len(requests))
    upcoming = 0
    try:
        while waiting or running:
            while waiting and len(running) < parallel:
                index, build = waiting.popleft()
                running.append(_RunningCompletion(index, build(), engine, client))
            for completion in tuple(running):
                yield AnswerDelta("")
                if completion.advance():
                    running.remove(completion)
                    finished[completion.index] = completion.collect_result()
            while upcoming in finished:
                result = finished.pop(upcoming)
                failures.check(result)
                yield upcoming, result
                upcoming += 1
    finally:
        for completion in running:
            completion.close()


class _FailureCount:
    """Counts failures and raises the last error once it is plain that no request will succeed."""

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._all = self._in_a_row = 0

    def check(self, result: CompletionResult) -> None:
        if result.error is None:
            self._in_a_row = 0
            return
        self._all += 1
        self._in_a_row += 1
        if self._in_a_row >= MAX_FAILURES_IN_A_ROW or self._all == self._requests:
            raise result.error


class _RunningCompletion:
    """One request while the model completes it."""

    def __init__(self, index: int, request: CompletionRequest | RagError, engine: Engine, client: str) -> None:
        self.index = index
        self._engine = engine
        self._messages = () if isinstance(request, RagError) else request.messages
        self._error = request if isinstance(request, RagError) else None
        self._deltas: Generator[Delta, None, None] | None = (
            None
            if isinstance(request, RagError)
            else engine.generate(request.messages, request.sampling, client=client)
        )
        self._text = ""
        self._pieces = 0
        self._last = Delta("")

    def advance(self) -> bool:
        """Take the next delta; return whether the completion has ended."""
        if self._deltas is None:
            return True
        try:
            self._last = next(self._deltas)
        except StopIteration:
            return True
        except RagError as error:
            self._error = error
            return True
        self._text += self._last.text
        self._pieces += bool(self._last.text)
        if has_ended := bool(self._last.text) and is_repeating(self._text):
            self.close()
        return has_ended

    def collect_result(self) -> CompletionResult:
        """Return the result; the usage is counted here if the completion did not reach its end."""
        usage = self._last.usage or Usage(
            self._engine.count_tokens(self._messages) if self._pieces else 0, self._pieces
        )
        return CompletionResult(self._text, usage, self._last.finish_reason == "length", self._error)

    def close(self) -> None:
        """Stop the model."""
        if self._deltas is not None:
            self._deltas.close()
