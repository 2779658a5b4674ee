"""Questions on a PDF whose powers, struck-out text and merged cells its characters alone do not say."""

import pytest
from openai import OpenAI
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from tests.live import LiveStack

pytestmark = pytest.mark.real

STYLE = getSampleStyleSheet()["BodyText"]
PARAGRAPHS = (
    "The monthly rent of the boat house in Ostrow is <strike>EUR 3,400</strike> EUR 4,150 from the first of May.",
    "Every litre of the harbour water had 10<super>6</super> cells of algae in the summer of 2025.",
)
ROWS = [
    ["Quay", "Berths in 2026", ""],
    ["", "Free", "Let"],
    ["North quay", "12", "30"],
    ["South quay", "7", "41"],
]
SPANS = [("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1))]


@pytest.fixture(scope="module")
def store(live_stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("pages") / "harbour.pdf"
    table = Table(ROWS, style=TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black), *SPANS]))
    SimpleDocTemplate(str(path), pagesize=A4).build([*(Paragraph(text, STYLE) for text in PARAGRAPHS), table])
    with OpenAI(base_url=f"{live_stack.api_url}/v1", api_key="none", max_retries=0, timeout=240) as client:
        store = client.vector_stores.create(name="pages-as-seen")
        file = client.files.create(file=path, purpose="assistants")
        added = client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id)
    assert added.status == "completed", added.last_error
    return store.name


@pytest.mark.parametrize(
    ("question", "expected", "wrong"),
    [
        ("What is the monthly rent of the boat house?", "EUR 4,150", "EUR 3,400"),
        ("How many cells of algae had every litre of the harbour water?", "10⁶", "106"),
        ("How many berths are let at the south quay in 2026?", "41", "30"),
    ],
)
def test_an_answer_says_what_the_page_shows(
    live_stack: LiveStack, store: str, question: str, expected: str, wrong: str
) -> None:
    with OpenAI(base_url=f"{live_stack.api_url}/v1", api_key="none", max_retries=0, timeout=240) as client:
        completion = client.chat.completions.create(
            model=f"docs/{store}", messages=[{"role": "user", "content": question}], max_tokens=400
        )
    message = completion.choices[0].message.model_dump()
    said = f"{message['content']} {' '.join(annotation['quote'] for annotation in message['annotations'][:1])}"
    assert expected in said
    assert wrong not in said.replace(f"[struck out: {wrong}]", "")
