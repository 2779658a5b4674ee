"""The HTTP application: the routes, and the guards around them as middleware."""

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from api.citing.page_links import LinkSigner, load_secret
from api.dialects.anthropic import routes as anthropic
from api.dialects.huggingface import routes as huggingface
from api.dialects.lmstudio import routes as lmstudio
from api.dialects.mcp import http as mcp
from api.dialects.responses import routes as responses
from api.dialects.responses.runs import BackgroundRuns
from api.errors import install_error_handlers
from api.http.clean_paths import CleanPaths
from api.http.guards import BodyGuard, HostGuard, KeyGuard, OriginGuard, SecurityHeaders
from api.http.head_requests import HeadRequests
from api.http.keys import KeyRing
from api.http.metrics import Metrics, RequestMetrics
from api.http.open_responses import OpenResponses
from api.http.request_context import REQUEST_ID_HEADER
from api.http.request_ids import RequestIds
from api.http.slow_bodies import SlowBodies
from api.openapi import COMMON_ERRORS, install_openapi
from api.routes import (
    chat,
    cited_pages,
    completions,
    conversations,
    embeddings,
    file_batches,
    files,
    health,
    models,
    pages,
    queue,
    sharing,
    uploads,
    vector_stores,
)
from api.services import Services
from api.settings import ApiSettings
from ingest.principals import EVERY_OWNER

EXPOSED_HEADERS = (REQUEST_ID_HEADER, "Retry-After", "WWW-Authenticate")
"""What a web page of an allowed origin may read of a response."""
MAX_ANSWERS = {"per_client": 128, "total": 512}
"""More than the queues of the models take, so that a model's own refusal comes first."""
MAX_SLOW_BODIES = {"per_client": 16, "total": 64}
MAX_QUEUE_STREAMS = {"per_client": 8, "total": 64}
MAX_SOCKETS = {"per_client": 64, "total": 256}
"""A client of LM Studio's SDKs has up to six."""

ROUTERS = (
    anthropic.models_router,
    files.router,
    uploads.router,
    vector_stores.router,
    file_batches.router,
    sharing.router,
    pages.router,
    cited_pages.router,
    queue.router,
    chat.router,
    completions.router,
    embeddings.router,
    conversations.router,
    models.router,
    health.router,
    responses.router,
    huggingface.router,
    lmstudio.router,
    anthropic.router,
)


def create_app(services: Services, settings: ApiSettings) -> FastAPI:
    """Return the application over `services`, which start and close with it.

    While it runs, `app.state.stopping` is an event: once it is set, running answers end with an error event.
    `app.state.instance` is a random id that tells it from every other server. FastAPI's documentation pages are off,
    because they load their scripts from the network.
    """
    app = FastAPI(
        title="Pincite",
        openapi_url=None,  # `install_openapi` adds it
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.services = services
    app.state.instance = secrets.token_hex(16)
    app.state.open_answers = OpenResponses(**MAX_ANSWERS)
    app.state.open_queue_streams = OpenResponses(**MAX_QUEUE_STREAMS)
    app.state.open_sockets = OpenResponses(**MAX_SOCKETS)
    app.state.background_runs = BackgroundRuns()
    app.state.keys = KeyRing(services.library, settings.api_key)
    app.state.link_signer = LinkSigner(
        load_secret(services.settings.home), lifetime_seconds=settings.page_link_hours * 3_600
    )
    app.state.public_url = settings.public_url
    app.state.metrics = Metrics(services.library.as_owner(EVERY_OWNER), lambda: services.models.list_models())
    for router in ROUTERS:
        app.include_router(router, responses=COMMON_ERRORS)
    app.router.routes.append(mcp.make_route())
    app.state.max_request_bytes = settings.max_request_bytes
    install_openapi(app)
    install_error_handlers(app)
    _add_guards(app, services, settings)
    return app


def _add_guards(app: FastAPI, services: Services, settings: ApiSettings) -> None:
    """Add the middleware, the innermost first."""
    app.add_middleware(RequestMetrics, metrics=app.state.metrics)
    app.add_middleware(HeadRequests)
    app.add_middleware(SlowBodies, places=OpenResponses(**MAX_SLOW_BODIES))
    app.add_middleware(KeyGuard, keys=app.state.keys, links=app.state.link_signer)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["*"],  # the official clients send a dozen of their own; the origin is what is trusted
            expose_headers=EXPOSED_HEADERS,
            allow_private_network=True,
        )
    app.add_middleware(OriginGuard, allowed=settings.allowed_origins, without_links=queue.STREAM_PATHS)
    app.add_middleware(
        BodyGuard,
        max_bytes=settings.max_request_bytes,
        max_upload_bytes=services.settings.ingest.max_upload_bytes,
        timeout_seconds=settings.body_timeout_seconds,
    )
    app.add_middleware(HostGuard, names=settings.host_names)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CleanPaths)
    app.add_middleware(RequestIds)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    """Resume the queue, load the models in the background, and close everything at the end."""
    services: Services = app.state.services
    app.state.stopping = asyncio.Event()  # belongs to the loop that runs now
    await run_in_threadpool(services.queue.start)
    services.expiry.start()
    threading.Thread(target=services.get_ready, name="get-ready", daemon=True).start()
    async with mcp.serve_mcp(app.state, app.state.max_request_bytes):
        yield
    await run_in_threadpool(app.state.background_runs.close)
    app.state.keys.close()
    await run_in_threadpool(services.close)
