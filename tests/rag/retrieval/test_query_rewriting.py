"""Follow-up questions that the model completes, with a scripted engine."""

from dataclasses import replace

import pytest

from rag.answering import Answerer
from rag.context.answer_policy import AnswerPolicy
from rag.engines.types import Message
from rag.grounding.evidence import EvidenceFinder
from rag.retrieval.query_rewriting import rewrite_query, should_rewrite
from rag.types import Answer, Question, Rewriting
from tests.fakes import HashEmbedder, ScriptedEngine
from tests.rag.retrieval.test_hybrid import retriever
from tests.rag.test_answering import World, world  # noqa: F401 (a fixture)

ABOUT_THE_PUMP = (
    Message("system", "Be brief."),
    Message("user", "Where is the pump?"),
    Message("assistant", "In the cellar."),
    Message("user", "How often is it oiled?"),
)


def test_the_model_sees_the_turns_and_the_question_and_no_system_message() -> None:
    engine = ScriptedEngine(["How often is the pump ", "oiled?"])
    assert rewrite_query(engine, ABOUT_THE_PUMP) == "How often is the pump oiled?"
    ((messages, sampling),) = engine.requests
    assert "User: Where is the pump?\nAssistant: In the cellar.\n" in messages[1].content
    assert "Last question: How often is it oiled?" in messages[1].content
    assert "Be brief." not in messages[1].content
    assert (sampling.temperature, sampling.max_tokens) == (0.0, 64)


def test_a_conversation_that_does_not_fit_is_not_rewritten() -> None:
    assert rewrite_query(ScriptedEngine(["no"], context_window=40), ABOUT_THE_PUMP) == ""


@pytest.mark.parametrize(
    ("size_bytes", "rewriting", "is_asked"),
    [
        (98_000_000, "auto", False),
        (2_000_000_000, "auto", True),
        (98_000_000, "on", True),
        (2_000_000_000, "off", False),
    ],
)
def test_large_models_rewrite_unless_told_otherwise(size_bytes: int, rewriting: Rewriting, is_asked: bool) -> None:
    assert should_rewrite(replace(ScriptedEngine().info(), size_bytes=size_bytes), rewriting) is is_asked


@pytest.mark.parametrize(("rewriting", "generations"), [("on", 2), ("off", 1)])
def test_an_answer_is_searched_with_the_rewritten_question(
    world: World,  # noqa: F811 (the fixture)
    rewriting: Rewriting,
    generations: int,
) -> None:
    engine = ScriptedEngine(["when does the canteen close at noon lunch served"])
    answerer = Answerer(
        world.library,
        retriever(world.library),
        EvidenceFinder(world.library, HashEmbedder()),
        lambda _: engine,
        AnswerPolicy(top_k=1, min_score=0.0, max_answer_tokens=64, rewriting=rewriting),
    )
    turns = (Message("user", "the stairs"), Message("assistant", "Yes."), Message("user", "and then?"))
    *_, last = answerer.answer(Question(turns, (world.collection.id,), mode="retrieval"))
    assert isinstance(last, Answer)
    assert len(engine.requests) == generations
    assert ("canteen" in engine.requests[-1][0][-1].content) is (rewriting == "on")
