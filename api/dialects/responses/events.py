"""The events of an answer as those of the Responses API, in OpenAI's order, and the response that they end with."""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from api.dialects.responses.objects import (
    FileSearchOutput,
    FoundPassage,
    FunctionCallOutput,
    IncompleteDetails,
    MessageOutput,
    OutputText,
    RefusalText,
    ResponseFailure,
    ResponseObject,
    ResponseUsage,
    Status,
)
from api.errors import describe
from api.wire.base import JsonObject, ResponseModel
from api.wire.citations import CitationObject
from ingest.types import DocumentKey
from rag.conversations.store import ConversationEvent
from rag.engines.types import ToolCall, ToolCallDelta
from rag.types import Answer, AnswerDelta, AnswerStarted, Passage, Quote

OutputItem = MessageOutput | FunctionCallOutput | FileSearchOutput


def new_id(prefix: str) -> str:
    """Return a new id, which says what it is of."""
    return f"{prefix}_{uuid.uuid4().hex}"


@dataclass(frozen=True, slots=True)
class ResponseFrame:
    """Everything in a response that does not depend on what the model writes; `echo` repeats the request.

    With `search_query` the output tells of the search for it, and shows at most `shown_results` of what it has found;
    None shows nothing.
    """

    model: str
    echo: JsonObject
    search_query: str | None = None
    shown_results: int | None = None
    is_json: bool = False
    id: str = field(default_factory=lambda: new_id("resp"))
    created_at: int = field(default_factory=lambda: int(time.time()))

    def response(
        self,
        status: Status,
        output: Sequence[OutputItem] = (),
        *,
        usage: ResponseUsage | None = None,
        error: ResponseFailure | None = None,
    ) -> ResponseObject:
        """Return the response as far as it is."""
        return ResponseObject(
            id=self.id,
            created_at=self.created_at,
            completed_at=int(time.time()) if status == "completed" else None,
            status=status,
            error=error,
            incomplete_details=IncompleteDetails() if status == "incomplete" else None,
            model=self.model,
            output=list(output),
            usage=usage,
            **self.echo,
        )


class ResponseWriter:
    """Turns the events of one answer into those of a response; what it has written so far is in its attributes."""

    def __init__(self, frame: ResponseFrame) -> None:
        self.frame = frame
        self.response = frame.response("in_progress")
        self.documents: set[DocumentKey] = set()
        """The documents that the answer has read."""
        self._output: list[OutputItem] = []
        self._sequence = -1
        self._message: int | None = None
        """Where the open message is in the output."""
        self._text = ""
        self._is_refusal = False

    def begin(self) -> Iterator[JsonObject]:
        """Yield what every response begins with."""
        for name in ("response.created", "response.in_progress"):
            yield self._event(name, response=self.response.json_object())

    def take(self, event: ConversationEvent) -> Iterator[JsonObject]:
        """Yield what an event of the answer tells the client."""
        if isinstance(event, AnswerStarted):
            yield from self._tell_search(event)
        elif isinstance(event, AnswerDelta):
            if event.text:
                yield from self._write(event.text)
            for piece in event.tool_calls:
                yield from self._call(piece)
        elif isinstance(event, Answer):
            yield from self._finish(event)

    def fail(self, error: Exception) -> JsonObject:
        """Return the event of a failure, which ends the response."""
        answer = describe(error)
        failure = ResponseFailure(code=answer.kind.code, message=answer.message)
        self.response = self.frame.response("failed", self._output, error=failure)
        return self._event("response.failed", response=self.response.json_object())

    def cancel(self) -> None:
        """End the response where it is."""
        self.response = self.frame.response("cancelled", self._output)

    def _event(self, event_type: str, /, **fields: object) -> JsonObject:
        self._sequence += 1
        shown = {
            key: value.json_object() if isinstance(value, ResponseModel) else value for key, value in fields.items()
        }
        return {"type": event_type, "sequence_number": self._sequence, **shown}

    def _add(self, item: OutputItem) -> Iterator[JsonObject]:
        self._output.append(item)
        yield self._event("response.output_item.added", output_index=len(self._output) - 1, item=item)

    def _close(self, index: int, item: OutputItem) -> Iterator[JsonObject]:
        self._output[index] = item
        yield self._event("response.output_item.done", output_index=index, item=item)

    # The search

    def _tell_search(self, started: AnswerStarted) -> Iterator[JsonObject]:
        for passage in started.passages:
            self.documents.add(DocumentKey(passage.stored.collection_id, passage.stored.file_id))
        self._is_refusal = self.frame.is_json and started.mode == "none"
        if self.frame.search_query is None:
            return
        call = FileSearchOutput(id=new_id("fs"), status="in_progress", queries=[self.frame.search_query], results=None)
        index = len(self._output)
        yield from self._add(call)
        for step in ("in_progress", "searching", "completed"):
            yield self._event(f"response.file_search_call.{step}", output_index=index, item_id=call.id)
        limit = self.frame.shown_results
        results = None if limit is None else _show_passages(started)[:limit]
        yield from self._close(index, call.model_copy(update={"status": "completed", "results": results}))

    # The text

    def _open_message(self) -> Iterator[JsonObject]:
        self._message = len(self._output)
        yield from self._add(MessageOutput(id=new_id("msg"), status="in_progress", content=[]))
        part = RefusalText(refusal="") if self._is_refusal else OutputText(text="", annotations=[])
        yield self._event("response.content_part.added", **self._place(), part=part)

    def _place(self) -> JsonObject:
        assert self._message is not None  # noqa: S101 (called while a message is open)
        return {"output_index": self._message, "item_id": self._output[self._message].id, "content_index": 0}

    def _write(self, text: str) -> Iterator[JsonObject]:
        if self._message is None:
            yield from self._open_message()
        self._text += text
        if self._is_refusal:
            yield self._event("response.refusal.delta", **self._place(), delta=text)
        else:
            yield self._event("response.output_text.delta", **self._place(), delta=text, logprobs=[])

    def _close_message(self, annotations: Sequence[CitationObject], *, is_complete: bool) -> Iterator[JsonObject]:
        place = self._place()
        for number, annotation in enumerate(annotations):
            yield self._event(
                "response.output_text.annotation.added", **place, annotation_index=number, annotation=annotation
            )
        part: OutputText | RefusalText
        if self._is_refusal:
            part = RefusalText(refusal=self._text)
            yield self._event("response.refusal.done", **place, refusal=self._text)
        else:
            part = OutputText(text=self._text, annotations=list(annotations))
            yield self._event("response.output_text.done", **place, text=self._text, logprobs=[])
        yield self._event("response.content_part.done", **place, part=part)
        message = MessageOutput(
            id=place["item_id"], status="completed" if is_complete else "incomplete", content=[part]
        )
        yield from self._close(place["output_index"], message)
        self._message = None

    # Calls of tools

    def _call(self, piece: ToolCallDelta) -> Iterator[JsonObject]:
        if self._message is not None:
            yield from self._close_message((), is_complete=True)
        calls = [index for index, item in enumerate(self._output) if isinstance(item, FunctionCallOutput)]
        if piece.index == len(calls):
            calls.append(len(self._output))
            yield from self._add(
                FunctionCallOutput(
                    id=new_id("fc"), call_id=piece.id, name=piece.name, arguments="", status="in_progress"
                )
            )
        index = calls[piece.index]
        if piece.arguments:
            yield self._event(
                "response.function_call_arguments.delta",
                output_index=index,
                item_id=self._output[index].id,
                delta=piece.arguments,
            )

    def _close_calls(self, calls: Sequence[ToolCall]) -> Iterator[JsonObject]:
        opened = [(index, item) for index, item in enumerate(self._output) if isinstance(item, FunctionCallOutput)]
        for (index, item), call in zip(opened, calls, strict=True):
            yield self._event(
                "response.function_call_arguments.done",
                output_index=index,
                item_id=item.id,
                name=call.name,
                arguments=call.arguments,
            )
            yield from self._close(index, item.model_copy(update={"arguments": call.arguments, "status": "completed"}))

    # The end

    def _finish(self, answer: Answer) -> Iterator[JsonObject]:
        self.documents |= {_key(citation.quote) for citation in answer.citations} | {_key(q) for q in answer.evidence}
        is_complete = answer.finish_reason != "length"
        if self._message is None and not answer.tool_calls:
            yield from self._open_message()
        if self._message is not None:
            annotations = [CitationObject.of(citation) for citation in answer.citations]
            yield from self._close_message(annotations, is_complete=is_complete)
        yield from self._close_calls(answer.tool_calls)
        status: Status = "completed" if is_complete else "incomplete"
        self.response = self.frame.response(status, self._output, usage=ResponseUsage.of(answer.usage))
        yield self._event(f"response.{status}", response=self.response.json_object())


def replay_events(response: ResponseObject) -> Iterator[JsonObject]:
    """Yield the events of a response that has ended: its items at once, each in one piece."""
    sequence = 0

    def event(name: str, **fields: object) -> JsonObject:
        nonlocal sequence
        sequence += 1
        return {"type": name, "sequence_number": sequence - 1, **fields}

    began = response.model_copy(update={"status": "in_progress", "output": [], "usage": None}).json_object()
    yield event("response.created", response=began)
    yield event("response.in_progress", response=began)
    for index, item in enumerate(response.output):
        yield event("response.output_item.added", output_index=index, item=item.json_object())
        for part in item.content if isinstance(item, MessageOutput) else ():
            place = {"output_index": index, "item_id": item.id, "content_index": 0}
            if isinstance(part, OutputText):
                yield event("response.output_text.delta", **place, delta=part.text, logprobs=[])
                yield event("response.output_text.done", **place, text=part.text, logprobs=[])
            else:
                yield event("response.refusal.delta", **place, delta=part.refusal)
                yield event("response.refusal.done", **place, refusal=part.refusal)
        yield event("response.output_item.done", output_index=index, item=item.json_object())
    yield event(f"response.{response.status}", response=response.json_object())


def _key(quote: Quote) -> DocumentKey:
    return DocumentKey(quote.collection_id, quote.file_id)


def _show_passages(started: AnswerStarted) -> list[FoundPassage]:
    """Return the passages, those with the best evidence first."""
    shown = [
        FoundPassage(
            file_id=passage.stored.file_id,
            filename=passage.stored.filename,
            score=max((quote.score for quote in started.evidence if _is_from(quote, passage)), default=0.0),
            text=passage.stored.chunk.text,
            attributes={
                "page": passage.stored.chunk.first_page,
                "start": passage.stored.chunk.start,
                "end": passage.stored.chunk.end,
            },
        )
        for passage in started.passages
    ]
    return sorted(shown, key=lambda passage: -passage.score)


def _is_from(quote: Quote, passage: Passage) -> bool:
    stored = passage.stored
    is_same = (quote.collection_id, quote.file_id) == (stored.collection_id, stored.file_id)
    return is_same and stored.chunk.start <= quote.start < stored.chunk.end
