"""The sources of an answer in its text: numbered from 1, listed at its end, and no part of the next turn."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.citing.source_list import list_sources, strip_sources
from api.citing.source_numbers import SourceNumbers
from rag.engines.types import Usage
from rag.types import Answer, AnswerDelta, AnswerEvent, Citation, PinnedSentence, Quote, SentenceVerdict, Timings
from tests.api.world import World, events_of
from tests.fakes import ScriptedEngine

CHAT = "/v1/chat/completions"
QUESTION = {"role": "user", "content": "How often is the pump oiled?"}
WRITTEN = ["The pump is oiled every 3 months [3]. ", "Lunch is served at noon [1", "]."]
SHOWN = "The pump is oiled every 3 months [1]. Lunch is served at noon [2]."
LISTED = f"{SHOWN}\n\nSources:\n[1] pump.txt\n[2] house.txt, page 1"

pieces = st.lists(st.one_of(st.sampled_from(["Oil [12] ", "[4, 12]", "[4]. ", "Water", " [1"]), st.text(max_size=3)))


def ask(client: TestClient, *messages: dict[str, Any], sources: str | None = "list", **fields: Any) -> Any:
    body = {"model": "docs/docs", "messages": list(messages or [QUESTION]), "pincite": {"sources": sources}, **fields}
    return client.post(CHAT, json=body)


def answer_of(text: str, *citations: Citation) -> Answer:
    timings = Timings(0.0, 0.0, 0.0)
    sentences = tuple(SentenceVerdict(each.answer_start, each.answer_end, "supported") for each in citations)
    return Answer(text, citations, sentences, (), "whole", "", "m", "stop", Usage(1, 1), timings)


def cite(number: int, start: int, end: int, filename: str = "a.txt", place: str = "") -> Citation:
    quote = Quote("c", "f", filename, filename, 1, 0, 1, "q", 1.0, place=place)
    return Citation(number, quote, start, end, "marker", "supported")


def shown(texts: Sequence[str], answer: Answer) -> tuple[str, Answer]:
    events: list[AnswerEvent] = [*map(AnswerDelta, texts), answer]
    listed: list[AnswerEvent] = list(list_sources((event for event in events), "list"))
    *_, last = listed
    assert isinstance(last, Answer)
    return "".join(event.text for event in listed if isinstance(event, AnswerDelta)), last


def test_sources_are_numbered_in_order_and_listed_at_the_end(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(WRITTEN)
    message = ask(client).json()["choices"][0]["message"]
    assert message["content"] == LISTED
    numbers = {each["filename"]: each["number"] for each in message["annotations"]}
    assert numbers == {"pump.txt": 1, "house.txt": 2}
    for each in message["annotations"]:
        sentence = message["content"][each["answer_start"] : each["answer_end"]]
        assert each["quote"].rstrip(".") in sentence


def test_a_stream_lists_its_sources_behind_the_answer(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(WRITTEN)
    whole = ask(client).json()
    *chunks, done = events_of(ask(client, stream=True).text)
    texts = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
    assert "".join(texts) == LISTED
    assert texts[-2].startswith("\n\nSources:")
    assert done == "[DONE]"
    checked = [chunk["pincite"]["checked"] for chunk in chunks if "checked" in chunk.get("pincite", {})]
    first = checked[0]["sentence"]
    assert LISTED[first["start"] : first["end"]] == "The pump is oiled every 3 months [1]."
    assert chunks[-1]["choices"][0]["delta"]["annotations"] == whole["choices"][0]["message"]["annotations"]


def test_the_list_is_the_default_and_a_request_can_leave_it_out(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(WRITTEN)

    def content(**fields: Any) -> str:
        text: str = ask(client, **fields).json()["choices"][0]["message"]["content"]
        return text

    assert type(world.settings.api).model_fields["answer_sources"].default == "list"
    assert content(sources="numbers") == SHOWN
    assert content(sources="none") == "".join(WRITTEN)
    assert "Sources:" not in content(model="scripted")
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    world.models.scripted = ScriptedEngine(['{"a": [3]}'])
    assert json.loads(content(response_format=schema)) == {"a": [3]}


def test_the_next_question_goes_on_with_what_the_model_wrote(world: World, client: TestClient) -> None:
    engine = world.models.scripted = ScriptedEngine(WRITTEN)
    content = ask(client).json()["choices"][0]["message"]["content"]
    following = {"role": "user", "content": "Where does the pump stand?"}
    ask(client, QUESTION, {"role": "assistant", "content": content}, following)
    sent = engine.requests[-1][0]
    assert [message.content for message in sent if message.role == "assistant"] == ["".join(WRITTEN)]


@pytest.mark.parametrize("text", ["", "No list here.", "Sources:\nare many", "[1] a\n\nSources:\n[1] b\nAnd more text"])
def test_nothing_else_is_taken_for_a_list_of_sources(text: str) -> None:
    assert strip_sources(text) == text


def test_a_name_of_a_file_adds_no_line_and_no_link_to_the_list() -> None:
    text, answer = shown(["It is so [7]."], answer_of("It is so [7].", cite(7, 0, 13, "a\n[9] b](http://x)", "page 2")))
    assert text == answer.text
    assert text.count("\n[") == 1
    assert "](" not in text
    assert strip_sources(text) == "It is so [1]."


def test_a_source_on_several_pages_is_listed_once_with_all_of_them() -> None:
    cited = (cite(5, 0, 5, "a.pdf", "page 9"), cite(5, 6, 9, "a.pdf", "page 10"), cite(5, 6, 9, "a.pdf", "page 9"))
    assert shown(["Text [5] [5]."], answer_of("Text [5] [5].", *cited))[0].endswith(
        "\n\nSources:\n[1] a.pdf, page 9; a.pdf, page 10"
    )


@given(texts=pieces)
def test_offsets_are_exact_however_the_text_is_cut(texts: list[str]) -> None:
    original = "".join(texts)
    numbers = SourceNumbers()
    moved = "".join(map(numbers.feed, texts)) + numbers.flush()
    whole = SourceNumbers()
    assert moved == whole.feed(original) + whole.flush()
    for word in ("Oil", "Water"):
        start = original.find(word)
        if start >= 0:
            sentence = PinnedSentence(SentenceVerdict(start, start + len(word), "supported"), ())
            span = numbers.move_sentence(sentence).sentence
            assert moved[span.start : span.end] == word
