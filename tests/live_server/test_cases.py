"""Chats about documents that went wrong once, over a live server by the official `openai` client and `pincite ask`."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from api.citing.source_list import strip_sources
from tests.cases import Case, load_cases
from tests.live import LiveStack, clean_environment

pytestmark = pytest.mark.real

NOT_IN_THE_FILE = {"B03-docx", "B03-md", "B03-xlsx"}
"""What these ask for does not stand in their files."""

CASES = [pytest.param(case, id=case.id) for case in load_cases() if case.turns and case.id not in NOT_IN_THE_FILE]

MARKED = re.compile(r"\[[a-z ]+: [^\]]*\]")
"""What is struck out, hidden or superseded is said as such, and not as the answer."""
CLOSEST = re.compile(r"Closest matches:.*", re.DOTALL)


@pytest.fixture(scope="module")
def client(live_stack: LiveStack) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live_stack.api_url}/v1", api_key="none", max_retries=0, timeout=240) as made:
        yield made


@pytest.fixture(scope="module")
def stores() -> dict[tuple[Path, ...], str]:
    """Return the vector stores that earlier cases have filled, by their files."""
    return {}


def fill_store(client: OpenAI, case: Case, stores: dict[tuple[Path, ...], str]) -> str:
    """Return the name of the vector store with the files of a case."""
    if case.files not in stores:
        store = client.vector_stores.create(name=f"case-{case.id.lower()}")
        for path in case.files:
            file = client.files.create(file=path, purpose="assistants")
            added = client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id)
            assert added.status == "completed", added.last_error
        stores[case.files] = store.name
    return stores[case.files]


def ask_on_the_command_line(live_stack: LiveStack, store: str, question: str) -> str:
    """Return the text of the answer that the server gives to `pincite ask`."""
    command = [sys.executable, "-m", "api.cli", "ask", question, "--collection", store, "--json"]
    environment = clean_environment(live_stack.home)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["answer"])


@pytest.mark.parametrize("case", CASES)
def test_an_answer_says_what_a_person_reads(
    live_stack: LiveStack, client: OpenAI, case: Case, stores: dict[tuple[Path, ...], str]
) -> None:
    store = fill_store(client, case, stores)
    messages: list[ChatCompletionMessageParam] = []
    for question in case.turns:
        messages.append({"role": "user", "content": question})
        completion = client.chat.completions.create(model=f"docs/{store}", messages=messages, max_tokens=2000)
        messages.append({"role": "assistant", "content": completion.choices[0].message.content})
    body = completion.model_dump()
    answer = body["choices"][0]["message"]
    said = " ".join([answer["content"], *(annotation["quote"] for annotation in answer["annotations"])])
    valid = CLOSEST.sub("", MARKED.sub("", said))
    missing = [words for words in case.contains if words not in said]
    wrong = [words for words in case.not_contains if words in valid]
    is_refused = body["pincite"]["answer_verdict"] == "does not answer"
    assert (missing, wrong, is_refused) == ([], [], case.refuses), said
    if len(case.turns) == 1:
        assert ask_on_the_command_line(live_stack, store, case.turns[0]) == strip_sources(answer["content"])
