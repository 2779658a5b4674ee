"""LlamaIndex: its classes for servers like OpenAI's and for LM Studio, and Pincite's own retriever."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from llama_index.core import Document, SummaryIndex, VectorStoreIndex
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.lmstudio import LMStudio
from llama_index.llms.openai_like import OpenAILike
from openai import OpenAI
from pydantic import BaseModel, Field
from report import Calls

sys.path.append(str(Path(__file__).parents[3]))

from pincite.integrations.llama_index import PinciteRetriever

calls = Calls()
AT: dict[str, Any] = {"api_base": f"{calls.url}/v1", "api_key": "none", "timeout": 240}
with OpenAI(base_url=f"{calls.url}/v1", api_key="none") as openai:
    MODEL = next(
        model.id for model in openai.models.list() if getattr(model, "type", "") == "llm" and "/" not in model.id
    )
DOCUMENTS = OpenAILike(model="docs/default", is_chat_model=True, **AT)
CHAT = OpenAILike(
    model=MODEL, is_chat_model=True, is_function_calling_model=True, context_window=2048, max_tokens=100, **AT
)
BY_SCHEMA = OpenAILike(
    model=MODEL, is_chat_model=True, should_use_structured_outputs=True, context_window=2048, max_tokens=100, **AT
)
EMBEDDINGS = OpenAILikeEmbedding(model_name="all-MiniLM-L6-v2", **AT)
STUDIO = LMStudio(model_name=MODEL, base_url=f"{calls.url}/v1", request_timeout=240)
STUDIO_DOCUMENTS = LMStudio(model_name="docs/default", base_url=f"{calls.url}/v1", request_timeout=240)
QUESTION = "How long do damaged batteries stay in quarantine?"
ASK = [ChatMessage(role="user", content=QUESTION)]
PUMP = [Document(text="Ann oils the pump every 3 months."), Document(text="Lunch is at noon.")]
PROMPT = PromptTemplate(QUESTION)


class Days(BaseModel):
    """A number of days."""

    days: int = Field(ge=0, le=99)


def weather(town: str) -> str:
    """Tell the weather of a town."""
    return f"It rains in {town}."


@calls.add("OpenAILike.chat")
def chat() -> None:
    assert CHAT.chat([ChatMessage(role="user", content="Say hello.")], max_tokens=12).message.content


@calls.add("OpenAILike.chat docs")
def chat_documents() -> None:
    answer = DOCUMENTS.chat(ASK)
    assert "72" in answer.message.content
    assert answer.raw.choices[0].message.annotations[0].url_citation.url


@calls.add("OpenAILike.stream_chat docs")
def stream_documents() -> None:
    assert "72" in list(DOCUMENTS.stream_chat(ASK))[-1].message.content


@calls.add("OpenAILike.achat docs")
def chat_asynchronously() -> None:
    answer = asyncio.run(OpenAILike(model="docs/default", is_chat_model=True, **AT).achat(ASK))
    assert "72" in answer.message.content


@calls.add("OpenAILike.complete")
def complete() -> None:
    assert CHAT.complete("Say hello.", max_tokens=12).text


@calls.add("OpenAILike.complete, is_chat_model=False")
def complete_text() -> None:
    assert OpenAILike(model=MODEL, is_chat_model=False, max_tokens=8, **AT).complete("Once upon a time").text


@calls.add("OpenAILike.chat_with_tools")
def chat_with_tools() -> None:
    answer = CHAT.chat_with_tools([FunctionTool.from_defaults(weather)], "Is it raining in Ulm?", tool_required=True)
    (call,) = CHAT.get_tool_calls_from_response(answer)
    assert call.tool_name == "weather"
    assert isinstance(call.tool_kwargs["town"], str)


@calls.add("OpenAILike.structured_predict")
def structure() -> None:
    assert isinstance(CHAT.structured_predict(Days, PROMPT), Days)


@calls.add("OpenAILike.structured_predict, should_use_structured_outputs")
def structure_by_schema() -> None:
    assert isinstance(BY_SCHEMA.structured_predict(Days, PROMPT), Days)


@calls.add("as_structured_llm")
def structured_model() -> None:
    assert isinstance(CHAT.as_structured_llm(Days).complete(QUESTION).raw, Days)


@calls.add("OpenAILikeEmbedding.get_text_embedding")
def embed() -> None:
    assert len(EMBEDDINGS.get_text_embedding("abc")) == 384


@calls.add("OpenAILikeEmbedding.get_text_embedding_batch")
def embed_batch() -> None:
    assert [len(vector) for vector in EMBEDDINGS.get_text_embedding_batch(["abc", "def"])] == [384, 384]


@calls.add("SummaryIndex.as_query_engine")
def ask_summary_index() -> None:
    index = SummaryIndex.from_documents(PUMP)
    assert index.as_query_engine(llm=CHAT).query("Who oils the pump?").response


@calls.add("VectorStoreIndex.as_query_engine")
def ask_vector_index() -> None:
    index = VectorStoreIndex.from_documents(PUMP, embed_model=EMBEDDINGS)
    answer = index.as_query_engine(llm=CHAT, similarity_top_k=1).query("Who oils the pump?")
    assert answer.response
    assert "Ann" in answer.source_nodes[0].text


@calls.add("LMStudio.chat")
def studio_chat() -> None:
    assert STUDIO.chat([ChatMessage(role="user", content="Say hello.")], max_tokens=12).message.content


@calls.add("LMStudio.chat docs")
def studio_documents() -> None:
    assert "72" in STUDIO_DOCUMENTS.chat(ASK).message.content


@calls.add("LMStudio.stream_chat docs")
def studio_stream() -> None:
    assert "72" in list(STUDIO_DOCUMENTS.stream_chat(ASK))[-1].message.content


@calls.add("LMStudio.complete docs")
def studio_complete() -> None:
    assert "72" in STUDIO_DOCUMENTS.complete(QUESTION).text


@calls.add("PinciteRetriever.retrieve")
def retrieve() -> None:
    nodes = PinciteRetriever(calls.url, top_k=3).retrieve(QUESTION)
    assert 1 <= len(nodes) <= 3
    best = nodes[0]
    assert "72" in best.text
    assert best.score == max(node.score for node in nodes)
    assert best.node.end_char_idx > best.node.start_char_idx
    assert best.metadata["filename"] in best.node.get_content("llm")


@calls.add("PinciteRetriever.aretrieve")
def retrieve_asynchronously() -> None:
    assert "72" in asyncio.run(PinciteRetriever(calls.url).aretrieve(QUESTION))[0].text


@calls.add("RetrieverQueryEngine over PinciteRetriever")
def ask_retriever() -> None:
    engine = RetrieverQueryEngine.from_args(PinciteRetriever(calls.url, top_k=1), llm=CHAT)
    answer = engine.query(QUESTION)
    assert answer.response
    assert "72" in answer.source_nodes[0].text


calls.run()
