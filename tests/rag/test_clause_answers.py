"""Answers about the text of a clause, or a paragraph or a sentence of it, from the file to the quotes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.questions.part_positions import LAST, PartPosition, asks_for_all, read_position
from tests.rag.supersession_world import SupersessionWorld
from tests.rag.test_superseded_answers import ask

BOATS = [
    "Boats are booked in the log.",
    "Damage is reported to the boatman. The member pays 150 euros.",
    "No boat leaves.",
]
AGREEMENT = "\n\n".join(
    [
        "# Agreement",
        "## Clause 2 Fees",
        "The fee is 240 euros.",
        "Fees are due on 31 January. A late payment costs 15 euros.",
        "## Clause 3 Boats",
        *BOATS,
        "## Clause 4 Termination",
        "Membership ends with two months notice.",
    ]
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SupersessionWorld]:
    new = SupersessionWorld(tmp_path)
    new.add("agreement.md", AGREEMENT)
    yield new
    new.library.close()


@pytest.mark.parametrize(
    ("question", "paragraphs"),
    [
        ("What does clause 3 say?", BOATS),
        ("What does clause three say?", BOATS),
        ("What is clause 3 about?", BOATS),
        ("What does the second paragraph of clause 3 say?", BOATS[1:2]),
        ("What does paragraph 2 of clause 3 say?", BOATS[1:2]),
        ("Read me the first paragraph of clause three.", BOATS[:1]),
        ("What is the last paragraph of clause 3?", BOATS[2:]),
        ("What does the first sentence of clause 3 say?", BOATS[:1]),
        ("What is the last sentence of clause 3?", BOATS[2:]),
        ("Clause 4?", ["Membership ends with two months notice."]),
    ],
)
def test_the_text_of_a_clause_is_quoted_in_its_order(
    world: SupersessionWorld, question: str, paragraphs: list[str]
) -> None:
    answer = ask(world, question)
    assert " ".join(citation.quote.quote for citation in answer.citations) == " ".join(paragraphs)
    assert answer.answer_verdict == "answers"


def test_a_paragraph_that_a_clause_does_not_have_is_no_answer(world: SupersessionWorld) -> None:
    answer = ask(world, "What does the fifth paragraph of clause 2 say?")
    assert answer.answer_verdict == "does not answer"
    assert "no such paragraph" in answer.reason


def test_an_amended_clause_is_quoted_with_what_changed_it(world: SupersessionWorld) -> None:
    world.add("amendment.md", "# First amendment to the agreement\n\nIn clause 2 the fee is replaced by 265 euros.")
    answer = ask(world, "What does clause 2 say?")
    assert answer.text.index("replaced by 265 euros") < answer.text.index("[superseded: The fee is 240 euros.]")
    assert "A late payment costs 15 euros." in answer.text


@pytest.mark.parametrize(
    ("question", "position"),
    [
        ("the second paragraph of clause 4", PartPosition("paragraph", 1)),
        ("der dritte Absatz von Ziffer 2", PartPosition("paragraph", 2)),
        ("Absatz 2 von Ziffer 4", PartPosition("paragraph", 1)),
        ("la deuxième phrase de l'article 3", PartPosition("sentence", 1)),
        ("le dernier alinéa de l'article 5", PartPosition("paragraph", LAST)),
        ("el primer párrafo de la cláusula 2", PartPosition("paragraph", 0)),
        ("il secondo comma dell'articolo 4", PartPosition("paragraph", 1)),
        ("o segundo parágrafo da cláusula 3", PartPosition("paragraph", 1)),
        ("het tweede lid van artikel 5", PartPosition("paragraph", 1)),
        ("What does clause 4 say about fees?", None),
    ],
)
def test_ordinals_of_paragraphs_in_seven_languages(question: str, position: PartPosition | None) -> None:
    assert read_position(question) == position


@pytest.mark.parametrize(
    ("rest", "is_all"),
    [
        ("What does  say?", True),
        ("Was steht in ?", True),
        ("Que dit l' ?", True),
        ("¿Qué dice la ?", True),
        ("What does  say about refunds?", False),
        ("Which fee is in ?", False),
    ],
)
def test_whether_a_question_asks_for_all_of_a_clause(rest: str, *, is_all: bool) -> None:
    assert asks_for_all(rest) == is_all
