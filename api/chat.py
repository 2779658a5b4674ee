"""One chat request, from its model name to the pieces of its response.

The generators here block; `api.sse` reads them in a thread and closes them when the client leaves, which
closes the engine's deltas below. An empty piece says that the model is still at work.
"""

import json
import time
import uuid
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from api.errors import InvalidRequestError
from api.metrics import Metrics
from api.objects import DOCS_PREFIX, JsonObject, annotation_object, basis_object, check_object
from api.schemas import ChatRequest, PinciteOptions
from api.services import Services
from api.sse import encode_event
from ingest.errors import CollectionNotFoundError
from ingest.names import as_stored
from rag.errors import EngineCrashedError, ModelNotFoundError
from rag.types import (
    Answer,
    AnswerDelta,
    AnswerEvent,
    Engine,
    FinishReason,
    Message,
    Question,
    Sampling,
    Started,
    Timings,
    Usage,
)

Events = Generator[AnswerEvent, None, None]
Pieces = Generator[str, None, None]


def chat_events(services: Services, request: ChatRequest, client: str) -> Events:
    """Yield the events of the answer that `client` asks for, from documents or from the model alone.

    Raises what `Answerer` and `Engine` raise, `ModelNotFoundError`, and `InvalidRequestError` for a filter where
    there are no documents to filter.
    """
    options = request.pincite or PinciteOptions()
    if not request.model.startswith(DOCS_PREFIX):
        if options.filters is not None:
            detail = f"filters choose documents; name a collection as the model, {DOCS_PREFIX}…"
            raise InvalidRequestError(detail=detail, param="pincite.filters")
        engine = services.models.engine(request.model)
        yield from plain_events(engine, request.turns(), request.sampling(), client=client)
        return
    try:
        collection = services.searchable(as_stored(request.model.removeprefix(DOCS_PREFIX)))
    except CollectionNotFoundError as error:
        raise ModelNotFoundError(model=request.model) from error
    question = Question(
        messages=request.turns(),
        collections=(collection.id,),
        sampling=request.sampling(),
        mode=options.mode or services.settings.rag.context_mode,
        model=options.model,
        filter=options.filters,
        client=client,
    )
    yield from services.answerer.answer(question)


def plain_events(engine: Engine, messages: Sequence[Message], sampling: Sampling, *, client: str) -> Events:
    """Yield a chat without documents in the shape of an answer: deltas, then the whole without pins."""
    started = time.monotonic()
    first_token_seconds = 0.0
    text = ""
    with closing(engine.generate(messages, sampling, client=client)) as deltas:
        for delta in deltas:
            if delta.text and not text:
                first_token_seconds = time.monotonic() - started
            text += delta.text
            yield AnswerDelta(delta.text)
            if delta.finish_reason is not None and delta.usage is not None:
                timings = Timings(0.0, first_token_seconds, time.monotonic() - started)
                yield _plain_answer(engine.info().id, text, delta.finish_reason, delta.usage, timings)
                return
    raise EngineCrashedError(model=engine.info().id, how="its answer has no end")


def _plain_answer(model: str, text: str, finish_reason: FinishReason, usage: Usage, timings: Timings) -> Answer:
    return Answer(
        text=text,
        citations=(),
        sentences=(),
        evidence=(),
        mode="none",
        reason="the model alone was asked",
        model=model,
        finish_reason=finish_reason,
        usage=usage,
        timings=timings,
    )


def streamed(events: Events, reply: "Reply", metrics: Metrics, *, include_usage: bool) -> Pieces:
    """Yield the events of `events` as server-sent events, without the closing `[DONE]`."""
    opening: JsonObject = {"role": "assistant"}
    with closing(events):
        for event in events:
            if isinstance(event, Started):
                yield reply.chunk({**opening, "content": ""}, pincite=basis_object(event))
                opening = {}
            elif isinstance(event, Answer):
                metrics.count_answer(event)
                yield reply.last_chunk({**opening}, event)
                if include_usage:
                    yield reply.usage_chunk(event.usage)
            elif event.text:
                yield reply.chunk({**opening, "content": event.text})
                opening = {}
            else:
                yield ""


def collected(events: Events, reply: "Reply", metrics: Metrics) -> Pieces:
    """Yield an empty piece for every event, and at the end the whole response."""
    basis: JsonObject = {}
    with closing(events):
        for event in events:
            if isinstance(event, Answer):
                metrics.count_answer(event)
                yield reply.completion(event, basis)
            else:
                basis = basis_object(event) if isinstance(event, Started) else basis
                yield ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The frame of a response: everything in it that does not depend on the model's words."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def completion(self, answer: Answer, basis: JsonObject) -> str:
        """Return the response that is not streamed."""
        annotations = [annotation_object(citation) for citation in answer.citations]
        message = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": annotations}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
        body = {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": usage_object(answer.usage),
            "pincite": {**basis, **check_object(answer)},
        }
        return json.dumps(body, ensure_ascii=False, allow_nan=False)

    def chunk(self, delta: JsonObject, **extra: JsonObject) -> str:
        """Return one event of the streamed response."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        return encode_event({**self._head("chat.completion.chunk"), "choices": [choice], **extra})

    def last_chunk(self, delta: JsonObject, answer: Answer) -> str:
        """Return the event that ends the answer and carries its citations."""
        annotations = [annotation_object(citation) for citation in answer.citations]
        choice = {
            "index": 0,
            "delta": {**delta, "annotations": annotations},
            "logprobs": None,
            "finish_reason": answer.finish_reason,
        }
        head = self._head("chat.completion.chunk")
        return encode_event({**head, "choices": [choice], "pincite": check_object(answer)})

    def usage_chunk(self, usage: Usage) -> str:
        """Return the event after the last one, for those who asked for the usage."""
        return encode_event({**self._head("chat.completion.chunk"), "choices": [], "usage": usage_object(usage)})

    def _head(self, kind: str) -> JsonObject:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def usage_object(usage: Usage) -> JsonObject:
    """Return the tokens that were read and written."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
