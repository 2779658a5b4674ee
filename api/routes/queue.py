"""Documents on their way into the library: how far they are, and pause, resume, cancel, retry. Pincite's own."""

import time
from collections.abc import Generator
from typing import Literal

from fastapi import APIRouter, Request

from api.objects import JsonObject, queue_object, store_file_object
from api.routes.parts import Parts, Store
from api.schemas import RetryRequest, revealed
from api.services import Services
from api.sse import EventStream, encode_event

router = APIRouter(tags=["queue"])

LOOK_EVERY_SECONDS = 0.25


@router.get("/v1/queue")
def show_queue(parts: Parts) -> JsonObject:
    """Show how much waits to be read in all collections, and about how long that takes."""
    return _queue(parts)


@router.post("/v1/queue/{action}")
def change_queue(parts: Parts, action: Literal["pause", "resume"]) -> JsonObject:
    """Pause the queue, also across restarts, or go on with it. What is being read is read to its end."""
    if action == "pause":
        parts.library.pause_queue()
    else:
        parts.library.resume_queue()
        parts.queue.wake()
    return _queue(parts)


@router.get("/v1/queue/events")
def queue_events(parts: Parts, request: Request) -> EventStream:
    """Send the queue and the documents that are read as events, at every change, until nothing is left to read."""
    return EventStream(_events(parts), request.app.state.stopping)


@router.post("/v1/vector_stores/{store}/files/{file_id}/retry")
def retry_store_file(parts: Parts, store: Store, file_id: str, request: RetryRequest) -> JsonObject:
    """Read a document that failed or was cancelled again, with a password where it needs one."""
    collection = parts.searchable(store)
    parts.library.document(collection.id, file_id)
    document = parts.library.enqueue(collection.id, file_id, again=True, password=revealed(request.password))
    parts.queue.wake()
    return store_file_object(document)


@router.post("/v1/vector_stores/{store}/files/{file_id}/{action}")
def change_store_file(
    parts: Parts, store: Store, file_id: str, action: Literal["pause", "resume", "cancel"]
) -> JsonObject:
    """Pause, resume or cancel a document that waits or is read."""
    collection = parts.library.collection(store)
    change = {"pause": parts.library.pause, "resume": parts.library.resume, "cancel": parts.library.cancel}[action]
    document = change(collection.id, file_id)
    parts.queue.wake()
    return store_file_object(document)


def _events(parts: Services) -> Generator[str, None, None]:
    last: JsonObject = {}
    while True:
        state = parts.library.queue_state()
        reading = [store_file_object(document) for document in parts.library.documents(status="reading")]
        current = {**queue_object(state), "files": reading}
        if current != last:
            yield encode_event(current)
            last = current
        if not state.queued and not state.reading:
            return
        time.sleep(LOOK_EVERY_SECONDS)
        yield ""  # a client that has left is noticed here


def _queue(parts: Services) -> JsonObject:
    return queue_object(parts.library.queue_state())
