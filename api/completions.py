"""OpenAI's chat completions: a request as chats, and the events of their answers as chunks or as one response."""

import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal

from api.chat import Chat, ChatEvents, WholeAnswer, chat_events, collect_answer, vary_seed
from api.citing.page_links import PageLinks
from api.errors import InvalidRequestError
from api.http.metrics import Metrics
from api.http.sse import Pieces, encode_event
from api.message_parts import read_messages
from api.services import Services
from api.tool_use import build_tool_use
from api.wire.answers import (
    AnswerBasis,
    AnswerCheck,
    AnswerDetails,
    CheckedChunk,
    CheckedSentence,
    ProgressChunk,
    ProgressDetails,
    UsageObject,
)
from api.wire.base import ResponseModel
from api.wire.chat import (
    ChatCompletion,
    ChatRequest,
    CompletionChoice,
    CompletionMessage,
    LogprobsObject,
    PinciteOptions,
)
from api.wire.chat_chunks import (
    ChatCompletionChunk,
    ChunkChoice,
    ChunkDelta,
    encode_chunk,
    encode_citations,
    encode_part,
    tool_call_chunks,
)
from api.wire.citations import UrlCitationObject
from api.wire.tools import ToolCallObject
from rag.conversations.store import TurnsStored
from rag.engines.types import TokenLogprob, Usage
from rag.types import Answer, AnswerDelta, AnswerProgress, AnswerStarted, ContextMode, PinnedSentence

Choices = Iterator[ChatEvents]


def completion_choices(services: Services, request: ChatRequest, client: str) -> Choices:
    """Yield the events of each of the `n` answers; read those of one to their end before the next.

    Raises `SchemaError`, `InvalidRequestError` and, like the events, what `chat_events` raises.
    """
    sampling = request.sampling()
    options = request.pincite or PinciteOptions()
    if (request.n or 1) > 1 and options.conversation is not None:
        detail = "a conversation takes one answer at a time; ask the question again for another"
        raise InvalidRequestError(detail=detail, param="n")
    chat = Chat(
        model=request.model,
        messages=read_messages(services, request.messages, request.model),
        sampling=sampling,
        client=client,
        writer=options.model,
        mode=options.mode,
        style=options.style,
        collections=tuple(options.collections or ()),
        filters=options.filters,
        conversation=options.conversation,
        parent=options.parent,
        sources=options.sources,
        tools=build_tool_use(request.tools, request.tool_choice, parallel=request.parallel_tool_calls),
    )
    if (request.n or 1) == 1:
        yield chat_events(services, chat)
        return
    for index in range(request.n or 1):
        yield _refuse_copies(chat_events(services, replace(chat, sampling=vary_seed(sampling, index))))


def _refuse_copies(events: ChatEvents) -> ChatEvents:
    """Yield the events of one of several answers; raise `InvalidRequestError` if all would be the same quotes."""
    with closing(events):
        for event in events:
            if isinstance(event, AnswerStarted) and event.style == "quoted":
                detail = "answers that are quoted from the documents are all the same; leave `n` out"
                raise InvalidRequestError(detail=detail, param="n")
            yield event


def stream_completion(choices: Choices, frame: "CompletionFrame", metrics: Metrics) -> Pieces:
    """Yield the answers as server-sent events, one after the other, without the closing `[DONE]`.

    An empty piece says that the model is still at work.
    """
    usages: list[Usage] = []
    for index, events in enumerate(choices):
        usages.append((yield from _stream_choice(index, events, frame, metrics)))
    if frame.includes_usage:
        yield frame.usage_event(usages)


def collect_completion(choices: Choices, frame: "CompletionFrame", metrics: Metrics) -> Pieces:
    """Yield an empty piece for every event, and at the end the whole response."""
    answers: list[WholeAnswer] = []
    for events in choices:
        whole = yield from collect_answer(events)
        metrics.count_answer(whole.answer)
        answers.append(whole)
    yield frame.completion(answers).model_dump_json().encode()


@dataclass(frozen=True, slots=True)
class CompletionFrame:
    """Everything in a response that does not depend on what the model writes.

    If JSON is asked for and the documents say nothing, there is no JSON to return: OpenAI calls that a refusal.
    """

    model: str
    links: PageLinks
    is_json: bool = False
    includes_usage: bool = False
    writing_options: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def text_field(self, mode: ContextMode) -> Literal["content", "refusal"]:
        """Return the field that holds the text of an answer from documents."""
        return "refusal" if self.is_json and mode == "none" else "content"

    def completion(self, answers: Sequence[WholeAnswer]) -> ChatCompletion:
        """Return the response that is not streamed. Its `pincite` is about the first answer."""
        first = answers[0]
        return ChatCompletion(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=[self._choice(index, whole) for index, whole in enumerate(answers)],
            usage=UsageObject.of([whole.answer.usage for whole in answers]),
            pincite=AnswerDetails.of_stored(
                first.answer, first.stored, first.started, writing_options=self.writing_options
            ),
        )

    def event(
        self,
        index: int,
        delta: ChunkDelta,
        *,
        logprobs: Sequence[TokenLogprob] = (),
        pincite: ResponseModel | None = None,
    ) -> bytes:
        """Return a chunk of the answer `index` as an event."""
        choice = ChunkChoice(index=index, delta=delta)
        if (tokens := LogprobsObject.of(logprobs)) is not None:
            choice.logprobs = encode_part(tokens)
        return self._encode((choice,), pincite=pincite)

    def last_event(self, index: int, delta: ChunkDelta, answer: Answer, stored: TurnsStored | None) -> bytes:
        """Return the chunk that ends the answer `index` and carries its citations."""
        delta.annotations = encode_citations(self._annotations(answer))
        choice = ChunkChoice(index=index, delta=delta, finish_reason=answer.finish_reason)
        details = AnswerDetails.of_stored(answer, stored, writing_options=self.writing_options)
        return self._encode((choice,), pincite=details)

    def usage_event(self, usages: Sequence[Usage]) -> bytes:
        """Return the chunk after the last answer that carries the usage."""
        return self._encode((), usage=UsageObject.of(usages))

    def _encode(
        self,
        choices: tuple[ChunkChoice, ...],
        *,
        pincite: ResponseModel | None = None,
        usage: UsageObject | None = None,
    ) -> bytes:
        chunk = ChatCompletionChunk(id=self.id, created=self.created, model=self.model, choices=choices)
        if self.includes_usage:
            chunk.usage = None
        if pincite is not None:
            chunk.pincite = encode_part(pincite)
        if usage is not None:
            chunk.usage = encode_part(usage)
        return encode_event(encode_chunk(chunk))

    def _annotations(self, answer: Answer) -> list[UrlCitationObject]:
        return [
            UrlCitationObject.of(citation, self.links.url(citation.quote, citation.verdict))
            for citation in answer.citations
        ]

    def _choice(self, index: int, whole: WholeAnswer) -> CompletionChoice:
        answer = whole.answer
        is_call = not answer.text and bool(answer.tool_calls)
        text_field = "content" if whole.started is None else self.text_field(whole.started.mode)
        return CompletionChoice(
            index=index,
            message=CompletionMessage(
                content=answer.text if text_field == "content" and not is_call else None,
                refusal=answer.text if text_field == "refusal" else None,
                annotations=self._annotations(answer),
                tool_calls=list(map(ToolCallObject.of, answer.tool_calls)) or None,
            ),
            logprobs=LogprobsObject.of(whole.logprobs),
            finish_reason=answer.finish_reason,
            pincite=AnswerCheck.of(answer) if index else None,
        )


def _stream_choice(
    index: int, events: ChatEvents, frame: CompletionFrame, metrics: Metrics
) -> Generator[bytes, None, Usage]:
    """Yield the chunks of one answer. The first one carries the role, whatever it is about."""
    delta = ChunkDelta(role="assistant")
    text_field, usage = "content", Usage(0, 0)
    stored: TurnsStored | None = None
    with closing(events):
        for event in events:
            if isinstance(event, TurnsStored):
                stored = event
                continue
            if isinstance(event, AnswerDelta) and event.is_empty:
                yield b""
                continue
            if isinstance(event, AnswerStarted):
                text_field = frame.text_field(event.mode)
                delta.content = ""
                yield frame.event(index, delta, pincite=AnswerBasis.of(event))
            elif isinstance(event, Answer):
                metrics.count_answer(event)
                usage = event.usage
                yield frame.last_event(index, delta, event, stored)
            elif isinstance(event, AnswerDelta):
                _fill(delta, text_field, event)
                yield frame.event(index, delta, logprobs=event.logprobs)
            else:
                yield frame.event(index, delta, pincite=_details(event))
            delta = ChunkDelta()
    return usage


def _fill(delta: ChunkDelta, text_field: str, event: AnswerDelta) -> None:
    if event.text or not event.tool_calls:
        setattr(delta, text_field, event.text)
    if event.tool_calls:
        delta.tool_calls = tool_call_chunks(event.tool_calls)


def _details(event: AnswerProgress | PinnedSentence) -> ResponseModel:
    if isinstance(event, AnswerProgress):
        return ProgressChunk(progress=ProgressDetails.model_validate(event))
    return CheckedChunk(checked=CheckedSentence.of(event))
