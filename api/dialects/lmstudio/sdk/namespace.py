"""A namespace of LM Studio's SDKs: its calls and channels by name, and what they work with."""

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from api.dialects.lmstudio.catalog import Domain
from api.errors import InvalidRequestError
from api.http.metrics import Metrics
from api.services import Services
from api.wire.base import JsonObject
from ingest.principals import Principal

P = TypeVar("P")

Messages = Generator[JsonObject, None, None]
"""The messages of a channel; an empty one says that the work goes on."""


class EndpointNotFoundError(InvalidRequestError):
    """LM Studio has calls that Pincite has not."""

    def __init__(self, *, namespace: str, endpoint: str) -> None:
        self.namespace = namespace
        self.endpoint = endpoint
        super().__init__(
            detail=f"there is no {endpoint!r} in {namespace!r} here; docs/guides/clients.md lists what there is"
        )


@dataclass(frozen=True, slots=True)
class Session:
    """Who speaks through a websocket, and what they can reach. `client` is their name among those who wait."""

    services: Services
    principal: Principal
    client: str
    metrics: Metrics
    domain: Domain = "llm"
    """Which kind of models the websocket is about."""


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[P]):
    """A call or a channel: how its parameter is read, and the blocking function that does the work."""

    parameter: TypeAdapter[P]
    run: Callable[..., Any]

    def read(self, parameter: object) -> P:
        """Return a parameter as `run` takes it; raises pydantic's `ValidationError`."""
        return self.parameter.validate_python({} if parameter is None else parameter)


@dataclass(slots=True)
class Namespace:
    """The endpoints of one websocket."""

    name: str
    calls: dict[str, Endpoint[Any]] = field(default_factory=dict[str, Endpoint[Any]])
    channels: dict[str, Endpoint[Any]] = field(default_factory=dict[str, Endpoint[Any]])

    def call(
        self, endpoint: str, parameter: type[P]
    ) -> Callable[[Callable[[Session, P], Any]], Callable[[Session, P], Any]]:
        """Register a call: a blocking function whose result is sent as JSON."""

        def register(run: Callable[[Session, P], Any]) -> Callable[[Session, P], Any]:
            self.calls[endpoint] = Endpoint(TypeAdapter(parameter), run)
            return run

        return register

    def channel(
        self, endpoint: str, parameter: type[P]
    ) -> Callable[
        [Callable[[Session, P, threading.Event], Messages]], Callable[[Session, P, threading.Event], Messages]
    ]:
        """Register a channel: a blocking generator of messages, and an event that is set once the client cancels."""

        def register(
            run: Callable[[Session, P, threading.Event], Messages],
        ) -> Callable[[Session, P, threading.Event], Messages]:
            self.channels[endpoint] = Endpoint(TypeAdapter(parameter), run)
            return run

        return register

    def include(self, other: "Namespace") -> None:
        """Take over the endpoints of another one."""
        self.calls |= other.calls
        self.channels |= other.channels

    def find_call(self, endpoint: str) -> Endpoint[Any]:
        """Return a call; raises `EndpointNotFoundError`."""
        return self._find(self.calls, endpoint)

    def find_channel(self, endpoint: str) -> Endpoint[Any]:
        """Return a channel; raises `EndpointNotFoundError`."""
        return self._find(self.channels, endpoint)

    def _find(self, endpoints: dict[str, Endpoint[Any]], endpoint: str) -> Endpoint[Any]:
        if endpoint not in endpoints:
            raise EndpointNotFoundError(namespace=self.name, endpoint=endpoint)
        return endpoints[endpoint]
