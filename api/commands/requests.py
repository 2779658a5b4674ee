"""The options of `pincite search`, `ask` and `chat` as requests to a backend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from api.commands.output import CommandError
from api.wire.base import DOCS_PREFIX, JsonObject
from api.wire.chat import ChatRequest
from api.wire.filters import filter_object
from api.wire.search import SearchRequest
from ingest.library.filters import parse_expressions
from rag.types import AnswerMode, AnswerStyle

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Which collections answer a question, and how; None leaves the choice to the settings."""

    collections: tuple[str, ...]
    mode: AnswerMode | None = None
    model: str | None = None
    filters: tuple[str, ...] = ()
    style: AnswerStyle | None = None
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Which collection is searched, how many results are shown, and the filters as typed."""

    collection: str
    top_k: int
    filters: tuple[str, ...] = ()
    explain: bool = False
    is_local: bool = False


def build_search_request(options: SearchOptions, query: str) -> SearchRequest:
    """Return the request of a search; raises `CommandError` for one that no backend would take."""
    body = {
        "query": query,
        "max_num_results": options.top_k,
        "filters": parse_filter_options(options.filters),
        "explain": options.explain,
    }
    return _validate(SearchRequest.model_validate, body)


def build_chat_request(
    options: AskOptions,
    messages: Sequence[Mapping[str, Any]],
    *,
    default_model: str | None = None,
    conversation: str | None = None,
) -> ChatRequest:
    """Return the request of a question, the last of `messages`; raises `CommandError` like `build_search_request`.

    With a stored `conversation`, the question is the only message.
    """
    first, *others = options.collections
    body = {
        "model": DOCS_PREFIX + first,
        "messages": messages,
        "pincite": {
            "model": options.model or default_model,
            "mode": options.mode,
            "style": options.style,
            "collections": others,
            "filters": parse_filter_options(options.filters),
            "conversation": conversation,
            "sources": "numbers",  # the citations are shown behind the answer
        },
    }
    return _validate(ChatRequest.model_validate, body)


def parse_filter_options(typed: Sequence[str]) -> JsonObject | None:
    """Return the filter of the `--filter` options as JSON, None without any; a wrong one raises `CommandError`."""
    try:
        filters = parse_expressions(typed)
    except ValueError as error:
        raise CommandError(f"--filter: {error}", exit_code=2) from error
    return None if filters is None else filter_object(filters)


def _validate(validate: Callable[[JsonObject], R], body: JsonObject) -> R:
    try:
        return validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
        raise CommandError(f"{field}: {first['msg'].removeprefix('Value error, ')}", exit_code=2) from error
