"""A fake API that is served while a test runs."""

from collections.abc import Iterator

import pytest

from tests.ui.fake_api import FakeApi, running


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with running(FakeApi()) as fake:
        yield fake
