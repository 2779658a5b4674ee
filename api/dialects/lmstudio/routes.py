"""Everything of LM Studio's: the greeting by which its clients know a server, its REST API, and its websockets.

Most is not in `/openapi.json`, because LM Studio's own documents describe it.
"""

from importlib import metadata

from fastapi import APIRouter

from api.dialects.lmstudio import rest_v0, rest_v1
from api.dialects.lmstudio.sdk import routes as sdk
from api.wire.base import ResponseModel

router = APIRouter()
for _part in (rest_v0.router, rest_v1.router, rest_v1.models_router, sdk.router):
    router.include_router(_part)


class LmStudioGreeting(ResponseModel):
    """That the server speaks LM Studio's protocols."""

    lmstudio: bool = True


class LmStudioStatus(ResponseModel):
    """Which program answers."""

    package: str = "pincite"
    version: str


@router.get("/lmstudio-greeting", include_in_schema=False)
def greet() -> LmStudioGreeting:
    """Say that LM Studio's clients can talk to this server."""
    return LmStudioGreeting()


@router.get("/lms-status", include_in_schema=False)
def show_status() -> LmStudioStatus:
    """Say which program this is."""
    return LmStudioStatus(version=metadata.version("pincite"))
