"""Keyset pages of lists, as OpenAI's API has them."""

from collections.abc import Callable
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field

from api.wire.base import RequestModel, ResponseModel
from ingest.storage.paging import ListPage, PageSpec

MAX_PAGE = 10_000


class MemberObject(ResponseModel):
    """Base of what lists have as members."""

    id: str


Member = TypeVar("Member", bound=MemberObject)
Record = TypeVar("Record")


def _unset_if_empty(value: object) -> object:
    return None if value == "" else value


Cursor = Annotated[str | None, BeforeValidator(_unset_if_empty)]
"""The id of a member; empty like one that is left out, as clients send it for the first page."""


class PageRequest(RequestModel):
    """Which page of a list to return; `after` and `before` are ids of members."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100
    """Most members of the page."""
    order: Literal["asc", "desc"] = "desc"
    """`desc` lists the newest first, `asc` the oldest."""
    after: Cursor = None
    """Return members behind the one with this id."""
    before: Cursor = None
    """Return members in front of the one with this id: the nearest, or with `after` those next to that."""

    def spec(self) -> PageSpec:
        """Return the page as the library's lists know it."""
        return PageSpec(self.limit, "newest" if self.order == "desc" else "oldest", self.after, self.before)


class ListObject(ResponseModel, Generic[Member]):
    """A page of a list."""

    object: Literal["list"] = "list"
    data: list[Member]
    first_id: str | None
    """Id of the page's first member, for `before`; null on an empty page."""
    last_id: str | None
    """Id of the page's last member, for `after`; null on an empty page."""
    has_more: bool
    """Whether the list goes on beyond the page."""

    @classmethod
    def of(cls, page: ListPage[Record], show: Callable[[Record], Member]) -> Self:
        """Return a page of records, each as `show` makes it a member."""
        members = [show(record) for record in page.items]
        ids = [member.id for member in members]
        return cls(
            data=members,
            first_id=ids[0] if ids else None,
            last_id=ids[-1] if ids else None,
            has_more=page.has_more,
        )
