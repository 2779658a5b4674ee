"""A fake API that is served while a test runs."""

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi, serve_fake
from tests.ui.page import PAGE


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serve_fake(FakeApi()) as fake:
        yield fake


@pytest.fixture
def page(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page with one document in its collection."""
    monkeypatch.setenv("PINCITE_API_URL", api.url)
    api.add_document("file-1", "handbook.pdf")
    yield AppTest.from_file(str(PAGE), default_timeout=20)
    st.cache_resource.clear()
