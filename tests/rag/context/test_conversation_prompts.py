"""Prompts from turn to turn of a chat: each extends the one before and repeats no passage."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.types import CollectionChanges
from rag.context.chat_history import LONGEST_SHARE, truncate_history
from rag.context.passage_memory import PassageMemory, TurnPassages
from rag.context.prompt import build_messages
from rag.engines.types import Message
from rag.types import Answer, AnswerStarted, Question
from tests.fakes import ScriptedEngine
from tests.rag.test_answering import PUMP, World, world  # noqa: F401 (a fixture)

FIRST = "How often is the pump oiled?"
SECOND = "When does the canteen close?"


def asked(world: World, *texts: str, mode: str = "retrieval") -> tuple[AnswerStarted, Answer, tuple[Message, ...]]:  # noqa: F811
    """Ask the last of `texts` in a conversation; return the basis, the answer and what the model read."""
    started, *_, answer = world.answerer_of_chat.answer(world.question(*texts, mode=mode))
    assert isinstance(started, AnswerStarted)
    assert isinstance(answer, Answer)
    return started, answer, world.engine.requests[-1][0]


@pytest.mark.parametrize("mode", ["retrieval", "whole"])
def test_the_next_prompt_begins_with_the_one_before_and_its_answer(world: World, mode: str) -> None:  # noqa: F811
    world.engine = ScriptedEngine(["Every 3 months [1]."])
    _, answer, first = asked(world, FIRST, mode=mode)
    _, _, second = asked(world, FIRST, answer.text, SECOND, mode=mode)
    assert second[: len(first)] == first
    assert second[len(first)] == Message("assistant", answer.text)


def test_a_passage_is_shown_once_and_keeps_its_number(world: World) -> None:  # noqa: F811
    world.engine = ScriptedEngine(["Every 3 months [1]."])
    started, answer, _ = asked(world, FIRST)
    later, _, read = asked(world, FIRST, answer.text, "Where does the pump stand?")
    before = {passage.stored.id: passage.number for passage in started.passages}
    assert {passage.stored.id: passage.number for passage in later.passages} | before == {
        passage.stored.id: passage.number for passage in later.passages
    }
    assert "".join(message.content for message in read).count(PUMP) == 1
    assert "shown before" in later.reason


def test_new_passages_are_numbered_after_those_of_before(world: World) -> None:  # noqa: F811
    for index in range(8):
        world.add(f"other{index}.txt", f"Topic {index} of the canteen: soup number {index}.")
    world.engine = ScriptedEngine(["Yes."])
    started, answer, _ = asked(world, FIRST)
    later, _, _ = asked(world, FIRST, answer.text, "Which soup is there in the canteen?")
    numbers = [passage.number for passage in later.passages]
    assert len(set(numbers)) == len(numbers)
    assert numbers[: len(started.passages)] == [passage.number for passage in started.passages]


def test_a_passage_whose_document_is_gone_is_not_shown_any_more(world: World) -> None:  # noqa: F811
    world.engine = ScriptedEngine(["Every 3 months [1]."])
    started, answer, _ = asked(world, FIRST)
    pump = next(passage for passage in started.passages if passage.stored.filename == "pump.txt")
    world.library.remove_document(world.collection.id, pump.stored.file_id)
    later, _, read = asked(world, FIRST, answer.text, SECOND)
    assert PUMP not in "".join(message.content for message in read)
    assert pump.number not in {passage.number for passage in later.passages}


def test_answers_of_unknown_turns_lose_their_markers(world: World) -> None:  # noqa: F811
    world.engine = ScriptedEngine(["Yes."])
    _, _, read = asked(world, "A question of yesterday?", "An answer of yesterday [7].", FIRST)
    assert [message.content for message in read if message.role == "assistant"] == ["An answer of yesterday ."]


def test_a_document_that_was_changed_is_seen_in_the_next_turn(world: World) -> None:  # noqa: F811
    world.engine = ScriptedEngine(["Yes."])
    _, answer, _ = asked(world, FIRST, mode="auto")
    for document in world.library.documents():
        if document.source == "pump.txt":
            world.library.delete_file(document.file_id)
    world.add("pump.txt", PUMP.replace("3 months", "5 months"))
    _, _, read = asked(world, FIRST, answer.text, FIRST, mode="auto")
    shown = "".join(message.content for message in read)
    assert "5 months" in shown
    assert "3 months" not in shown


def words(messages: Sequence[Message]) -> int:
    return sum(len(message.content.split()) + 1 for message in messages)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_a_long_history_is_truncated_seldom_and_always_fits(lengths: list[int]) -> None:
    window = 200
    messages: list[Message] = []
    starts: list[int] = []
    for turn, length in enumerate(lengths):
        question = Question((*messages, Message("user", f"question {turn}")), ("c",))
        history = truncate_history(NoLibrary(), PassageMemory(), question, window, words)  # type: ignore[arg-type]
        assert history.messages[-1] == question.messages[-1]
        assert len(history.messages) == 1 or words(build_messages(history.messages)) <= window * LONGEST_SHARE
        assert history.messages[0].role == "user"
        starts.append(history.dropped)
        messages += [question.messages[-1], Message("assistant", "word " * length)]
    assert starts == sorted(starts)


class NoLibrary:
    """A library without chunks."""

    def chunks(self, ids: list[int]) -> list[object]:
        assert not ids
        return []


def test_the_least_recently_used_turn_is_forgotten_first() -> None:
    memory = PassageMemory(capacity=2)
    questions = [Question((Message("user", str(number)),), ("c",)) for number in range(3)]
    answered = (Message("assistant", "Yes."),)
    later = [replace(question, messages=(*question.messages, *answered)) for question in questions]
    for question in questions[:2]:
        memory.remember(question, "Yes.", TurnPassages())
    assert memory.recall(later[0], 0) is not None
    memory.remember(questions[2], "Yes. ", TurnPassages())
    assert [memory.recall(question, 0) is not None for question in later] == [True, False, True]
    assert memory.recall(replace(later[0], collections=("other",)), 0) is None


def test_another_answer_to_the_same_question_is_another_turn() -> None:
    memory = PassageMemory()
    question = Question((Message("user", "Why?"),), ("c",))
    for answer, number in (("So [1].", 1), ("Thus [2].", 2)):
        memory.remember(question, answer, TurnPassages({7: number}))
    answered = replace(question, messages=(*question.messages, Message("assistant", "So [1].")))
    assert memory.recall(answered, 0) == TurnPassages({7: 1}, answer="So [1].")


@pytest.mark.parametrize("rules", ["", "word " * 60])
def test_the_rules_of_a_collection_count_when_a_history_is_truncated(world: World, rules: str) -> None:  # noqa: F811
    world.library.update_collection(world.collection.id, CollectionChanges(rules=rules))
    world.engine = ScriptedEngine(["word " * 40], context_window=300)
    said: list[str] = []
    for turn in range(6):
        said.append(f"How often is the pump oiled, question {turn}?")
        said.append(asked(world, *said)[1].text)
