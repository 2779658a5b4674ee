"""`/v1/vector_stores/{store}/file_batches`: files that one request adds, as OpenAI's API has them."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api.wire.base import RequestModel, ResponseModel, Text, has
from api.wire.chunking import ChunkingChoice
from api.wire.filters import Attributes
from api.wire.store_files import FileCounts
from ingest.types import FileAddition, FileBatch

MAX_BATCH_FILES = 2_000

SOME: JsonDict = {"type": "array", "minItems": 1}
NONE: JsonDict = {"anyOf": [{"type": "null"}, {"type": "array", "maxItems": 0}]}


class BatchFile(RequestModel):
    """A file of a batch with attributes of its own."""

    file_id: Text
    attributes: Attributes | None = None
    """What filters can ask for."""
    chunking_strategy: ChunkingChoice | None = None


class FileBatchRequest(RequestModel):
    """Adds files to a collection: `file_ids` that share attributes, or `files` that each have their own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"file_ids": ["file-eec21e5a5d12038a1edd7f83"]}],
            "oneOf": [
                {**has("file_ids", SOME), "properties": {"file_ids": SOME, "files": NONE}},
                {
                    **has("files", SOME),
                    "properties": {
                        "files": SOME,
                        "file_ids": NONE,
                        "attributes": {"type": "null"},
                        "chunking_strategy": {"type": "null"},
                    },
                },
            ],
        }
    )

    file_ids: Annotated[list[Text], Field(max_length=MAX_BATCH_FILES)] | None = None
    files: Annotated[list[BatchFile], Field(max_length=MAX_BATCH_FILES)] | None = None
    attributes: Attributes | None = None
    """Those of all `file_ids`."""
    chunking_strategy: ChunkingChoice | None = None
    """That of all `file_ids`."""

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        if bool(self.file_ids) == bool(self.files):
            raise ValueError("name the files in `file_ids` or in `files`, one of the two")
        if self.files and (self.attributes is not None or self.chunking_strategy is not None):
            raise ValueError("with `files`, each has attributes and a chunking strategy of its own")
        return self

    def additions(self) -> list[FileAddition]:
        """Return the files in the order of the request."""
        shared = [
            BatchFile(file_id=file_id, attributes=self.attributes, chunking_strategy=self.chunking_strategy)
            for file_id in self.file_ids or ()
        ]
        return [
            FileAddition(
                file.file_id, file.attributes, file.chunking_strategy.chunk_tokens if file.chunking_strategy else None
            )
            for file in self.files or shared
        ]


class FileBatchObject(ResponseModel):
    """Files that were added together."""

    id: str
    object: Literal["vector_store.files_batch"] = "vector_store.files_batch"
    created_at: int
    """Unix time in seconds."""
    vector_store_id: str
    status: Literal["in_progress", "completed", "cancelled"]
    """`in_progress` while any of them is being indexed; `completed` also if some could not be read."""
    file_counts: FileCounts
    """Without those that were removed from the collection since."""

    @classmethod
    def of(cls, batch: FileBatch) -> "FileBatchObject":
        """Return a batch."""
        counts = FileCounts.of(batch.by_status)
        return cls(
            id=batch.id,
            created_at=batch.created_at,
            vector_store_id=batch.collection_id,
            status="cancelled" if batch.is_cancelled else "in_progress" if counts.in_progress else "completed",
            file_counts=counts,
        )
