"""The route of a question: what is decided before any search."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers.route import MAX_MAP_REDUCE_CHUNKS, NO_DOCUMENTS, NO_MATCH, AnswerKind, RouteFacts, choose_route
from rag.engines.types import Message, ModelInfo, Sampling
from rag.models.capability import is_capable
from rag.questions.overview_intent import OverviewIntent
from rag.types import AnswerMode, AnswerStyle, Question

SMALL = ModelInfo("small", "small.gguf", "llama", 4_096, 0, 1, 100_000_000)
ABLE = replace(SMALL, id="able", size_bytes=3_000_000_000)
SUMMARY = OverviewIntent("overview", "Summarise")
QUESTION = Question((Message("user", "How often is the pump oiled?"),), ("c",))
FACTS = RouteFacts(ABLE, "auto", documents=2, has_match=True, fits_whole=True, chunks=9)

questions = st.builds(
    Question,
    messages=st.just(QUESTION.messages),
    collections=st.just(QUESTION.collections),
    mode=st.sampled_from(get_args(AnswerMode)),
    style=st.sampled_from(["auto", "written", "quoted"]),
    sampling=st.sampled_from([Sampling(), Sampling(json_schema="{}")]),
)
facts_of_any_kind = st.builds(
    RouteFacts,
    model=st.sampled_from([SMALL, ABLE]),
    default_style=st.sampled_from(["auto", "written", "quoted"]),
    documents=st.integers(0, 2),
    has_match=st.booleans(),
    fits_whole=st.booleans(),
    chunks=st.integers(0, 2 * MAX_MAP_REDUCE_CHUNKS),
    intent=st.sampled_from([None, SUMMARY]),
)


def test_documents_that_fit_are_shown_whole_and_others_are_searched() -> None:
    assert choose_route(QUESTION, FACTS).mode == "whole"
    assert choose_route(QUESTION, replace(FACTS, fits_whole=False)).mode == "retrieval"


@pytest.mark.parametrize(
    ("model", "default", "asked", "kind"),
    [
        (ABLE, "auto", "auto", "written"),
        (SMALL, "auto", "auto", "extractive"),
        (SMALL, "written", "auto", "written"),
        (ABLE, "quoted", "auto", "extractive"),
        (ABLE, "auto", "quoted", "extractive"),
        (SMALL, "auto", "written", "written"),
    ],
)
def test_the_style_is_that_of_the_question_else_of_the_settings_else_of_the_model(
    model: ModelInfo, default: AnswerStyle, asked: AnswerStyle, kind: AnswerKind
) -> None:
    route = choose_route(replace(QUESTION, style=asked), replace(FACTS, model=model, default_style=default))
    assert route.kind == kind
    assert bool(route.reason) == (default == asked == "auto" and not is_capable(model))


@pytest.mark.parametrize(
    ("change", "text"), [({"documents": 0, "has_match": False}, NO_DOCUMENTS), ({"has_match": False}, NO_MATCH)]
)
@pytest.mark.parametrize("mode", get_args(AnswerMode))
def test_without_documents_there_is_no_answer_and_the_user_is_told_why(
    change: dict[str, object], text: str, mode: AnswerMode
) -> None:
    facts = replace(FACTS, intent=SUMMARY, **change)  # type: ignore[arg-type]
    route = choose_route(replace(QUESTION, mode=mode), facts)
    assert (route.kind, route.mode, route.text, route.reason) == ("none", "none", text, text)


def test_an_overview_is_made_from_the_prompt_if_all_documents_fit_in_it() -> None:
    facts = replace(FACTS, intent=SUMMARY)
    assert choose_route(QUESTION, facts).kind == "written"
    assert choose_route(QUESTION, replace(facts, fits_whole=False)).kind == "map-reduce"
    assert choose_route(replace(QUESTION, mode="overview"), facts).kind == "map-reduce"


def test_a_model_reads_many_chunks_only_if_the_question_asks_for_it() -> None:
    facts = replace(FACTS, intent=SUMMARY, fits_whole=False, chunks=MAX_MAP_REDUCE_CHUNKS + 1)
    assert choose_route(QUESTION, facts).kind == "extractive overview"
    assert choose_route(replace(QUESTION, style="written"), facts).kind == "map-reduce"
    assert choose_route(replace(QUESTION, mode="overview"), facts).kind == "map-reduce"
    assert choose_route(QUESTION, replace(facts, chunks=MAX_MAP_REDUCE_CHUNKS)).kind == "map-reduce"


@given(question=questions, facts=facts_of_any_kind)
def test_every_route_agrees_with_itself_and_with_its_question(question: Question, facts: RouteFacts) -> None:
    route = choose_route(question, facts)
    assert (route.mode == "none") == (route.kind == "none") == bool(route.text)
    assert (route.mode == "overview") == (route.kind in ("map-reduce", "extractive overview"))
    assert (route.intent is not None) == (route.mode == "overview")
    assert route.kind == "none" or (route.style == "quoted") == route.kind.startswith("extractive")
    assert route.needs_retrieval == (route.mode in ("whole", "retrieval"))
    assert route.mode != "whole" or facts.fits_whole
    if question.sampling.json_schema:
        assert route.kind in ("written", "none")
    if question.mode == "overview" and not question.sampling.json_schema:
        assert route.mode in ("overview", "none")
