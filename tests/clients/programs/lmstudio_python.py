"""LM Studio's Python SDK: the calls of its manual, for models, answers, tools, embeddings, files and downloads."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import lmstudio as lms
from report import Calls

calls = Calls()
HOST = urlsplit(calls.url).netloc
MODEL = "smollm2-135m-instruct"
EMBEDDER = "all-MiniLM-L6-v2"
DOCUMENTS = "docs/default"
QUESTION = "How long do damaged batteries stay in quarantine?"
SHORT = {"maxTokens": 12, "temperature": 0.0}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff3f0005fe02fe"
    "dccc59e70000000049454e44ae426082"
)

client = lms.Client(HOST)


@calls.add("Client.is_valid_api_host")
def greeting() -> None:
    assert lms.Client.is_valid_api_host(HOST)


@calls.add("llm.model")
def default_model() -> None:
    assert client.llm.model().identifier == MODEL


@calls.add("llm.model(key)")
def named_model() -> None:
    assert client.llm.model(MODEL).get_info().model_key == MODEL


@calls.add("llm.model(unknown)")
def unknown_model() -> None:
    try:
        client.llm.model("no-such-model")
    except lms.LMStudioModelNotFoundError:
        return
    raise AssertionError("an unknown model was found")


@calls.add("llm.respond")
def respond() -> None:
    result = client.llm.model().respond("Say hello.", config=SHORT)
    assert result.content
    assert result.stats.stop_reason in ("eosFound", "maxPredictedTokensReached")
    assert result.stats.prompt_tokens_count
    assert result.model_info.model_key == MODEL


@calls.add("llm.respond_stream")
def respond_stream() -> None:
    progress: list[float] = []
    stream = client.llm.model().respond_stream(
        "Tell me a story.", config=SHORT, on_prompt_processing_progress=progress.append
    )
    fragments = [fragment.content for fragment in stream]
    assert len(fragments) > 1
    assert stream.result().content == "".join(fragments)
    assert progress[0] == 0.0
    assert progress[-1] == 1.0


@calls.add("llm.respond(Chat)")
def chat() -> None:
    history = lms.Chat("You are brief.")
    history.add_user_message("My name is Ada.")
    history.add_assistant_response("Hello, Ada.")
    history.add_user_message("What is my name?")
    assert client.llm.model().respond(history, config=SHORT).content


@calls.add("llm.respond(documents)")
def ask_documents() -> None:
    assert "72" in client.llm.model(DOCUMENTS).respond(QUESTION).content


@calls.add("llm.respond_stream(documents)")
def stream_documents() -> None:
    stream = client.llm.model(DOCUMENTS).respond_stream(QUESTION)
    assert "72" in "".join(fragment.content for fragment in stream)
    assert stream.result().model_info.model_key == DOCUMENTS


@calls.add("llm.complete")
def complete() -> None:
    assert client.llm.model().complete("Once upon a time", config=SHORT).content


@calls.add("llm.complete_stream")
def complete_stream() -> None:
    fragments = [fragment.content for fragment in client.llm.model().complete_stream("Once upon a time", config=SHORT)]
    assert len(fragments) > 1


@calls.add("llm.respond(response_format)")
def structured() -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green", "blue"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    result = client.llm.model().respond("Name a colour.", response_format=schema)
    assert result.parsed["colour"] in ("red", "green", "blue")


@calls.add("llm.tokenize")
def tokenize() -> None:
    assert all(isinstance(token, int) for token in client.llm.model().tokenize("The pump is oiled."))


@calls.add("llm.tokenize(list)")
def tokenize_list() -> None:
    tokens = client.llm.model().tokenize(["One.", "One and two."])
    assert len(tokens[0]) < len(tokens[1])


@calls.add("llm.count_tokens")
def count_tokens() -> None:
    model = client.llm.model()
    assert model.count_tokens("The pump is oiled.") == len(model.tokenize("The pump is oiled."))


@calls.add("llm.apply_prompt_template")
def apply_prompt_template() -> None:
    history = lms.Chat("You are brief.")
    history.add_user_message("How high is it?")
    prompt = client.llm.model().apply_prompt_template(history)
    assert "You are brief." in prompt
    assert "How high is it?" in prompt


@calls.add("llm.get_context_length")
def get_context_length() -> None:
    assert client.llm.model().get_context_length() >= 2048


@calls.add("llm.get_info")
def get_info() -> None:
    info = client.llm.model().get_info()
    assert info.architecture == "llama"
    assert info.size_bytes > 10_000_000


@calls.add("llm.get_load_config")
def get_load_config() -> None:
    assert client.llm.model().get_load_config().context_length == client.llm.model().get_context_length()


@calls.add("llm.act")
def act() -> None:
    """The small model has to be made to call a tool; what it makes of the result is its own affair."""
    seen: list[int] = []

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        seen.append(a + b)
        return a + b

    messages: list[object] = []
    result = client.llm.model().act(
        "Add 2 and 3 with the tool.",
        [add],
        max_prediction_rounds=2,
        on_message=messages.append,
        config={"maxTokens": 60},
    )
    assert result.rounds >= 1
    assert messages


@calls.add("llm.respond_stream(rawTools)")
def offer_tool() -> None:
    """The plain call below `act`. The small model may call the tool, and need not."""
    with client.llm.model().respond_stream(
        "What is the weather in Oslo?",
        config={
            "maxTokens": 80,
            "rawTools": {
                "type": "toolArray",
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "weather",
                            "description": "The weather in a city.",
                            "parameters": {
                                "type": "object",
                                "properties": {"city": {"enum": ["Oslo", "Rome"]}},
                                "required": ["city"],
                            },
                        },
                    }
                ],
            },
        },
    ) as stream:
        result = stream.wait_for_result()
    assert result.stats.stop_reason in ("toolCalls", "eosFound", "maxPredictedTokensReached")


@calls.add("PredictionStream.cancel")
def cancel() -> None:
    stream = client.llm.model().respond_stream("Tell a very long story.", config={"maxTokens": 2000})
    for _ in stream:
        stream.cancel()
    assert stream.result().stats.stop_reason == "userStopped"


@calls.add("list_downloaded_models")
def list_downloaded() -> None:
    keys = [model.model_key for model in client.list_downloaded_models()]
    assert {MODEL, EMBEDDER, DOCUMENTS} <= set(keys)


@calls.add("list_downloaded_models(embedding)")
def list_embedders() -> None:
    assert [model.model_key for model in client.list_downloaded_models("embedding")] == [EMBEDDER]


@calls.add("list_loaded_models")
def list_loaded() -> None:
    identifiers = [model.identifier for model in client.list_loaded_models("llm")]
    assert identifiers[0] == MODEL
    assert DOCUMENTS in identifiers


@calls.add("embedding.model")
def embedder() -> None:
    assert client.embedding.model().identifier == EMBEDDER


@calls.add("embedding.embed")
def embed() -> None:
    vector = client.embedding.model(EMBEDDER).embed("The pump is oiled.")
    assert len(vector) == 384
    assert abs(sum(number * number for number in vector) - 1) < 0.001


@calls.add("embedding.embed(list)")
def embed_list() -> None:
    assert len(client.embedding.model().embed(["one", "two", "three"])) == 3


@calls.add("embedding.tokenize")
def embedding_tokens() -> None:
    model = client.embedding.model()
    assert len(model.tokenize("The pump is oiled.")) == model.count_tokens("The pump is oiled.")


@calls.add("llm.load_new_instance, unload")
def load_and_unload() -> None:
    progress: list[float] = []
    client.llm.unload(MODEL)
    model = client.llm.load_new_instance(MODEL, config={"contextLength": 2048}, on_load_progress=progress.append)
    assert progress[-1] == 1.0
    assert model.get_context_length() == 2048
    model.unload()
    assert client.llm.model(MODEL).respond("Hello", config=SHORT).content


@calls.add("prepare_image")
def prepare_image() -> None:
    assert client.prepare_image(PIXEL, "pixel.png").file_type == "image"


@calls.add("respond about a file")
def ask_about_file() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pump.txt"
        path.write_text("The pump in hall seven is oiled every 19 weeks by the night shift.")
        handle = client._prepare_file(path)
    history = lms.Chat()
    history.add_user_message("How often is the pump in hall seven oiled?", _files=[handle])
    assert "19" in client.llm.model().respond(history).content


@calls.add("repository.search_models")
def search_models() -> None:
    found = client.repository.search_models("smollm2")
    assert found[0].search_result.name == MODEL


@calls.add("repository.get_download_options, download")
def download() -> None:
    option = client.repository.search_models("smollm2")[0].get_download_options()[0]
    assert option.download() == MODEL


@calls.add("lms.llm, configured once")
def convenience() -> None:
    lms.configure_default_client(HOST)
    assert "".join(fragment.content for fragment in lms.llm().respond_stream("Hello", config=SHORT))


@calls.add("AsyncClient")
def asynchronous() -> None:
    async def ask() -> str:
        async with lms.AsyncClient(HOST) as session:
            model = await session.llm.model()
            stream = await model.respond_stream("Hello", config=SHORT)
            async for _ in stream:
                pass
            return stream.result().content

    assert asyncio.run(ask())


calls.run()
