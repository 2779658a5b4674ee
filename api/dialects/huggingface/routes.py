"""The routes of Hugging Face's inference API, of TGI and of TEI.

`POST /` and `POST /models/<name>` take every task; what it is, the inputs and the model say: a text is embedded by the
embedder, continued by a language model, and answered by `docs/<name>`. They are not in `/openapi.json`, because
Hugging Face's own documents describe them.
"""

from collections.abc import Mapping
from importlib import metadata
from typing import Literal

from fastapi import APIRouter, Request, Response

from api.dialects.huggingface import tasks
from api.dialects.huggingface.errors import HubRoute, shape_error
from api.dialects.huggingface.wire import (
    HubModelInfo,
    QuestionInputs,
    RerankRequest,
    ServerInfo,
    SimilarityInputs,
    SimilarityRequest,
    TaskRequest,
    TextsRequest,
    TextTaskRequest,
)
from api.http.sse import EventStream, JsonResult, Pieces
from api.model_names import NO_MODEL, resolve_model
from api.routes.chat import create_completion
from api.routes.completions import complete_text
from api.routes.dependencies import AppServices, hold_answer, principal_of_request
from api.routes.models import retrieve_model
from api.services import Services
from rag.engines.serving.fairness import name_client

PIPELINE_TAGS: Mapping[str, Literal["text-generation", "feature-extraction", "question-answering"]] = {
    "llm": "text-generation",
    "embeddings": "feature-extraction",
    "collection": "question-answering",
}

router = APIRouter(route_class=HubRoute, include_in_schema=False)

# A client that was given `…/models/<name>` as its address speaks OpenAI's dialect below it.
router.add_api_route("/models/{model:path}/v1/chat/completions", create_completion, methods=["POST"])
router.add_api_route("/models/{model:path}/v1/completions", complete_text, methods=["POST"])


@router.post("/")
async def run_task(request: Request, services: AppServices, task: TaskRequest) -> Response:
    """Run a task with the default model."""
    return _run(request, services, NO_MODEL, task)


@router.post("/models/{model:path}")
@router.post("/hf-inference/models/{model:path}")
async def run_task_of(request: Request, services: AppServices, model: str, task: TaskRequest) -> Response:
    """Run a task with a model."""
    return _run(request, services, model, task)


@router.post("/pipeline/summarization")
@router.post("/pipeline/summarization/{model:path}")
async def summarize(request: Request, services: AppServices, asked: TextTaskRequest, model: str = NO_MODEL) -> Response:
    """Summarize a text. The address names the task, as the body is that of a text to continue."""
    name = resolve_model(services, model)
    return _result(request, tasks.summarize(services, name, asked, request.app.state.metrics, _client(request)))


@router.post("/pipeline/translation")
@router.post("/pipeline/translation/{model:path}")
async def translate(request: Request, services: AppServices, asked: TextTaskRequest, model: str = NO_MODEL) -> Response:
    """Translate a text."""
    name = resolve_model(services, model)
    return _result(request, tasks.translate(services, name, asked, request.app.state.metrics, _client(request)))


@router.post("/tokenize")
async def tokenize(request: Request, services: AppServices, asked: TextsRequest) -> Response:
    """Split texts into the tokens of the embedder, as TEI does."""
    return _result(request, tasks.tokenize(services, _as_list(asked.inputs)))


@router.get("/api/models/{model:path}")
def model_info(services: AppServices, model: str) -> HubModelInfo:
    """Describe a model as the Hub does."""
    found = retrieve_model(services, model)
    return HubModelInfo(id=found.id, modelId=found.id, pipeline_tag=PIPELINE_TAGS[found.type])


@router.post("/generate")
async def generate(request: Request, services: AppServices, task: TaskRequest) -> Response:
    """Continue a text, as TGI does."""
    events = tasks.generate(services, resolve_model(services, None), task, _client(request))
    return _result(request, tasks.collect_generation(events, task, request.app.state.metrics, in_list=False))


@router.post("/generate_stream")
async def generate_stream(request: Request, services: AppServices, task: TaskRequest) -> Response:
    """Continue a text as server-sent events, as TGI does."""
    return _stream(request, services, resolve_model(services, None), task)


@router.post("/embed")
async def embed(request: Request, services: AppServices, asked: TextsRequest) -> Response:
    """Embed texts, as TEI does."""
    return _result(request, tasks.embed(services, _as_list(asked.inputs), truncate=asked.truncate))


@router.post("/similarity")
async def similarity(request: Request, services: AppServices, asked: SimilarityRequest) -> Response:
    """Compare sentences, as TEI does."""
    return _result(request, tasks.compare(services, asked.inputs))


@router.post("/rerank")
async def rerank(request: Request, services: AppServices, asked: RerankRequest) -> Response:
    """Rank texts by a query, as TEI does."""
    return _result(request, tasks.rerank(services, asked))


@router.get("/health")
async def health(services: AppServices) -> Response:
    """Say whether questions can be answered, by the status alone, as TGI and TEI do: 503 until they can."""
    return Response(status_code=200 if services.readiness.is_ready else 503)


@router.get("/info")
def info(services: AppServices) -> ServerInfo:
    """Say which models answer here, and how much they read."""
    embedder = services.embedding_model
    return ServerInfo(
        model_id=resolve_model(services, None),
        model_type={"embedding": {"pooling": "mean"}, "embedder": embedder.id},
        max_input_length=embedder.max_tokens,
        max_total_tokens=services.models.open_engine(None).info().context_window,
        version=metadata.version("pincite"),
    )


def _run(request: Request, services: Services, name: str, task: TaskRequest) -> Response:
    metrics, client = request.app.state.metrics, _client(request)
    match task.inputs:
        case SimilarityInputs():
            return _result(request, tasks.compare(services, task.inputs))
        case QuestionInputs() if task.inputs.context.strip():
            return _result(request, tasks.answer_from_context(services, task.inputs))
        case QuestionInputs():
            pieces = tasks.answer_from_documents(services, name, task.inputs, metrics, client)
            return _result(request, pieces)
        case str() | list() if services.embedding_model.is_named(name):
            return _result(request, tasks.embed(services, _as_list(task.inputs), truncate=task.truncate))
        case _:
            model = resolve_model(services, name)
            if task.stream:
                return _stream(request, services, model, task)
            events = tasks.generate(services, model, task, client)
            return _result(request, tasks.collect_generation(events, task, metrics, in_list=True))


def _stream(request: Request, services: Services, model: str, task: TaskRequest) -> Response:
    events = tasks.generate(services, model, task, _client(request))
    pieces = tasks.stream_generation(events, task, request.app.state.metrics)
    return EventStream(pieces, request.app.state.stopping, place=hold_answer(request), shape=shape_error)


def _result(request: Request, pieces: Pieces) -> JsonResult:
    return JsonResult(pieces, request.app.state.stopping, place=hold_answer(request))


def _as_list(inputs: str | list[str]) -> list[str]:
    return [inputs] if isinstance(inputs, str) else inputs


def _client(request: Request) -> str:
    return name_client(principal_of_request(request), None)
