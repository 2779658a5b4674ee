"""A stored conversation goes on in another process with the passages that it was shown in the first one."""

from dataclasses import replace

import pytest

from ingest.library import Library
from rag.conversations.store import Conversations
from rag.shown import Shown, ShownPassages
from rag.types import AnswerEvent, ContextMode, Message, Passage, Question, Started
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
    for asked, shown in zip(ASKED, (passages(world, 1), passages(world, 1, 2)), strict=False):
        started = replace(world.started(), mode=mode, passages=shown)
        events: list[AnswerEvent] = [started, world.answer("Yes.")]
        place = world.store.place(id_, asked)
        list(world.store.record(place, world.question(), (event for event in events)))
    return id_


def recalled(world: ConversationWorld, id_: str, memory: ShownPassages, question: Question) -> list[Shown | None]:
    store = Conversations(world.library, world.store.observer, memory)
    place = store.place(id_, ASKED[2])
    asked = replace(question, messages=place.messages)
    nothing = Started("none", "nothing found", (), ())
    next(store.record(place, asked, (event for event in (nothing,))))
    return [memory.of(asked, index) for index, message in enumerate(place.messages[:-1]) if message.role == "user"]


def test_what_was_new_in_each_turn_is_brought_back(world: ConversationWorld) -> None:
    shown = recalled(world, converse(world), ShownPassages(), world.question())
    assert shown == [Shown(passages(world, 1), is_whole=False), Shown(passages(world, 2), is_whole=False)]


def test_whole_documents_are_brought_back_as_such(world: ConversationWorld) -> None:
    shown = recalled(world, converse(world, "whole"), ShownPassages(), world.question())
    assert shown == [Shown(passages(world, 1), is_whole=True), Shown(passages(world, 1, 2), is_whole=True)]


def test_what_is_remembered_already_stays(world: ConversationWorld) -> None:
    memory, id_ = ShownPassages(), converse(world)
    first = replace(world.question(), messages=(Message("user", ASKED[0]),))
    memory.remember(first, Shown((), is_whole=True))
    assert recalled(world, id_, memory, world.question())[0] == Shown((), is_whole=True)


def test_turns_about_other_documents_and_documents_that_are_gone_bring_nothing(world: ConversationWorld) -> None:
    id_, other = converse(world), converse(world)
    assert recalled(world, other, ShownPassages(), replace(world.question(), collections=("vs_other",))) == [None, None]
    world.library.delete_file(world.document.file_id)
    empty = Shown((), is_whole=False)
    assert recalled(world, id_, ShownPassages(), world.question()) == [empty, empty]
