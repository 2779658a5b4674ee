"""Small servers on loopback that speak OpenAI's API as others do, over an `Engine` of the tests."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response

from rag.engines.types import Delta, Engine, Message, Sampling
from rag.errors import PromptTooLongError
from tests.fakes import ScriptedEngine

Kind = Literal["vllm", "llama-server", "lm-studio", "hosted"]
JsonObject = dict[str, Any]


@dataclass
class WireServer:
    """A server of some `kind` with one model, which tests exchange; `bodies` has what its chats were asked.

    `refusal` is answered to every chat in the model's place. `stalls` keeps a chat waiting for its first word until it
    is left, which sets `was_left`. `paths` has every request.
    """

    kind: Kind = "vllm"
    engine: Engine = field(default_factory=ScriptedEngine)
    refusal: Response | None = None
    listing: Response | None = None
    events: Sequence[str] | None = None
    stalls: bool = False
    was_left: threading.Event = field(default_factory=threading.Event)
    bodies: list[JsonObject] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def window(self) -> int:
        return self.engine.info().context_window

    @contextmanager
    def live(self) -> Generator["WireServer", None, None]:
        """Serve on a free port of loopback, in a thread."""
        config = uvicorn.Config(self._app(), host="127.0.0.1", port=0, log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            thread.join(20)
            assert not thread.is_alive()

    def _app(self) -> FastAPI:
        app = FastAPI()
        app.get("/v1/models")(self._models)
        app.post("/v1/chat/completions")(self._chat)
        app.post("/v1/completions")(self._chat)
        if self.kind == "vllm":
            app.post("/tokenize")(self._vllm_tokenize)
        if self.kind == "llama-server":
            app.get("/props")(self._props)
            app.post("/apply-template")(self._apply_template)
            app.post("/tokenize")(self._llama_tokenize)
        if self.kind == "lm-studio":
            app.get("/api/v0/models/Maker/Model")(self._lm_studio_model)
        return app

    async def _models(self, request: Request) -> Response:
        self._note(request)
        model: JsonObject = {"id": "Maker/Model", "object": "model", "owned_by": self.kind}
        if self.kind == "vllm":
            model["max_model_len"] = self.window
        if self.kind == "llama-server":
            model["meta"] = {"n_ctx_train": 100_000, "n_params": 1}
        return self.listing or JSONResponse({"object": "list", "data": [model]})

    async def _chat(self, request: Request) -> Response:
        self._note(request)
        body = await request.json()
        self.bodies.append(body)
        if self.refusal is not None:
            return self.refusal
        is_text = "prompt" in body
        messages, sampling = _asked({"messages": [], **body})
        deltas = self.engine.complete(body["prompt"], sampling) if is_text else self.engine.generate(messages, sampling)
        try:
            first = None if self.stalls else next(deltas)
        except PromptTooLongError as error:
            return JSONResponse({"error": {"message": str(error), "code": "context_length_exceeded"}}, 400)
        told = self._told(first, deltas, is_text=is_text)
        return StreamingResponse(told, media_type="text/event-stream")

    async def _told(
        self, first: Delta | None, deltas: Generator[Delta, None, None], *, is_text: bool
    ) -> AsyncGenerator[str, None]:
        try:
            if first is None:
                await asyncio.sleep(60)
                return
            for data in self.events or map(json.dumps, _events(first, deltas, is_text=is_text)):
                yield f"data: {data}\n\n"
                await asyncio.sleep(0)
            if self.events is None:
                yield "data: [DONE]\n\n"
        finally:
            self.was_left.set()
            deltas.close()

    async def _vllm_tokenize(self, request: Request) -> JsonObject:
        self._note(request)
        messages, _ = _asked(await request.json())
        return {"count": self.engine.count_tokens(messages), "max_model_len": self.window, "tokens": []}

    async def _props(self) -> JsonObject:
        return {"default_generation_settings": {"n_ctx": self.window, "params": {}}, "total_slots": 1}

    async def _apply_template(self, request: Request) -> JsonObject:
        messages, _ = _asked(await request.json())
        return {"prompt": json.dumps([[message.role, message.content] for message in messages])}

    async def _llama_tokenize(self, request: Request) -> JsonObject:
        body = await request.json()
        messages = [Message(role, content) for role, content in json.loads(body["content"])]
        return {"tokens": [0] * self.engine.count_tokens(messages)}

    async def _lm_studio_model(self) -> JsonObject:
        return {"id": "Maker/Model", "state": "loaded", "max_context_length": 99, "loaded_context_length": self.window}

    def _note(self, request: Request) -> None:
        self.paths.append(request.url.path)
        self.headers.append(dict(request.headers))


def _asked(body: JsonObject) -> tuple[list[Message], Sampling]:
    messages = [Message(message["role"], message["content"]) for message in body["messages"]]
    return messages, Sampling(max_tokens=body.get("max_tokens"), stop=tuple(body.get("stop", ())))


def _events(first: Delta, rest: Generator[Delta, None, None], *, is_text: bool) -> Generator[JsonObject, None, None]:
    """Yield an answer as vLLM and llama-server stream it: the usage in an event of its own, after the end."""
    delta = first
    while True:
        piece: JsonObject = {"text": delta.text} if is_text else {"delta": {"content": delta.text}}
        choice = {"index": 0, **piece, "finish_reason": delta.finish_reason}
        yield {"object": "chat.completion.chunk", "choices": [choice]}
        if delta.usage is not None:
            usage = {"prompt_tokens": delta.usage.prompt_tokens, "completion_tokens": delta.usage.completion_tokens}
            yield {"object": "chat.completion.chunk", "choices": [], "usage": usage}
            return
        delta = next(rest)
