"""The events of an answer as the messages of a prediction: progress, fragments, calls of tools, and the statistics."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from api.chat import AnswerEvents
from api.dialects.lmstudio.catalog import ModelCard
from api.dialects.lmstudio.config import ConfigStack
from api.dialects.lmstudio.sdk.model_endpoints import load_config
from api.dialects.lmstudio.sdk.model_info import instance_info
from api.dialects.lmstudio.sdk.namespace import Messages
from api.dialects.lmstudio.statistics import find_stop_reason, tokens_per_second
from api.http.metrics import Metrics
from api.wire.answers import AnswerDetails, citations_of
from api.wire.base import JsonObject
from rag.engines.types import Sampling, ToolCall, ToolCallDelta
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerProgress, AnswerStarted


@dataclass(slots=True)
class Prediction:
    """One answer on its way to a client. `prompt_tokens` is 0 if it is not known beforehand."""

    card: ModelCard
    stack: ConfigStack
    sampling: Sampling
    prompt_tokens: int
    started_at: float = field(default_factory=time.monotonic)
    _started: AnswerStarted | None = None
    _answer: Answer | None = None
    _fragments: int = 0
    _call: ToolCallDelta | None = None
    _arguments: str = ""

    def stream(self, events: AnswerEvents, metrics: Metrics, cancelled: threading.Event) -> Messages:
        """Yield the messages of the answer up to its end; a client that cancels gets the end at once."""
        yield self.progress(0.0)
        with closing(events):
            for event in events:
                if cancelled.is_set():
                    break
                if isinstance(event, Answer):
                    metrics.count_answer(event)
                yield from self._read(event)
        yield self._success()

    def progress(self, share: float) -> JsonObject:
        """Return how much of the prompt the model has read."""
        processed = round(self.prompt_tokens * share)
        details = {
            "cachedTokenCount": 0,
            "totalPromptTokenCount": self.prompt_tokens,
            "processedPromptTokenCount": processed,
            "unprocessedPromptTokenCount": self.prompt_tokens - processed,
        }
        return {"type": "promptProcessingProgress", "progress": share, "details": details}

    def _read(self, event: AnswerEvent) -> Iterator[JsonObject]:
        match event:
            case AnswerStarted():
                self._started = event
            case AnswerProgress():
                yield self.progress(event.done / max(event.total, 1) if self._is_waiting else 1.0)
            case AnswerDelta():
                yield from self._read_delta(event)
            case Answer():
                yield from self._end_call()
                self._answer = event
            case _:
                yield {}

    def _read_delta(self, delta: AnswerDelta) -> Iterator[JsonObject]:
        if not delta.text and not delta.tool_calls:
            yield self.progress(0.0) if self._is_waiting else {}
            return
        if self._is_waiting:
            yield self.progress(1.0)
        self._fragments += 1
        if delta.text:
            yield _fragment(delta.text)
        for call in delta.tool_calls:
            yield from self._read_call(call)

    @property
    def _is_waiting(self) -> bool:
        return self._fragments == 0

    def _read_call(self, delta: ToolCallDelta) -> Iterator[JsonObject]:
        if self._call is None or delta.index != self._call.index:
            yield from self._end_call()
            self._call = delta
            yield {"type": "toolCallGenerationStart", "toolCallId": delta.id}
            yield {"type": "toolCallGenerationNameReceived", "name": delta.name}
        if delta.arguments:
            self._arguments += delta.arguments
            yield {"type": "toolCallGenerationArgumentFragmentGenerated", "content": delta.arguments}

    def _end_call(self) -> Iterator[JsonObject]:
        if self._call is not None:
            yield _finish_call(ToolCall(self._call.id, self._call.name, self._arguments))
        self._call, self._arguments = None, ""

    def _success(self) -> JsonObject:
        message = {
            "type": "success",
            "stats": self._statistics(),
            "modelInfo": instance_info(self.card),
            "loadModelConfig": load_config(self.card),
            "predictionConfig": self.stack.merge(),
        }
        if self._answer is None or self._started is None:
            return message
        details = AnswerDetails.of_stored(self._answer, None, self._started).json_object()
        citations = [citation.json_object() for citation in citations_of(self._answer)]
        return {**message, "pincite": {**details, "citations": citations}}

    def _statistics(self) -> JsonObject:
        answer = self._answer
        if answer is None:
            predicted = self._fragments
            return {
                "stopReason": "userStopped",
                "totalTimeSec": time.monotonic() - self.started_at,
                "promptTokensCount": self.prompt_tokens,
                "predictedTokensCount": predicted,
                "totalTokensCount": self.prompt_tokens + predicted,
            }
        usage = answer.usage
        return {
            "stopReason": find_stop_reason(answer, self.sampling),
            "tokensPerSecond": tokens_per_second(answer),
            "timeToFirstTokenSec": answer.timings.first_token_seconds,
            "totalTimeSec": answer.timings.total_seconds,
            "promptTokensCount": usage.prompt_tokens,
            "predictedTokensCount": usage.completion_tokens,
            "totalTokensCount": usage.prompt_tokens + usage.completion_tokens,
        }


def _fragment(text: str) -> JsonObject:
    fragment = {
        "content": text,
        "tokensCount": 1,
        "containsDrafted": False,
        "reasoningType": "none",
        "isStructural": False,
    }
    return {"type": "fragment", "fragment": fragment}


def _finish_call(call: ToolCall) -> JsonObject:
    """Return the end of a call, or its failure if the model did not write a JSON object."""
    try:
        arguments: Any = json.loads(call.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        title = f"the model's arguments for {call.name} are no JSON object"
        error = {"title": title, "rootTitle": title}
        return {"type": "toolCallGenerationFailed", "error": error, "rawContent": call.arguments}
    request: JsonObject = {"type": "function", "id": call.id, "name": call.name, "arguments": arguments}
    return {"type": "toolCallGenerationEnd", "toolCallRequest": request, "rawContent": call.arguments}
