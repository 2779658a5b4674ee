"""LM Studio's first REST API, `/api/v0`: OpenAI's routes, with statistics beside what OpenAI has."""

import json
from collections.abc import Generator
from importlib import metadata
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Request, Response

from api.completions import CompletionFrame, collect_completion, completion_choices, stream_completion
from api.dialects.lmstudio.catalog import ModelCard, find_card, list_cards
from api.dialects.lmstudio.statistics import find_stop_reason, generation_seconds, tokens_per_second
from api.http.sse import EventStream, JsonResult, Pieces, encode_event
from api.model_names import resolve_model
from api.routes.dependencies import AnswerLinks, AppServices, hold_answer, principal_of_request
from api.routes.embeddings import create_embeddings
from api.services import Services
from api.text_completions import TextFrame, collect_texts, list_continuations, stream_texts
from api.wire.base import Absent, JsonObject, ResponseModel
from api.wire.chat import ChatRequest
from api.wire.completions import CompletionRequest
from rag.conversations.store import ConversationEvent
from rag.engines.serving.fairness import name_client
from rag.engines.types import Sampling
from rag.models.manager import ModelState
from rag.types import Answer

router = APIRouter(prefix="/api/v0", include_in_schema=False)
router.add_api_route("/embeddings", create_embeddings, methods=["POST"])

E = TypeVar("E", bound=ConversationEvent)


class ModelEntryV0(ResponseModel):
    """A model."""

    id: str
    object: Literal["model"] = "model"
    type: Literal["llm", "embeddings"]
    publisher: str
    arch: str
    compatibility_type: str
    quantization: str
    state: ModelState
    max_context_length: int
    loaded_context_length: int | None = Absent
    capabilities: list[Literal["tool_use"]] | None = Absent


class ModelListV0(ResponseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[ModelEntryV0]


@router.get("/models")
def list_models(services: AppServices) -> ModelListV0:
    """List the models, the embedder and the collections."""
    return ModelListV0(data=[_describe(card) for card in list_cards(services)])


@router.get("/models/{model:path}")
def retrieve_model(services: AppServices, model: str) -> ModelEntryV0:
    """Return one of them."""
    return _describe(find_card(services, model))


@router.post("/chat/completions")
async def create_completion(request: Request, services: AppServices, links: AnswerLinks, chat: ChatRequest) -> Response:
    """Answer a chat."""
    chat = chat.model_copy(update={"model": resolve_model(services, chat.model)})
    client = name_client(principal_of_request(request), chat.user)
    frame = CompletionFrame(chat.model, links, is_json=chat.wants_json, includes_usage=chat.includes_usage)
    metrics = request.app.state.metrics
    watch = AnswerWatch(services, chat.model, chat.sampling())
    choices = (watch.read(events) for events in completion_choices(services, chat, client))
    if not chat.stream:
        return _result(request, add_statistics(collect_completion(choices, frame, metrics), watch))
    pieces = stream_completion(choices, frame, metrics)
    head = {"id": frame.id, "object": "chat.completion.chunk", "created": frame.created}
    return _stream(request, append_statistics(pieces, watch, head))


@router.post("/completions")
async def complete_text(request: Request, services: AppServices, asked: CompletionRequest) -> Response:
    """Continue a text."""
    asked = asked.model_copy(update={"model": resolve_model(services, asked.model)})
    client = name_client(principal_of_request(request), asked.user)
    frame, metrics = TextFrame(asked.model), request.app.state.metrics
    watch = AnswerWatch(services, asked.model, asked.sample(asked.max_tokens))
    texts = ((before, watch.read(events)) for before, events in list_continuations(services, asked, client))
    if not asked.stream:
        return _result(request, add_statistics(collect_texts(texts, frame, metrics), watch))
    pieces = stream_texts(texts, frame, metrics, include_usage=asked.includes_usage)
    head = {"id": frame.id, "object": "text_completion", "created": frame.created}
    return _stream(request, append_statistics(pieces, watch, head))


class AnswerWatch:
    """The first answer that passes by, and what LM Studio tells of it."""

    def __init__(self, services: Services, model: str, sampling: Sampling) -> None:
        self.model = model
        self._services = services
        self._sampling = sampling
        self._answer: Answer | None = None

    def read(self, events: Generator[E, None, None]) -> Generator[E, None, None]:
        """Yield the events of an answer as they are."""
        try:
            for event in events:
                if isinstance(event, Answer) and self._answer is None:
                    self._answer = event
                yield event
        finally:
            events.close()

    def describe(self) -> JsonObject:
        """Return the statistics of the answer, and the model and the program that wrote it."""
        answer = self._answer
        if answer is None:
            return {}
        card = find_card(self._services, self.model)
        return {
            "stats": {
                "tokens_per_second": tokens_per_second(answer),
                "time_to_first_token": answer.timings.first_token_seconds,
                "generation_time": generation_seconds(answer),
                "stop_reason": find_stop_reason(answer, self._sampling),
            },
            "model_info": {
                "arch": card.facts.architecture,
                "quant": card.facts.quantization,
                "format": card.format,
                "context_length": card.context_window,
            },
            "runtime": {
                "name": "pincite",
                "version": metadata.version("pincite"),
                "supported_formats": ["gguf", "safetensors"],
            },
        }


def add_statistics(pieces: Pieces, watch: AnswerWatch) -> Pieces:
    """Yield the pieces of a whole response; its one piece with content gets the statistics."""
    for piece in pieces:
        yield _encode({**json.loads(piece), **watch.describe()}) if piece else piece


def append_statistics(pieces: Pieces, watch: AnswerWatch, head: JsonObject) -> Pieces:
    """Yield the events of a stream, and one more with the statistics."""
    yield from pieces
    yield encode_event(_encode({**head, "model": watch.model, "choices": [], **watch.describe()}))


def _describe(card: ModelCard) -> ModelEntryV0:
    is_loaded = card.state == "loaded"
    return ModelEntryV0(
        id=card.key,
        type="llm" if card.domain == "llm" else "embeddings",
        publisher=card.publisher,
        arch=card.facts.architecture,
        compatibility_type=card.format,
        quantization=card.facts.quantization,
        state=card.state,
        max_context_length=card.max_context,
        loaded_context_length=card.context_window if is_loaded else None,
        capabilities=["tool_use"] if card.facts.takes_tools else None,
    )


def _result(request: Request, pieces: Pieces) -> JsonResult:
    return JsonResult(pieces, request.app.state.stopping, place=hold_answer(request))


def _stream(request: Request, pieces: Pieces) -> EventStream:
    return EventStream(pieces, request.app.state.stopping, place=hold_answer(request))


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
