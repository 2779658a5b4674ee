"""The status of documents in vector stores and in batches of files, as OpenAI's API has it."""

from collections.abc import Mapping
from typing import Literal, get_args

from api.wire.base import ResponseModel
from ingest.types import DocumentStatus

StoreFileStatus = Literal["in_progress", "completed", "failed", "cancelled"]

STORE_FILE_STATUS: Mapping[DocumentStatus, StoreFileStatus] = {
    "queued": "in_progress",
    "reading": "in_progress",
    "paused": "in_progress",
    "cancelled": "cancelled",
    "done": "completed",
    "warning": "completed",
    "failed": "failed",
}


class FileCounts(ResponseModel):
    """Number of documents by status."""

    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int

    @classmethod
    def of(cls, by_status: Mapping[DocumentStatus, int]) -> "FileCounts":
        """Return the counts of the library by OpenAI's statuses."""
        counts = dict.fromkeys(get_args(StoreFileStatus), 0)
        for status, number in by_status.items():
            counts[STORE_FILE_STATUS[status]] += number
        return cls(**counts, total=sum(counts.values()))
