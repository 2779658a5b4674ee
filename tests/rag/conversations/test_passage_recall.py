"""A stored conversation goes on in another process with the passages that it was shown in the first one."""

from dataclasses import replace

import pytest

from ingest.library.library import Library
from rag.context.passage_memory import PassageMemory, TurnPassages
from rag.conversations.store import Conversations
from rag.engines.types import Message
from rag.types import AnswerEvent, AnswerStarted, ContextMode, Passage, Question
from tests.rag.conversation_world import ConversationWorld, make_conversation_world

TEXTS = ("The pump is oiled every 3 months.", "The valve is red.", "The hose is long.")
ASKED = ("How often is it oiled?", "Which colour?", "And how long?")


@pytest.fixture
def world(library: Library) -> ConversationWorld:
    return make_conversation_world(library, TEXTS)


def passages(world: ConversationWorld, *numbers: int) -> tuple[Passage, ...]:
    chunks = world.library.document_chunks(world.document.collection_id, world.document.file_id)
    return tuple(Passage(number, chunks[number - 1]) for number in numbers)


def converse(world: ConversationWorld, mode: ContextMode = "retrieval") -> str:
    """Ask two questions: for the second one a passage is new and one stands there already."""
    id_ = world.library.create_conversation().id
    turns = ((passages(world, 1), (1,)), (passages(world, 1, 2), (2,)))
    for asked, (shown, new) in zip(ASKED, turns, strict=False):
        started = replace(world.started(), mode=mode, passages=shown, new_numbers=new if mode == "retrieval" else ())
        events: list[AnswerEvent] = [started, world.answer("Yes.")]
        position = world.store.locate_question(id_, asked)
        list(world.store.record(position, world.question(), (event for event in events)))
    return id_


def restored_passages(
    world: ConversationWorld, id_: str, memory: PassageMemory, question: Question
) -> list[TurnPassages | None]:
    store = Conversations(world.library, world.store.provenance, memory)
    position = store.locate_question(id_, ASKED[2])
    asked = replace(question, messages=position.messages)
    nothing = AnswerStarted("none", "nothing found", (), ())
    next(store.record(position, asked, (event for event in (nothing,))))
    return [
        recall(memory, asked, index) for index, message in enumerate(position.messages[:-1]) if message.role == "user"
    ]


def recall(memory: PassageMemory, asked: Question, index: int) -> TurnPassages | None:
    """Return what is remembered of a turn besides its answer, which is that of the record."""
    turn = memory.recall(asked, index)
    if turn is None:
        return None
    assert turn.answer == asked.messages[index + 1].content
    return replace(turn, answer="")


def numbers(world: ConversationWorld, *passage_numbers: int) -> dict[int, int]:
    return {passage.stored.id: passage.number for passage in passages(world, *passage_numbers)}


def test_what_was_new_in_each_turn_is_brought_back(world: ConversationWorld) -> None:
    shown = restored_passages(world, converse(world), PassageMemory(), world.question())
    assert shown == [
        TurnPassages(numbers(world, 1), passages(world, 1)),
        TurnPassages(numbers(world, 1, 2), passages(world, 2)),
    ]


def test_the_numbers_of_whole_documents_are_brought_back(world: ConversationWorld) -> None:
    shown = restored_passages(world, converse(world, "whole"), PassageMemory(), world.question())
    assert shown == [TurnPassages(numbers(world, 1)), TurnPassages(numbers(world, 1, 2))]


def test_the_numbers_that_an_overview_gave_are_brought_back(world: ConversationWorld) -> None:
    id_ = world.library.create_conversation().id
    started = replace(world.started(), mode="overview", passages=())
    answer = replace(world.answer("Yes [2]."), passages=passages(world, 1, 2))
    events: list[AnswerEvent] = [started, answer]
    list(world.store.record(world.store.locate_question(id_, ASKED[0]), world.question(), (event for event in events)))
    position = world.store.locate_question(id_, ASKED[1])
    memory, asked = PassageMemory(), replace(world.question(), messages=position.messages)
    Conversations(world.library, world.store.provenance, memory).restore_passages(asked, world.store.path(id_))
    assert recall(memory, asked, 0) == TurnPassages(numbers(world, 1, 2))


def test_the_record_is_the_truth_whatever_is_remembered(world: ConversationWorld) -> None:
    memory, id_ = PassageMemory(), converse(world)
    first = replace(world.question(), messages=(Message("user", ASKED[0]),))
    memory.remember(first, "Yes.", TurnPassages({99: 1}))
    assert restored_passages(world, id_, memory, world.question())[0] == TurnPassages(
        numbers(world, 1), passages(world, 1)
    )


def test_turns_about_other_documents_and_documents_that_are_gone_bring_nothing(world: ConversationWorld) -> None:
    id_, other = converse(world), converse(world)
    assert restored_passages(world, other, PassageMemory(), replace(world.question(), collections=("vs_other",))) == [
        None,
        None,
    ]
    world.library.delete_file(world.document.file_id)
    assert restored_passages(world, id_, PassageMemory(), world.question()) == [
        TurnPassages({-1: 1}),
        TurnPassages({-1: 1, -2: 2}),
    ]
