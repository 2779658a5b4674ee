"""A completion by a model alone as the events of an answer: no document is asked, and none is cited."""

import time
from collections.abc import Generator
from contextlib import closing

from rag.engines.completion import Completion, ToolCallCollector
from rag.engines.types import Delta, Engine
from rag.types import Answer, AnswerDelta, AnswerEvent, Timings


def complete_alone(engine: Engine, completion: Generator[Delta, None, None]) -> Generator[AnswerEvent, None, None]:
    """Yield a completion without documents as the events of an answer: deltas, then the whole without citations."""
    started = time.monotonic()
    first_token_seconds = 0.0
    text, last, calls = "", Delta(""), ToolCallCollector()
    with closing(completion) as deltas:
        for last in deltas:
            if not first_token_seconds and (last.text or last.tool_calls):
                first_token_seconds = time.monotonic() - started
            text += last.text
            calls.add(last.tool_calls)
            yield AnswerDelta(last.text, last.logprobs, last.tool_calls)
    timings = Timings(0.0, first_token_seconds, time.monotonic() - started)
    yield _plain_answer(engine.info().id, Completion.from_stream(text, last, calls.calls), timings)


def _plain_answer(model: str, completion: Completion, timings: Timings) -> Answer:
    return Answer(
        text=completion.text,
        citations=(),
        sentences=(),
        evidence=(),
        mode="none",
        reason="the model alone was asked",
        model=model,
        finish_reason=completion.finish_reason,
        usage=completion.usage,
        timings=timings,
        tool_calls=completion.tool_calls,
    )
