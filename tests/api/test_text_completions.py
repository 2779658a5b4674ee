"""`/v1/completions` with OpenAI's client: texts are continued as they are, and answered by `docs/…`."""

import math
from collections.abc import Iterator

import openai
import pytest
from starlette.testclient import TestClient

from api.wire.chat import LEAST_LOGPROB
from api.wire.completions import TextLogprobs
from rag.engines.types import Alternative, TokenLogprob
from tests.api.world import PUMP, World, make_world
from tests.fakes import ScriptedEngine

SCRIPT = [" oiled", " every", " 3", " months", "."]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, openai.OpenAI]]:
    with make_world(tmp_path_factory.mktemp("texts") / "home", answer_style="quoted") as world:
        world.add("pump.txt", PUMP)
        with world.live() as server, openai.DefaultHttpxClient(trust_env=False) as http:
            yield world, openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, http_client=http)


@pytest.fixture(autouse=True)
def script(live: tuple[World, openai.OpenAI]) -> ScriptedEngine:
    engine = live[0].models.scripted = ScriptedEngine(SCRIPT)
    return engine


def test_a_text_is_continued_without_a_chat_template(live: tuple[World, openai.OpenAI], script: ScriptedEngine) -> None:
    _, client = live
    completion = client.completions.create(model="scripted", prompt="The pump is", seed=1)
    assert completion.object == "text_completion"
    assert completion.choices[0].text == "".join(SCRIPT)
    assert completion.choices[0].finish_reason == "stop"
    assert script.texts == ["The pump is"]
    assert completion.usage is not None
    assert completion.usage.completion_tokens == len(SCRIPT)


def test_a_stream_says_the_same_and_ends_with_its_usage(live: tuple[World, openai.OpenAI]) -> None:
    _, client = live
    stream = client.completions.create(
        model="scripted", prompt="The pump is", stream=True, stream_options={"include_usage": True}, echo=True
    )
    *chunks, last = list(stream)
    assert "".join(chunk.choices[0].text for chunk in chunks) == "The pump is" + "".join(SCRIPT)
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == len(SCRIPT)


def test_every_text_gets_n_continuations_in_order(live: tuple[World, openai.OpenAI], script: ScriptedEngine) -> None:
    _, client = live
    completion = client.completions.create(model="scripted", prompt=["One", "Two"], n=2, max_tokens=2, seed=5)
    assert [choice.index for choice in completion.choices] == [0, 1, 2, 3]
    assert [choice.finish_reason for choice in completion.choices] == ["length"] * 4
    assert script.texts == ["One", "One", "Two", "Two"]
    assert [sampling.seed for _, sampling in script.requests] == [5, 6, 5, 6]
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 8


def test_log_probabilities_have_the_older_shape(live: tuple[World, openai.OpenAI]) -> None:
    _, client = live
    completion = client.completions.create(model="scripted", prompt="Is it", logprobs=2, echo=True)
    logprobs = completion.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.tokens == SCRIPT
    assert logprobs.token_logprobs == [-0.5] * len(SCRIPT)
    assert logprobs.text_offset is not None
    text = completion.choices[0].text
    assert [text[at : at + len(token)] for at, token in zip(logprobs.text_offset, SCRIPT, strict=True)] == SCRIPT


def test_a_collection_answers_a_text_as_a_question(live: tuple[World, openai.OpenAI], script: ScriptedEngine) -> None:
    _, client = live
    completion = client.completions.create(model="docs/docs", prompt="How often is the pump oiled?")
    assert "every 3 months" in completion.choices[0].text
    assert completion.choices[0].model_extra is not None
    assert completion.choices[0].model_extra["annotations"][0]["filename"] == "pump.txt"
    assert script.texts == []


def test_no_limit_is_minus_one_as_lm_studio_says_it(live: tuple[World, openai.OpenAI], script: ScriptedEngine) -> None:
    _, client = live
    client.completions.create(model="scripted", prompt="Is it", max_tokens=-1)
    client.completions.create(model="scripted", prompt="Is it")
    client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "?"}], max_tokens=-1)
    assert [sampling.max_tokens for _, sampling in script.requests] == [None, 16, None]


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"prompt": [1, 2]}, "prompt.0"), ({"suffix": "end"}, "suffix"), ({"best_of": 3}, "best_of"), ({"x": 1}, "x")],
)
def test_what_is_not_supported_is_refused_by_name(client: TestClient, fields: dict[str, object], param: str) -> None:
    response = client.post("/v1/completions", json={"model": "scripted", "prompt": "Is it", **fields})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_a_model_that_is_not_there_is_refused_in_openais_shape(live: tuple[World, openai.OpenAI]) -> None:
    _, client = live
    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="gpt2", prompt="Hello")


def test_what_is_impossible_has_a_log_probability_that_is_json() -> None:
    tokens = [TokenLogprob(b"a", -0.5, (Alternative(b"b", -math.inf),)), TokenLogprob(b"cd", -math.inf)]
    logprobs = TextLogprobs.of(tokens, offset=4)
    assert logprobs is not None
    assert logprobs.token_logprobs == [-0.5, LEAST_LOGPROB]
    assert logprobs.top_logprobs == [{"b": LEAST_LOGPROB}, {}]
    assert logprobs.text_offset == [4, 5]
