"""A chat request of any dialect, from its model name to the events of its answer.

A dialect turns its own requests into a `Chat` and the events into its own responses; see `api.completions`. The
generators here block: `api.http.sse` reads them in a thread and closes them when the client leaves, which closes the
engine's stream of deltas.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace

from api.citing.source_list import list_sources, strip_sources
from api.errors import InvalidRequestError, InvalidToolsError
from api.services import Services
from api.wire.base import DOCS_PREFIX, SourceStyle
from ingest.errors import CollectionNotFoundError
from ingest.library.names import normalize_name
from ingest.types import Filter
from rag.conversations.store import ConversationEvent, TurnPosition, TurnsStored, choose_seed
from rag.engines.types import Message, Sampling, TokenLogprob, ToolUse
from rag.errors import ModelNotFoundError
from rag.generation.plain_answer import complete_alone
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerMode, AnswerStarted, AnswerStyle, Question

AnswerEvents = Generator[AnswerEvent, None, None]
ChatEvents = Generator[ConversationEvent, None, None]


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """A complete answer with what came before its end."""

    answer: Answer
    started: AnswerStarted | None
    logprobs: tuple[TokenLogprob, ...]
    stored: TurnsStored | None


@dataclass(frozen=True, slots=True)
class Chat:
    """What a client asks for.

    `model` is a model's id, or `docs/<collection>` for an answer from documents, which `writer` then writes; None
    leaves the choice to the settings. `collections` are searched besides the one named as the model. With a
    `conversation`, `messages` hold the question alone, which follows the item `parent` or the current one, and perhaps
    instructions before it, which are not stored. `tools` that may be called, but need not, are not offered when
    documents answer. `sources` says what the text of an answer from documents tells of its sources.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    client: str = ""
    writer: str | None = None
    mode: AnswerMode | None = None
    style: AnswerStyle | None = None
    collections: tuple[str, ...] = ()
    filters: Filter | None = None
    conversation: str | None = None
    parent: str | None = None
    tools: ToolUse | None = None
    sources: SourceStyle | None = None

    @property
    def is_about_documents(self) -> bool:
        """Whether a collection is named as the model."""
        return self.model.startswith(DOCS_PREFIX)


def chat_events(services: Services, chat: Chat) -> ChatEvents:
    """Yield the events of the answer, and store question and answer if a conversation is named.

    Raises what `Answerer`, `Engine` and `Conversations` raise, `ModelNotFoundError`, and `InvalidRequestError` for
    options that only plain models or only documents have.
    """
    position = _position(services, chat)
    if position is None:
        yield from answer_question(services, chat)
        return
    messages = (*chat.messages[:-1], *position.messages)
    question = _question(services, chat, messages, choose_seed(chat.sampling))
    recorded = services.conversations.record(position, question, answer_events(services, question))
    yield from list_sources(recorded, _source_style(services, chat))


def answer_question(services: Services, chat: Chat) -> AnswerEvents:
    """Yield the events of the answer to a chat that is stored nowhere; raises what `chat_events` raises."""
    events = answer_events(services, _question(services, chat, chat.messages, chat.sampling))
    yield from list_sources(events, _source_style(services, chat))


def text_events(services: Services, chat: Chat) -> AnswerEvents:
    """Yield the continuation of the chat's only message as a text, by its model alone, as the events of an answer.

    If a collection is named as the model, the text is answered as a question. Raises what `chat_events` raises.
    """
    if chat.is_about_documents:
        yield from answer_question(services, chat)
        return
    (message,) = chat.messages
    engine = services.models.open_engine(chat.model)
    yield from complete_alone(engine, engine.complete(message.content, chat.sampling, client=chat.client))


def collect_answer(events: ChatEvents) -> Generator[bytes, None, WholeAnswer]:
    """Yield an empty piece for every event (see `api.http.sse`), and return the answer that they end with."""
    started: AnswerStarted | None = None
    stored: TurnsStored | None = None
    logprobs: list[TokenLogprob] = []
    with closing(events):
        for event in events:
            yield b""
            if isinstance(event, Answer):
                return WholeAnswer(event, started, tuple(logprobs), stored)
            if isinstance(event, AnswerStarted):
                started = event
            elif isinstance(event, TurnsStored):
                stored = event
            elif isinstance(event, AnswerDelta):
                logprobs.extend(event.logprobs)
    raise AssertionError("events that do not raise end with the answer")


def vary_seed(sampling: Sampling, index: int) -> Sampling:
    """Return the sampling of the answer `index` to one prompt: with the same seed all would be the same."""
    return sampling if sampling.seed is None else replace(sampling, seed=sampling.seed + index)


def answer_events(services: Services, question: Question) -> AnswerEvents:
    """Yield the events of the answer from the question's collections or, if it names none, by its model alone.

    Raises what `Answerer`, `Engine` and `Services.searchable` raise.
    """
    if not question.collections:
        engine = services.models.open_engine(question.model)
        deltas = engine.generate(question.messages, question.sampling, client=question.client, tools=question.tools)
        yield from complete_alone(engine, deltas)
        return
    for collection_id in question.collections:
        services.searchable(collection_id)
    yield from services.answerer.answer(question)


def _position(services: Services, chat: Chat) -> TurnPosition | None:
    """Return the question's place in its conversation, None if no conversation is named."""
    if chat.conversation is None:
        return None
    if chat.tools is not None and not chat.is_about_documents:
        raise InvalidToolsError(detail="a conversation stores no calls of tools; leave one of the two out")
    *instructions, question = chat.messages
    if question.role != "user" or any(message.role != "system" for message in instructions):
        detail = "in a conversation, messages hold one message, the question; earlier ones are stored"
        raise InvalidRequestError(detail=detail, param="messages")
    return services.conversations.locate_question(chat.conversation, question.content, chat.parent)


def _source_style(services: Services, chat: Chat) -> SourceStyle:
    """Return what the text tells of its sources; nothing if it is JSON, or no document is asked."""
    if not chat.is_about_documents or chat.sampling.json_schema:
        return "none"
    return chat.sources or services.settings.api.answer_sources


def _question(services: Services, chat: Chat, messages: tuple[Message, ...], sampling: Sampling) -> Question:
    if not chat.is_about_documents:
        _refuse_document_options(chat)
        return Question(messages, (), sampling, model=chat.model, client=chat.client, tools=chat.tools)
    _refuse_forced_tools(chat)
    if sampling.top_logprobs is not None:
        detail = f"`logprobs` is not available for `{DOCS_PREFIX}…` models; name a plain model"
        raise InvalidRequestError(detail=detail, param="logprobs")
    return Question(
        messages=_spoken_messages(messages),
        collections=_collections(services, chat),
        sampling=sampling,
        mode=chat.mode or services.settings.rag.context_mode,
        model=chat.writer,
        filters=chat.filters,
        client=chat.client,
        style=chat.style or "auto",
    )


def _spoken_messages(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the chat as its answers were given: without calls and results of tools, and without lists of sources."""
    spoken = [message for message in messages if message.role != "tool" and (message.content or not message.tool_calls)]
    return tuple(
        Message(message.role, strip_sources(message.content) if message.role == "assistant" else message.content)
        for message in spoken
    )


def _refuse_forced_tools(chat: Chat) -> None:
    """Refuse tools that must be called; those that may be are not: the documents answer."""
    if chat.tools is not None and chat.tools.is_forced:
        detail = f"`{DOCS_PREFIX}…` models answer and call no tools; name a plain model, or leave the choice to it"
        raise InvalidToolsError(detail=detail, param="tool_choice")


def _refuse_document_options(chat: Chat) -> None:
    if chat.filters is not None:
        detail = f"filters select documents; name a collection as the model, `{DOCS_PREFIX}<name>`"
        raise InvalidRequestError(detail=detail, param="pincite.filters")
    if chat.collections:
        detail = f"name one of the collections as the model, `{DOCS_PREFIX}<name>`, and the others here"
        raise InvalidRequestError(detail=detail, param="pincite.collections")


def _collections(services: Services, chat: Chat) -> tuple[str, ...]:
    """Return the ids of the collections to search, each once, the one named as the model first."""
    try:
        first = services.searchable(normalize_name(chat.model.removeprefix(DOCS_PREFIX)))
    except CollectionNotFoundError as error:
        raise ModelNotFoundError(model=chat.model) from error
    others = [services.searchable(normalize_name(name)).id for name in chat.collections]
    return tuple(dict.fromkeys([first.id, *others]))
