"""Make a response: while its client waits, or in the background, where it goes on when the client leaves."""

import json
import logging
import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field

from api.chat import Chat, chat_events
from api.dialects.responses.events import ResponseFrame, ResponseWriter, new_id
from api.dialects.responses.objects import ResponseObject
from api.dialects.responses.prompts import make_chat, read_prompt
from api.dialects.responses.requests import ResponsesRequest
from api.errors import InvalidRequestError, TooManyStreamsError
from api.http.metrics import Metrics
from api.http.sse import Pieces, encode_event
from api.model_names import resolve_model
from api.services import Services
from api.wire.base import JsonObject
from ingest.types import StoredResponse
from rag.types import Answer

logger = logging.getLogger(__name__)

MAX_BACKGROUND_RUNS = 32
"""Responses that are made in the background at the same time; each has a thread."""
POLL_SECONDS = 0.5

Events = Generator[JsonObject | None, None, None]


@dataclass(frozen=True, slots=True)
class ResponseRun:
    """What makes a response, and where it is stored: `items` are its input."""

    services: Services
    chat: Chat
    frame: ResponseFrame
    items: list[JsonObject]
    metrics: Metrics
    previous: str = ""
    is_stored: bool = True

    def events(self, writer: ResponseWriter) -> Events:
        """Yield the events of the response, and None while the model is at work; raises what `chat_events` raises.

        It is stored just before the last event.
        """
        has_begun = False
        with closing(chat_events(self.services, self.chat)) as answer:
            for event in answer:
                if not has_begun:
                    has_begun = True
                    yield from writer.begin()
                shown = list(writer.take(event))
                if isinstance(event, Answer):
                    self.metrics.count_answer(event)
                    self.store(writer)
                if not shown:
                    yield None
                yield from shown

    def store(self, writer: ResponseWriter) -> None:
        """Store the response as it is, with the documents that it has read."""
        if self.is_stored:
            body = writer.response.model_dump_json()
            stored = StoredResponse(self.frame.id, body, json.dumps(self.items), self.previous)
            self.services.library.put_response(stored, writer.documents)


def prepare_run(services: Services, request: ResponsesRequest, client: str, metrics: Metrics) -> ResponseRun:
    """Return what makes the response to a request; raises what `read_prompt` and `make_chat` raise."""
    if request.conversation is not None and len(request.input) != 1:
        detail = "in a conversation, input is one question; POST /v1/conversations/{conversation}/items adds others"
        raise InvalidRequestError(detail=detail, param="input")
    prompt = read_prompt(services, request)
    chat = make_chat(services, request, prompt.messages, client)
    is_stored = request.store and (request.background or not services.library.is_read_only)
    frame = ResponseFrame(
        resolve_model(services, request.model),
        {**request.echo(), "store": is_stored},
        search_query=prompt.messages[-1].content if request.file_search else None,
        shown_results=request.shown_results,
        is_json=request.wants_json,
    )
    items = [
        {**item, "id": item.get("id") or new_id("msg" if item["type"] == "message" else "item")}
        for item in prompt.items
    ]
    return ResponseRun(services, chat, frame, items, metrics, request.previous_response_id or "", is_stored)


def stream_response(run: ResponseRun) -> Pieces:
    """Yield the events as server-sent events; a failure after the first one is the last of them."""
    writer, has_begun = ResponseWriter(run.frame), False
    try:
        with closing(run.events(writer)) as events:
            for event in events:
                has_begun = has_begun or event is not None
                yield b"" if event is None else encode(event)
    except Exception as error:
        if not has_begun:
            raise
        logger.info("a response failed after its first event: %s", type(error).__name__)
        yield encode(writer.fail(error))


def collect_response(run: ResponseRun) -> Pieces:
    """Yield an empty piece for every event, and at the end the whole response."""
    writer = ResponseWriter(run.frame)
    with closing(run.events(writer)) as events:
        for _ in events:
            yield b""
    yield writer.response.model_dump_json().encode()


def encode(event: JsonObject) -> bytes:
    """Return an event as a server-sent event under its name."""
    return encode_event(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(), event["type"])


@dataclass(slots=True)
class _Job:
    """A response that is made in the background; `events` are those so far."""

    owner: str
    run: ResponseRun
    writer: ResponseWriter
    changed: threading.Condition = field(default_factory=threading.Condition)
    events: list[JsonObject] = field(default_factory=list[JsonObject])
    is_cancelled: bool = False
    is_over: bool = False
    thread: threading.Thread | None = None


class BackgroundRuns:
    """The responses that are made in the background. Safe to use from many threads."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()

    def start(self, owner: str, run: ResponseRun) -> ResponseObject:
        """Begin to make a response, and return it as it is; raises `TooManyStreamsError`."""
        job = _Job(owner, run, ResponseWriter(run.frame))
        with self._lock:
            if len(self._jobs) >= MAX_BACKGROUND_RUNS:
                raise TooManyStreamsError(limit=MAX_BACKGROUND_RUNS)
            self._jobs[run.frame.id] = job
        try:
            run.store(job.writer)
        except BaseException:
            self._forget(job)
            raise
        job.thread = threading.Thread(target=self._work, args=(job,), name="response", daemon=True)
        job.thread.start()
        return job.writer.response

    def is_running(self, owner: str, response_id: str) -> bool:
        """Whether a response of an owner is being made."""
        return self._find(owner, response_id) is not None

    def follow(self, owner: str, response_id: str, starting_after: int) -> Events | None:
        """Return the events behind a sequence number, those to come included; None if it is not being made."""
        job = self._find(owner, response_id)
        return None if job is None else _follow(job, starting_after + 1)

    def cancel(self, owner: str, response_id: str) -> None:
        """Stop making a response, and wait until it is stored as cancelled; nothing happens if it is over."""
        job = self._find(owner, response_id)
        if job is not None:
            job.is_cancelled = True
            with job.changed:
                job.changed.wait_for(lambda: job.is_over)

    def close(self) -> None:
        """Stop making responses; they are stored as cancelled."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.is_cancelled = True
        for job in jobs:
            if job.thread is not None:
                job.thread.join()

    def _find(self, owner: str, response_id: str) -> _Job | None:
        with self._lock:
            job = self._jobs.get(response_id)
        return job if job is not None and job.owner == owner else None

    def _forget(self, job: _Job) -> None:
        with self._lock:
            del self._jobs[job.run.frame.id]

    def _work(self, job: _Job) -> None:
        try:
            self._make(job)
        finally:
            self._forget(job)
            with job.changed:
                job.is_over = True
                job.changed.notify_all()

    def _make(self, job: _Job) -> None:
        try:
            with closing(job.run.events(job.writer)) as events:
                for event in events:
                    if job.is_cancelled:
                        break
                    if event is not None:
                        _publish(job, event)
            if job.is_cancelled and job.writer.response.status == "in_progress":
                job.writer.cancel()
                job.run.store(job.writer)
        except Exception as error:
            logger.exception("a response in the background failed")
            _publish(job, job.writer.fail(error))
            self._store_failure(job)

    def _store_failure(self, job: _Job) -> None:
        try:
            job.run.store(job.writer)
        except Exception:
            logger.exception("the failure of a response could not be stored")


def _publish(job: _Job, event: JsonObject) -> None:
    with job.changed:
        job.events.append(event)
        job.changed.notify_all()


def _follow(job: _Job, first: int) -> Events:
    position, is_over = max(first, 0), False
    while not is_over:
        with job.changed:
            if len(job.events) <= position and not job.is_over:
                job.changed.wait(POLL_SECONDS)
            events, is_over = job.events[position:], job.is_over
        position += len(events)
        if not events:
            yield None
        yield from events
