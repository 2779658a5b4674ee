"""Decode the chunks of a streamed chat completion into the events of an answer. Pure."""

from collections.abc import Iterator

import msgspec
from pydantic import TypeAdapter

from api.backends.http_client import decode_error
from api.backends.types import BackendEvent, CompleteAnswer, TextDelta
from api.wire.answers import AnswerBasis, AnswerCheck, ProgressChunk
from api.wire.chat_chunks import ChatCompletionChunk, ChunkChoice
from api.wire.citations import CitationObject, UrlCitationObject

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_chunks = msgspec.json.Decoder(ChatCompletionChunk)
_citations = TypeAdapter(tuple[UrlCitationObject, ...])


class StreamDecoder:
    """Decodes one stream, whose text it collects for the complete answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._text = ""

    def decode(self, data: str) -> Iterator[BackendEvent]:
        """Yield what one server-sent event says; nothing for a checked sentence, which the complete answer repeats.

        Raises the `BackendError` of an error event, and `ValidationError` or `MsgspecError` for another shape.
        """
        if "error" in _fields.decode(data):
            raise decode_error(data.encode(), self._url)
        chunk = _chunks.decode(data)
        details = b"" if isinstance(chunk.pincite, msgspec.UnsetType) else bytes(chunk.pincite)
        for choice in chunk.choices:
            yield from self._decode_choice(choice, details)

    def _decode_choice(self, choice: ChunkChoice, details: bytes) -> Iterator[BackendEvent]:
        if details and choice.finish_reason is None:
            yield from _decode_progress(details)
        if choice.delta.content:
            self._text += choice.delta.content
            yield TextDelta(choice.delta.content)
        if choice.finish_reason is not None:
            annotations = choice.delta.annotations
            citations = b"[]" if isinstance(annotations, msgspec.UnsetType) else bytes(annotations)
            pins = tuple(map(CitationObject.of_pin, _citations.validate_json(citations)))
            yield CompleteAnswer(self._text, pins, AnswerCheck.model_validate_json(details))


def _decode_progress(details: bytes) -> Iterator[BackendEvent]:
    """Yield what an event before the last one says about the answer."""
    fields = _fields.decode(details)
    if "progress" in fields:
        yield ProgressChunk.model_validate_json(details).progress
    elif "checked" not in fields:
        yield AnswerBasis.model_validate_json(details)
