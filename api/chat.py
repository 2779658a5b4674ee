"""One chat request, from its model name to the pieces of its response.

The generators here block; `api.sse` reads them in a thread and closes them when the client leaves, which
closes the engine's deltas below. An empty piece says that the model is still at work.
"""

import json
import time
import uuid
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from api.conversation_objects import recorded_object
from api.errors import InvalidRequestError
from api.metrics import Metrics
from api.objects import (
    DOCS_PREFIX,
    JsonObject,
    annotation_object,
    basis_object,
    check_object,
    logprobs_object,
    pinned_object,
    usage_object,
)
from api.schemas import ChatRequest, PinciteOptions
from api.services import Services
from api.sse import encode_event
from ingest.errors import CollectionNotFoundError
from ingest.library.names import normalize_name
from rag.conversations.store import ConversationEvent, TurnPosition, TurnsStored, choose_seed
from rag.engines.completion import Completion
from rag.engines.types import Delta, Engine, Message, Sampling, TokenLogprob, Usage
from rag.errors import ModelNotFoundError
from rag.types import (
    Answer,
    AnswerDelta,
    AnswerEvent,
    AnswerProgress,
    AnswerStarted,
    ContextMode,
    PinnedSentence,
    Question,
    Timings,
)

AnswerEvents = Generator[AnswerEvent, None, None]
Events = Generator[ConversationEvent, None, None]
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
    place = _place(services, request)
    if place is None:
        yield from answer_events(services, _question(services, request, request.turns(), sampling, client))
        return
    question = _question(services, request, place.messages, choose_seed(sampling), client)
    yield from services.conversations.record(place, question, answer_events(services, question))


def answer_events(services: Services, question: Question) -> AnswerEvents:
    """Yield the answer to a question from its collections or, where it names none, by its model alone.

    Raises what `Answerer`, `Engine` and `Services.searchable` raise.
    """
    if not question.collections:
        engine = services.models.open_engine(question.model)
        yield from plain_events(engine, question.messages, question.sampling, client=question.client)
        return
    for id_ in question.collections:
        services.searchable(id_)
    yield from services.answerer.answer(question)


def _place(services: Services, request: ChatRequest) -> TurnPosition | None:
    """Return where in a stored conversation the question belongs, None where none is named."""
    options = request.pincite or PinciteOptions()
    if options.conversation is None:
        return None
    if len(request.messages) != 1 or request.messages[0].role != "user":
        detail = "in a conversation, messages hold one message, the question: what came before is stored"
        raise InvalidRequestError(detail=detail, param="messages")
    if (request.n or 1) > 1:
        detail = "a conversation takes one answer at a time; ask the question again for another"
        raise InvalidRequestError(detail=detail, param="n")
    return services.conversations.locate_question(options.conversation, request.turns()[0].content, options.parent)


def _question(
    services: Services, request: ChatRequest, messages: tuple[Message, ...], sampling: Sampling, client: str
) -> Question:
    options = request.pincite or PinciteOptions()
    if not request.model.startswith(DOCS_PREFIX):
        if options.filters is not None:
            detail = f"filters choose documents; name a collection as the model, {DOCS_PREFIX}…"
            raise InvalidRequestError(detail=detail, param="pincite.filters")
        if options.collections:
            detail = f"name one of the collections as the model, {DOCS_PREFIX}…, and the others here"
            raise InvalidRequestError(detail=detail, param="pincite.collections")
        return Question(messages, (), sampling, model=request.model, client=client)
    if sampling.top_logprobs is not None:
        detail = "tokens are not what an answer from documents is made of, whose markers are checked; ask a model alone"
        raise InvalidRequestError(detail=detail, param="logprobs")
    return Question(
        messages=messages,
        collections=_collections(services, request),
        sampling=sampling,
        mode=options.mode or services.settings.rag.context_mode,
        model=options.model,
        filters=options.filters,
        client=client,
        style=options.style or "auto",
    )


def _collections(services: Services, request: ChatRequest) -> tuple[str, ...]:
    """Return the ids of the collections that are asked, each once."""
    others = (request.pincite or PinciteOptions()).collections or []
    try:
        asked = services.searchable(normalize_name(request.model.removeprefix(DOCS_PREFIX)))
    except CollectionNotFoundError as error:
        raise ModelNotFoundError(model=request.model) from error
    return tuple(dict.fromkeys([asked.id, *(services.searchable(normalize_name(name)).id for name in others)]))


def plain_events(engine: Engine, messages: Sequence[Message], sampling: Sampling, *, client: str) -> AnswerEvents:
    """Yield a chat without documents in the shape of an answer: deltas, then the whole without pins."""
    started = time.monotonic()
    first_token_seconds = 0.0
    text, last = "", Delta("")
    with closing(engine.generate(messages, sampling, client=client)) as deltas:
        for last in deltas:
            if last.text and not text:
                first_token_seconds = time.monotonic() - started
            text += last.text
            yield AnswerDelta(last.text, last.logprobs)
    timings = Timings(0.0, first_token_seconds, time.monotonic() - started)
    yield _plain_answer(engine.info().id, Completion.from_stream(text, last), timings)


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
    recorded: TurnsStored | None = None
    with closing(events):
        for event in events:
            if isinstance(event, TurnsStored):
                recorded = event
            elif isinstance(event, AnswerStarted):
                text_field = reply.text_field(event.mode)
                yield reply.chunk(index, {**delta, "content": ""}, pincite=basis_object(event))
                delta = {}
            elif isinstance(event, Answer):
                metrics.count_answer(event)
                usage = event.usage
                yield reply.last_chunk(index, delta, event, recorded)
            elif isinstance(event, AnswerProgress):
                yield reply.chunk(index, delta, pincite={"progress": asdict(event)})
                delta = {}
            elif isinstance(event, PinnedSentence):
                yield reply.chunk(index, delta, pincite={"checked": pinned_object(event)})
                delta = {}
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
    started: AnswerStarted | None = None
    recorded: TurnsStored | None = None
    logprobs: list[TokenLogprob] = []
    with closing(events):
        for event in events:
            yield ""
            if isinstance(event, Answer):
                return Whole(event, started, tuple(logprobs), recorded)
            if isinstance(event, AnswerStarted):
                started = event
            elif isinstance(event, TurnsStored):
                recorded = event
            elif isinstance(event, AnswerDelta):
                logprobs.extend(event.logprobs)
    raise AssertionError("events that do not raise end with the answer")


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer with all that came before its end."""

    answer: Answer
    started: AnswerStarted | None
    logprobs: tuple[TokenLogprob, ...]
    recorded: TurnsStored | None


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
            "pincite": {**basis, **check_object(first.answer), **recorded_object(first.recorded)},
        }
        return json.dumps(body, ensure_ascii=False, allow_nan=False)

    def chunk(self, index: int, delta: JsonObject, logprobs: Sequence[TokenLogprob] = (), **extra: JsonObject) -> str:
        """Return one event of the streamed response."""
        choice = {"index": index, "delta": delta, "logprobs": logprobs_object(logprobs), "finish_reason": None}
        return encode_event({**self._head("chat.completion.chunk"), "choices": [choice], **extra})

    def last_chunk(self, index: int, delta: JsonObject, answer: Answer, recorded: TurnsStored | None) -> str:
        """Return the event that ends an answer and carries its citations."""
        choice = {
            "index": index,
            "delta": {**delta, "annotations": _annotations(answer)},
            "logprobs": None,
            "finish_reason": answer.finish_reason,
        }
        head = self._head("chat.completion.chunk")
        about = {**check_object(answer), **recorded_object(recorded)}
        return encode_event({**head, "choices": [choice], "pincite": about})

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
