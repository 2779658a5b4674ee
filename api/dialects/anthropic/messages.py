"""The answer to a request as a message, whole or streamed, as generators of response pieces; see `api.http.sse`."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from api.chat import AnswerEvents, answer_question, collect_answer
from api.dialects.anthropic.answer_text import AnswerText, TextPiece, cut_answer
from api.dialects.anthropic.chats import BroughtChat
from api.dialects.anthropic.citations import AnyLocation, Cite, cite_brought, cite_collections
from api.dialects.anthropic.content import (
    STOP_REASONS,
    ContentEvents,
    MessageObject,
    MessageUsage,
    TextContent,
    ToolUseContent,
)
from api.dialects.anthropic.documents import add_documents, read_texts
from api.dialects.anthropic.wire import MessagesRequest
from api.http.metrics import Metrics
from api.http.sse import Pieces
from api.services import Services
from api.wire.base import JsonObject
from rag.engines.types import ToolCall
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerStarted, Citation, PinnedSentence

_ARGUMENTS = TypeAdapter(JsonObject)

Respond = Callable[[AnswerEvents, Cite], Pieces]
"""Turns the events of an answer into the pieces of a response."""


def answer_message(
    services: Services, chat: BroughtChat, request: MessagesRequest, client: str, respond: Respond
) -> Pieces:
    """Yield the pieces that `respond` makes of the answer to a request.

    Raises what `api.chat.answer_question` raises, and `InvalidRequestError` for a document that cannot be read.
    """
    if not chat.documents:
        events = answer_question(services, chat.chat(request, client))
        yield from respond(events, cite_collections(services))
        return
    with services.open_transient() as view:
        if chat.is_grounded:
            brought = yield from add_documents(view, services, chat.documents)
            events = answer_question(view, chat.chat(request, client))
            yield from respond(events, cite_brought(view.library, brought))
            return
        texts = yield from read_texts(view, services, chat.documents)
    yield from respond(answer_question(services, chat.chat(request, client, texts)), cite_collections(services))


@dataclass(frozen=True, slots=True)
class MessageFrame:
    """What is known of a message before it is written; `is_json` says that it has neither markers nor sentences."""

    model: str
    metrics: Metrics
    is_json: bool = False
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")

    def collect(self, events: AnswerEvents, cite: Cite) -> Pieces:
        """Yield an empty piece for every event, and at the end the whole message."""
        whole = yield from collect_answer(events)
        answer = whole.answer
        self.metrics.count_answer(answer)
        if whole.started is None or self.is_json:
            texts = [TextPiece(answer.text, answer.citations)] if answer.text else []
        else:
            texts = cut_answer(answer.text, answer.citations)
        content = [TextContent(text=text.text, citations=_cite_all(text.citations, cite)) for text in texts]
        message = MessageObject(
            id=self.id,
            model=self.model,
            content=[*content, *map(_use_tool, answer.tool_calls)],
            stop_reason=STOP_REASONS[answer.finish_reason],
            usage=MessageUsage.of(answer.usage),
        )
        yield message.model_dump_json().encode()

    def stream(self, events: AnswerEvents, cite: Cite) -> Pieces:
        """Yield the message as server-sent events; an empty piece says that the model is at work."""
        stream = _MessageStream(self, cite)
        with closing(events):
            for event in events:
                yield from stream.show(event)
                if isinstance(event, Answer):
                    self.metrics.count_answer(event)


class _MessageStream:
    """The events of one message, which begins with the first event that has anything to show."""

    def __init__(self, frame: MessageFrame, cite: Cite) -> None:
        self._frame = frame
        self._cite = cite
        self._content = ContentEvents()
        self._text: AnswerText | None = None
        self._has_begun = False

    def show(self, event: AnswerEvent) -> Pieces:
        """Yield the server-sent events of an event of the answer, or an empty piece."""
        if isinstance(event, AnswerDelta) and event.is_empty:
            yield b""
            return
        if not self._has_begun:
            self._has_begun = True
            yield self._content.start(MessageObject(id=self._frame.id, model=self._frame.model, content=[]))
        match event:
            case AnswerStarted() if not self._frame.is_json:
                self._text = AnswerText()
            case AnswerDelta():
                yield from self._content.write(event.text if self._text is None else self._text.write(event.text))
                for call in event.tool_calls:
                    yield from self._content.call(call)
            case PinnedSentence() if self._text is not None:
                yield from self._content.write(self._text.end_sentence(event.sentence.end))
                yield from self._end_text(event.citations)
            case Answer():
                yield from self._finish(event)
            case _:
                yield b""

    def _finish(self, answer: Answer) -> Iterator[bytes]:
        pieces = [] if self._text is None else self._text.finish(answer.citations)
        for piece in pieces:
            yield from self._content.write(piece.text)
            yield from self._end_text(piece.citations)
        yield from self._content.end(STOP_REASONS[answer.finish_reason], MessageUsage.of(answer.usage))

    def _end_text(self, citations: Sequence[Citation]) -> Iterator[bytes]:
        for location in _cite_all(citations, self._cite) or ():
            yield from self._content.cite(location)
        yield from self._content.end_block()


def _cite_all(citations: Sequence[Citation], cite: Cite) -> list[AnyLocation] | None:
    """Return citations as clients get them; None without any."""
    return [location for each in citations if (location := cite(each)) is not None] or None


def _use_tool(call: ToolCall) -> ToolUseContent:
    """Return a call; one whose arguments were cut off by the limit of tokens has none."""
    try:
        arguments: JsonObject = _ARGUMENTS.validate_json(call.arguments or "{}")
    except ValidationError:
        arguments = {}
    return ToolUseContent(id=call.id, name=call.name, input=arguments)
