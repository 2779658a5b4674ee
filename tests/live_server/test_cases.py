"""Questions on documents that were read wrong once, over a live server by the official `openai` client."""

import re
from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.cases import Case, load_cases
from tests.live import LiveStack

pytestmark = pytest.mark.real

DECIDED = re.compile(r"B(0[1-6]|0[89]|10|13|14|1[5-9]|20)(-|$)")
"""Cases that reading, tables, supersession and conditions decide; the others need more than that."""
NOT_IN_THE_FILE = {"B03-docx", "B03-xlsx"}
"""What these ask for does not stand in their files."""
CASES = [
    pytest.param(case, id=case.id)
    for case in load_cases()
    if case.turns and DECIDED.match(case.id) and case.id not in NOT_IN_THE_FILE
]


@pytest.fixture(scope="module")
def client(live_stack: LiveStack) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live_stack.api_url}/v1", api_key="none", max_retries=0, timeout=240) as made:
        yield made


@pytest.mark.parametrize("case", CASES)
def test_an_answer_says_what_a_person_reads(client: OpenAI, case: Case) -> None:
    store = client.vector_stores.create(name=f"case-{case.id.lower()}")
    for path in case.files:
        file = client.files.create(file=path, purpose="assistants")
        added = client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id)
        assert added.status == "completed", added.last_error
    (question,) = case.turns
    completion = client.chat.completions.create(
        model=f"docs/{store.name}", messages=[{"role": "user", "content": question}], max_tokens=64
    )
    message = completion.choices[0].message.model_dump()
    quotes = " ".join(annotation["quote"] for annotation in message["annotations"])
    said = f"{message['content']} {quotes}"
    missing = [words for words in case.contains if words not in said]
    wrong = [words for words in case.not_contains if words in re.sub(r"\[[a-z ]+: [^\]]*\]", "", said)]
    assert (missing, wrong) == ([], []), said
    assert ("not in these documents" in said.casefold()) == case.refuses
