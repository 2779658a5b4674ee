"""What a server that speaks OpenAI's API says of itself: its models, their windows, the length of a prompt.

Servers differ beyond `/v1`: vLLM and llama-server count tokens exactly, LM Studio tells the window only in an API of
its own. Which of them it is shows in what it says of a model; texts are sent to no address that it may not have.
"""

import ipaddress
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
import msgspec
from httpx_sse import EventSource

from rag.engines.openai.wire import Chunk, JsonObject, Problem, read_problem, wire_messages
from rag.engines.types import Message
from rag.errors import ModelLoadError
from rag.settings import RagSettings

logger = logging.getLogger(__name__)

T = TypeVar("T")

DEFAULT_WINDOW = 8_192
"""The window of a model whose server does not tell it."""
LIST_SECONDS = 10.0
"""So long a list of models is taken for true, or a server for unreachable."""
CONNECT_SECONDS = 2.0
FACTS_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 600
LOCAL_ENDINGS = (".local", ".lan", ".internal", ".localhost")
FAILURES = (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError)


class RefusedError(Exception):
    """The server said no, before or in the middle of an answer."""

    def __init__(self, *, status: int, problem: Problem, retry_after_seconds: int = 1) -> None:
        self.status = status
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"status {status}: {problem.message or problem.code or 'no reason given'}")


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model as `/v1/models` has it, and LM Studio's `/api/v0/models`; no server says all of it."""

    id: str
    max_model_len: int | None = None
    context_length: int | None = None
    context_window: int | None = None
    loaded_context_length: int | None = None
    max_context_length: int | None = None
    meta: dict[str, Any] | None = None

    @property
    def is_vllm(self) -> bool:
        """Whether vLLM serves it, which has words of its own for some things."""
        return self.max_model_len is not None

    @property
    def is_llama_server(self) -> bool:
        """Whether llama.cpp's server has it."""
        return self.meta is not None and "n_ctx_train" in self.meta


@dataclass(frozen=True, slots=True)
class _ModelList:
    data: tuple[RemoteModel, ...]


@dataclass(frozen=True, slots=True)
class _Slot:
    n_ctx: int


@dataclass(frozen=True, slots=True)
class _Props:
    default_generation_settings: _Slot


@dataclass(frozen=True, slots=True)
class _Prompt:
    prompt: str


@dataclass(frozen=True, slots=True)
class _Tokens:
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


class OpenAiServer:
    """One server. Safe to use from several threads; holds no connection open."""

    def __init__(self, url: str, key: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url.rstrip("/")
        self.is_near = is_near(httpx.URL(url).host)
        self._root = self.url.removesuffix("/v1")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._clock = clock
        self._lock = threading.Lock()
        self._listed: tuple[RemoteModel, ...] = ()
        self._listed_until = -1.0
        # Making one takes longer than a request on this machine.
        self._certificates = httpx.create_ssl_context()

    def privacy_note(self) -> str:
        """Return what a user should know about where texts go; empty where they stay near."""
        if self.is_near:
            return ""
        return f"questions and passages for a remote/ model leave this network: they go to {httpx.URL(self.url).host}"

    def models(self) -> tuple[RemoteModel, ...]:
        """Return the models that the server has, or last had where it cannot be asked now. Never raises."""
        with self._lock:
            if self._clock() >= self._listed_until:
                try:
                    self._listed = self._list()
                except FAILURES as error:
                    logger.warning("the models of %s cannot be listed: %s", self.url, type(error).__name__)
                self._listed_until = self._clock() + LIST_SECONDS
            return self._listed

    def find(self, name: str, *, model: str) -> RemoteModel:
        """Return what the server says now of its model `name`; raise `ModelLoadError` for the engine's `model`.

        A server without a list is not asked further: what it has shows when it answers.
        """
        try:
            listed = self._list()
        except httpx.HTTPStatusError as error:
            if error.response.status_code == HTTPStatus.NOT_FOUND:
                return RemoteModel(name)
            raise ModelLoadError(model=model, detail=f"{self.url} answers {error.response.status_code}") from error
        except FAILURES as error:
            detail = f"{self.url} cannot be reached ({type(error).__name__})"
            raise ModelLoadError(model=model, detail=detail) from error
        for known in listed:
            if known.id == name:
                return known
        names = ", ".join(known.id for known in listed) or "none"
        raise ModelLoadError(model=model, detail=f"{self.url} has no such model; it has: {names}")

    def window(self, model: RemoteModel) -> int:
        """Return the context window of a model; `DEFAULT_WINDOW` where the server does not tell."""
        if model.is_llama_server:
            return self._llama_window(model.meta or {})
        told = model.max_model_len or model.context_length or model.context_window
        if told:
            return told
        more = self._get(f"{self._root}/api/v0/models/{model.id}", RemoteModel)
        if more is None:
            return DEFAULT_WINDOW
        # A model that is not loaded yet will be, with fewer tokens than it could hold.
        return more.loaded_context_length or min(more.max_context_length or DEFAULT_WINDOW, DEFAULT_WINDOW)

    def count(self, model: RemoteModel, messages: Sequence[Message]) -> int | None:
        """Return the exact length of the prompt that `messages` become; None where the server cannot tell."""
        chat: JsonObject = {"messages": wire_messages(messages)}
        try:
            if model.is_vllm:
                body = {"model": model.id, **chat, "add_generation_prompt": True}
                return self._post(f"{self._root}/tokenize", body, _Count).count
            if model.is_llama_server:
                prompt = self._post(f"{self._root}/apply-template", chat, _Prompt).prompt
                body = {"content": prompt, "add_special": True, "parse_special": True}
                return len(self._post(f"{self._root}/tokenize", body, _Tokens).tokens)
        except FAILURES:
            logger.debug("%s does not count tokens", self.url, exc_info=True)
        return None

    async def chunks(self, body: JsonObject, *, timeout_seconds: float) -> AsyncGenerator[Chunk, None]:
        """Yield the events of a streamed answer, up to its end.

        Raises `RefusedError`, and the errors of httpx and msgspec where the connection fails or the server breaks the
        protocol. Closing the generator closes the connection.
        """
        timeout = httpx.Timeout(timeout_seconds, connect=CONNECT_SECONDS)
        async with (
            httpx.AsyncClient(**self._options(timeout)) as http,
            http.stream("POST", f"{self.url}/chat/completions", json=body) as response,
        ):
            if not response.is_success:
                problem = read_problem(await response.aread())
                raise RefusedError(
                    status=response.status_code,
                    problem=problem,
                    retry_after_seconds=_seconds(response.headers.get("Retry-After", "")),
                )
            async for event in EventSource(response).aiter_sse():
                if event.data == "[DONE]":
                    return
                if event.data:
                    chunk = msgspec.json.decode(event.data, type=Chunk)
                    if chunk.problem is not None:
                        raise RefusedError(status=response.status_code, problem=chunk.problem)
                    yield chunk

    def _llama_window(self, meta: dict[str, Any]) -> int:
        props = self._get(f"{self._root}/props", _Props)
        told = props.default_generation_settings.n_ctx if props else meta.get("n_ctx") or meta.get("n_ctx_train")
        return int(told or DEFAULT_WINDOW)

    def _list(self) -> tuple[RemoteModel, ...]:
        with self._client() as http:
            return _decoded(http.get(f"{self.url}/models"), _ModelList).data

    def _get(self, url: str, kind: type[T]) -> T | None:
        try:
            with self._client() as http:
                return _decoded(http.get(url), kind)
        except FAILURES:
            return None

    def _post(self, url: str, body: JsonObject, kind: type[T]) -> T:
        with self._client() as http:
            return _decoded(http.post(url, json=body), kind)

    def _client(self) -> httpx.Client:
        return httpx.Client(**self._options(httpx.Timeout(FACTS_SECONDS, connect=CONNECT_SECONDS)))

    def _options(self, timeout: httpx.Timeout) -> dict[str, Any]:
        # The environment may name a proxy: right on the way out, wrong for a server that is near.
        return {
            "headers": self._headers,
            "timeout": timeout,
            "verify": self._certificates,
            "trust_env": not self.is_near,
        }


def server_from_settings(settings: RagSettings) -> OpenAiServer | None:
    """Return the server that the settings name; None where they name none."""
    if settings.remote_url is None:
        return None
    key = settings.remote_api_key.get_secret_value() if settings.remote_api_key else ""
    return OpenAiServer(settings.remote_url, key)


def is_near(host: str) -> bool:
    """Return whether a host is this machine or in a private network, told from its name alone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(LOCAL_ENDINGS)
    return address.is_private or address.is_loopback or address.is_link_local


def _decoded(response: httpx.Response, kind: type[T]) -> T:
    return msgspec.json.decode(response.raise_for_status().content, type=kind)


def _seconds(text: str) -> int:
    """Return what Retry-After says; a second where it says a date or nothing."""
    return min(max(int(text), 1), LONGEST_RETRY_SECONDS) if text.isdecimal() else 1
