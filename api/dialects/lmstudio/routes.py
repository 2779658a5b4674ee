"""Everything of LM Studio's: the greeting by which its clients know a server, its REST API, and its websockets.

They are not in `/openapi.json`, because LM Studio's own documents describe them.
"""

from importlib import metadata

from fastapi import APIRouter

from api.dialects.lmstudio.sdk import routes as sdk
from api.wire.base import ResponseModel

router = APIRouter(include_in_schema=False)
router.include_router(sdk.router)


class LmStudioGreeting(ResponseModel):
    """That the server speaks LM Studio's protocols."""

    lmstudio: bool = True


class LmStudioStatus(ResponseModel):
    """Which program answers."""

    package: str = "pincite"
    version: str


@router.get("/lmstudio-greeting")
def greet() -> LmStudioGreeting:
    """Say that LM Studio's clients can talk to this server."""
    return LmStudioGreeting()


@router.get("/lms-status")
def show_status() -> LmStudioStatus:
    """Say which program this is."""
    return LmStudioStatus(version=metadata.version("pincite"))
