"""The messages of a chat completion as the engine reads them: files and pictures become the text that is in them."""

from collections.abc import Sequence

from api.errors import FilePartError
from api.sent_files import SentFile, decode_data_url, find_stored_file, read_sent_files
from api.services import Services
from api.wire.base import DOCS_PREFIX
from api.wire.messages import ChatMessage, FilePart, ImagePart
from rag.engines.types import Message

MAX_FILES = 16


def read_messages(services: Services, messages: Sequence[ChatMessage], model: str) -> tuple[Message, ...]:
    """Return the messages, with the texts of their files in their places.

    Raises `FilePartError` for a file that cannot be read, and for any if documents answer; `FileNotInLibraryError` and
    `WorkerError`.
    """
    files = [
        _open_file(services, part, _name_param(number, index))
        for number, message in enumerate(messages)
        for index, part in message.files
    ]
    if files and model.startswith(DOCS_PREFIX):
        detail = f"`{DOCS_PREFIX}…` models answer from their collection; add the file to it, or name a plain model"
        raise FilePartError(detail=detail, param=files[0].param)
    if len(files) > MAX_FILES:
        raise FilePartError(detail=f"a chat has at most {MAX_FILES} files", param=files[MAX_FILES].param)
    texts = read_sent_files(services, files)
    names = {file.param: file.name for file in files}
    return tuple(
        message.message(
            {
                index: f"Text of {names[param]}:\n{texts[param]}\n"
                for index, _ in message.files
                for param in [_name_param(number, index)]
            }
        )
        for number, message in enumerate(messages)
    )


def _name_param(message: int, part: int) -> str:
    return f"messages.{message}.content.{part}"


def _open_file(services: Services, part: ImagePart | FilePart, param: str) -> SentFile:
    if isinstance(part, ImagePart):
        return decode_data_url(part.image_url.url, name=None, param=param)
    if part.file.file_id is not None:
        return find_stored_file(services, part.file.file_id, param=param)
    return decode_data_url(part.file.file_data or "", name=part.file.filename, param=param)
