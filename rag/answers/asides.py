"""Answer what a chat about documents is asked beside them: tasks about the chat, and small talk.

An able model does a task, from the messages of the client alone. A small one would fail at it, so its result is made by
rules from the first question of the chat. Small talk gets a courtesy that says what can be asked.
"""

import json
from collections.abc import Callable, Generator

from rag.engines.types import Engine, Usage
from rag.generation.plain_answer import complete_alone
from rag.models.capability import is_capable
from rag.questions.chat_task import Aside, ChatTask
from rag.questions.request_phrases import strip_request
from rag.questions.small_talk import SmallTalk
from rag.questions.words import JOINED_WORD, list_content_words
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerStarted, Question, Timings

NAME = "pincite"
"""What answers of rules give as their model."""
SMALL_TALK_REASON = "small talk, not a question to the documents"
TASK_REASON = "a task about the chat, not a question to the documents"
EMPTY_TITLE = "New chat"
TITLE_WORDS = 6
MAX_TITLE_CHARS = 60
MAX_TAGS = 3


def answer_aside(
    aside: Aside, question: Question, engine_for: Callable[[str | None], Engine]
) -> Generator[AnswerEvent, None, None]:
    """Yield the events of the answer to a message that does not ask the documents.

    Raises what `engine_for` and `Engine.generate` raise.
    """
    if isinstance(aside, SmallTalk):
        yield AnswerStarted("none", SMALL_TALK_REASON, (), (), style="quoted")
        yield from _say(aside.reply, SMALL_TALK_REASON)
        return
    engine = engine_for(question.model)
    if is_capable(engine.info()) or question.sampling.json_schema:
        deltas = engine.generate(question.messages, question.sampling, client=question.client)
        yield from complete_alone(engine, deltas)
        return
    yield from _say(perform_task(aside), TASK_REASON)


def perform_task(task: ChatTask) -> str:
    """Return the result of a task about a chat, made by rules from the chat's first question."""
    result = _list_results(task)
    if task.json_key:
        return json.dumps({task.json_key: result}, ensure_ascii=False)
    return result if isinstance(result, str) else ", ".join(result)


def make_title(question: str) -> str:
    """Return a title for a chat that begins with a question: its own words if they are few, else those of content."""
    line = " ".join(strip_request(question).split()).strip(" ?!.:,;¿¡\"'")
    words = JOINED_WORD.findall(line)
    if len(words) > TITLE_WORDS:
        content = set(list_content_words(line))
        line = " ".join([word for word in words if word.casefold() in content][:TITLE_WORDS])
    if len(line) > MAX_TITLE_CHARS:
        line = line[:MAX_TITLE_CHARS].rpartition(" ")[0] or line[:MAX_TITLE_CHARS]
    return line[:1].upper() + line[1:] if line else EMPTY_TITLE


def _list_results(task: ChatTask) -> str | list[str]:
    match task.kind:
        case "title":
            return make_title(task.question)
        case "tags":
            return [word.capitalize() for word in list_content_words(task.question)[:MAX_TAGS]] or ["General"]
        case "queries":
            return [" ".join(task.question.split())] if task.question else []
        case "follow_ups":
            return []  # what could be asked next is nothing that rules know


def _say(text: str, reason: str) -> Generator[AnswerEvent, None, None]:
    yield AnswerDelta(text)
    yield Answer(
        text=text,
        citations=(),
        sentences=(),
        evidence=(),
        mode="none",
        reason=reason,
        model=NAME,
        finish_reason="stop",
        usage=Usage(0, 0),
        timings=Timings(0.0, 0.0, 0.0),
        style="quoted",
    )
