"""Parts of documents that a model reads, one or several at the same time, and what it writes of each."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from rag.engines.types import Delta, Engine, Message, Sampling, Usage
from rag.errors import RagError
from rag.generation.repetition import is_stuck
from rag.types import AnswerDelta, AnswerProgress, PinnedSentence

MAX_FAILURES_IN_A_ROW = 3
"""Then the model will not do the next part either."""


OverviewEvent = AnswerProgress | AnswerDelta | PinnedSentence


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote of one request, and why it ended; `error` where it failed."""

    text: str
    usage: Usage
    is_cut: bool = False
    error: RagError | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked."""

    messages: tuple[Message, ...]
    sampling: Sampling


class Account:
    """What a reading has cost so far, and in words what is missing from it."""

    def __init__(self) -> None:
        self.usage = Usage(0, 0)
        self.shortfalls: list[str] = []

    def add(self, usage: Usage) -> None:
        """Count what one request has cost."""
        self.usage = Usage(
            self.usage.prompt_tokens + usage.prompt_tokens,
            self.usage.completion_tokens + usage.completion_tokens,
            self.usage.cached_tokens + usage.cached_tokens,
        )

    def miss(self, what: str) -> None:
        """Note that something is missing."""
        self.shortfalls.append(what)


def written_by(
    engine: Engine, requests: Sequence[Callable[[], Request | RagError]], *, parallel: int, client: str
) -> Generator[AnswerDelta | tuple[int, Written], None, None]:
    """Yield what becomes of each request, with its place among them, in their order.

    Up to `parallel` of them are under way at once; each is made when its turn comes, and one that cannot be made fails.
    Empty deltas between are signs of life. Closing the generator stops the model. After `MAX_FAILURES_IN_A_ROW`, or
    where every request failed, the last error is raised.
    """
    waiting = deque(enumerate(requests))
    open_: list[_Completion] = []
    finished: dict[int, Written] = {}
    failures = _Failures(len(requests))
    upcoming = 0
    try:
        while waiting or open_:
            while waiting and len(open_) < parallel:
                place, make = waiting.popleft()
                open_.append(_Completion(place, make(), engine, client))
            for completion in tuple(open_):
                yield AnswerDelta("")
                if completion.step():
                    open_.remove(completion)
                    finished[completion.place] = completion.written()
            while upcoming in finished:
                result = finished.pop(upcoming)
                failures.note(result)
                yield upcoming, result
                upcoming += 1
    finally:
        for completion in open_:
            completion.close()


class _Failures:
    """Raises the last error where it is plain that no request will succeed."""

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._all = self._in_a_row = 0

    def note(self, written: Written) -> None:
        if written.error is None:
            self._in_a_row = 0
            return
        self._all += 1
        self._in_a_row += 1
        if self._in_a_row >= MAX_FAILURES_IN_A_ROW or self._all == self._requests:
            raise written.error


class _Completion:
    """One request under way."""

    def __init__(self, place: int, request: Request | RagError, engine: Engine, client: str) -> None:
        self.place = place
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
        self._is_stuck = False

    def step(self) -> bool:
        """Take what the model writes next; return whether that was all."""
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
        self._is_stuck = bool(self._last.text) and is_stuck(self._text)
        if self._is_stuck:
            self.close()
        return self._is_stuck

    def written(self) -> Written:
        """Return what came of it."""
        usage = self._last.usage or Usage(
            self._engine.count_tokens(self._messages) if self._pieces else 0, self._pieces
        )
        return Written(self._text, usage, self._last.finish_reason == "length", self._error)

    def close(self) -> None:
        """Stop the model."""
        if self._deltas is not None:
            self._deltas.close()
