"""Pydantic AI: agents over the chat completions and responses of a server, with texts, typed output and tools."""

from typing import Any

from openai import OpenAI
from pydantic import BaseModel, Field
from pydantic_ai import Agent, Embedder, NativeOutput, ToolOutput
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from report import Calls

calls = Calls()
provider = OpenAIProvider(base_url=f"{calls.url}/v1", api_key="none")
with OpenAI(base_url=f"{calls.url}/v1", api_key="none") as openai:
    MODEL = next(
        model.id for model in openai.models.list() if getattr(model, "type", "") == "llm" and "/" not in model.id
    )
DOCUMENTS = OpenAIChatModel("docs/default", provider=provider)
CHAT = OpenAIChatModel(MODEL, provider=provider, settings={"max_tokens": 200})
QUESTION = "How long do damaged batteries stay in quarantine?"


class Days(BaseModel):
    days: int = Field(ge=0, le=99)


@calls.add("Agent.run_sync")
def run_model() -> None:
    result = Agent(CHAT).run_sync("Say hello.", model_settings={"max_tokens": 20})
    assert result.output
    assert 0 < result.usage.output_tokens <= 20


@calls.add("Agent.run_sync docs")
def run_documents() -> None:
    assert "72" in Agent(DOCUMENTS).run_sync(QUESTION).output


@calls.add("Agent.run_sync docs, instructions and tools")
def run_documents_as_agent() -> None:
    agent = Agent(DOCUMENTS, instructions="You help in a warehouse.")

    @agent.tool_plain
    def clock() -> str:
        """Tell the time."""
        return "12:00"

    assert "72" in agent.run_sync(QUESTION).output


@calls.add("Agent.run_stream_sync docs")
def stream_documents() -> None:
    streamed = Agent(DOCUMENTS).run_stream_sync(QUESTION)
    assert "72" in "".join(streamed.stream_text(delta=True))


@calls.add("Agent.run_sync with message_history")
def follow_up() -> None:
    agent = Agent(DOCUMENTS)
    first = agent.run_sync("What happens to damaged batteries?")
    second = agent.run_sync(QUESTION, message_history=first.all_messages())
    assert "72" in second.output
    assert len(second.all_messages()) == 4


@calls.add("output_type ToolOutput")
def output_by_tool() -> None:
    assert isinstance(_typed(ToolOutput(Days)), Days)


@calls.add("output_type NativeOutput")
def output_by_schema() -> None:
    assert isinstance(_typed(NativeOutput(Days)), Days)


@calls.add("output_type NativeOutput docs")
def output_from_documents() -> None:
    result = Agent(DOCUMENTS, output_type=NativeOutput(Days)).run_sync(QUESTION)
    assert isinstance(result.output, Days)


def _typed(output: Any) -> Any:
    return Agent(CHAT, output_type=output, retries=3).run_sync(QUESTION).output


@calls.add("output_type function")
def output_by_function() -> None:
    noted: list[int] = []

    def note(days: int) -> str:
        """Note a number of days."""
        noted.append(days)
        return "noted"

    assert Agent(CHAT, output_type=note).run_sync(QUESTION).output == "noted"
    assert len(noted) == 1


@calls.add("OpenAIResponsesModel docs")
def respond_documents() -> None:
    agent = Agent(OpenAIResponsesModel("docs/default", provider=provider))
    assert "72" in agent.run_sync(QUESTION).output


@calls.add("OpenAIResponsesModel stream")
def respond_stream() -> None:
    model = OpenAIResponsesModel(MODEL, provider=provider, settings={"max_tokens": 20})
    assert Agent(model).run_stream_sync("Say hello.").get_output()


@calls.add("Embedder.embed_query and embed_documents")
def embed() -> None:
    embedder = Embedder(OpenAIEmbeddingModel("all-MiniLM-L6-v2", provider=provider))
    assert len(embedder.embed_query_sync("abc").embeddings[0]) == 384
    assert len(embedder.embed_documents_sync(["abc", "def"]).embeddings) == 2


calls.run()
