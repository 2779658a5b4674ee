"""A small stand-in for the API on a real loopback port: it keeps files in memory and answers from a script."""

import asyncio
import json
import socket
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.ui.fake_chats import FakeChats, error_response, list_response

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cf"
    "c0f01f00050001ff56c7a1f80000000049454e44ae426082"
)
TEXT = "The brakes are checked every year. The Finch weighs 15.9 kg without battery."
QUOTE = "The Finch weighs 15.9 kg without battery."


def span(quote: str, *, file_id: str = "file-1", filename: str = "handbook.pdf", boxes: int = 1) -> dict[str, Any]:
    """Return a span of `TEXT` as the API describes it."""
    start = TEXT.index(quote)
    return {
        "file_id": file_id,
        "filename": filename,
        "source": filename,
        "page": 5,
        "place": "page 5",
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "score": 0.9,
        "boxes": [{"page": 5, "x0": 1.0, "y0": 1.0, "x1": 9.0, "y1": 2.0}] * boxes,
    }


def chunk(delta: dict[str, Any], finish_reason: str | None = None, **extra: Any) -> dict[str, Any]:
    """Return one chunk of a streamed answer."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "docs/x", "choices": [choice], **extra}


def basis(**changes: Any) -> dict[str, Any]:
    """Return the first chunk's `pincite` object."""
    passage: dict[str, Any] = {
        "number": 1,
        "file_id": "file-1",
        "filename": "handbook.pdf",
        "page": 5,
        "place": "page 5",
        "heading_path": [],
    }
    return {
        "mode": "retrieval",
        "reason": "1 passage of 1 document fits",
        "evidence": [span(QUOTE)],
        "passages": [{**passage, "start": 0, "end": len(TEXT)}],
        **changes,
    }


def annotation(answer: str, quote: str = QUOTE, verdict: str = "supported", **changes: Any) -> dict[str, Any]:
    """Return a citation that covers the whole `answer`."""
    return {
        **span(quote),
        "type": "file_citation",
        "index": len(answer),
        "number": 1,
        "origin": "marker",
        "verdict": verdict,
        "reasons": [],
        "answer_start": 0,
        "answer_end": len(answer),
        **changes,
    }


def scripted_answer(text: str = "It weighs 15.9 kg [1].") -> list[dict[str, Any]]:
    """Return the chunks of a complete answer, one word each."""
    words = text.split(" ")
    pieces = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
    timings = {"retrieval_seconds": 0.1, "first_token_seconds": 0.2, "total_seconds": 0.5}
    check: dict[str, Any] = {**basis(), "sentences": [], "timings": timings, "model": "smollm2-135m-instruct"}
    return [
        chunk({"role": "assistant", "content": ""}, pincite=basis()),
        *(chunk({"content": piece}) for piece in pieces),
        chunk({"annotations": [annotation(text)]}, "stop", pincite=check),
    ]


@dataclass
class FakeApi:
    """Documents, chats and recorded requests. `script` holds the chunks, pauses (seconds) and raw lines of a stream."""

    stores: dict[str, str] = field(default_factory=lambda: {"vs-1": "default"})
    documents: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    script: list[Any] = field(default_factory=scripted_answer)
    chats: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    stored: FakeChats = field(default_factory=FakeChats)
    passwords: list[str | None] = field(default_factory=list)
    client_left: threading.Event = field(default_factory=threading.Event)
    sends_done: bool = True
    storing_seconds: float = 0.0
    media_type: str = "text/event-stream"
    refusal: tuple[int, str, str] | None = None
    control_refusal: str | None = None
    key: str | None = None
    url: str = ""

    def add_document(self, file_id: str, filename: str, store: str = "vs-1", **changes: Any) -> None:
        """Put a document into a store, read already unless `changes` say otherwise."""
        self.files[file_id] = (filename, b"content")
        self.documents[store, file_id] = {
            "id": file_id,
            "object": "vector_store.file",
            "filename": filename,
            "status": "completed",
            "usage_bytes": 81_234,
            "pages": 15,
            "chunks": 42,
            "warning": None,
            "last_error": None,
            "progress": None,
            **changes,
        }

    def app(self) -> Starlette:
        """Return the fake as an ASGI app, which records its requests."""
        store_files = "/v1/vector_stores/{store}/files"
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/files", self._create_file, methods=["POST"]),
                Route("/v1/files/{file}", self._delete_file, methods=["DELETE"]),
                Route("/v1/vector_stores", self._list_stores),
                Route("/v1/vector_stores", self._create_store, methods=["POST"]),
                Route("/v1/vector_stores/{store}", self._show_store),
                Route(store_files, self._list_store_files),
                Route(store_files, self._create_store_file, methods=["POST"]),
                Route(store_files + "/{file}", self._store_file),
                Route(store_files + "/{file}", self._delete_store_file, methods=["DELETE"]),
                Route(store_files + "/{file}/retry", self._retry, methods=["POST"]),
                Route(store_files + "/{file}/{action}", self._control, methods=["POST"]),
                Route(store_files + "/{file}/pages/{page:int}", self._page_text),
                Route(store_files + "/{file}/pages/{page:int}/image", self._page_image),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                *self.stored.routes(),
            ],
            middleware=[Middleware(_RequestRecorder, requests=self.requests)],
        )

    def _models(self, request: Request) -> Response:
        if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
            return error_response(401, "a key is needed", "invalid_api_key")
        types = {"smollm2-135m-instruct": "llm", "all-MiniLM-L6-v2": "embeddings"}
        types |= {f"docs/{name}": "collection" for name in self.stores.values()}
        models = [{"id": id_, "object": "model", "type": type_} for id_, type_ in types.items()]
        return JSONResponse({"object": "list", "data": models})

    async def _create_file(self, request: Request) -> Response:
        async with request.form() as form:
            upload: Any = form["file"]
            content = await upload.read()
            if not content:
                return error_response(400, f"{upload.filename} is an empty file (0 bytes)", "empty_file")
            file_id = f"file-{len(self.files) + 1}"
            self.files[file_id] = (upload.filename, content)
            return JSONResponse({"id": file_id, "object": "file", "filename": upload.filename})

    def _delete_file(self, request: Request) -> Response:
        self.files.pop(request.path_params["file"], None)
        return JSONResponse({"deleted": True})

    def _list_stores(self, request: Request) -> Response:
        return list_response([self._store_object(store) for store in reversed(self.stores)], request)

    def _show_store(self, request: Request) -> Response:
        return JSONResponse(self._store_object(request.path_params["store"]))

    async def _create_store(self, request: Request) -> Response:
        name = (await request.json())["name"]
        if name in self.stores.values():
            return error_response(409, f"there is a collection named {name!r} already", "collection_exists")
        store = f"vs-{len(self.stores) + 1}"
        self.stores[store] = name
        return JSONResponse(self._store_object(store))

    def _store_object(self, store: str) -> dict[str, Any]:
        statuses = Counter(entry["status"] for (owner, _), entry in self.documents.items() if owner == store)
        counts = {status: statuses[status] for status in ("in_progress", "completed", "failed", "cancelled")}
        return {
            "id": store,
            "object": "vector_store",
            "name": self.stores[store],
            "file_counts": {**counts, "total": statuses.total()},
        }

    def _list_store_files(self, request: Request) -> Response:
        owner = request.path_params["store"]
        return list_response([entry for (store, _), entry in self.documents.items() if store == owner][::-1], request)

    async def _create_store_file(self, request: Request) -> Response:
        store, asked = request.path_params["store"], await request.json()
        file_id = asked["file_id"]
        filename = self.files[file_id][0]
        entries = [entry for (owner, _), entry in self.documents.items() if owner == store]
        alike = [entry["id"] for entry in entries if entry["filename"] == filename]
        path = PurePosixPath(filename)
        source = f"{path.stem} ({len(alike) + 1}){path.suffix}" if alike else filename
        replaces = alike[-1] if asked["replace"] and alike else None
        self.add_document(file_id, filename, store, source=source, replaces=replaces)
        return JSONResponse(self.documents[store, file_id])

    def _store_file(self, request: Request) -> Response:
        entry = self.documents.get((request.path_params["store"], request.path_params["file"]))
        return JSONResponse(entry) if entry else error_response(404, "there is no such document", "not_found")

    def _delete_store_file(self, request: Request) -> Response:
        self.documents.pop((request.path_params["store"], request.path_params["file"]))
        return JSONResponse({"deleted": True})

    async def _retry(self, request: Request) -> Response:
        self.passwords.append((await request.json())["password"])
        entry = self.documents[request.path_params["store"], request.path_params["file"]]
        entry.update(status="completed", last_error=None, needs_password=False)
        return JSONResponse(entry)

    def _control(self, request: Request) -> Response:
        entry = self.documents[request.path_params["store"], request.path_params["file"]]
        action = request.path_params["action"]
        if self.control_refusal is not None:
            return error_response(409, self.control_refusal, "conflict")
        if action == "cancel":
            entry.update(status="cancelled", progress=None)
        else:
            entry["progress"]["status"] = {"pause": "paused", "resume": "queued"}[action]
        return JSONResponse(entry)

    def _page_text(self, request: Request) -> Response:
        return JSONResponse({"number": request.path_params["page"], "text": TEXT, "start": 0, "end": len(TEXT)})

    def _page_image(self, request: Request) -> Response:
        return Response(PNG, media_type="image/png")

    async def _chat(self, request: Request) -> Response:
        chat_request = await request.json()
        self.chats.append(chat_request)
        if self.refusal is not None:
            return error_response(*self.refusal)
        return StreamingResponse(self._events(chat_request), media_type=self.media_type)

    async def _events(self, chat_request: dict[str, Any]) -> AsyncGenerator[str, None]:
        sent_chunks: list[dict[str, Any]] = []
        try:
            for step in self.script:
                if isinstance(step, float):
                    await asyncio.sleep(step)
                    continue
                if isinstance(step, str):
                    yield step
                    continue
                sent_chunks.append(step)
                if is_last(step):
                    self.stored.store_answer(chat_request, sent_chunks, "complete")
                yield f"data: {json.dumps(step)}\n\n"
            if self.sends_done:
                yield "data: [DONE]\n\n"
        except asyncio.CancelledError:
            store = partial(self.stored.store_answer, chat_request, sent_chunks, "stopped")
            threading.Timer(self.storing_seconds, store).start() if self.storing_seconds else store()
            self.client_left.set()
            raise


class _RequestRecorder:
    """Records the method, path and query of every request."""

    def __init__(self, app: ASGIApp, requests: list[str]) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = scope["query_string"].decode()
            self._requests.append(f"{scope['method']} {scope['path']}{'?' * bool(query)}{query}")
        await self._app(scope, receive, send)


def is_last(step: dict[str, Any]) -> bool:
    """Return whether a chunk ends an answer."""
    return any(choice["finish_reason"] for choice in step.get("choices", ()))


@contextmanager
def serve_fake(api: FakeApi) -> Generator[FakeApi, None, None]:
    """Serve `api` on a free loopback port while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(api.app(), log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield api
        finally:
            server.should_exit = True
            thread.join(timeout=10)
