"""Is the server alive, is it ready, and how is it doing?"""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.routes.parts import Parts

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Say that the process answers; the only route that never needs the key."""
    return {"status": "ok"}


@router.get("/health/ready")
async def ready(parts: Parts) -> JSONResponse:
    """Say whether questions can be answered: 503 until the embedder and the default model are loaded."""
    readiness = parts.readiness
    status = "ok" if readiness.is_ready else "unavailable"
    return JSONResponse({"status": status, **asdict(readiness)}, 200 if readiness.is_ready else 503)


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Return the counters in Prometheus' text format."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4")
