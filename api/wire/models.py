"""`/v1/models` as OpenAI has it."""

from typing import Literal

from pydantic import ConfigDict

from api.wire.base import Absent, ResponseModel
from rag.models.manager import ModelState


class ModelObject(ResponseModel):
    """Something that a request can name as its model: a model, the embedder, or a collection as `docs/<name>`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "docs/manuals",
                    "object": "model",
                    "created": 1790000000,
                    "owned_by": "local",
                    "type": "collection",
                }
            ]
        }
    )

    id: str
    object: Literal["model"] = "model"
    created: int
    """Unix time in seconds."""
    owned_by: Literal["local"] = "local"
    type: Literal["llm", "embeddings", "collection"]
    """What it is; only a model and a collection can answer a chat."""
    state: ModelState | None = Absent
    """Whether a model is in memory; collections do not have it."""


class ModelList(ResponseModel):
    """The models, the embedder, then the collections."""

    object: Literal["list"] = "list"
    data: list[ModelObject]
