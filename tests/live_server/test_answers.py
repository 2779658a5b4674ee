"""The whole path with the bundled models, over a live server, by the official `openai` client."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI
from pypdf import PdfReader

from tests.live import LiveStack

pytestmark = pytest.mark.real

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (SAMPLES.with_name("make_samples") / "questions.jsonl").read_text("utf-8").splitlines()
]
ANSWERABLE = [question for question in QUESTIONS if question["source"]]
STORE = "samples"


@pytest.fixture(scope="module")
def client(live_stack: LiveStack) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live_stack.api_url}/v1", api_key="none", max_retries=0, timeout=240) as made:
        yield made


@pytest.fixture(scope="module")
def store_id(client: OpenAI) -> str:
    """A collection with the sample documents, put in by the official client."""
    store = client.vector_stores.create(name=STORE)
    for path in sorted(SAMPLES.iterdir()):
        if not path.name.startswith("."):
            file = client.files.create(file=path, purpose="assistants")
            added = client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id)
            assert added.status == "completed", added.last_error
    return store.id


@pytest.fixture(scope="module")
def stored_text(client: OpenAI, store_id: str) -> dict[str, str]:
    """The text of each document, in which all offsets count, by file id."""
    return {
        file.id: "".join(
            part.text or "" for part in client.vector_stores.files.content(file.id, vector_store_id=store_id)
        )
        for file in client.vector_stores.files.list(store_id)
    }


@pytest.fixture(scope="module")
def pdf_pages() -> list[str]:
    """The handbook's pages as another extractor reads them (PDFium makes ours), letters and digits alone."""
    return [squeezed(page.extract_text()) for page in PdfReader(SAMPLES / "operations-handbook.pdf").pages]


def squeezed(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def ask(client: OpenAI, question: str, max_tokens: int = 400) -> dict[str, Any]:
    """The whole answer to a question about the samples."""
    completion = client.chat.completions.create(
        model=f"docs/{STORE}", messages=[{"role": "user", "content": question}], max_tokens=max_tokens
    )
    return completion.model_dump()


def ask_streamed(client: OpenAI, question: str) -> list[dict[str, Any]]:
    """The chunks of the same answer."""
    stream = client.chat.completions.create(
        model=f"docs/{STORE}", messages=[{"role": "user", "content": question}], max_tokens=400, stream=True
    )
    return [chunk.model_dump() for chunk in stream]


def quotes(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Every quote of an answer: its citations and the evidence."""
    return [*(answer["choices"][0]["message"]["annotations"]), *answer["pincite"]["evidence"]]


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["question"])
def test_search_finds_the_place_of_every_sample_question(
    client: OpenAI, store_id: str, question: dict[str, Any]
) -> None:
    hits = client.vector_stores.search(store_id, query=question["question"], max_num_results=8).data
    wanted = squeezed(question["answer_contains"])
    places = [
        (hit.filename, int(hit.attributes["page"]))
        for hit in hits
        if hit.attributes and wanted in squeezed(hit.content[0].text)
    ]
    assert question["source"] in {filename for filename, _ in places}


@pytest.mark.parametrize("question", QUESTIONS[:4] + QUESTIONS[-2:], ids=lambda question: question["question"])
def test_every_quote_of_an_answer_is_the_stored_text_on_the_right_page(
    client: OpenAI, stored_text: dict[str, str], pdf_pages: list[str], question: dict[str, Any]
) -> None:
    answer = ask(client, question["question"])
    for quote in quotes(answer):
        text = stored_text[quote["file_id"]]
        assert text[quote["start"] : quote["end"]] == quote["quote"]
        if quote["filename"].endswith(".pdf"):
            assert squeezed(quote["quote"])[:40] in pdf_pages[quote["page"] - 1]
            assert {box["page"] for box in quote["boxes"]} >= {quote["page"]}


def test_the_evidence_for_most_sample_questions_holds_the_answer(client: OpenAI, store_id: str) -> None:
    found = 0
    for question in ANSWERABLE:
        answer = ask(client, question["question"], max_tokens=1)
        evidence = squeezed(" ".join(quote["quote"] for quote in answer["pincite"]["evidence"]))
        found += squeezed(question["answer_contains"]) in evidence
    assert found >= 0.7 * len(ANSWERABLE)


def test_a_question_about_nothing_in_the_documents_is_told_so(client: OpenAI, store_id: str) -> None:
    answer = ask(client, "Quasar redshift spectroscopy of distant galaxies?")
    assert answer["pincite"]["mode"] == "none"
    assert answer["choices"][0]["message"]["content"] == "Not in these documents."


def test_a_streamed_answer_carries_the_same_citations_in_its_last_delta(client: OpenAI, store_id: str) -> None:
    question = ANSWERABLE[0]["question"]
    whole, chunks = ask(client, question), ask_streamed(client, question)
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    *_, last = chunks
    assert text == whole["choices"][0]["message"]["content"]
    assert last["choices"][0]["finish_reason"] in {"stop", "length"}
    assert last["choices"][0]["delta"]["annotations"] == whole["choices"][0]["message"]["annotations"]
    assert chunks[0]["pincite"]["evidence"] == whole["pincite"]["evidence"]


def test_a_model_without_documents_answers_too(client: OpenAI) -> None:
    model = next(model.id for model in client.models.list() if not model.id.startswith("docs/"))
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Say hello."}], max_tokens=8
    )
    assert answer.choices[0].message.content


def test_every_page_of_the_handbook_can_be_seen(live_stack: LiveStack, client: OpenAI, store_id: str) -> None:
    handbook = next(
        file.id for file in client.vector_stores.files.list(store_id) if file.model_dump()["filename"].endswith(".pdf")
    )
    base = f"{live_stack.api_url}/v1/vector_stores/{store_id}/files/{handbook}/pages"
    picture = httpx.get(f"{base}/15/image", timeout=60)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert httpx.get(f"{base}/16/image", timeout=60).status_code == 404
