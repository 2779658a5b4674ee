"""An application over a real library, with a scripted engine and an embedder without a model."""

import io
import json
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.server import PinciteServer, address_of, open_socket
from api.server_record import RECORD_NAME, claim_home
from api.services import Services
from api.settings import AllSettings, load_settings
from ingest.types import DocumentRecord
from rag.engines.types import Engine
from rag.errors import ModelNotFoundError
from rag.models.load_overrides import LoadOverrides
from rag.models.registry import ModelEntry
from tests.fakes import HashEmbedder, ScriptedEngine, chunked
from tests.ingest.library_world import complete

BASE_URL = "http://127.0.0.1"
PUMP = "The pump is oiled every 3 months. It stands in the cellar. Nobody may open it."
LUNCH = "Lunch is served at noon. The canteen closes at two."
DRILL = "The fire drill takes place in March. Everybody leaves by the stairs."


class LoadedEmbedder(HashEmbedder):
    """A `HashEmbedder` as wide as the bundled model, with the life of a process."""

    def __init__(self) -> None:
        super().__init__(384)

    def start(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to end."""


@dataclass
class OneModel:
    """A `ModelSource` with one engine, which tests exchange; the next requests for it get the `refusals` first.

    `overrides` says how it was to be loaded.
    """

    scripted: Engine = field(default_factory=ScriptedEngine)
    refusals: list[Exception] = field(default_factory=list[Exception])
    overrides: list[LoadOverrides] = field(default_factory=list[LoadOverrides])

    def list_models(self) -> Sequence[ModelEntry]:
        return [ModelEntry("scripted", "llm", Path("scripted.gguf"), 0, "loaded")]

    def open_engine(self, model: str | None) -> Engine:
        self.load(model)
        if self.refusals:
            raise self.refusals.pop(0)
        return self.scripted

    def preview_engine(self, model: str | None) -> Engine:
        self.load(model)
        return self.scripted

    def load(self, model: str | None, overrides: LoadOverrides | None = None) -> str:
        if overrides is not None:
            self.overrides.append(overrides)
        # Takes no refusal away: a server loads its default model in the background, whenever it gets to it.
        if model not in (None, "scripted"):
            raise ModelNotFoundError(model=model or "")
        return "scripted"

    def unload(self, model: str) -> str:
        return self.load(model)

    def close(self) -> None:
        """Nothing to end."""


@dataclass
class World:
    """Everything that a test of the API looks at."""

    settings: AllSettings
    services: Services
    models: OneModel
    app: FastAPI

    def client(self, **options: Any) -> TestClient:
        """Return a client whose requests come from this machine; failures of the server become a 500."""
        return TestClient(self.app, base_url=BASE_URL, raise_server_exceptions=False, **options)

    def add(self, source: str, *pages: str, collection: str = "docs") -> DocumentRecord:
        """Put a document into a collection as if its file, whose path may be the source, had been read."""
        services = self.services
        home = services.ingestor.collection_for(collection)
        content = chunked(*pages)
        file = services.library.add_file(
            source=source, filename=Path(source).name, content=io.BytesIO("\n\n".join(pages).encode())
        )
        vectors = LoadedEmbedder().embed([chunk.text for chunk in content.chunks])
        done = complete(services.library, services.library.enqueue(home.id, file.id), content, vectors)
        assert done is not None
        return done

    @contextmanager
    def live(self) -> Generator["LiveServer", None, None]:
        """Serve on a loopback port, in a thread; stopped at the end as a signal would."""
        with (
            open_socket("127.0.0.1", 0, option="--port") as listener,
            claim_home(self.settings) as presence,
        ):
            server = PinciteServer(self.app, self.settings.api, listener, presence)
            thread = threading.Thread(target=server.serve_until_stopped)
            thread.start()
            # A server is started a moment before it has written where others of its home find it.
            wait_for(lambda: server.started and (self.settings.home / RECORD_NAME).exists())
            live = LiveServer(address_of(listener), server, thread)
            try:
                yield live
            finally:
                live.stop()


@dataclass
class LiveServer:
    """A server that answers on a real port."""

    url: str
    server: PinciteServer
    thread: threading.Thread

    def stop(self) -> None:
        """Do what a signal does, and wait for the end."""
        self.server.should_exit = True
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


@contextmanager
def make_world(home: Path, **flags: Any) -> Generator[World, None, None]:
    """Build a world in `home`; `flags` are settings.

    Its scripted model writes, however small it is, and its answers are what the model wrote, without lists of sources.
    """
    settings = load_settings(
        home=home, parser_workers=1, **{"answer_style": "written", "answer_sources": "none", **flags}
    )
    models = OneModel()
    services = Services(settings, embedder=LoadedEmbedder(), models=models)
    try:
        yield World(settings, services, models, create_app(services, settings.api))
    finally:
        services.close()


def wait_for(condition: Any, seconds: float = 10.0) -> None:
    """Wait until `condition()` is true; fail the test where that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def events_of(text: str) -> list[Any]:
    """Return the events of a stream: JSON values, and `[DONE]` as it is."""
    lines = [event.removeprefix("data: ") for event in text.strip().split("\n\n")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]
