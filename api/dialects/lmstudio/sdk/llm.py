"""The namespace `llm`: answers, continuations, and the tokens and prompts of a model."""

import threading

from api.chat import Chat, answer_question, text_events
from api.dialects.lmstudio.catalog import ModelCard
from api.dialects.lmstudio.config import ConfigStack, PredictionConfig, read_prediction_config
from api.dialects.lmstudio.files import chat_about_files, read_file
from api.dialects.lmstudio.loading import load_model
from api.dialects.lmstudio.sdk.frames import SdkModel
from api.dialects.lmstudio.sdk.history import ChatHistory
from api.dialects.lmstudio.sdk.model_endpoints import Specified, models
from api.dialects.lmstudio.sdk.model_info import ModelSpecifier, find_specified
from api.dialects.lmstudio.sdk.namespace import Messages, Namespace, Session
from api.dialects.lmstudio.sdk.prediction import Prediction
from api.errors import InvalidRequestError
from api.tool_use import make_tool
from api.wire.base import JsonObject, Text
from rag.engines.types import Message, ToolUse

llm = Namespace("llm")
llm.include(models)


class PredictRequest(SdkModel):
    """Asks for an answer to a chat; or for the continuation of a text, which a layer of the configuration says."""

    model_specifier: ModelSpecifier
    history: ChatHistory
    prediction_config_stack: ConfigStack = ConfigStack()


class CompleteRequest(SdkModel):
    """Asks for the continuation of a text."""

    model_specifier: ModelSpecifier
    raw_prompt: Text
    prediction_config_stack: ConfigStack = ConfigStack()


class RenderRequest(Specified):
    """Asks for the prompt that a chat becomes."""

    history: ChatHistory
    prediction_config_stack: ConfigStack = ConfigStack()


class TextRequest(Specified):
    """Asks for the tokens of a text."""

    input_string: Text


@llm.channel("predict", PredictRequest)
def predict(session: Session, asked: PredictRequest, cancelled: threading.Event) -> Messages:
    """Answer a chat."""
    card = find_specified(session.services, asked.model_specifier, "llm")
    stack = asked.prediction_config_stack
    if stack.is_raw_text:
        yield from _continue_text(session, card, asked.history.text, stack, cancelled)
        return
    config = read_prediction_config(stack)
    chat = Chat(
        model=card.key,
        messages=asked.history.engine_messages(config.system_prompt),
        sampling=config.sampling(),
        client=session.client,
        tools=read_tools(config),
    )
    prediction = Prediction(card, stack, chat.sampling, 0)
    if files := asked.history.files:
        chat = chat_about_files(session.services, chat, files)
    for file_id in files:
        for _ in read_file(session.services, file_id):
            yield prediction.progress(0.0)
    for _ in load_model(session.services, card):
        yield prediction.progress(0.0)
    if not chat.is_about_documents:
        prediction.prompt_tokens = session.services.models.open_engine(card.key).count_tokens(chat.messages)
    yield from prediction.stream(answer_question(session.services, chat), session.metrics, cancelled)


@llm.channel("completeRawText", CompleteRequest)
def complete_raw_text(session: Session, asked: CompleteRequest, cancelled: threading.Event) -> Messages:
    """Continue a text as it is."""
    card = find_specified(session.services, asked.model_specifier, "llm")
    yield from _continue_text(session, card, asked.raw_prompt, asked.prediction_config_stack, cancelled)


@llm.call("applyPromptTemplate", RenderRequest)
def apply_prompt_template(session: Session, asked: RenderRequest) -> JsonObject:
    """Return the prompt that a chat becomes."""
    card = find_specified(session.services, asked.specifier, "llm")
    config = read_prediction_config(asked.prediction_config_stack)
    engine = session.services.models.open_engine(_engine_name(card))
    return {"formatted": engine.render(asked.history.engine_messages(config.system_prompt))}


@llm.call("tokenize", TextRequest)
def tokenize(session: Session, asked: TextRequest) -> JsonObject:
    """Return the tokens of a text."""
    return {"tokens": _tokens(session, asked)}


@llm.call("countTokens", TextRequest)
def count_tokens(session: Session, asked: TextRequest) -> JsonObject:
    """Return the number of tokens of a text."""
    return {"tokenCount": len(_tokens(session, asked))}


def read_tools(config: PredictionConfig) -> ToolUse | None:
    """Return the tools of a prediction; raises `InvalidRequestError` if two have one name, and `SchemaError`."""
    tools = tuple(
        make_tool(tool.function.name, tool.function.description, tool.function.parameters, param="tools")
        for tool in config.tools.tools
    )
    try:
        return ToolUse(tools, config.tool_choice.mode) if tools else None
    except ValueError as error:
        raise InvalidRequestError(detail=str(error), param="tools") from error


def _continue_text(
    session: Session, card: ModelCard, text: str, stack: ConfigStack, cancelled: threading.Event
) -> Messages:
    sampling = read_prediction_config(stack).sampling()
    chat = Chat(card.key, (Message("user", text),), sampling, session.client)
    prediction = Prediction(card, stack, sampling, 0)
    for _ in load_model(session.services, card):
        yield prediction.progress(0.0)
    yield from prediction.stream(text_events(session.services, chat), session.metrics, cancelled)


def _tokens(session: Session, asked: TextRequest) -> list[int]:
    card = find_specified(session.services, asked.specifier, "llm")
    return session.services.models.open_engine(_engine_name(card)).tokenize(asked.input_string)


def _engine_name(card: ModelCard) -> str | None:
    """Return the model that has the tokens: the default one writes the answers from documents."""
    return None if card.is_collection else card.key
