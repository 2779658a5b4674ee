"""The tools: search, ask, list and read, over any backend of the commands."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from api.backends.types import Backend, CompleteAnswer
from api.dialects.mcp.wire import (
    MAX_LISTED,
    AskArguments,
    AskOutput,
    CollectionEntry,
    DocumentEntry,
    ListArguments,
    ListOutput,
    PassageResult,
    Pin,
    ReadArguments,
    ReadOutput,
    SearchArguments,
    SearchOutput,
    make_uri,
)
from api.wire.answers import AnswerBasis, ProgressDetails
from api.wire.base import DOCS_PREFIX, RequestModel, ResponseModel
from api.wire.chat import ChatRequest
from api.wire.lists import PageRequest
from api.wire.search import SearchRequest
from api.wire.vector_stores import StoreFilePageRequest

Arguments = TypeVar("Arguments", bound=RequestModel)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a call is; `total` is 0 if that is not known."""

    done: int
    total: int
    doing: str


Work = Generator[Step | None, None, ResponseModel]
"""A call at work: it yields its steps, None for a sign of life, and returns what the tool gives."""


@dataclass(frozen=True, slots=True)
class LibraryTool(Generic[Arguments]):
    """A tool that only reads. `run` blocks between its steps; closing it stops a model that writes."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    output: type[ResponseModel]
    run: Callable[[Backend, Arguments], Work]


def search(backend: Backend, arguments: SearchArguments) -> Work:
    """Return the passages that fit a query best."""
    yield None
    request = SearchRequest(query=[arguments.query], max_num_results=arguments.max_results)
    found = backend.search(arguments.collection, request)
    collection = _find_id(backend, arguments.collection)
    return SearchOutput(results=[PassageResult.of(collection, result) for result in found.data])


def ask(backend: Backend, arguments: AskArguments) -> Work:
    """Return the answer to a question, pinned to the documents."""
    body: dict[str, Any] = {
        "model": DOCS_PREFIX + arguments.collection,
        "messages": [{"role": "user", "content": arguments.question}],
        "pincite": {"model": backend.named_model, "sources": "none"},
    }
    answer: CompleteAnswer | None = None
    with closing(backend.answer(ChatRequest.model_validate(body))) as events:
        for event in events:
            if isinstance(event, CompleteAnswer):
                answer = event
            yield _describe_step(event)
    assert answer is not None  # noqa: S101 (events that do not raise end with the answer)
    return AskOutput(
        answer=answer.text,
        verdict=answer.check.answer_verdict,
        pins=[Pin.of(answer.text, citation) for citation in answer.citations],
        conflicts=[
            f"{conflict.about}: {' / '.join(value.value for value in conflict.values)}"
            for conflict in answer.check.disagreements
        ],
    )


def list_documents(backend: Backend, arguments: ListArguments) -> Work:
    """Return the collections, or the documents of one."""
    yield None
    if arguments.collection is None:
        stores = backend.list_collections(PageRequest(limit=MAX_LISTED))
        entries = [
            CollectionEntry(name=store.name, id=store.id, documents=store.file_counts.total) for store in stores.data
        ]
        return ListOutput(collections=entries, is_complete=not stores.has_more)
    page = StoreFilePageRequest(limit=MAX_LISTED, name=arguments.name)
    documents = backend.list_documents(arguments.collection, page)
    return ListOutput(
        documents=[DocumentEntry.of(document) for document in documents.data], is_complete=not documents.has_more
    )


def read_document(backend: Backend, arguments: ReadArguments) -> Work:
    """Return a page of a document."""
    yield None
    document = backend.find_document(arguments.collection, arguments.file_id)
    page = backend.read_page(arguments.collection, arguments.file_id, arguments.page)
    return ReadOutput(
        text=page.text,
        page=page.number,
        pages=document.pages,
        place=page.label or f"{page.unit} {page.number}",
        start=page.start,
        end=page.end,
        uri=make_uri(document.vector_store_id, document.id),
    )


TOOLS: tuple[LibraryTool[Any], ...] = (
    LibraryTool(
        "search",
        "Search documents",
        "Find the passages of a collection of the user's own documents that fit a query best.",
        SearchArguments,
        SearchOutput,
        search,
    ),
    LibraryTool(
        "ask",
        "Ask documents",
        "Answer a question from a collection of the user's own documents alone. Each sentence is pinned to the exact "
        "words of a document, with a verdict; if the documents do not say, the answer says so.",
        AskArguments,
        AskOutput,
        ask,
    ),
    LibraryTool(
        "list_documents",
        "List documents",
        "List the user's collections, or the documents of one.",
        ListArguments,
        ListOutput,
        list_documents,
    ),
    LibraryTool(
        "read_document",
        "Read a page",
        "Read a page of a document, to see what stands around a passage or a quote.",
        ReadArguments,
        ReadOutput,
        read_document,
    ),
)


def _describe_step(event: object) -> Step | None:
    if isinstance(event, ProgressDetails):
        return Step(event.done, event.total, event.doing)
    if isinstance(event, AnswerBasis):
        return Step(0, 0, f"answering from {len(event.passages)} passages" if event.passages else event.reason)
    return None


def _find_id(backend: Backend, name_or_id: str) -> str:
    """Return the id of a collection: the address of a resource outlives a new name."""
    page = backend.list_documents(name_or_id, StoreFilePageRequest(limit=1))
    return page.data[0].vector_store_id if page.data else name_or_id
