"""`POST /v1/embeddings`: vectors by the embedder of the collections."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.embeddings import EmbeddingModel, shorten_vectors
from api.errors import InvalidRequestError, TooManyStreamsError, blame
from api.http.sse import JsonResult, Pieces
from api.openapi import error_responses
from api.routes.dependencies import AppServices, hold_answer
from api.wire.embeddings import (
    EmbeddingObject,
    EmbeddingsRequest,
    EmbeddingsResponse,
    EmbeddingsUsage,
    encode_vector,
)
from ingest.errors import TextTooLongError, UnknownTokenError, WorkerBusyError, WorkerError
from rag.errors import ModelNotFoundError

router = APIRouter(prefix="/v1/embeddings", tags=["models"])


@router.post(
    "",
    response_class=JSONResponse,
    response_model=EmbeddingsResponse,
    responses=error_responses(
        ModelNotFoundError, TextTooLongError, UnknownTokenError, WorkerBusyError, WorkerError, TooManyStreamsError
    ),
)
async def create_embeddings(request: Request, services: AppServices, asked: EmbeddingsRequest) -> Response:
    """Embed texts. A client that leaves ends the work."""
    pieces = _embed(services.embedding_model, asked)
    return JsonResult(pieces, request.app.state.stopping, place=hold_answer(request))


def _embed(model: EmbeddingModel, asked: EmbeddingsRequest) -> Pieces:
    """Yield an empty piece between batches, and at the end the whole response."""
    if not model.is_named(asked.model):
        raise ModelNotFoundError(model=asked.model)
    dimensions = asked.dimensions or model.dimension
    if dimensions > model.dimension:
        detail = f"{model.id} has {model.dimension} dimensions"
        raise InvalidRequestError(detail=detail, param="dimensions")
    with blame("input"):
        texts = [text if isinstance(text, str) else model.decode(text) for text in asked.input]
        embeddings = yield from model.embed(texts)
    vectors = embeddings.vectors
    if dimensions < model.dimension:
        vectors = shorten_vectors(vectors, dimensions)
    response = EmbeddingsResponse(
        data=[
            EmbeddingObject(index=index, embedding=encode_vector(vector, asked.encoding_format or "float"))
            for index, vector in enumerate(vectors)
        ],
        model=model.id,
        usage=EmbeddingsUsage(prompt_tokens=embeddings.token_count, total_tokens=embeddings.token_count),
    )
    yield response.model_dump_json().encode()
