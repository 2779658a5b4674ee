"""What one rerun of the page asks the server for: what it shows, however large the library is."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.page import visible_text

RERUN = [
    "GET /v1/vector_stores?limit=1000",
    "GET /v1/models",
    "GET /v1/conversations?limit=7",
    "GET /v1/vector_stores/vs-1/files?limit=20",
]


def listed_documents(page: AppTest) -> list[str]:
    return [str(element.key) for element in page.button if str(element.key).startswith("delete-")]


def add_documents(api: FakeApi, count: int, **changes: Any) -> None:
    for number in range(2, count + 1):
        api.add_document(f"file-{number}", f"{number}.pdf", **changes)


@pytest.mark.parametrize("count", [1, 300, 100_000])
def test_a_rerun_makes_the_same_small_requests_at_every_size(api: FakeApi, page: AppTest, count: int) -> None:
    add_documents(api, count)
    page.run()
    api.requests.clear()
    page.run()
    assert api.requests == RERUN
    assert len(listed_documents(page)) == min(count, 20)


def test_a_rerun_asks_for_few_of_many_chats(api: FakeApi, page: AppTest) -> None:
    for number in range(300):
        api.stored.add(f"Question {number}")
    page.run()
    api.requests.clear()
    page.run()
    assert api.requests == RERUN


def test_an_empty_collection_has_no_documents_to_ask_for(api: FakeApi, page: AppTest) -> None:
    api.documents.clear()
    page.run()
    assert api.requests == RERUN[:3]


def test_a_refresh_while_documents_are_indexed_asks_for_the_counts_and_the_documents_that_are_shown(
    api: FakeApi, page: AppTest
) -> None:
    add_documents(api, 300, status="in_progress", progress={"stage": "waiting"})
    page.run()
    assert api.requests == [*RERUN[:3], "GET /v1/vector_stores/vs-1", RERUN[3]]
    assert "The newest 20 of 300 documents; 279 of the others in progress" in visible_text(page)


def test_more_documents_are_shown_on_request(api: FakeApi, page: AppTest) -> None:
    add_documents(api, 90)
    page.run()
    assert "The newest 20 of 90 documents" in visible_text(page)
    page.button(key="more-documents").click().run()
    assert len(listed_documents(page)) == 70
    page.button(key="more-documents").click().run()
    assert len(listed_documents(page)) == 90
    assert "The newest" not in visible_text(page)


def test_another_collection_begins_with_its_newest_documents(api: FakeApi, page: AppTest) -> None:
    add_documents(api, 90)
    api.stores["vs-2"] = "other"
    page.run()
    page.button(key="more-documents").click().run()
    page.selectbox[0].set_value("vs-2").run()
    page.selectbox[0].set_value("vs-1").run()
    assert len(listed_documents(page)) == 20
