"""An answer that is being written: read in the background, looked at by the page, stopped at once."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol

from ui.api_types import (
    Basis,
    ChatEvent,
    Check,
    CheckedSentence,
    Citation,
    Finished,
    Overview,
    Problem,
    SentenceVerdict,
    Words,
)
from ui.errors import ApiRefusedError, UiError

State = Literal["waiting", "writing", "done", "stopped", "failed"]
WATCH_SECONDS = 1.0
PASSING_CODES = frozenset({"model_loading", "no_room_for_model"})
"""What the API says where the same question can be answered in a moment."""


@dataclass(frozen=True, slots=True)
class AnswerSoFar:
    """A look at an answer. `problem` is set when it failed, with `will_pass` where it is better in a moment.

    Citations and verdicts come as sentences are checked, and all of them with the end. `overview` says how far the
    reading of everything is, `found` what came to light in it.
    """

    state: State = "waiting"
    text: str = ""
    basis: Basis | None = None
    citations: tuple[Citation, ...] = ()
    check: Check | None = None
    finish_reason: str = ""
    problem: str = ""
    will_pass: bool = False
    sentences: tuple[SentenceVerdict, ...] = ()
    overview: Overview | None = None
    found: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether more may come."""
        return self.state in ("waiting", "writing")


class Stream(Protocol):
    """Events that can be ended from another thread."""

    def events(self) -> Generator[ChatEvent, None, None]: ...

    def close(self) -> None: ...


class AnswerRun:
    """Reads a stream to its end in a thread of its own, so that the page stays awake.

    `is_wanted` is asked every second; when it says no, because the tab was closed, the stream ends.
    """

    def __init__(self, stream: Stream, is_wanted: Callable[[], bool]) -> None:
        self._stream = stream
        self._is_wanted = is_wanted
        self._changed = threading.Condition()
        self._answer = AnswerSoFar()
        self._has_ended = threading.Event()
        for target in (self._read, self._watch):
            threading.Thread(target=target, name=f"answer{target.__name__}", daemon=True).start()

    def look(self) -> AnswerSoFar:
        """Return the answer as it is now."""
        with self._changed:
            return self._answer

    def look_again(self, seen: AnswerSoFar, timeout_seconds: float) -> AnswerSoFar:
        """Return the answer as soon as it differs from `seen`, or as it is when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._answer is not seen, timeout_seconds)
            return self._answer

    def stop(self) -> None:
        """End the answer now and keep what there is of it. Does nothing when it has ended."""
        self._update(lambda answer: replace(answer, state="stopped"))
        self._stream.close()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until the stream has ended; return whether it has."""
        return self._has_ended.wait(timeout_seconds)

    def _read(self) -> None:
        try:
            with closing(self._stream.events()) as events:
                for event in events:
                    self._update(partial(_after, event))
            self._update(partial(_after, Problem("The answer ended too early. Ask again.")))
        except UiError as error:
            code = error.code if isinstance(error, ApiRefusedError) else None
            self._update(partial(_after, Problem(str(error), code)))
        finally:
            self._has_ended.set()

    def _update(self, change: Callable[[AnswerSoFar], AnswerSoFar]) -> None:
        """Change the answer, unless it has ended: what was stopped stays as it was."""
        with self._changed:
            if self._answer.is_running:
                self._answer = change(self._answer)
                self._changed.notify_all()

    def _watch(self) -> None:
        while not self._has_ended.wait(WATCH_SECONDS):
            if not self._is_wanted():
                self.stop()
                return


def _after(event: ChatEvent | Problem, answer: AnswerSoFar) -> AnswerSoFar:
    """Return the answer as it is after `event`."""
    match event:
        case Problem():
            will_pass = event.code in PASSING_CODES
            return replace(answer, state="failed", problem=event.message, will_pass=will_pass)
        case Basis():
            return replace(answer, basis=event)
        case Words():
            return replace(answer, state="writing", text=answer.text + event.text)
        case Overview():
            found = (*answer.found, *filter(None, event.found.splitlines()))
            return replace(answer, overview=event, found=found)
        case CheckedSentence():
            return replace(
                answer,
                citations=(*answer.citations, *event.annotations),
                sentences=(*answer.sentences, event.sentence),
            )
        case Finished():
            return replace(
                answer,
                state="done",
                citations=event.citations,
                sentences=event.check.sentences,
                check=event.check,
                finish_reason=event.finish_reason,
            )
