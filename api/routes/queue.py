"""The queue of documents that wait for indexing: progress, pause, resume, cancel and retry. Pincite's own."""

import time
from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from api.errors import AdministratorOnlyError, TooManyStreamsError
from api.http.sse import EventStream, Pieces, encode_event
from api.openapi import error_responses, stream_response
from api.routes.dependencies import ADMINISTRATOR_ONLY, AppServices, StoreName, principal_of_request
from api.services import Services
from api.wire.base import reveal
from api.wire.queue import QueueEvent, QueueObject
from api.wire.vector_stores import RetryRequest, StoreFileObject
from ingest.errors import (
    CollectionNotFoundError,
    CollectionNotYoursError,
    FileNotInLibraryError,
    PassportMismatchError,
)
from ingest.types import DocumentRecord

router = APIRouter(tags=["queue"])

POLL_SECONDS = 0.25
IDLE_SECONDS = 300.0
"""A stream that has had no event for so long ends: its client may have forgotten it."""
STREAM_PATHS = ("/v1/queue/events",)
NO_CHANGE = error_responses(CollectionNotFoundError, FileNotInLibraryError, CollectionNotYoursError)


@router.get("/v1/queue")
def retrieve_queue(services: AppServices) -> QueueObject:
    """Return how many documents of all collections wait for indexing, and about how long that takes."""
    return QueueObject.of(services.library.queue_state())


@router.post("/v1/queue/pause", dependencies=ADMINISTRATOR_ONLY, responses=error_responses(AdministratorOnlyError))
def pause_queue(services: AppServices) -> QueueObject:
    """Pause the queue for everybody, also across restarts. Documents that are being read are finished."""
    services.library.pause_queue()
    return QueueObject.of(services.library.queue_state())


@router.post("/v1/queue/resume", dependencies=ADMINISTRATOR_ONLY, responses=error_responses(AdministratorOnlyError))
def resume_queue(services: AppServices) -> QueueObject:
    """Resume the queue."""
    services.library.resume_queue()
    services.queue.wake()
    return QueueObject.of(services.library.queue_state())


@router.get(
    STREAM_PATHS[0],
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events that end with `[DONE]`.",
            "content": stream_response(QueueEvent.__name__, "Each event's `data` is the state of the queue."),
        },
        **error_responses(TooManyStreamsError),
    },
)
def stream_queue(services: AppServices, request: Request) -> EventStream:
    """Return the queue and the documents that are being read as events, one at every change, until it is empty.

    A stream without a change for 5 minutes ends before that; a client has 8 of them at most.
    """
    place = request.app.state.open_queue_streams.hold(principal_of_request(request))
    return EventStream(_queue_events(services), request.app.state.stopping, place=place)


@router.post(
    "/v1/vector_stores/{store}/files/{file_id}/retry", responses=NO_CHANGE | error_responses(PassportMismatchError)
)
def retry_store_file(services: AppServices, store: StoreName, file_id: str, request: RetryRequest) -> StoreFileObject:
    """Index a document again that failed or was cancelled, with a password if it is encrypted."""
    collection = services.searchable(store)
    services.library.document(collection.id, file_id)
    document = services.library.enqueue(collection.id, file_id, again=True, password=reveal(request.password))
    services.queue.wake()
    return StoreFileObject.of(document)


@router.post("/v1/vector_stores/{store}/files/{file_id}/pause", responses=NO_CHANGE)
def pause_store_file(services: AppServices, store: StoreName, file_id: str) -> StoreFileObject:
    """Pause a document that waits or is being read, until it is resumed."""
    return _change_document(services, services.library.pause, store, file_id)


@router.post("/v1/vector_stores/{store}/files/{file_id}/resume", responses=NO_CHANGE)
def resume_store_file(services: AppServices, store: StoreName, file_id: str) -> StoreFileObject:
    """Queue a document that was paused."""
    return _change_document(services, services.library.resume, store, file_id)


@router.post("/v1/vector_stores/{store}/files/{file_id}/cancel", responses=NO_CHANGE)
def cancel_store_file(services: AppServices, store: StoreName, file_id: str) -> StoreFileObject:
    """Cancel a document that waits or is being read; it stays in the list, and `retry` indexes it after all."""
    return _change_document(services, services.library.cancel, store, file_id)


def _change_document(
    services: Services, change: Callable[[str, str], DocumentRecord], store: str, file_id: str
) -> StoreFileObject:
    document = change(services.library.collection(store).id, file_id)
    services.queue.wake()
    return StoreFileObject.of(document)


def _queue_events(services: Services) -> Pieces:
    previous: QueueEvent | None = None
    changed_at = time.monotonic()
    while True:
        state = services.library.queue_state()
        event = QueueEvent.of_documents(state, services.library.documents(statuses=["reading"]))
        if event != previous:
            yield encode_event(event.model_dump_json().encode())
            previous, changed_at = event, time.monotonic()
        is_idle = time.monotonic() - changed_at > IDLE_SECONDS
        if is_idle or (not state.queued and not state.reading):
            return
        time.sleep(POLL_SECONDS)
        yield b""  # the response notices here that a client has left
