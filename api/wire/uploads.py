"""`/v1/uploads`: files that are sent in parts, as OpenAI's API has them."""

from typing import Annotated, Literal, cast

from pydantic import Field

from api.wire.base import Integer, RequestModel, ResponseModel, Text
from api.wire.files import FileObject, Purpose
from ingest.library.part_uploads import MAX_PARTS, Part, PartUpload, UploadStatus

MIN_EXPIRY_SECONDS, MAX_EXPIRY_SECONDS = 3_600, 2_592_000
"""OpenAI's bounds: an hour and 30 days."""


class FileExpiry(RequestModel):
    """When the file is deleted with its documents."""

    anchor: Literal["created_at"]
    seconds: Annotated[Integer, Field(ge=MIN_EXPIRY_SECONDS, le=MAX_EXPIRY_SECONDS)]


class UploadRequest(RequestModel):
    """A file that is sent in parts within an hour."""

    filename: Annotated[Text, Field(min_length=1, max_length=1_000, pattern=r"[^\s./\\]")]
    bytes: Annotated[Integer, Field(ge=0)]
    """Its size."""
    mime_type: Annotated[Text, Field(max_length=200)]
    """Accepted and not used: a file is recognized by its content and name."""
    purpose: Purpose
    expires_after: FileExpiry | None = None


class CompletionRequest(RequestModel):
    """The parts in the order in which they make the file."""

    part_ids: Annotated[list[Text], Field(max_length=MAX_PARTS)]
    md5: Annotated[Text, Field(pattern="^[0-9a-fA-F]{32}$")] | None = None
    """Checked if it is given."""


class PartObject(ResponseModel):
    """A part of an upload."""

    id: str
    object: Literal["upload.part"] = "upload.part"
    created_at: int
    """Unix time in seconds."""
    upload_id: str

    @classmethod
    def of(cls, part: Part, upload_id: str) -> "PartObject":
        """Return a part."""
        return cls(id=part.id, created_at=part.created_at, upload_id=upload_id)


class UploadObject(ResponseModel):
    """An upload in parts."""

    id: str
    object: Literal["upload"] = "upload"
    bytes: int
    """The size that was announced."""
    created_at: int
    """Unix time in seconds."""
    expires_at: int
    """When it ends unless it is completed before."""
    filename: str
    purpose: Purpose
    status: UploadStatus
    file: FileObject | None
    """The file that it has become."""

    @classmethod
    def of(cls, upload: PartUpload) -> "UploadObject":
        """Return an upload."""
        return cls(
            id=upload.id,
            bytes=upload.spec.size_bytes,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
            filename=upload.spec.filename,
            purpose=cast("Purpose", upload.spec.purpose),
            status=upload.status,
            file=None if upload.file is None else FileObject.of(upload.file),
        )
