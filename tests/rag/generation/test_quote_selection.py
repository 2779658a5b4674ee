"""Extractive answers: sentences of the documents alone."""

import json
from dataclasses import replace

import pytest

from ingest.parsers.document_builder import DocumentBuilder
from rag.answers.producers.extractive import NOTHING_CHOSEN
from rag.answers.route import NO_DOCUMENTS
from rag.engines.types import ModelInfo, Sampling
from rag.generation.quote_selection import (
    CLOSEST_MATCHES,
    QUOTES,
    compose_quotes,
    select_sentences,
    show_sentences,
    split_answering,
)
from rag.grounding.conditions import Conditions, make_conditions
from rag.grounding.evidence import split_chunk
from rag.grounding.markers import MARKER
from rag.questions.answer_type import AnswerType
from rag.types import Answer, AnswerStarted, AnswerStyle
from tests.fakes import Script, ScriptedEngine, passport
from tests.rag.tables_world import store_chunks
from tests.rag.test_answering import World, world  # noqa: F401 (a fixture)

QUESTION = "How often is the pump oiled?"


class AbleEngine(ScriptedEngine):
    """A scripted model that is large enough to write and to choose."""

    def info(self) -> ModelInfo:
        return replace(super().info(), size_bytes=3_000_000_000)


def asked(
    world: World,  # noqa: F811
    engine: ScriptedEngine,
    *,
    style: AnswerStyle = "quoted",
    policy: AnswerStyle = "auto",
    sampling: Sampling | None = None,
) -> tuple[AnswerStarted, Answer]:
    world.engine, world.style = engine, policy
    question = replace(world.question(QUESTION, sampling=sampling), style=style)
    started, *_, answer = world.answerer.answer(question)
    assert isinstance(started, AnswerStarted)
    assert isinstance(answer, Answer)
    return started, answer


def unquoted(world: World, answer: Answer) -> str:  # noqa: F811
    """Return what of an answer stands in none of the documents, markers left out."""
    rest = MARKER.sub("", answer.text)
    for document in world.library.documents():
        text = world.library.document_text(world.collection.id, document.file_id)
        for citation in answer.citations:
            quote = citation.quote
            if quote.file_id == document.file_id and text[quote.start : quote.end] == quote.quote:
                rest = rest.replace(quote.quote, "", 1)
    return rest.strip()


def test_a_model_that_is_too_small_quotes_and_is_not_asked(world: World) -> None:  # noqa: F811
    engine = ScriptedEngine(["The moon is made of cheese."])
    started, answer = asked(world, engine, style="auto")
    assert engine.requests == []
    assert (started.style, answer.style, answer.finish_reason) == ("quoted", "quoted", "stop")
    assert "scripted is too small to write" in started.reason
    assert answer.text.startswith("The pump is oiled every 3 months. [")
    assert unquoted(world, answer) == ""
    assert 1 <= len(answer.citations) <= QUOTES


def test_every_quoted_sentence_is_its_own_citation(world: World) -> None:  # noqa: F811
    _, answer = asked(world, ScriptedEngine())
    for citation, sentence in zip(answer.citations, answer.sentences, strict=True):
        assert answer.text[citation.answer_start : citation.answer_end] == citation.quote.quote
        assert (citation.origin, citation.verdict, sentence.verdict) == ("quote", "supported", "supported")
        assert (sentence.start, sentence.end) == (citation.answer_start, citation.answer_end)
        assert answer.text[citation.answer_end :].startswith(f" [{citation.number}]")


def test_an_able_model_writes_unless_quotes_are_asked_for(world: World) -> None:  # noqa: F811
    started, answer = asked(world, AbleEngine(["Often."]), style="auto")
    assert (started.style, answer.text) == ("written", "Often.")


def chosen(*texts: str) -> Script:
    return [json.dumps(list(texts))]


def test_an_able_model_chooses_the_quotes_and_can_say_nothing_else(world: World) -> None:  # noqa: F811
    engine = AbleEngine(chosen("It stands in the cellar."))
    _, answer = asked(world, engine)
    assert MARKER.sub("", answer.text).strip() == "It stands in the cellar."
    schema = json.loads(engine.requests[0][1].json_schema)
    texts = [
        world.library.document_text(world.collection.id, document.file_id) for document in world.library.documents()
    ]
    assert all(any(sentence in text for text in texts) for sentence in schema["items"]["enum"])
    assert engine.requests[0][1].cite_up_to is None


@pytest.mark.parametrize(
    ("written", "quotes"),
    [
        ("[]", []),
        ('["It stands in the ce', []),
        ('["Nobody may open it.", "It stands in', ["Nobody may open it."]),
        ('["Nobody may open it.", "Nobody may open it."]', ["Nobody may open it."]),
        ('["An invention."]', []),
    ],
)
def test_only_whole_sentences_of_the_documents_count(
    world: World,  # noqa: F811
    written: str,
    quotes: list[str],
) -> None:
    _, answer = asked(world, AbleEngine([written]))
    assert [citation.quote.quote for citation in answer.citations] == quotes
    if not quotes:
        assert answer.text == NOTHING_CHOSEN


def test_the_setting_decides_if_the_request_does_not(world: World) -> None:  # noqa: F811
    _, answer = asked(world, ScriptedEngine(["Often."]), style="auto", policy="written")
    assert answer.text == "Often."


def test_json_is_written_whatever_the_size_of_the_model(world: World) -> None:  # noqa: F811
    _, answer = asked(world, ScriptedEngine(["{}"]), style="auto", sampling=Sampling(json_schema="{}"))
    assert (answer.style, answer.text) == ("written", "{}")


def test_an_overview_is_made_from_everything_though_no_sentence_is_similar_to_the_question(world: World) -> None:  # noqa: F811
    world.add("long.txt", *(f"Chapter {chapter}. " + "The machine goes on and on. " * 12 for chapter in range(12)))
    world.engine = AbleEngine(["- The pump is oiled [1]"], context_window=700)
    question = replace(world.question("Summarise everything."), style="written")
    *_, answer = world.answerer.answer(question)
    assert isinstance(answer, Answer)
    assert answer.mode == "overview"


def test_there_is_nothing_to_summarise_in_an_empty_collection(world: World) -> None:  # noqa: F811
    world.collection = world.library.create_collection("empty", passport())
    *_, answer = world.answerer.answer(replace(world.question("Summarise everything."), style="quoted"))
    assert isinstance(answer, Answer)
    assert (answer.mode, answer.text) == ("none", NO_DOCUMENTS)


PEOPLE = (
    "The desk in Stennick is open on Saturdays from 09:00 to 13:00.",
    "The company had 138 employees: 81 in Orrindale and 18 in Stennick.",
    "In 2018 a second workshop opened in Stennick.",
)


@pytest.mark.parametrize(
    ("question", "answer_type", "kept"),
    [
        ("How many people work in Stennick?", "quantity", [1]),
        ("Wie viele Menschen arbeiten in Stennick?", "quantity", [1]),
        ("When is Stennick open?", "time", [0, 2]),
        ("What is there in Stennick?", None, [0, 1, 2]),
    ],
)
def test_neighbours_without_a_number_are_left_out_if_a_number_is_asked_for(
    question: str, answer_type: AnswerType | None, kept: list[int]
) -> None:
    builder = DocumentBuilder()
    builder.add_paragraph(" ".join(PEOPLE))
    (stored,) = store_chunks(builder.build(title="Handbook", media_type="text/plain", filename="h.txt"))
    matches = [replace(match, score=0.8) for match in split_chunk(stored)]
    selected = select_sentences(matches, question, Conditions(answer_type=answer_type))
    assert [match.text for match in selected] == [PEOPLE[index] for index in kept]


def test_without_any_number_the_nearest_sentences_stay() -> None:
    builder = DocumentBuilder()
    builder.add_paragraph(PEOPLE[0])
    (stored,) = store_chunks(builder.build(title="Handbook", media_type="text/plain", filename="h.txt"))
    matches = [replace(match, score=0.8) for match in split_chunk(stored)]
    assert select_sentences(matches, "How many people work there?", Conditions(answer_type="quantity")) == matches


LEAVE = (
    "Everybody has 30 days of leave a year.",
    "The company pays 22 euros a month for each employee who cycles.",
    "Leave must be asked for three weeks ahead.",
)


def test_what_is_only_near_stands_under_a_heading_that_says_so() -> None:
    builder = DocumentBuilder()
    builder.add_paragraph(" ".join(LEAVE))
    (stored,) = store_chunks(builder.build(title="Handbook", media_type="text/plain", filename="h.txt"))
    scores = (0.37, 0.32, 0.31)
    matches = [replace(match, score=score) for match, score in zip(split_chunk(stored), scores, strict=True)]
    question = "How many vacation days do employees get?"
    conditions = make_conditions(question, ())
    answering, closest = split_answering(select_sentences(matches, question, conditions), conditions)
    assert [[match.text for match in part] for part in (answering, closest)] == [[LEAVE[0]], [LEAVE[2]]]
    text, quotes = compose_quotes(show_sentences(answering), {stored.id: 1}, closest=show_sentences(closest))
    assert text == f"{LEAVE[0]} [1]\n\n{CLOSEST_MATCHES}\n\n{LEAVE[2]} [1]"
    assert [text[quote.start : quote.end] for quote in quotes] == [LEAVE[0], LEAVE[2]]


def test_an_open_question_may_have_an_answer_of_several_sentences() -> None:
    builder = DocumentBuilder()
    builder.add_paragraph(" ".join(LEAVE))
    (stored,) = store_chunks(builder.build(title="Handbook", media_type="text/plain", filename="h.txt"))
    matches = [replace(match, score=score) for match, score in zip(split_chunk(stored), (0.9, 0.7, 0.6), strict=True)]
    assert split_answering(matches, make_conditions("What is said about leave?", ())) == (matches, [])
