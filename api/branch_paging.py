"""Pages of a list that is in memory as a whole, such as a branch of a conversation, a walk through a tree."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeVar

from ingest.errors import CursorNotFoundError
from ingest.storage.paging import ListPage, PageSpec


class HasId(Protocol):
    """A member of a list."""

    @property
    def id(self) -> str: ...


Member = TypeVar("Member", bound=HasId)


def page_of_list(members: Sequence[Member], spec: PageSpec) -> ListPage[Member]:
    """Return one page of a list, which comes the oldest first; raises `CursorNotFoundError`.

    `after` and `before` mean what they mean in the library's lists.
    """
    ordered = list(members) if spec.order == "oldest" else list(reversed(members))
    ids = [member.id for member in ordered]
    start = 0 if spec.after is None else _index(ids, "after", spec.after) + 1
    end = len(ids) if spec.before is None else _index(ids, "before", spec.before)
    part = ordered[start:end]
    is_backwards = spec.before is not None and spec.after is None
    return ListPage(part[-spec.limit :] if is_backwards else part[: spec.limit], has_more=len(part) > spec.limit)


def _index(ids: Sequence[str], param: Literal["after", "before"], cursor: str) -> int:
    if cursor not in ids:
        raise CursorNotFoundError(param=param, cursor=cursor)
    return ids.index(cursor)
