"""Pages of a list that is in memory as a whole: the branch of a conversation, which is a walk through a tree."""

from collections.abc import Sequence
from typing import Literal

from ingest.errors import CursorNotFoundError
from ingest.storage.paging import ListPage, PageSpec
from rag.conversations.turns import Turn


def page_of_path(path: Sequence[Turn], spec: PageSpec) -> ListPage[Turn]:
    """Return one page of a path of turns, which comes the oldest first; raises `CursorNotFoundError`.

    `after` and `before` mean what they mean in the library's lists.
    """
    turns = list(path) if spec.order == "oldest" else list(reversed(path))
    ids = [turn.id for turn in turns]
    start = 0 if spec.after is None else _index(ids, "after", spec.after) + 1
    end = len(ids) if spec.before is None else _index(ids, "before", spec.before)
    part = turns[start:end]
    is_backwards = spec.before is not None and spec.after is None
    return ListPage(part[-spec.limit :] if is_backwards else part[: spec.limit], has_more=len(part) > spec.limit)


def _index(ids: Sequence[str], param: Literal["after", "before"], cursor: str) -> int:
    if cursor not in ids:
        raise CursorNotFoundError(param=param, cursor=cursor)
    return ids.index(cursor)
