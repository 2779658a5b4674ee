"""`/health/live`, `/health/ready` and `/metrics`: whether the server runs, can answer, and how much it does."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from api.errors import AdministratorOnlyError
from api.openapi import error_responses
from api.routes.dependencies import ADMINISTRATOR_ONLY, AppServices
from api.wire.health import LivenessObject, ReadinessObject

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live(request: Request) -> LivenessObject:
    """Report that the process answers. The only route that never needs the API key."""
    return LivenessObject(instance=request.app.state.instance)


@router.get(
    "/health/ready",
    response_model=ReadinessObject,
    responses={503: {"model": ReadinessObject, "description": "Not ready yet, or a part has failed."}},
)
async def ready(services: AppServices) -> JSONResponse:
    """Report whether questions can be answered: 503 until the embedding model and the default model are loaded."""
    readiness = services.readiness
    body = ReadinessObject(
        status="ok" if readiness.is_ready else "unavailable",
        embedder=readiness.embedder,
        model=readiness.model,
        problems=list(readiness.problems),
    )
    return JSONResponse(body.json_object(), 200 if readiness.is_ready else 503)


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    dependencies=ADMINISTRATOR_ONLY,
    responses=error_responses(AdministratorOnlyError),
)
def metrics(request: Request) -> Response:
    """Return counters in Prometheus' text format."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4")
