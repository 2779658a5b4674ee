"""`/health/…`: whether the server runs and can answer."""

from typing import Literal

from api.wire.base import ResponseModel

PartState = Literal["loading", "ok", "failed"]


class LivenessObject(ResponseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    instance: str
    """Random id of this start of the server; `server.json` in its home has the same one."""


class ReadinessObject(ResponseModel):
    """Whether questions can be answered: with status 200 if so, else 503."""

    status: Literal["ok", "unavailable"]
    embedder: PartState
    """State of the embedding model, and of the reranker and claim verifier beside it."""
    model: PartState
    """State of the default model."""
    problems: list[str]
    """Why something failed."""
