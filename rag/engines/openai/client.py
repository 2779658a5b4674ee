"""An OpenAI-compatible server: its models, their context windows, token counts and streamed completions.

Servers differ beyond `/v1`: vLLM and llama-server count tokens exactly, LM Studio has the window only in its own API.
The entry of a model shows which server it is; texts are sent only to routes that this server has.
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

from rag.engines.openai.wire import Chunk, JsonObject, WireError, dump_messages, parse_error
from rag.engines.types import Message
from rag.errors import ModelLoadError
from rag.settings import RagSettings

logger = logging.getLogger(__name__)

T = TypeVar("T")

DEFAULT_WINDOW = 8_192
"""The window of a model whose server does not report it."""
LIST_TTL_SECONDS = 10.0
"""So long a list of models is reused, and an unreachable server not asked again."""
CONNECT_TIMEOUT_SECONDS = 2.0
METADATA_TIMEOUT_SECONDS = 5.0
MAX_RETRY_SECONDS = 600
LOCAL_SUFFIXES = (".local", ".lan", ".internal", ".localhost")
REQUEST_ERRORS = (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError)


class ServerRefusedError(Exception):
    """The server answered with an error, before or within a stream."""

    def __init__(self, *, status: int, error: WireError, retry_after_seconds: int = 1) -> None:
        self.status = status
        self.error = error
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"status {status}: {error.message or error.code or 'no reason given'}")


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """An entry of `/v1/models`, or of LM Studio's `/api/v0/models`; no server has all fields."""

    id: str
    max_model_len: int | None = None
    context_length: int | None = None
    context_window: int | None = None
    loaded_context_length: int | None = None
    max_context_length: int | None = None
    meta: dict[str, Any] | None = None

    @property
    def is_vllm(self) -> bool:
        """Whether vLLM serves it, which has parameter names and routes of its own."""
        return self.max_model_len is not None

    @property
    def is_llama_server(self) -> bool:
        """Whether llama.cpp's server serves it."""
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
        self.is_local = is_local_host(httpx.URL(url).host)
        self._root = self.url.removesuffix("/v1")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._clock = clock
        self._lock = threading.Lock()
        self._models: tuple[RemoteModel, ...] = ()
        self._models_valid_until = -1.0
        # Created once: it takes longer than a request on this machine.
        self._ssl_context = httpx.create_ssl_context()

    def describe_privacy(self) -> str:
        """Return a warning that texts leave the local network; empty if they do not."""
        if self.is_local:
            return ""
        return f"questions and passages for a remote/ model leave this network: they go to {httpx.URL(self.url).host}"

    def list_models(self) -> tuple[RemoteModel, ...]:
        """Return the server's models, or the last list if it cannot be reached now. Never raises."""
        with self._lock:
            if self._clock() >= self._models_valid_until:
                try:
                    self._models = self._fetch_models()
                except REQUEST_ERRORS as error:
                    logger.warning("the models of %s cannot be listed: %s", self.url, type(error).__name__)
                self._models_valid_until = self._clock() + LIST_TTL_SECONDS
            return self._models

    def find_model(self, name: str, *, model: str) -> RemoteModel:
        """Return the server's entry of its model `name`; raise `ModelLoadError`, which names our id `model`.

        A server without a list of models (404) is taken to have it.
        """
        try:
            models = self._fetch_models()
        except httpx.HTTPStatusError as error:
            if error.response.status_code == HTTPStatus.NOT_FOUND:
                return RemoteModel(name)
            raise ModelLoadError(model=model, detail=f"{self.url} answers {error.response.status_code}") from error
        except REQUEST_ERRORS as error:
            detail = f"{self.url} cannot be reached ({type(error).__name__})"
            raise ModelLoadError(model=model, detail=detail) from error
        for entry in models:
            if entry.id == name:
                return entry
        names = ", ".join(entry.id for entry in models) or "none"
        raise ModelLoadError(model=model, detail=f"{self.url} has no such model; it has: {names}")

    def read_context_window(self, model: RemoteModel) -> int:
        """Return the context window of a model; `DEFAULT_WINDOW` if the server does not report it."""
        if model.is_llama_server:
            return self._read_llama_window(model.meta or {})
        window = model.max_model_len or model.context_length or model.context_window
        if window:
            return window
        details = self._get(f"{self._root}/api/v0/models/{model.id}", RemoteModel)
        if details is None:
            return DEFAULT_WINDOW
        # LM Studio loads a model with fewer tokens than it could hold.
        return details.loaded_context_length or min(details.max_context_length or DEFAULT_WINDOW, DEFAULT_WINDOW)

    def count_tokens(self, model: RemoteModel, messages: Sequence[Message]) -> int | None:
        """Return the exact length of the prompt that `messages` become; None if the server cannot count."""
        chat: JsonObject = {"messages": dump_messages(messages)}
        try:
            if model.is_vllm:
                body = {"model": model.id, **chat, "add_generation_prompt": True}
                return self._post(f"{self._root}/tokenize", body, _Count).count
            if model.is_llama_server:
                prompt = self._post(f"{self._root}/apply-template", chat, _Prompt).prompt
                body = {"content": prompt, "add_special": True, "parse_special": True}
                return len(self._post(f"{self._root}/tokenize", body, _Tokens).tokens)
        except REQUEST_ERRORS:
            logger.debug("%s does not count tokens", self.url, exc_info=True)
        return None

    async def stream_chunks(self, body: JsonObject, *, timeout_seconds: float) -> AsyncGenerator[Chunk, None]:
        """Yield the events of a streamed completion, up to its end; that of a text if the body has a `prompt`.

        Raises `ServerRefusedError`, and the errors of httpx and msgspec if the connection fails or the server breaks
        the protocol. Closing the generator closes the connection.
        """
        timeout = httpx.Timeout(timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS)
        route = "completions" if "prompt" in body else "chat/completions"
        async with (
            httpx.AsyncClient(**self._build_options(timeout)) as http,
            http.stream("POST", f"{self.url}/{route}", json=body) as response,
        ):
            if not response.is_success:
                error = parse_error(await response.aread())
                raise ServerRefusedError(
                    status=response.status_code,
                    error=error,
                    retry_after_seconds=_parse_retry_after(response.headers.get("Retry-After", "")),
                )
            async for event in EventSource(response).aiter_sse():
                if event.data == "[DONE]":
                    return
                if event.data:
                    chunk = msgspec.json.decode(event.data, type=Chunk)
                    if chunk.stream_error is not None:
                        raise ServerRefusedError(status=response.status_code, error=chunk.stream_error)
                    yield chunk

    def _read_llama_window(self, meta: dict[str, Any]) -> int:
        props = self._get(f"{self._root}/props", _Props)
        window = props.default_generation_settings.n_ctx if props else meta.get("n_ctx") or meta.get("n_ctx_train")
        return int(window or DEFAULT_WINDOW)

    def _fetch_models(self) -> tuple[RemoteModel, ...]:
        with self._open_client() as http:
            return _decode(http.get(f"{self.url}/models"), _ModelList).data

    def _get(self, url: str, kind: type[T]) -> T | None:
        try:
            with self._open_client() as http:
                return _decode(http.get(url), kind)
        except REQUEST_ERRORS:
            return None

    def _post(self, url: str, body: JsonObject, kind: type[T]) -> T:
        with self._open_client() as http:
            return _decode(http.post(url, json=body), kind)

    def _open_client(self) -> httpx.Client:
        return httpx.Client(
            **self._build_options(httpx.Timeout(METADATA_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS))
        )

    def _build_options(self, timeout: httpx.Timeout) -> dict[str, Any]:
        # A proxy of the environment is right for servers outside, wrong for a local one.
        return {
            "headers": self._headers,
            "timeout": timeout,
            "verify": self._ssl_context,
            "trust_env": not self.is_local,
        }


def server_from_settings(settings: RagSettings) -> OpenAiServer | None:
    """Return the server that the settings name; None if they name none."""
    if settings.remote_url is None:
        return None
    key = settings.remote_api_key.get_secret_value() if settings.remote_api_key else ""
    return OpenAiServer(settings.remote_url, key)


def is_local_host(host: str) -> bool:
    """Return whether a host is this machine or in a private network, by its name or address alone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(LOCAL_SUFFIXES)
    return address.is_private or address.is_loopback or address.is_link_local


def _decode(response: httpx.Response, kind: type[T]) -> T:
    return msgspec.json.decode(response.raise_for_status().content, type=kind)


def _parse_retry_after(text: str) -> int:
    """Return the seconds of a Retry-After header; 1 for a date or no header."""
    return min(max(int(text), 1), MAX_RETRY_SECONDS) if text.isdecimal() else 1
