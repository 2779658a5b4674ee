"""Which model answers, and which are in memory."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from rag.engines.types import Message, Sampling
from rag.errors import ModelLoadError, ModelLoadingError, ModelNotFoundError
from rag.models import manager
from rag.models.catalog import BUNDLED_ID, create_entry
from rag.models.memory_budget import predict_memory
from rag.models.registry import ModelRegistry
from rag.settings import RagSettings
from tests.tiny_gguf import write_tiny_gguf


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    write_tiny_gguf(folder / "Tiny-A.gguf", seed=1)
    write_tiny_gguf(folder / "Tiny-B.gguf", seed=2, template=None)  # a little smaller
    return tmp_path / "home"


@pytest.fixture
def models(home: Path) -> Iterator[ModelRegistry]:
    registry = ModelRegistry(RagSettings(home=home, threads=1))
    yield registry
    registry.close()


def test_the_largest_model_of_the_home_is_the_default(models: ModelRegistry) -> None:
    assert models.find_default_id() == "tiny-a"
    assert [entry.id for entry in models.list_models()] == ["tiny-a", "tiny-b", BUNDLED_ID]


def test_without_models_in_the_home_the_bundled_one_is_the_default(tmp_path: Path) -> None:
    assert ModelRegistry(RagSettings(home=tmp_path)).find_default_id() == BUNDLED_ID


def test_the_settings_name_the_default_by_its_id(home: Path) -> None:
    models = ModelRegistry(RagSettings(home=home, model="Tiny-B"))
    assert models.find_default_id() == "tiny-b"
    assert [entry.id for entry in models.list_models()] == ["tiny-b", "tiny-a", BUNDLED_ID]


def test_the_settings_name_the_default_by_a_path_anywhere(tmp_path: Path, home: Path) -> None:
    path = write_tiny_gguf(tmp_path / "Elsewhere.gguf")
    models = ModelRegistry(RagSettings(home=home, model=str(path)))
    assert models.find_default_id() == "elsewhere"
    assert models.list_models()[0].path == path


@pytest.mark.parametrize("model", ["gone", "/nowhere/gone.gguf"])
def test_a_configured_model_that_does_not_exist_is_never_replaced_quietly(home: Path, model: str) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        ModelRegistry(RagSettings(home=home, model=model)).find_default_id()
    assert caught.value.model == Path(model).name


def test_an_unknown_model_is_an_error_that_names_it(models: ModelRegistry) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        models.open_engine("gpt-9")
    assert caught.value.model == "gpt-9"


def test_an_empty_name_is_no_model_and_tells_nothing_of_the_server(tmp_path: Path, home: Path) -> None:
    models = ModelRegistry(RagSettings(home=home, model=str(write_tiny_gguf(tmp_path / "default.gguf"))))
    with pytest.raises(ModelNotFoundError) as caught:
        models.open_engine("")
    assert str(caught.value).startswith("there is no model ''")


def test_a_path_in_a_request_is_not_followed(models: ModelRegistry, home: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        models.open_engine(str(home / "models" / "Tiny-A.gguf"))


@pytest.mark.parametrize("model", ["TINY-B", None])
def test_unloading_what_is_not_loaded_does_nothing(home: Path, model: str | None) -> None:
    models = ModelRegistry(RagSettings(home=home, model=model))
    assert models.unload("Tiny-B") == "tiny-b"
    assert {entry.state for entry in models.list_models()} == {"not-loaded"}


def test_a_model_of_another_server_is_found_whatever_its_capitals(home: Path) -> None:
    models = ModelRegistry(RagSettings(home=home, model="remote/Qwen/Qwen3-8B", remote_url="http://127.0.0.1:9/v1"))
    assert models.find_default_id() == "remote/Qwen/Qwen3-8B"
    assert models.unload("remote/qwen/qwen3-8b") == "remote/Qwen/Qwen3-8B"


@pytest.mark.slow
def test_a_model_is_loaded_when_it_is_first_asked_for_and_kept(models: ModelRegistry) -> None:
    assert not any(entry.is_loaded for entry in models.list_models())
    models.open_engine(None)
    assert [entry.state for entry in models.list_models()] == ["loaded", "not-loaded", "not-loaded"]
    assert [bool(entry.memory_bytes) for entry in models.list_models()] == [True, False, False]
    processes = children()
    assert models.open_engine("TINY-A").info().id == "tiny-a"
    assert children() == processes


@pytest.mark.slow
def test_two_models_answer_side_by_side(models: ModelRegistry) -> None:
    answers = {
        name: "".join(
            delta.text
            for delta in models.open_engine(name).generate([Message("user", "Hello")], Sampling(max_tokens=8))
        )
        for name in ("tiny-a", "tiny-b")
    }
    assert answers["tiny-a"] != answers["tiny-b"]
    assert [entry.is_loaded for entry in models.list_models()] == [True, True, False]


@pytest.mark.slow
def test_many_threads_that_ask_at_once_get_one_process(models: ModelRegistry) -> None:
    before = children()
    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(models.load, [None] * 6)) == {"tiny-a"}
    assert len(children() - before) == 1


@pytest.mark.slow
def test_a_model_evicts_another_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "SETTLE_SECONDS", 0.0)
    before = children()
    settings = RagSettings(home=home, threads=1, parallel_requests=1, context_window=512)
    needed = predict_memory(create_entry(home / "models" / "Tiny-A.gguf"), settings, 1 << 30)
    room_for_one = settings.model_copy(update={"model_memory_gb": 1.5 * needed / (1 << 30)})
    with closing(ModelRegistry(room_for_one)) as models:
        models.load("tiny-a")
        models.load("tiny-b")
        assert [entry.is_loaded for entry in models.list_models()] == [False, True, False]
        assert len(children() - before) == 1


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_leaves_the_others_usable(models: ModelRegistry, home: Path) -> None:
    (home / "models" / "broken.gguf").write_bytes(b"GGUF but not really" * 100_000)
    with pytest.raises(ModelLoadError) as caught:
        models.open_engine("broken")
    assert caught.value.model == "broken"
    assert models.open_engine("tiny-a").info().id == "tiny-a"


@pytest.mark.slow
def test_closing_ends_every_process(models: ModelRegistry) -> None:
    before = children()
    models.load("tiny-a")
    assert children() != before
    models.close()
    assert children() == before
    assert not any(entry.is_loaded for entry in models.list_models())


@pytest.mark.slow
@pytest.mark.parametrize("end", ["unload", "close", "crash"])
def test_a_model_that_is_unloaded_while_it_loads_leaves_no_process(models: ModelRegistry, end: str) -> None:
    before = children()
    with ThreadPoolExecutor(1) as threads:
        loading = threads.submit(models.load, "tiny-a")
        wait_for(lambda: children() > before)
        if end == "unload":
            models.unload("tiny-a")
        elif end == "close":
            models.close()
        else:
            (pid,) = children() - before
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(ModelLoadError):
            loading.result()
    assert children() == before
    if end != "close":
        assert models.load("tiny-a") == "tiny-a"


@pytest.mark.slow
def test_a_request_without_patience_is_told_to_come_back(home: Path) -> None:
    with closing(ModelRegistry(RagSettings(home=home, threads=1), patience_seconds=0.01)) as models:
        with pytest.raises(ModelLoadingError):
            models.open_engine("tiny-a")
        assert models.load("tiny-a") == "tiny-a"
        assert models.open_engine("tiny-a").info().id == "tiny-a"


def children() -> set[int]:
    """Return the ids of this process's children, those that nobody has waited for too."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text(encoding="ascii").split()}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


def test_a_model_is_known_before_it_is_loaded_by_what_its_file_tells(home: Path, models: ModelRegistry) -> None:
    preview = models.preview_engine("tiny-b")
    told = preview.info()
    assert (told.id, told.size_bytes, told.is_estimated) == (
        "tiny-b",
        (home / "models" / "Tiny-B.gguf").stat().st_size,
        True,
    )
    assert preview.count_tokens((Message("user", "How often is the pump oiled?"),)) > 8
    assert [entry.state for entry in models.list_models()][:2] == ["not-loaded", "not-loaded"]
    with pytest.raises(ModelNotFoundError):
        models.preview_engine("nope")


@pytest.mark.slow
def test_a_previewed_model_is_loaded_for_what_needs_it(models: ModelRegistry) -> None:
    preview = models.preview_engine("tiny-a")
    *_, last = preview.generate((Message("user", "Hello"),), Sampling(max_tokens=2))
    assert last.usage is not None
    assert not models.preview_engine("tiny-a").info().is_estimated
