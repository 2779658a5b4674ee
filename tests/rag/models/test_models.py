"""Which model answers, and which are in memory."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import ModelLoadError, ModelNotFoundError
from rag.models.catalog import BUNDLED_ID
from rag.models.models import Models
from rag.settings import RagSettings
from rag.types import LoadableEngine, Message, Sampling
from tests.tiny_gguf import write_tiny_gguf


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    write_tiny_gguf(folder / "Tiny-A.gguf", seed=1)
    write_tiny_gguf(folder / "Tiny-B.gguf", seed=2, template=None)  # a little smaller
    return tmp_path / "home"


@pytest.fixture
def models(home: Path) -> Iterator[Models]:
    found = Models(RagSettings(home=home, threads=1))
    yield found
    found.close()


def test_the_largest_model_of_the_home_is_the_default(models: Models) -> None:
    assert models.default_id() == "tiny-a"
    assert [entry.id for entry in models.entries()] == ["tiny-a", "tiny-b", BUNDLED_ID]


def test_without_models_in_the_home_the_bundled_one_is_the_default(tmp_path: Path) -> None:
    assert Models(RagSettings(home=tmp_path)).default_id() == BUNDLED_ID


def test_the_settings_name_the_default_by_its_id(home: Path) -> None:
    models = Models(RagSettings(home=home, model="Tiny-B"))
    assert models.default_id() == "tiny-b"
    assert [entry.id for entry in models.entries()] == ["tiny-b", "tiny-a", BUNDLED_ID]


def test_the_settings_name_the_default_by_a_path_anywhere(tmp_path: Path, home: Path) -> None:
    path = write_tiny_gguf(tmp_path / "Elsewhere.gguf")
    models = Models(RagSettings(home=home, model=str(path)))
    assert models.default_id() == "elsewhere"
    assert models.entries()[0].path == path


@pytest.mark.parametrize("model", ["gone", "/nowhere/gone.gguf"])
def test_a_configured_model_that_does_not_exist_is_never_replaced_quietly(home: Path, model: str) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        Models(RagSettings(home=home, model=model)).default_id()
    assert caught.value.model == model


def test_an_unknown_model_is_an_error_that_names_it(models: Models) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        models.engine("gpt-9")
    assert caught.value.model == "gpt-9"


def test_a_path_in_a_request_is_not_followed(models: Models, home: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        models.engine(str(home / "models" / "Tiny-A.gguf"))


@pytest.mark.slow
def test_a_model_is_loaded_when_it_is_first_asked_for_and_kept(models: Models) -> None:
    assert not any(entry.loaded for entry in models.entries())
    engine = models.engine(None)
    assert [entry.loaded for entry in models.entries()] == [True, False, False]
    assert models.engine("TINY-A") is engine


@pytest.mark.slow
def test_two_models_answer_side_by_side(models: Models) -> None:
    answers = {
        name: "".join(
            delta.text for delta in models.engine(name).generate([Message("user", "Hello")], Sampling(max_tokens=8))
        )
        for name in ("tiny-a", "tiny-b")
    }
    assert answers["tiny-a"] != answers["tiny-b"]
    assert models.engine("tiny-a") is not models.engine("tiny-b")


@pytest.mark.slow
def test_many_threads_that_ask_at_once_get_one_process(models: Models) -> None:
    engines: list[LoadableEngine] = []
    threads = [threading.Thread(target=lambda: engines.append(models.engine(None))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(engines) == 6
    assert len(set(map(id, engines))) == 1


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_leaves_the_others_usable(models: Models, home: Path) -> None:
    (home / "models" / "broken.gguf").write_bytes(b"GGUF but not really" * 100_000)
    with pytest.raises(ModelLoadError) as caught:
        models.engine("broken")
    assert caught.value.model == "broken"
    assert models.engine("tiny-a").info().id == "tiny-a"


@pytest.mark.slow
def test_closing_ends_every_process(models: Models) -> None:
    models.engine("tiny-a")
    models.close()
    assert not any(entry.loaded for entry in models.entries())
