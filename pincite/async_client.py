"""The asynchronous client."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from httpx_sse import EventSource

from api.backends.errors import ServerLostError
from api.backends.stream_decoder import StreamDecoder
from api.backends.types import BackendEvent, CompleteAnswer
from api.wire.lists import ListObject, Member
from api.wire.pages import PageText
from api.wire.search import SearchResult
from api.wire.vector_stores import StoreFileObject, VectorStoreObject
from pincite import calls
from pincite.calls import DEFAULT_COLLECTION, DEFAULT_URL, Call, Filter, Shape, Turn
from pincite.client import POLL_SECONDS


class AsyncClient:
    """Talks to a running server from asynchronous code; otherwise as `pincite.client.Client`, whose methods it has."""

    def __init__(
        self, url: str = DEFAULT_URL, *, api_key: str | None = None, timeout_seconds: float | None = None
    ) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        self._http = httpx.AsyncClient(**calls.make_options(self.url, api_key, timeout_seconds))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # Questions

    async def ask(self, question: str, collection: str = DEFAULT_COLLECTION, **options: Any) -> CompleteAnswer:
        """Return the answer to a question about the documents of a collection; `options` as `stream` has them."""
        async for event in self.stream(question, collection, **options):
            if isinstance(event, CompleteAnswer):
                return event
        raise ServerLostError(url=self.url)

    async def stream(
        self,
        question: str,
        collection: str = DEFAULT_COLLECTION,
        *,
        history: Sequence[Turn] = (),
        filters: Filter | None = None,
        conversation: str | None = None,
        model: str | None = None,
    ) -> AsyncGenerator[BackendEvent, None]:
        """Yield the events of an answer, see `Client.stream`. Closing the generator stops the model."""
        body = calls.ask(question, collection, history=history, filters=filters, conversation=conversation, model=model)
        decoder = StreamDecoder(self.url)
        with self._errors():
            async with self._http.stream("POST", calls.CHAT_PATH, json=body) as response:
                if not response.is_success:
                    await response.aread()
                    raise calls.refusal(response)
                async for event in EventSource(response).aiter_sse():
                    if event.data == calls.DONE:
                        return
                    for decoded in decoder.decode(event.data):
                        yield decoded

    async def search(
        self,
        query: str | Sequence[str],
        collection: str = DEFAULT_COLLECTION,
        *,
        top_k: int = 10,
        filters: Filter | None = None,
    ) -> list[SearchResult]:
        """Return the passages that fit best, the best first."""
        return (await self._send(calls.search(query, collection, top_k=top_k, filters=filters))).data

    # Documents

    async def add(
        self,
        path: str | Path,
        collection: str = DEFAULT_COLLECTION,
        *,
        attributes: Mapping[str, Any] | None = None,
        on_progress: Callable[[StoreFileObject], None] | None = None,
    ) -> StoreFileObject:
        """Upload a file, and wait until it can be searched, see `Client.add`."""
        await self.ensure_collection(collection)
        path = Path(path)
        content = await asyncio.to_thread(path.read_bytes)
        file = await self._send(calls.upload(path.name, content))
        document = await self._send(calls.add_document(collection, file.id, attributes))
        while document.status == "in_progress":
            if on_progress is not None:
                on_progress(document)
            await asyncio.sleep(POLL_SECONDS)
            document = await self._send(calls.find_document(collection, file.id))
        if on_progress is not None:
            on_progress(document)
        return document

    def documents(self, collection: str = DEFAULT_COLLECTION) -> AsyncIterator[StoreFileObject]:
        """Return an iterator over the documents of a collection, the oldest first."""
        return self._list(lambda after: calls.list_documents(collection, after))

    async def remove(self, file_id: str, collection: str = DEFAULT_COLLECTION) -> None:
        """Take a document out of a collection."""
        await self._send(calls.remove_document(collection, file_id))

    async def page(self, file_id: str, number: int, collection: str = DEFAULT_COLLECTION) -> PageText:
        """Return a page of a document."""
        return await self._send(calls.read_page(collection, file_id, number))

    async def text(self, file_id: str, collection: str = DEFAULT_COLLECTION) -> str:
        """Return the text of a document, in which the offsets of citations count."""
        return "".join(part.text for part in (await self._send(calls.read_text(collection, file_id))).data)

    # Collections and conversations

    def collections(self) -> AsyncIterator[VectorStoreObject]:
        """Return an iterator over the collections, the oldest first."""
        return self._list(calls.list_collections)

    async def ensure_collection(self, name: str) -> VectorStoreObject:
        """Return a collection, which is made if there is none of this name."""
        async for each in self.collections():
            if name in (each.name, each.id):
                return each
        return await self._send(calls.create_collection(name))

    async def delete_collection(self, name: str) -> None:
        """Delete a collection with its documents."""
        await self._send(calls.delete_collection(name))

    async def start_conversation(self) -> str:
        """Return the id of a new conversation, in which `ask` and `stream` store questions and answers."""
        return (await self._send(calls.create_conversation())).id

    async def delete_conversation(self, conversation: str) -> None:
        """Delete a conversation."""
        await self._send(calls.delete_conversation(conversation))

    async def _list(self, list_page: Callable[[str | None], Call[ListObject[Member]]]) -> AsyncIterator[Member]:
        after, has_more = None, True
        while has_more:
            page = await self._send(list_page(after))
            for member in page.data:
                yield member
            after, has_more = page.last_id, page.has_more

    async def _send(self, call: Call[Shape]) -> Shape:
        with self._errors():
            return call.read(await self._http.request(call.method, call.path, **call.options))

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise ServerLostError(url=self.url) from error
