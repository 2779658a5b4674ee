"""An answer that is read in a background thread."""

import threading
from collections.abc import Generator, Iterable

import pytest

from ui.api_types import (
    AnswerDetails,
    Basis,
    ChatEvent,
    CheckedSentence,
    Citation,
    Finished,
    OverviewProgress,
    SentenceVerdict,
    TextDelta,
)
from ui.background_answer import AnswerSnapshot, BackgroundAnswer
from ui.errors import ApiRefusedError, ConnectionLostError, UiError

BASIS = Basis("whole", "it fits")
END = Finished((), AnswerDetails(), "stop")


class ScriptedStream:
    """Yields its events, then waits until it is closed if `is_open_ended`."""

    def __init__(self, events: Iterable[ChatEvent | UiError], *, is_open_ended: bool = False) -> None:
        self._events = events
        self._is_open_ended = is_open_ended
        self.closed = threading.Event()

    def events(self) -> Generator[ChatEvent, None, None]:
        for event in self._events:
            if isinstance(event, UiError):
                raise event
            yield event
        if self._is_open_ended:
            self.closed.wait(10)

    def close(self) -> None:
        self.closed.set()


def read_to_end(stream: ScriptedStream) -> AnswerSnapshot:
    run = BackgroundAnswer(stream, lambda: True)
    assert run.wait_until_ended(5)
    return run.snapshot()


def test_a_complete_answer_is_done() -> None:
    answer = read_to_end(ScriptedStream([BASIS, TextDelta("It is "), TextDelta("red."), END]))
    assert answer == AnswerSnapshot("done", "It is red.", BASIS, (), AnswerDetails(), "stop")


def test_a_failure_keeps_the_words_and_says_why() -> None:
    answer = read_to_end(ScriptedStream([BASIS, TextDelta("It is "), ConnectionLostError()]))
    assert (answer.state, answer.text) == ("failed", "It is ")
    assert "connection" in answer.problem


def test_a_refusal_says_whether_the_same_question_can_succeed_a_moment_later() -> None:
    loading = ApiRefusedError(status=503, code="model_loading", message="the model is still loading")
    broken = ApiRefusedError(status=503, code="model_not_loaded", message="bad magic")
    answers = [read_to_end(ScriptedStream([error])) for error in (loading, broken)]
    assert [(answer.state, answer.problem, answer.is_temporary) for answer in answers] == [
        ("failed", "The model is still loading", True),
        ("failed", "Bad magic", False),
    ]


def test_the_findings_of_an_overview_are_collected() -> None:
    steps = [
        OverviewProgress(1, 3, "Reading a.pdf", "one\ntwo"),
        OverviewProgress(2, 3, "Reading b.pdf"),
        OverviewProgress(3, 3, "", "three"),
    ]
    answer = read_to_end(ScriptedStream([BASIS, *steps, END]))
    assert (answer.overview, answer.findings) == (steps[-1], ("one", "two", "three"))


def test_sentences_are_shown_as_soon_as_they_are_verified() -> None:
    pin = Citation("f1", "a.pdf", 1, 0, 5, "It is", number=1, verdict="supported", answer_end=10)
    checked = CheckedSentence(SentenceVerdict(0, 10, "supported"), (pin,))
    run = BackgroundAnswer(ScriptedStream([BASIS, TextDelta("It is red."), checked], is_open_ended=True), lambda: True)
    while not run.snapshot().sentences:
        pass
    assert (run.snapshot().citations, run.snapshot().sentences) == ((pin,), (checked.sentence,))
    run.stop()


def test_a_stream_without_an_end_is_a_failure() -> None:
    assert read_to_end(ScriptedStream([BASIS])).state == "failed"


def test_stopping_keeps_the_text_so_far_and_closes_the_stream() -> None:
    stream = ScriptedStream([BASIS, TextDelta("It is")], is_open_ended=True)
    run = BackgroundAnswer(stream, lambda: True)
    while run.snapshot().text != "It is":
        pass
    run.stop()
    assert stream.closed.is_set()
    assert run.wait_until_ended(5)
    assert (run.snapshot().state, run.snapshot().text) == ("stopped", "It is")


def test_stopping_after_the_end_changes_nothing() -> None:
    run = BackgroundAnswer(ScriptedStream([BASIS, END]), lambda: True)
    assert run.wait_until_ended(5)
    run.stop()
    assert run.snapshot().state == "done"


@pytest.mark.timeout(10)
def test_an_answer_is_stopped_when_its_tab_was_closed() -> None:
    stream = ScriptedStream([BASIS], is_open_ended=True)
    run = BackgroundAnswer(stream, lambda: False)
    assert stream.closed.wait(5)
    assert run.wait_until_ended(5)
    assert run.snapshot().state == "stopped"
