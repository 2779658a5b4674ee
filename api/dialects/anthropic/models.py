"""The models, and the collections as `docs/<name>`, in the list of Anthropic's API."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from api.errors import InvalidRequestError
from api.wire.base import ResponseModel
from api.wire.models import ModelObject

MAX_PAGE = 1_000


class ModelInfoObject(ResponseModel):
    """Something that a message can name as its model."""

    type: Literal["model"] = "model"
    id: str
    display_name: str
    created_at: datetime
    lifecycle: Literal["active"] = "active"

    @classmethod
    def of(cls, model: ModelObject) -> "ModelInfoObject":
        """Return a model of OpenAI's list."""
        return cls(id=model.id, display_name=model.id, created_at=datetime.fromtimestamp(model.created, UTC))


class ModelPage(ResponseModel):
    """A page of the models."""

    data: list[ModelInfoObject]
    has_more: bool
    first_id: str | None
    last_id: str | None


def list_page(models: Sequence[ModelObject], *, limit: int, after_id: str | None, before_id: str | None) -> ModelPage:
    """Return the models behind `after_id`, or those in front of `before_id`; raises `InvalidRequestError`."""
    ids = [model.id for model in models]
    if after_id is not None and before_id is not None:
        raise InvalidRequestError(detail="name either after_id or before_id", param="before_id")
    if after_id is not None:
        rest = models[_find(ids, after_id, "after_id") + 1 :]
        page = rest[:limit]
    elif before_id is not None:
        rest = models[: _find(ids, before_id, "before_id")]
        page = rest[-limit:]
    else:
        rest, page = models, models[:limit]
    return ModelPage(
        data=[ModelInfoObject.of(model) for model in page],
        has_more=len(page) < len(rest),
        first_id=page[0].id if page else None,
        last_id=page[-1].id if page else None,
    )


def _find(ids: Sequence[str], id_: str, param: str) -> int:
    if id_ not in ids:
        raise InvalidRequestError(detail=f"there is no model {id_!r}", param=param)
    return ids.index(id_)
