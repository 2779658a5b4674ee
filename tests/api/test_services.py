"""The composition root: what it refuses, and how it tells that it is ready."""

from contextlib import closing
from pathlib import Path

import pytest

from api.services import Services
from api.settings import load_settings
from ingest.errors import ChunksTooLongError, CollectionNotFoundError, WorkerCrashedError
from ingest.library.library import Library
from rag.errors import EntailmentModelNotFoundError, ModelLoadingError, RerankerNotFoundError
from tests.api.world import LoadedEmbedder, OneModel, World, wait_for
from tests.tiny_cross_encoder import write_tiny_cross_encoder
from tests.tiny_gguf import write_tiny_gguf


def test_chunks_that_the_embedder_would_cut_off_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ChunksTooLongError, match=r"PINCITE_CHUNK_TOKENS is 400, .* set it to 254 or less"):
        Services(load_settings(home=tmp_path, chunk_tokens=400))


def test_a_reranker_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(RerankerNotFoundError, match="hf download"):
        Services(load_settings(home=tmp_path / "home", reranker=str(tmp_path)))
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_a_reranker_is_loaded_with_the_embedder_and_ended_with_the_rest(tmp_path: Path) -> None:
    folder = write_tiny_cross_encoder(tmp_path / "model")
    settings = load_settings(home=tmp_path, reranker=str(folder))
    services = Services(settings, embedder=LoadedEmbedder(), models=OneModel())
    services.warm_up()
    assert services.readiness.is_ready
    assert services.reranker is not None
    assert len(services.reranker.scores("why?", ["because", "so"])) == 2
    services.close()
    with pytest.raises(WorkerCrashedError, match="closed"):
        services.reranker.scores("why?", ["because"])


def test_an_entailment_model_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(EntailmentModelNotFoundError, match="hf download"):
        Services(load_settings(home=tmp_path / "home", entailment_model=str(tmp_path)))
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_an_entailment_model_is_loaded_with_the_embedder_and_ended_with_the_rest(tmp_path: Path) -> None:
    folder = write_tiny_cross_encoder(tmp_path / "model")
    settings = load_settings(home=tmp_path, entailment_model=str(folder))
    services = Services(settings, embedder=LoadedEmbedder(), models=OneModel())
    services.warm_up()
    assert services.readiness.is_ready
    assert services.entailment is not None
    assert services.entailment.judge("A pump.", "A pump.").model == str(folder)
    services.close()
    with pytest.raises(WorkerCrashedError, match="closed"):
        services.entailment.judge("A pump.", "A pump.")


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
    services.get_ready()
    assert (services.readiness.embedder, services.readiness.model) == ("failed", "ok")
    assert "SIGKILL" in services.readiness.problems[0]
    wait_for(lambda: services.readiness.is_ready)
    assert services.readiness.problems == ()
    services.close()


def test_searching_makes_no_collection(world: World) -> None:
    with pytest.raises(CollectionNotFoundError):
        world.services.searchable("nowhere")
    assert [collection.name for collection in world.services.library.collections()] == ["docs"]


def test_an_index_that_lost_its_file_is_saved_at_the_end_and_closing_again_does_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    services = Services(load_settings(home=tmp_path), embedder=LoadedEmbedder(), models=OneModel())
    collection = services.create_collection("docs")
    services.index.list_ids(collection.id)  # it is in memory
    assert services.library.snapshot(collection.id) is None
    services.close()
    services.close()
    assert caplog.records == []
    with closing(Library(tmp_path)) as library:
        assert library.snapshot(collection.id) is not None


@pytest.mark.slow
def test_a_request_does_not_wait_for_a_model_to_load_but_the_start_does(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    write_tiny_gguf(tmp_path / "models" / "tiny.gguf")
    settings = load_settings(home=tmp_path, threads=1)
    services = Services(settings, embedder=LoadedEmbedder(), load_patience_seconds=0.01)
    with pytest.raises(ModelLoadingError):
        services.models.open_engine(None)
    services.warm_up()
    assert services.readiness.is_ready
    assert services.models.open_engine(None).info().id == "tiny"
    services.close()
