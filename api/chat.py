"""One chat request, from its model name to the pieces of its response.

The generators here block; `api.sse` reads them in a thread and closes them when the client leaves, which
closes the engine's deltas below. An empty piece says that the model is still at work.
"""

import json
import time
import uuid
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal

from api.errors import InvalidRequestError
from api.metrics import Metrics
from api.objects import (
    DOCS_PREFIX,
    JsonObject,
    annotation_object,
    basis_object,
    check_object,
    logprobs_object,
    usage_object,
)
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
    ContextMode,
    Engine,
    FinishReason,
    Message,
    Question,
    Sampling,
    Started,
    Timings,
    TokenLogprob,
    Usage,
)

Events = Generator[AnswerEvent, None, None]
Choices = Generator[Events, None, None]
Pieces = Generator[str, None, None]


def chat_choices(services: Services, request: ChatRequest, client: str) -> Choices:
    """Yield the events of each answer that `client` asks for; each is to be read to its end before the next.

    They, and the events, raise what `Answerer` and `Engine` raise, `ModelNotFoundError`, `SchemaError`, and
    `InvalidRequestError` for what only a model alone or only documents can do.
    """
    sampling = request.sampling()
    for index in range(request.n or 1):
        seed = None if sampling.seed is None else sampling.seed + index
        yield _chat_events(services, request, replace(sampling, seed=seed), client)


def _chat_events(services: Services, request: ChatRequest, sampling: Sampling, client: str) -> Events:
    options = request.pincite or PinciteOptions()
    if not request.model.startswith(DOCS_PREFIX):
        if options.filters is not None:
            detail = f"filters choose documents; name a collection as the model, {DOCS_PREFIX}…"
            raise InvalidRequestError(detail=detail, param="pincite.filters")
        engine = services.models.engine(request.model)
        yield from plain_events(engine, request.turns(), sampling, client=client)
        return
    if sampling.top_logprobs is not None:
        detail = "tokens are not what an answer from documents is made of, whose markers are checked; ask a model alone"
        raise InvalidRequestError(detail=detail, param="logprobs")
    try:
        collection = services.searchable(as_stored(request.model.removeprefix(DOCS_PREFIX)))
    except CollectionNotFoundError as error:
        raise ModelNotFoundError(model=request.model) from error
    question = Question(
        messages=request.turns(),
        collections=(collection.id,),
        sampling=sampling,
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
            yield AnswerDelta(delta.text, delta.logprobs)
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


def streamed(choices: Choices, reply: "Reply", metrics: Metrics, *, include_usage: bool) -> Pieces:
    """Yield the answers as server-sent events, one after the other, without the closing `[DONE]`."""
    usages: list[Usage] = []
    for index, events in enumerate(choices):
        usages.append((yield from _streamed_choice(index, events, reply, metrics)))
    if include_usage:
        yield reply.usage_chunk(usages)


def _streamed_choice(index: int, events: Events, reply: "Reply", metrics: Metrics) -> Generator[str, None, Usage]:
    delta: JsonObject = {"role": "assistant"}
    text_field, usage = "content", Usage(0, 0)
    with closing(events):
        for event in events:
            if isinstance(event, Started):
                text_field = reply.text_field(event.mode)
                yield reply.chunk(index, {**delta, "content": ""}, pincite=basis_object(event))
                delta = {}
            elif isinstance(event, Answer):
                metrics.count_answer(event)
                usage = event.usage
                yield reply.last_chunk(index, delta, event)
            elif event.text or event.logprobs:
                yield reply.chunk(index, {**delta, text_field: event.text}, event.logprobs)
                delta = {}
            else:
                yield ""
    return usage


def collected(choices: Choices, reply: "Reply", metrics: Metrics) -> Pieces:
    """Yield an empty piece for every event, and at the end the whole response."""
    wholes: list[Whole] = []
    for events in choices:
        whole = yield from _collected_choice(events)
        metrics.count_answer(whole.answer)
        wholes.append(whole)
    yield reply.completion(wholes)


def _collected_choice(events: Events) -> Generator[str, None, "Whole"]:
    started: Started | None = None
    logprobs: list[TokenLogprob] = []
    with closing(events):
        for event in events:
            yield ""
            if isinstance(event, Answer):
                return Whole(event, started, tuple(logprobs))
            if isinstance(event, Started):
                started = event
            else:
                logprobs.extend(event.logprobs)
    raise AssertionError("events that do not raise end with the answer")


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer with all that came before its end."""

    answer: Answer
    started: Started | None
    logprobs: tuple[TokenLogprob, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """The frame of a response: everything in it that does not depend on the model's words.

    Where JSON is asked for and the documents say nothing, there is no JSON to give: OpenAI calls that a refusal.
    """

    model: str
    is_json: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def text_field(self, mode: ContextMode) -> Literal["content", "refusal"]:
        """Return where the text of an answer from documents stands."""
        return "refusal" if self.is_json and mode == "none" else "content"

    def completion(self, wholes: Sequence[Whole]) -> str:
        """Return the response that is not streamed. `pincite` is about the first answer; others have their own."""
        first = wholes[0]
        basis = {} if first.started is None else basis_object(first.started)
        body = {
            **self._head("chat.completion"),
            "choices": [self._choice(index, whole) for index, whole in enumerate(wholes)],
            "usage": usage_object([whole.answer.usage for whole in wholes]),
            "pincite": {**basis, **check_object(first.answer)},
        }
        return json.dumps(body, ensure_ascii=False, allow_nan=False)

    def chunk(self, index: int, delta: JsonObject, logprobs: Sequence[TokenLogprob] = (), **extra: JsonObject) -> str:
        """Return one event of the streamed response."""
        choice = {"index": index, "delta": delta, "logprobs": logprobs_object(logprobs), "finish_reason": None}
        return encode_event({**self._head("chat.completion.chunk"), "choices": [choice], **extra})

    def last_chunk(self, index: int, delta: JsonObject, answer: Answer) -> str:
        """Return the event that ends an answer and carries its citations."""
        choice = {
            "index": index,
            "delta": {**delta, "annotations": _annotations(answer)},
            "logprobs": None,
            "finish_reason": answer.finish_reason,
        }
        head = self._head("chat.completion.chunk")
        return encode_event({**head, "choices": [choice], "pincite": check_object(answer)})

    def usage_chunk(self, usages: Sequence[Usage]) -> str:
        """Return the event after the last one, for those who asked for the usage."""
        return encode_event({**self._head("chat.completion.chunk"), "choices": [], "usage": usage_object(usages)})

    def _choice(self, index: int, whole: Whole) -> JsonObject:
        answer = whole.answer
        text_field = "content" if whole.started is None else self.text_field(whole.started.mode)
        message = {"role": "assistant", "content": None, "refusal": None, text_field: answer.text}
        return {
            "index": index,
            "message": {**message, "annotations": _annotations(answer)},
            "logprobs": logprobs_object(whole.logprobs),
            "finish_reason": answer.finish_reason,
            **({"pincite": check_object(answer)} if index else {}),
        }

    def _head(self, kind: str) -> JsonObject:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def _annotations(answer: Answer) -> list[JsonObject]:
    return [annotation_object(citation) for citation in answer.citations]
