"""A stored question asked again: the same text, or what is not as it was."""

from collections.abc import Callable, Generator
from dataclasses import replace

import pytest

from ingest.library.library import Library
from rag.conversations.replay import Ask, Replay, replay
from rag.engines.types import Message, ModelInfo, Sampling
from rag.errors import ModelNotFoundError, QuestionError
from rag.types import AnswerEvent, Question
from tests.fakes import ScriptedEngine, chunked
from tests.ingest.library_world import add
from tests.rag.conversation_world import TEXT, ConversationWorld, make_conversation_world

ASKED = "How often is the pump oiled?"


@pytest.fixture
def world(library: Library) -> ConversationWorld:
    return make_conversation_world(library)


@pytest.fixture
def id_(world: ConversationWorld) -> str:
    id_ = world.library.create_conversation().id
    world.record(id_, ASKED)
    world.record(id_, "And then?", "Then it is not.")
    return id_


def again(world: ConversationWorld, id_: str, turn: int = 1, text: str = TEXT, ask: Ask | None = None) -> Replay:
    work = replay(world.store, id_, world.store.path(id_)[turn].id, ask or (lambda _: world.events(text)))
    while True:
        try:
            next(work)
        except StopIteration as end:
            outcome: Replay = end.value
            return outcome


def changes_of(outcome: Replay) -> list[tuple[str, str]]:
    return [(change.about, change.what) for change in outcome.changes]


def test_the_same_question_is_asked_at_the_same_place_in_the_same_way(world: ConversationWorld, id_: str) -> None:
    asked: list[Question] = []

    def ask(question: Question) -> Generator[AnswerEvent, None, None]:
        asked.append(question)
        return world.events("Then it is not.")

    outcome = again(world, id_, turn=3, ask=ask)
    assert (outcome.is_same, outcome.changes) == (True, ())
    messages = (Message("user", ASKED), Message("assistant", TEXT), Message("user", "And then?"))
    assert asked == [replace(world.question(), messages=messages, client="")]
    assert len(world.store.path(id_)) == 4


def test_the_first_difference_is_shown(world: ConversationWorld, id_: str) -> None:
    outcome = again(world, id_, text="It is oiled monthly [1].")
    assert (outcome.is_same, outcome.first_difference) == (False, 12)
    assert (outcome.before, outcome.now) == ("every 3 months [1].", "monthly [1].")
    assert again(world, id_, text=TEXT + " Yes.").first_difference == len(TEXT)


def test_what_changed_is_said_although_the_text_is_the_same(world: ConversationWorld, id_: str) -> None:
    class OtherEngine(ScriptedEngine):
        def info(self) -> ModelInfo:
            return replace(super().info(), size_bytes=7, threads=4)

    world.engine, world.version, world.settings = OtherEngine(), "1.1", {"top_k": "8"}
    outcome = again(world, id_)
    assert outcome.is_same
    assert changes_of(outcome) == [
        ("model", "the files of scripted have changed"),
        ("settings", "the model's threads was 1 and is 4"),
        ("version", "Pincite was 1.0 and is 1.1"),
        ("settings", "PINCITE_TOP_K was 6 and is 8"),
    ]


CHANGES: dict[str, tuple[Callable[[ConversationWorld], object], list[tuple[str, str]]]] = {
    "changed": (
        lambda world: add(world.library, world.document.collection_id, "pump.txt", chunked("It is oiled in May.")),
        [("documents", "pump.txt was changed")],
    ),
    "removed": (
        lambda world: world.library.delete_file(world.document.file_id),
        [("documents", "pump.txt was removed")],
    ),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=list(CHANGES))
def test_documents_behind_the_passages_are_named(
    world: ConversationWorld,
    id_: str,
    change: Callable[[ConversationWorld], object],
    expected: list[tuple[str, str]],
) -> None:
    events = list(world.events("Another text."))
    change(world)
    outcome = again(world, id_, ask=lambda _: (event for event in events))
    assert not outcome.is_same
    assert changes_of(outcome) == expected


def test_other_passages_are_counted(world: ConversationWorld, id_: str) -> None:
    add(world.library, world.document.collection_id, "valve.txt", chunked("The valve is red."))
    chunks = [
        chunk
        for document in world.library.documents()
        for chunk in world.library.document_chunks(document.collection_id, document.file_id)
    ]
    started = world.started()
    more = replace(started, passages=(*started.passages, replace(started.passages[0], number=2, stored=chunks[1])))
    outcome = again(world, id_, ask=lambda _: (event for event in (more, world.answer())))
    assert changes_of(outcome) == [("passages", "of the 1 passages of the prompt, 0 are missing and 1 are new")]


def test_a_collection_that_is_gone_is_a_result(world: ConversationWorld, id_: str) -> None:
    world.library.delete_collection(world.document.collection_id)

    def ask(question: Question) -> Generator[AnswerEvent, None, None]:
        world.library.collection(question.collections[0])
        yield from world.events()

    outcome = again(world, id_, ask=ask)
    assert (outcome.is_same, outcome.text) == (False, "")
    assert "there is no collection" in outcome.problem
    assert ("documents", "the collection c was removed") in changes_of(outcome)


def test_a_model_that_is_gone_is_replaced_by_the_one_that_answers_now(world: ConversationWorld, id_: str) -> None:
    class NewEngine(ScriptedEngine):
        def info(self) -> ModelInfo:
            return replace(super().info(), id="newer")

    def ask(question: Question) -> Generator[AnswerEvent, None, None]:
        if question.model is not None:
            raise ModelNotFoundError(model=question.model)
        yield from world.events()

    world.engine = NewEngine()
    outcome = again(world, id_, ask=ask)
    assert outcome.is_same
    assert changes_of(outcome) == [("model", "scripted answered, and newer answers now")]


def test_free_sampling_and_answers_that_ended_early_are_told(world: ConversationWorld) -> None:
    id_ = world.library.create_conversation().id
    question = world.question(Sampling(temperature=1.0))
    events = world.store.record(world.store.locate_question(id_, ASKED), question, world.events("It is"))
    for _ in range(3):
        next(events)
    events.close()
    outcome = again(world, id_, text="Itis not.")
    assert outcome.is_same
    assert [change.about for change in outcome.changes] == ["sampling"]


def test_what_was_not_written_here_cannot_be_repeated(world: ConversationWorld, id_: str) -> None:
    with pytest.raises(QuestionError, match="nothing to replay"):
        again(world, id_, turn=0)


def test_closing_it_closes_the_answer(world: ConversationWorld, id_: str) -> None:
    closed: list[bool] = []

    def ask(_: Question) -> Generator[AnswerEvent, None, None]:
        try:
            yield from world.events()
        finally:
            closed.append(True)

    work = replay(world.store, id_, world.store.path(id_)[1].id, ask)
    next(work)
    work.close()
    assert closed == [True]
