"""What a model writes on its way to the reader: without markers that name nothing, and without endless repetition."""

import time
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager

from rag.engines.completion import Completion
from rag.engines.types import Delta, Usage
from rag.generation.repetition import is_stuck
from rag.grounding.attribution import SentenceAttributor
from rag.grounding.citations import MarkerFilter
from rag.types import AnswerDelta, Passage, PinnedSentence, Timings


class Clock:
    """Seconds since the question came in."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._retrieved = self._first_token = self._checking = 0.0

    def retrieved(self) -> None:
        """Note that it is settled what the answer is made from."""
        self._retrieved = self._elapsed()

    def answered(self) -> None:
        """Note that there is text; what comes later does not count."""
        self._first_token = self._first_token or self._elapsed()

    @contextmanager
    def checking(self) -> Generator[None]:
        """Count what is done within as pinning and checking."""
        began = self._elapsed()
        yield
        self._checking += self._elapsed() - began

    def timings(self) -> Timings:
        """Return what was noted, up to now."""
        return Timings(self._retrieved, self._first_token, self._elapsed(), self._checking)

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started


def written(
    deltas: Generator[Delta, None, None],
    passages: Sequence[Passage],
    clock: Clock,
    *,
    prompt_tokens: int,
    pinning: SentenceAttributor | None = None,
) -> Generator[AnswerDelta | PinnedSentence, None, Completion]:
    """Yield an answer in prose as it is written, and its sentences as they are complete.

    Returns the whole of it. The model goes on while a `pinning` pins a sentence.
    """
    text, last, pieces = "", Delta(""), 0
    markers = MarkerFilter(passage.number for passage in passages)
    with closing(deltas):
        for last in deltas:
            if last.text:
                clock.answered()
                pieces += 1
            shown = markers.feed(last.text)
            text += shown
            yield AnswerDelta(shown)  # an empty one says that the model is at work, and lets the caller leave
            if pinning is not None:
                with clock.checking():
                    complete = pinning.attribute_complete(text, shown)
                yield from complete
            if shown and is_stuck(text):
                last = Delta("", "stop", Usage(prompt_tokens, pieces))
                break
    if shown := markers.flush():
        text += shown
        yield AnswerDelta(shown)
    return Completion.from_stream(text, last)


def verbatim(deltas: Generator[Delta, None, None], clock: Clock) -> Generator[AnswerDelta, None, Completion]:
    """Yield an answer that is no prose, where neither markers nor repetition mean anything; see `written`."""
    text, last = "", Delta("")
    with closing(deltas):
        for last in deltas:
            if last.text:
                clock.answered()
            text += last.text
            yield AnswerDelta(last.text)
    return Completion.from_stream(text, last)
