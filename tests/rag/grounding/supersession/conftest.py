"""A library of its own for each test of supersession."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rag.supersession_world import SupersessionWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SupersessionWorld]:
    new = SupersessionWorld(tmp_path)
    yield new
    new.library.close()
