"""What the tests of the API share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.api.world import DRILL, LUNCH, PUMP, World, make_world


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
