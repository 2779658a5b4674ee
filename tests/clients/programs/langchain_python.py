"""LangChain: its classes for OpenAI's API, and Pincite's own retriever, alone and in a chain."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from openai import OpenAI as Client
from pydantic import BaseModel, Field
from report import Calls

sys.path.append(str(Path(__file__).parents[3]))

from pincite.integrations.langchain import PinciteRetriever

calls = Calls()
AT: dict[str, Any] = {"base_url": f"{calls.url}/v1", "api_key": "none", "timeout": 240}
with Client(**AT) as openai:
    MODEL = next(
        model.id for model in openai.models.list() if getattr(model, "type", "") == "llm" and "/" not in model.id
    )
DOCUMENTS = ChatOpenAI(model="docs/default", **AT)
CHAT = ChatOpenAI(model=MODEL, max_completion_tokens=120, **AT)
EMBEDDINGS = OpenAIEmbeddings(model="all-MiniLM-L6-v2", check_embedding_ctx_length=False, **AT)
QUESTION = "How long do damaged batteries stay in quarantine?"


class Days(BaseModel):
    """A number of days."""

    days: int = Field(ge=0, le=99)


@tool
def weather(town: str) -> str:
    """Tell the weather of a town."""
    return f"It rains in {town}."


@calls.add("ChatOpenAI.invoke")
def invoke() -> None:
    message = CHAT.invoke("Say hello.", max_completion_tokens=12)
    assert message.text
    assert 0 < message.usage_metadata["output_tokens"] <= 12


@calls.add("ChatOpenAI.invoke docs")
def invoke_documents() -> None:
    assert "72" in DOCUMENTS.invoke(QUESTION).text


@calls.add("ChatOpenAI.invoke docs, sources in the text")
def invoke_with_sources() -> None:
    """LangChain drops annotations, so that the text itself says where each number leads."""
    text, _, sources = DOCUMENTS.invoke(QUESTION).text.partition("\n\nSources:\n")
    assert "[1]" in text
    assert sources.startswith("[1] operations-handbook.pdf, page ")


@calls.add("ChatOpenAI.stream docs")
def stream_documents() -> None:
    chunks = list(DOCUMENTS.stream(QUESTION))
    assert "72" in "".join(chunk.text for chunk in chunks)
    assert len(chunks) > 2


@calls.add("ChatOpenAI.stream with usage")
def stream_usage() -> None:
    (first, *rest) = CHAT.stream("Say hello.", max_completion_tokens=12, stream_usage=True)
    whole = sum(rest, first)
    assert 0 < whole.usage_metadata["output_tokens"] <= 12


@calls.add("ChatOpenAI.astream_events docs")
def stream_events() -> None:
    async def ask() -> set[str]:
        return {event["event"] async for event in ChatOpenAI(model="docs/default", **AT).astream_events(QUESTION)}

    assert {"on_chat_model_start", "on_chat_model_stream", "on_chat_model_end"} <= asyncio.run(ask())


@calls.add("ChatOpenAI.batch docs")
def batch() -> None:
    assert all("72" in message.text for message in DOCUMENTS.batch([QUESTION, QUESTION, QUESTION]))


@calls.add("ChatOpenAI.bind_tools tool_choice")
def call_tool() -> None:
    (call,) = CHAT.bind_tools([weather], tool_choice="weather").invoke("Is it raining in Ulm?").tool_calls
    assert call["name"] == "weather"
    assert isinstance(call["args"]["town"], str)


@calls.add("ChatOpenAI.bind_tools docs")
def offer_tool_to_documents() -> None:
    assert "72" in DOCUMENTS.bind_tools([weather]).invoke(QUESTION).text


@calls.add("ChatOpenAI.invoke with a ToolMessage")
def answer_with_tool_result() -> None:
    call = {"id": "call_1", "name": "weather", "args": {"town": "Ulm"}}
    messages = [
        HumanMessage("What is the weather in Ulm?"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("It rains in Ulm.", tool_call_id="call_1"),
    ]
    assert CHAT.invoke(messages, max_completion_tokens=20).text


@calls.add("with_structured_output json_schema")
def structure_by_schema() -> None:
    assert isinstance(CHAT.with_structured_output(Days, method="json_schema").invoke(QUESTION), Days)


@calls.add("with_structured_output json_schema docs")
def structure_from_documents() -> None:
    assert isinstance(DOCUMENTS.with_structured_output(Days, method="json_schema").invoke(QUESTION), Days)


@calls.add("with_structured_output function_calling")
def structure_by_tool() -> None:
    assert isinstance(CHAT.with_structured_output(Days, method="function_calling").invoke(QUESTION), Days)


@calls.add("ChatOpenAI logprobs")
def logprobs() -> None:
    message = CHAT.bind(logprobs=True, top_logprobs=2).invoke("Say hello.", max_completion_tokens=4)
    assert all(len(token["top_logprobs"]) == 2 for token in message.response_metadata["logprobs"]["content"])


@calls.add("ChatOpenAI n")
def several() -> None:
    made = ChatOpenAI(model=MODEL, n=2, max_completion_tokens=8, **AT).generate([[HumanMessage("Say hello.")]])
    assert len(made.generations[0]) == 2


@calls.add("ChatOpenAI use_responses_api docs")
def respond() -> None:
    message = ChatOpenAI(model="docs/default", use_responses_api=True, **AT).invoke(QUESTION)
    assert "72" in message.text
    assert [each for block in message.content_blocks for each in block.get("annotations", ())]


@calls.add("OpenAI.invoke")
def complete() -> None:
    assert OpenAI(model=MODEL, max_tokens=8, **AT).invoke("Once upon a time")


@calls.add("OpenAIEmbeddings.embed_query and embed_documents")
def embed() -> None:
    assert len(EMBEDDINGS.embed_query("abc")) == 384
    assert [len(vector) for vector in EMBEDDINGS.embed_documents(["abc", "def"])] == [384, 384]


@calls.add("InMemoryVectorStore.similarity_search")
def search_vectors() -> None:
    store = InMemoryVectorStore.from_texts(["Lunch is at noon.", "The pump is oiled."], EMBEDDINGS)
    assert store.similarity_search("Who oils the pump?", k=1)[0].page_content == "The pump is oiled."


@calls.add("PinciteRetriever.invoke")
def retrieve() -> None:
    documents = PinciteRetriever(url=calls.url, top_k=3).invoke(QUESTION)
    assert 1 <= len(documents) <= 3
    best = documents[0]
    assert "72" in best.page_content
    assert best.metadata["filename"]
    assert best.metadata["end"] > best.metadata["start"]


@calls.add("PinciteRetriever.ainvoke and abatch")
def retrieve_asynchronously() -> None:
    async def ask() -> list[Any]:
        retriever = PinciteRetriever(url=calls.url, top_k=2)
        return [await retriever.ainvoke(QUESTION), *await retriever.abatch([QUESTION, QUESTION])]

    assert all("72" in documents[0].page_content for documents in asyncio.run(ask()))


@calls.add("PinciteRetriever in a chain")
def chain() -> None:
    prompt = ChatPromptTemplate.from_template("Answer from this:\n{context}\n\nQuestion: {question}")
    retriever = PinciteRetriever(url=calls.url, top_k=1)
    steps: Any = RunnablePassthrough.assign(context=lambda asked: retriever.invoke(asked["question"]))
    assert (steps | prompt | CHAT | StrOutputParser()).invoke({"question": QUESTION})


calls.run()
