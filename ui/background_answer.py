"""Read an answer in the background while the page stays responsive; `stop` ends it at once."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol

from ui.api_types import (
    AnswerDetails,
    ApiError,
    Basis,
    ChatEvent,
    CheckedSentence,
    Citation,
    Finished,
    OverviewProgress,
    SentenceVerdict,
    TextDelta,
)
from ui.errors import ApiRefusedError, UiError

State = Literal["waiting", "writing", "done", "stopped", "failed"]
TAB_CHECK_SECONDS = 1.0
TEMPORARY_CODES = frozenset({"model_loading", "no_room_for_model"})
"""Error codes after which the same question can succeed a moment later."""


@dataclass(frozen=True, slots=True)
class AnswerSnapshot:
    """An answer at one moment. `problem` is set if it failed, `is_temporary` if asking again soon can succeed.

    Citations and verdicts arrive as sentences are verified, and complete ones with the end. `overview` is the progress
    of a map-reduce overview, `findings` are the lines that it has reported.
    """

    state: State = "waiting"
    text: str = ""
    basis: Basis | None = None
    citations: tuple[Citation, ...] = ()
    details: AnswerDetails | None = None
    finish_reason: str = ""
    problem: str = ""
    is_temporary: bool = False
    sentences: tuple[SentenceVerdict, ...] = ()
    overview: OverviewProgress | None = None
    findings: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether more may come."""
        return self.state in ("waiting", "writing")


class Stream(Protocol):
    """Events that another thread can cancel."""

    def events(self) -> Generator[ChatEvent, None, None]: ...

    def close(self) -> None: ...


class BackgroundAnswer:
    """Reads a stream to its end in a thread of its own.

    A second thread asks `is_tab_open` every second and ends the stream when the browser tab was closed.
    """

    def __init__(self, stream: Stream, is_tab_open: Callable[[], bool]) -> None:
        self._stream = stream
        self._is_tab_open = is_tab_open
        self._changed = threading.Condition()
        self._answer = AnswerSnapshot()
        self._has_ended = threading.Event()
        for target in (self._read, self._stop_when_tab_closes):
            threading.Thread(target=target, name=f"answer{target.__name__}", daemon=True).start()

    def snapshot(self) -> AnswerSnapshot:
        """Return the answer as it is now."""
        with self._changed:
            return self._answer

    def wait_for_change(self, previous: AnswerSnapshot, timeout_seconds: float) -> AnswerSnapshot:
        """Return the answer as soon as it differs from `previous`, or unchanged after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._answer is not previous, timeout_seconds)
            return self._answer

    def stop(self) -> None:
        """End the answer now and keep its text so far. Does nothing after the end."""
        self._update(lambda answer: replace(answer, state="stopped"))
        self._stream.close()

    def wait_until_ended(self, timeout_seconds: float) -> bool:
        """Wait until the stream has ended; return False after the timeout."""
        return self._has_ended.wait(timeout_seconds)

    def _read(self) -> None:
        try:
            with closing(self._stream.events()) as events:
                for event in events:
                    self._update(partial(_apply, event))
            self._update(partial(_apply, ApiError("The answer ended too early. Ask again.")))
        except UiError as error:
            code = error.code if isinstance(error, ApiRefusedError) else None
            self._update(partial(_apply, ApiError(str(error), code)))
        finally:
            self._has_ended.set()

    def _update(self, change: Callable[[AnswerSnapshot], AnswerSnapshot]) -> None:
        """Apply `change` unless the answer has ended: a stopped answer never changes."""
        with self._changed:
            if self._answer.is_running:
                self._answer = change(self._answer)
                self._changed.notify_all()

    def _stop_when_tab_closes(self) -> None:
        while not self._has_ended.wait(TAB_CHECK_SECONDS):
            if not self._is_tab_open():
                self.stop()
                return


def _apply(event: ChatEvent | ApiError, answer: AnswerSnapshot) -> AnswerSnapshot:
    """Return the answer after `event`."""
    match event:
        case ApiError():
            is_temporary = event.code in TEMPORARY_CODES
            return replace(answer, state="failed", problem=event.message, is_temporary=is_temporary)
        case Basis():
            return replace(answer, basis=event)
        case TextDelta():
            return replace(answer, state="writing", text=answer.text + event.text)
        case OverviewProgress():
            findings = (*answer.findings, *filter(None, event.found.splitlines()))
            return replace(answer, overview=event, findings=findings)
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
                sentences=event.details.sentences,
                details=event.details,
                finish_reason=event.finish_reason,
            )
