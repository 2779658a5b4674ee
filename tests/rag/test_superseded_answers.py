"""Answers from documents in which a later statement replaces an earlier one, from the file to the quote."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.index.search_index import SearchIndex
from rag.answering import Answerer
from rag.context.answer_policy import AnswerPolicy
from rag.engines.types import Message
from rag.grounding.evidence import EvidenceFinder
from rag.retrieval.hybrid import Retriever
from rag.types import Answer, AnswerMode, Question
from tests.fakes import HashEmbedder, ScriptedEngine
from tests.rag.supersession_world import Mail, SupersessionWorld

EMBEDDER = HashEmbedder()
FILLER = "\n\n".join(f"{number}.1 The parties meet at place number {number} of the list." for number in range(20, 60))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SupersessionWorld]:
    new = SupersessionWorld(tmp_path)
    yield new
    new.library.close()


def ask(world: SupersessionWorld, question: str, *, mode: AnswerMode = "auto") -> Answer:
    answerer = Answerer(
        world.library,
        Retriever(world.library, SearchIndex(world.library), EMBEDDER, fusion_weight=0.5),
        EvidenceFinder(world.library, EMBEDDER),
        lambda _: ScriptedEngine(context_window=16_384),
        AnswerPolicy(top_k=3, min_score=0.1, max_answer_tokens=64, style="quoted"),
    )
    *_, answer = answerer.answer(Question((Message("user", question),), (world.collection.id,), mode=mode))
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("question", "new", "old"),
    [
        ("On which date is the offsite?", "18 June", "11 June"),
        ("What is the budget of the offsite?", "4,800", "6,000"),
    ],
)
def test_the_last_message_of_a_thread_answers(world: SupersessionWorld, question: str, new: str, old: str) -> None:
    world.add_mailbox(
        Mail("The offsite takes place on 11 June in Leuven. The budget is EUR 6,000.", day=4, subject="Offsite"),
        Mail("11 June collides with the audit. Could we do 18 June?", day=4, hour=11),
        Mail("The offsite is moved to 18 June, still in Leuven. Finance cut the budget to EUR 4,800.", day=5),
    )
    answer = ask(world, question)
    superseded = next(citation for citation in answer.citations if citation.superseded_by is not None)
    assert answer.text.index(new) < answer.text.index(f"[superseded: {superseded.quote.quote}]")
    assert old in superseded.quote.quote
    conflict = answer.disagreements[0]
    assert [value.dating and value.dating.day for value in conflict.values] == ["2026-05-05", "2026-05-04"]


@pytest.mark.parametrize("mode", ["whole", "retrieval"])
def test_an_amendment_is_quoted_though_it_shares_no_word_with_the_question(
    world: SupersessionWorld, mode: AnswerMode
) -> None:
    old, new = (
        '1.4 "Base Fee" means EUR 18,500 per calendar month.',
        "In clause 1.4 the amount is replaced by EUR 19,200.",
    )
    world.add("contract.md", f"# Contract\n\n{old}\n\n{FILLER}\n\n# Amendment No. 1 of 3 March 2025\n\n{new}")
    answer = ask(world, "What is the current Base Fee?", mode=mode)
    assert answer.text.index(new) < answer.text.index(f"[superseded: {old}]")
    assert {citation.superseded_by.kind for citation in answer.citations if citation.superseded_by} == {"amendment"}


def test_an_amendment_of_its_own_is_quoted_for_the_contract_that_it_names(world: SupersessionWorld) -> None:
    for name, fee in (("Alpha", "18,500"), ("Beta", "21,000")):
        head = f"# Service Agreement\n\nbetween {name} BV and Halden NV, dated 12 January 2024"
        world.add(f"{name}.md", f"{head}\n\n3.1 The Base Fee of {name} is EUR {fee}.\n\n{FILLER}")
    change = "In clause 3.1 the amount is replaced by EUR 19,200."
    head = "# Amendment No. 1\n\nof 3 March 2025 to the Service Agreement between Alpha BV and Halden NV"
    world.add("amendment.md", f"{head}\n\n{change}")
    answer = ask(world, "What is the Base Fee of Alpha?", mode="retrieval")
    assert answer.text.index(change) < answer.text.index("[superseded: 3.1 The Base Fee of Alpha is EUR 18,500.]")
    assert "[superseded: 3.1 The Base Fee of Beta" not in answer.text


EDITIONS = {
    year: f"# Shelf standard, {year} edition\n\nThe highest load of a level is {load} kg."
    for year, load in ((2021, 450), (2024, 520))
}


@pytest.mark.parametrize(
    ("question", "load"),
    [
        ("What is the highest load of a level in the 2021 edition?", "450"),
        ("What is the highest load of a level in the 2024 edition?", "520"),
        ("What is the highest load of a level in the edition of 2021?", "450"),
        ("According to the 2024 version, what is the highest load of a level?", "520"),
    ],
)
def test_an_edition_that_is_named_answers_alone(world: SupersessionWorld, question: str, load: str) -> None:
    for year, text in EDITIONS.items():
        world.add(f"standard-{year}.md", text)
    answer = ask(world, question)
    assert {citation.quote.source for citation in answer.citations} == {
        f"standard-{'2021' if load == '450' else '2024'}.md"
    }
    assert f"is {load} kg." in answer.text.split("\n\n")[0]


def test_the_latest_edition_answers_if_none_is_named(world: SupersessionWorld) -> None:
    for year, text in EDITIONS.items():
        world.add(f"standard-{year}.md", text)
    answer = ask(world, "What is the highest load of a level?")
    assert answer.text.index("520 kg") < answer.text.index("[superseded: The highest load of a level is 450 kg.]")


def test_an_edition_that_is_nowhere_has_no_answer(world: SupersessionWorld) -> None:
    for year, text in EDITIONS.items():
        world.add(f"standard-{year}.md", text)
    answer = ask(world, "What is the highest load of a level in the 2019 edition?")
    assert answer.answer_verdict == "does not answer"
    assert answer.text == "The 2019 edition is not in these documents; nearest: 2021, 2024."
