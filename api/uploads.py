"""What every upload passes, whichever way it comes: its name is made fit to be shown, and its size has a limit."""

from pathlib import PurePosixPath

from api.errors import InvalidRequestError
from api.services import Services
from api.wire.base import clean_name
from ingest.errors import FileTooLargeError

MAX_FILENAME_CHARS = 200


def name_upload(name: str, *, param: str) -> str:
    """Return the last part of a client's file name, fit to be shown.

    It is only shown: on disk a file is named by its hash. Raises `InvalidRequestError`, which names the field `param`,
    if nothing is left.
    """
    last = PurePosixPath(clean_name(name).replace("\\", "/")).name
    if not last.strip("."):
        raise InvalidRequestError(detail="the file has no name", param=param)
    stem, dot, suffix = last.rpartition(".")
    if len(last) <= MAX_FILENAME_CHARS or len(suffix) > MAX_FILENAME_CHARS // 2:
        return last[:MAX_FILENAME_CHARS]
    return stem[: MAX_FILENAME_CHARS - len(suffix) - 1] + dot + suffix


def check_upload_size(services: Services, size_bytes: int) -> None:
    """Raise `FileTooLargeError` for more bytes than the settings allow."""
    limits = services.settings.ingest
    if size_bytes > limits.max_upload_bytes:
        raise FileTooLargeError(limit_mb=limits.max_upload_mb)
