"""Where a question belongs in a stored conversation, and what is kept of its answer however that ends."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from ingest.library.library import Library
from rag.conversations.store import TurnsStored, choose_seed, is_unseeded
from rag.engines.types import Message, Sampling
from rag.errors import EngineBusyError, EngineCrashedError, QuestionError
from rag.types import AnswerDelta, AnswerEvent
from tests.rag.conversation_world import PUMP, TEXT, ConversationWorld, make_conversation_world

ASKED = "How often is the pump oiled?"


@pytest.fixture
def world(library: Library) -> ConversationWorld:
    return make_conversation_world(library)


@pytest.fixture
def id_(world: ConversationWorld) -> str:
    return world.library.create_conversation().id


def roles_and_texts(world: ConversationWorld, id_: str) -> list[tuple[str, str, str]]:
    return [(turn.role, turn.status, turn.text) for turn in world.store.path(id_)]


def test_events_pass_through_and_the_ids_come_before_the_answer(world: ConversationWorld, id_: str) -> None:
    *before, recorded, answer = world.record(id_, ASKED)
    question, stored = world.store.path(id_)
    assert [*before, answer] == list(world.events())
    assert recorded == TurnsStored(id_, question.id, stored.id)
    assert roles_and_texts(world, id_) == [("user", "complete", ASKED), ("assistant", "complete", TEXT)]


def test_the_next_question_follows_the_current_turn(world: ConversationWorld, id_: str) -> None:
    world.record(id_, ASKED)
    place = world.store.locate_question(id_, "And the valve?")
    assert place.messages == (Message("user", ASKED), Message("assistant", TEXT), Message("user", "And the valve?"))


def test_a_question_is_edited_beside_itself_and_answered_again_below_itself(world: ConversationWorld, id_: str) -> None:
    world.record(id_, ASKED)
    question, answer = world.store.path(id_)
    world.record(id_, ASKED, "Monthly.", parent=question.id)
    world.record(id_, "How seldom?", "Never.", parent=id_)
    assert [turn.text for turn in world.store.path(id_)] == ["How seldom?", "Never."]
    assert [len(turn.versions) for turn in world.store.path(id_, answer.id)] == [2, 2]
    assert world.store.locate_question(id_, ASKED, question.id).history == ()


def test_another_question_is_no_answer_to_one_that_waits(world: ConversationWorld, id_: str) -> None:
    world.store.add(id_, [Message("system", "Be brief."), Message("user", ASKED)])
    waiting = world.store.path(id_)[-1]
    with pytest.raises(QuestionError, match="send that question itself"):
        world.store.locate_question(id_, "Something else?", waiting.id)
    world.record(id_, ASKED)
    assert [turn.role for turn in world.store.path(id_)] == ["system", "user", "assistant"]


def test_a_question_follows_what_a_person_has_said_and_nobody_has_answered(world: ConversationWorld, id_: str) -> None:
    world.store.add(id_, [Message("user", "I look after the pump.")])
    position = world.store.locate_question(id_, ASKED)
    assert position.messages == (Message("user", "I look after the pump."), Message("user", ASKED))
    world.record(id_, ASKED)
    assert [turn.role for turn in world.store.path(id_)] == ["user", "user", "assistant"]


def test_what_was_said_until_the_reader_left_is_kept(world: ConversationWorld, id_: str) -> None:
    events = world.store.record(world.store.locate_question(id_, ASKED), world.question(), world.events())
    for _ in range(4):
        next(events)
    events.close()
    assert roles_and_texts(world, id_)[1] == ("assistant", "stopped", "Itisoiled")


def test_a_reader_who_leaves_before_the_first_word_leaves_the_question(world: ConversationWorld, id_: str) -> None:
    events = world.store.record(world.store.locate_question(id_, ASKED), world.question(), world.events())
    next(events)
    events.close()
    turn = world.store.path(id_)[1]
    assert (turn.status, turn.text) == ("stopped", "")
    assert turn.record is not None
    assert turn.record.basis is not None
    assert [turn.state_of(quote) for quote in turn.record.basis.evidence] == ["unchanged"]


def test_what_was_said_until_the_model_failed_is_kept_with_the_reason(world: ConversationWorld, id_: str) -> None:
    def failing() -> Generator[AnswerEvent, None, None]:
        yield world.started()
        yield AnswerDelta("It is")
        raise EngineCrashedError(model="scripted", how="signal 9")

    with pytest.raises(EngineCrashedError):
        list(world.store.record(world.store.locate_question(id_, ASKED), world.question(), failing()))
    turn = world.store.path(id_)[1]
    assert (turn.status, turn.text) == ("failed", "It is")
    assert turn.record is not None
    assert "signal 9" in turn.record.error


def test_nothing_is_kept_of_a_question_that_was_refused(world: ConversationWorld, id_: str) -> None:
    def refusing() -> Generator[AnswerEvent, None, None]:
        yield world.started()
        raise EngineBusyError(waiting=9, retry_after_seconds=1)

    with pytest.raises(EngineBusyError):
        list(world.store.record(world.store.locate_question(id_, ASKED), world.question(), refusing()))
    assert world.store.path(id_) == []


def test_an_answer_reaches_its_reader_where_its_conversation_is_deleted_meanwhile(
    world: ConversationWorld, id_: str, caplog: pytest.LogCaptureFixture
) -> None:
    events = world.store.record(world.store.locate_question(id_, ASKED), world.question(), world.events())
    next(events)
    world.library.delete_conversation(id_)
    events.close()
    assert "was not stored" in caplog.text


def test_sampling_that_draws_gets_a_seed_and_no_other() -> None:
    assert choose_seed(Sampling()) == Sampling()
    assert choose_seed(Sampling(0.5, seed=7)) == Sampling(0.5, seed=7)
    assert not is_unseeded(choose_seed(Sampling(0.5)))
    assert choose_seed(Sampling(0.5)).seed != choose_seed(Sampling(0.5)).seed


def test_quotes_that_nobody_waited_for_leave_no_words_behind(world: ConversationWorld, id_: str) -> None:
    started = replace(world.started(), style="quoted")
    events: list[AnswerEvent] = [started, AnswerDelta(f"{PUMP} [1]"), world.answer("never reached")]
    recorded = world.store.record(
        world.store.locate_question(id_, "Why?"), world.question(), (event for event in events)
    )
    next(recorded)
    next(recorded)
    recorded.close()
    *_, turn = world.store.path(id_)
    assert (turn.role, turn.status, turn.text) == ("assistant", "stopped", "")
