"""The composition root: what it refuses, and how it tells that it is ready."""

from pathlib import Path

import pytest

from api.services import Services
from api.settings import load_settings
from ingest.errors import ChunksTooLongError, CollectionNotFoundError, WorkerCrashedError
from tests.api.world import LoadedEmbedder, OneModel, World, wait_for


def test_chunks_that_the_embedder_would_cut_off_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ChunksTooLongError, match=r"PINCITE_CHUNK_TOKENS is 400, .* set it to 254 or less"):
        Services(load_settings(home=tmp_path, chunk_tokens=400))


class LateEmbedder(LoadedEmbedder):
    """An embedder that cannot be started the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        if self.starts == 1:
            raise WorkerCrashedError(worker="embedder", how="signal SIGKILL")


def test_an_embedder_that_starts_later_makes_the_service_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.WARM_UP_RETRY_SECONDS", 0.05)
    services = Services(load_settings(home=tmp_path), embedder=LateEmbedder(), models=OneModel())
    services.warm_up()
    assert (services.readiness.embedder, services.readiness.model) == ("failed", "ok")
    assert "SIGKILL" in services.readiness.problems[0]
    wait_for(lambda: services.readiness.is_ready)
    assert services.readiness.problems == ()
    services.close()


def test_searching_makes_no_collection(world: World) -> None:
    with pytest.raises(CollectionNotFoundError):
        world.services.searchable("nowhere")
    assert [collection.name for collection in world.services.library.collections()] == ["docs"]
