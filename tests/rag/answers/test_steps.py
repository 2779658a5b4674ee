"""The steps between question and answer: what each one asks the model and the embedder, and what people are told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.types import Comparison
from rag.answers.route import NO_MATCH
from rag.context.answer_policy import AnswerPolicy
from rag.context.gathering import GatheredEvidence
from rag.context.passage_memory import PassageMemory, TurnPassages
from rag.context.planner import NOT_IN_DOCUMENTS, Planner
from rag.engines.types import ModelInfo
from rag.errors import PromptTooLongError
from rag.types import Answer, AnswerProgress, AnswerStarted, Passage, ScoredChunk
from tests.fakes import ScriptedEngine, passport
from tests.rag.test_answering import EMBEDDER, World

CHAPTERS = tuple(f"Chapter {number}. " + "The machine goes on and on. " * 12 for number in range(12))


class AbleEngine(ScriptedEngine):
    """A scripted model that is large enough to write and to rewrite questions."""

    def info(self) -> ModelInfo:
        return replace(super().info(), size_bytes=3_000_000_000)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    library = Library(tmp_path / "home")
    yield World(library, library.create_collection("c", passport()), ScriptedEngine())
    library.close()


def test_an_overview_searches_nothing_and_rewrites_no_question(world: World) -> None:
    world.add("long.txt", *CHAPTERS)
    world.engine = AbleEngine(["- The machine goes on [1]"], context_window=700)
    EMBEDDER.calls.clear()
    chat = ("How is the pump oiled?", "Every month.", "Summarise everything.")
    events = list(world.answerer.answer(replace(world.question(*chat), style="written")))
    assert isinstance(events[-1], Answer)
    assert events[-1].mode == "overview"
    assert [event.total for event in events if isinstance(event, AnswerProgress)]
    assert chat[-1] not in [text for call in EMBEDDER.calls for text in call]
    assert not any("Rewrite" in messages[0].content for messages, _ in world.engine.requests)


def test_an_overview_that_leaves_no_room_is_refused_before_its_first_event(world: World) -> None:
    world.add("long.txt", *CHAPTERS)
    world.engine = AbleEngine(context_window=130)
    question = replace(world.question("Summarise everything."), style="written", mode="overview")
    with pytest.raises(PromptTooLongError):
        next(world.answerer.answer(question))


def test_without_evidence_the_reason_says_what_no_passage_has(world: World) -> None:
    world.add("pump.txt", "The pump is oiled every 3 months.")
    answer = world.answer("Zeppelin quartz mountains?", mode="retrieval")
    assert (answer.mode, answer.text) == ("none", NOT_IN_DOCUMENTS)
    assert answer.reason.startswith("the best sentence scores ")
    assert answer.reason.endswith("; no passage has “mountains”, “Zeppelin”, “quartz”")


@pytest.mark.parametrize("filename", ["none.txt", "pump.txt"])
def test_nothing_is_embedded_if_no_document_can_answer(world: World, filename: str) -> None:
    world.add("pump.txt", "The pump is oiled every 3 months.")
    filters = Comparison("eq", "filename", filename)
    EMBEDDER.calls.clear()
    *_, answer = world.answerer.answer(replace(world.question("How often?", mode="retrieval"), filters=filters))
    assert isinstance(answer, Answer)
    assert (answer.text == NO_MATCH) == (EMBEDDER.calls == []) == (filename == "none.txt")


def reason_of(world: World, question: str) -> str:
    started = next(world.answerer.answer(world.question(question, mode="retrieval")))
    assert isinstance(started, AnswerStarted)
    return started.reason


def test_only_passages_that_answer_as_well_are_counted_as_left_out(world: World) -> None:
    for number in range(6):
        world.add(f"pump{number}.txt", f"The pump in hall {number} is oiled every {number} months.")
    for number in range(30):
        world.add(f"other{number}.txt", f"Zeppelins number {number} float above quartz mountains.")
    reason = reason_of(world, "How often is the pump oiled?")
    assert reason == "retrieval: 4 passages from 4 documents; 2 more relevant, but not among the best 4"


def test_a_count_that_ends_at_what_was_judged_says_so(world: World) -> None:
    for number in range(12):
        world.add(f"pump{number}.txt", f"The pump in hall {number} is oiled every {number} months.")
    assert reason_of(world, "How often is the pump oiled?").endswith(
        "; at least 4 more relevant, but not among the best 4"
    )


def test_passages_that_the_chat_shows_already_are_not_left_out(world: World) -> None:
    world.add("pumps.txt", *(f"The pump in hall {number} is oiled every {number} months." for number in range(3)))
    (document,) = world.library.documents(world.collection.id)
    chunks = world.library.document_chunks(world.collection.id, document.file_id)
    hits = tuple(ScoredChunk(chunk, 0.9, 0.9, 1.0) for chunk in chunks)
    question = world.question("Which pump?", "The first [1].", "And the others?", mode="retrieval")
    memory = PassageMemory()
    turn = TurnPassages({chunks[0].id: 1}, (Passage(1, chunks[0]),))
    memory.remember(replace(question, messages=question.messages[:1]), "The first [1].", turn)
    policy = AnswerPolicy(top_k=6, min_score=0.2, max_answer_tokens=64)
    planner = Planner(world.library, memory, policy, question, world.engine)
    plan = planner.plan(GatheredEvidence(hits[1:2], omitted=(hits[0], hits[2])), whole=False)
    assert [passage.number for passage in plan.context.passages] == [1, 2]
    assert plan.context.reason.endswith("1 of them shown before; 1 more relevant, but not among the best 6")
