"""Cut a list into OpenAI's pages."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.errors import InvalidRequestError

T = TypeVar("T")


class PageRequest(BaseModel):
    """Which part of a list is wanted; `after` and `before` are ids of members."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None


Paging = Annotated[PageRequest, Query()]


def page_of(items: Iterable[T], page: PageRequest, show: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """Return one page of `items`, which come the oldest first, as OpenAI's list object."""
    rows = [show(item) for item in items]
    if page.order == "desc":
        rows.reverse()
    ids = [row["id"] for row in rows]
    start = _position(ids, page.after, "after") + 1 if page.after else 0
    end = _position(ids, page.before, "before") if page.before else len(rows)
    wanted = rows[start:end]
    chosen = wanted[: page.limit]
    return {
        "object": "list",
        "data": chosen,
        "first_id": chosen[0]["id"] if chosen else None,
        "last_id": chosen[-1]["id"] if chosen else None,
        "has_more": len(wanted) > len(chosen),
    }


def _position(ids: Sequence[str], wanted: str, param: str) -> int:
    if wanted not in ids:
        raise InvalidRequestError(detail="no member of the list has this id", param=param)
    return ids.index(wanted)
