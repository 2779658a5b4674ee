"""The queue of documents that wait for indexing: progress, pause, resume, cancel and retry. Pincite's own."""

import time
from typing import Literal

from fastapi import APIRouter, Request, Response

from api.openapi import error_responses, stream_response
from api.routes.dependencies import AppServices, StoreName
from api.services import Services
from api.sse import EventStream, Pieces, encode_event
from api.wire.base import reveal
from api.wire.queue import QueueEvent, QueueObject
from api.wire.vector_stores import RetryRequest, StoreFileObject
from ingest.errors import CollectionNotFoundError, FileNotInLibraryError, PassportMismatchError

router = APIRouter(tags=["queue"])

POLL_SECONDS = 0.25
NO_DOCUMENT = error_responses(CollectionNotFoundError, FileNotInLibraryError)


@router.get("/v1/queue")
def retrieve_queue(services: AppServices) -> QueueObject:
    """Return how many documents of all collections wait for indexing, and about how long that takes."""
    return QueueObject.of(services.library.queue_state())


@router.post("/v1/queue/{action}")
def change_queue(services: AppServices, action: Literal["pause", "resume"]) -> QueueObject:
    """Pause the queue, also across restarts, or resume it. Documents that are being read are finished."""
    if action == "pause":
        services.library.pause_queue()
    else:
        services.library.resume_queue()
        services.queue.wake()
    return QueueObject.of(services.library.queue_state())


@router.get(
    "/v1/queue/events",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events that end with `[DONE]`.",
            "content": stream_response(QueueEvent.__name__, "Each event's `data` is the state of the queue."),
        }
    },
)
def stream_queue(services: AppServices, request: Request) -> EventStream:
    """Return the queue and the documents that are being read as events, one at every change, until it is empty."""
    return EventStream(_queue_events(services), request.app.state.stopping)


@router.post(
    "/v1/vector_stores/{store}/files/{file_id}/retry", responses=NO_DOCUMENT | error_responses(PassportMismatchError)
)
def retry_store_file(services: AppServices, store: StoreName, file_id: str, request: RetryRequest) -> StoreFileObject:
    """Index a document again that failed or was cancelled, with a password if it is encrypted."""
    collection = services.searchable(store)
    services.library.document(collection.id, file_id)
    document = services.library.enqueue(collection.id, file_id, again=True, password=reveal(request.password))
    services.queue.wake()
    return StoreFileObject.of(document)


@router.post("/v1/vector_stores/{store}/files/{file_id}/{action}", responses=NO_DOCUMENT)
def change_store_file(
    services: AppServices, store: StoreName, file_id: str, action: Literal["pause", "resume", "cancel"]
) -> StoreFileObject:
    """Pause, resume or cancel a document that waits or is being read."""
    library = services.library
    collection = library.collection(store)
    change = {"pause": library.pause, "resume": library.resume, "cancel": library.cancel}[action]
    document = change(collection.id, file_id)
    services.queue.wake()
    return StoreFileObject.of(document)


def _queue_events(services: Services) -> Pieces:
    previous: QueueEvent | None = None
    while True:
        state = services.library.queue_state()
        event = QueueEvent.of_documents(state, services.library.documents(statuses=["reading"]))
        if event != previous:
            yield encode_event(event.model_dump_json().encode())
            previous = event
        if not state.queued and not state.reading:
            return
        time.sleep(POLL_SECONDS)
        yield b""  # the response notices here that a client has left
