"""`/api/v1/chat`: the events of an answer as LM Studio's response, or as its named events."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from api.chat import Chat, ChatEvents, chat_events
from api.dialects.lmstudio.catalog import ModelCard
from api.dialects.lmstudio.loading import load_model
from api.dialects.lmstudio.statistics import tokens_per_second
from api.dialects.lmstudio.stored_chats import begin_conversation, locate_response, name_response
from api.dialects.lmstudio.wire_v1 import (
    ChatEvent,
    ChatRequestV1,
    ChatResponseV1,
    ChatStatistics,
    ImageInput,
    MessageOutput,
)
from api.errors import InvalidRequestError
from api.http.metrics import Metrics
from api.http.sse import Pieces, encode_event
from api.services import Services
from api.wire.answers import AnswerDetails, citations_of
from rag.conversations.store import ConversationEvent, TurnsStored
from rag.engines.types import Message
from rag.types import Answer, AnswerDelta, AnswerProgress, AnswerStarted


def read_chat(services: Services, card: ModelCard, asked: ChatRequestV1, client: str) -> Chat:
    """Return what a request asks for; one that is stored gets its place in a conversation.

    Raises `InvalidRequestError` for pictures, and for a window that is larger than the model's.
    """
    if any(isinstance(part, ImageInput) for part in asked.input):
        raise InvalidRequestError(detail="pictures are not read; send text", param="input")
    if asked.context_length is not None and asked.context_length > card.context_window:
        detail = f"{card.key} has a window of {card.context_window} tokens; load it with more by /api/v1/models/load"
        raise InvalidRequestError(detail=detail, param="context_length")
    text = "\n\n".join(part.content for part in asked.input if not isinstance(part, ImageInput))
    conversation, parent = _find_place(services, asked)
    system = (Message("system", asked.system_prompt),) if asked.system_prompt and conversation is None else ()
    return Chat(
        model=card.key,
        messages=(*system, Message("user", text)),
        sampling=asked.sampling(),
        client=client,
        conversation=conversation,
        parent=parent,
    )


def _find_place(services: Services, asked: ChatRequestV1) -> tuple[str | None, str | None]:
    if asked.previous_response_id is not None:
        if not asked.store or asked.system_prompt:
            detail = "a chat that goes on is stored, and has the system prompt with which it began"
            raise InvalidRequestError(detail=detail, param="previous_response_id")
        return locate_response(asked.previous_response_id)
    return (begin_conversation(services, asked.system_prompt), None) if asked.store else (None, None)


@dataclass(slots=True)
class ChatAnswer:
    """One answer on its way to a client."""

    services: Services
    card: ModelCard
    asked: ChatRequestV1
    client: str
    metrics: Metrics
    _load_seconds: float | None = None
    _started: AnswerStarted | None = None
    _stored: TurnsStored | None = None
    _answer: Answer | None = None
    _text: list[str] = field(default_factory=list[str])

    def collect(self) -> Pieces:
        """Yield an empty piece for every event, and at the end the whole response."""
        for _ in self._events():
            yield b""
        yield self._response().model_dump_json().encode()

    def stream(self) -> Pieces:
        """Yield the answer as named events."""
        yield _encode(ChatEvent(type="chat.start", model_instance_id=self.card.key))
        for event in self._events():
            yield _encode(event) if event is not None else b""
        yield _encode(ChatEvent(type="chat.end", result=self._response().json_object()))

    def _events(self) -> Iterator[ChatEvent | None]:
        """Yield what LM Studio tells of the answer; None says that the work goes on."""
        yield from self._load()
        chat = read_chat(self.services, self.card, self.asked, self.client)
        yield ChatEvent(type="prompt_processing.start")
        with closing(chat_events(self.services, chat)) as events:
            yield from self._read(events)
        if self._text:
            yield ChatEvent(type="message.end")

    def _load(self) -> Generator[ChatEvent, None, None]:
        """Load the model if that is necessary, and tell of it."""
        name, started = self.card.key, time.monotonic()
        for _ in load_model(self.services, self.card):
            if self._load_seconds is None:
                yield ChatEvent(type="model_load.start", model_instance_id=name)
            self._load_seconds = time.monotonic() - started
            yield ChatEvent(type="model_load.progress", model_instance_id=name, progress=0.0)
        if self._load_seconds is not None:
            seconds = self._load_seconds
            yield ChatEvent(type="model_load.end", model_instance_id=name, load_time_seconds=round(seconds, 3))

    def _read(self, events: ChatEvents) -> Iterator[ChatEvent | None]:
        for event in events:
            self._remember(event)
            if isinstance(event, AnswerDelta) and event.text:
                if not self._text:
                    yield ChatEvent(type="prompt_processing.progress", progress=1.0)
                    yield ChatEvent(type="prompt_processing.end")
                    yield ChatEvent(type="message.start")
                self._text.append(event.text)
                yield ChatEvent(type="message.delta", content=event.text)
            elif isinstance(event, AnswerProgress) and not self._text:
                yield ChatEvent(type="prompt_processing.progress", progress=event.done / max(event.total, 1))
            else:
                yield None

    def _remember(self, event: ConversationEvent) -> None:
        if isinstance(event, AnswerStarted):
            self._started = event
        elif isinstance(event, TurnsStored):
            self._stored = event
        elif isinstance(event, Answer):
            self._answer = event
            self.metrics.count_answer(event)

    def _response(self) -> ChatResponseV1:
        answer = self._answer
        assert answer is not None, "events that do not raise end with the answer"  # noqa: S101 (our own promise)
        return ChatResponseV1(
            model_instance_id=self.card.key,
            output=[MessageOutput(content=answer.text)],
            stats=ChatStatistics(
                input_tokens=answer.usage.prompt_tokens,
                total_output_tokens=answer.usage.completion_tokens,
                tokens_per_second=tokens_per_second(answer),
                time_to_first_token_seconds=answer.timings.first_token_seconds,
                model_load_time_seconds=self._load_seconds,
            ),
            response_id=None if self._stored is None else name_response(self._stored),
            pincite=None if self._started is None else self._details(answer),
        )

    def _details(self, answer: Answer) -> dict[str, object]:
        details = AnswerDetails.of_stored(answer, self._stored, self._started).json_object()
        return {**details, "citations": [citation.json_object() for citation in citations_of(answer)]}


def _encode(event: ChatEvent) -> bytes:
    return encode_event(event.model_dump_json().encode(), event.type)
