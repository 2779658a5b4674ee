"""What the tests of the API share."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api import services
from api.services import Services
from tests.api.shell import Shell
from tests.api.world import DRILL, LUNCH, PUMP, LoadedEmbedder, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An application whose collection `docs` has two documents."""
    with make_world(tmp_path / "home") as made:
        made.add("pump.txt", PUMP)
        made.add("house.txt", LUNCH, DRILL)
        yield made


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    """A client of that application, which runs meanwhile."""
    with world.client() as made:
        yield made


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell whose library has two documents in the collection `docs`."""
    made = Shell(tmp_path / "home", capsys)
    monkeypatch.setenv("PINCITE_HOME", str(made.home))
    monkeypatch.setenv("PINCITE_PARSER_WORKERS", "1")
    monkeypatch.setenv("PINCITE_ANSWER_STYLE", "written")  # the scripted model is small, but it has something to say
    monkeypatch.setattr(services, "Services", partial(Services, embedder=LoadedEmbedder(), models=made.models))
    with make_world(made.home) as world:
        world.add("pump.txt", PUMP)
        world.add("house.txt", LUNCH, DRILL)
    return made
