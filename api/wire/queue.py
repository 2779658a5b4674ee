"""`/v1/queue`: documents that wait for indexing. Pincite's own."""

from collections.abc import Sequence
from typing import Literal

from api.wire.base import ResponseModel
from api.wire.vector_stores import StoreFileObject
from ingest.types import DocumentRecord, QueueState


class QueueObject(ResponseModel):
    """How much waits for indexing, and about how long that takes."""

    object: Literal["queue"] = "queue"
    queued: int
    """Documents that wait."""
    reading: int
    """Documents that are being indexed."""
    paused: int
    """Documents that are paused one by one."""
    is_paused: bool
    """Whether the whole queue is paused."""
    estimate_seconds: float | None
    """About how long the queue takes; null while nothing tells."""
    hindrance: str | None
    """Why no document can be stored now, such as a full disk; null if nothing is in the way."""

    @classmethod
    def of(cls, state: QueueState) -> "QueueObject":
        """Return the state of the queue."""
        return cls(
            queued=state.queued,
            reading=state.reading,
            paused=state.paused,
            is_paused=state.is_paused,
            estimate_seconds=None if state.estimate_seconds is None else round(state.estimate_seconds, 1),
            hindrance=state.hindrance or None,
        )


class QueueEvent(QueueObject):
    """One event of `/v1/queue/events`: the queue and the documents that are being indexed."""

    files: list[StoreFileObject]

    @classmethod
    def of_documents(cls, state: QueueState, reading: Sequence[DocumentRecord]) -> "QueueEvent":
        """Return the state of the queue with the documents that are being indexed."""
        files = [StoreFileObject.of(document) for document in reading]
        return cls(**QueueObject.of(state).model_dump(), files=files)
