"""Query rewriting: the model turns a follow-up question into a standalone query for retrieval.

Only able models are asked: a small one answers the question instead, or copies the turns before it
(SmolLM2-135M on MTRAG: docs/development/decisions/2026-11-24-bm25-beside-term-coverage.md).
"""

from collections.abc import Sequence
from contextlib import closing

from rag.engines.types import Engine, Message, ModelInfo, Sampling
from rag.errors import PromptTooLongError
from rag.models.capability import is_capable
from rag.types import Rewriting

MAX_TURNS = 4
MAX_TURN_CHARS = 1_000
MAX_TOKENS = 64

RULES = (
    "Rewrite the user's last question so that it can be understood without the conversation. "
    "Name what it is about and change nothing else. Do not answer it. Write the rewritten question alone."
)
SPEAKERS = {"user": "User", "assistant": "Assistant"}


def should_rewrite(model: ModelInfo, rewriting: Rewriting) -> bool:
    """Whether a model rewrites follow-up questions: by the setting, and for `auto` by the model's size."""
    return rewriting == "on" or (rewriting == "auto" and is_capable(model))


def rewrite_query(engine: Engine, messages: Sequence[Message], *, client: str = "") -> str:
    """Return the last message, a question, rewritten by the model so that it needs no chat history.

    Empty if the model writes nothing, or if the prompt exceeds its context window. Raises what `Engine.generate`
    raises otherwise.
    """
    sampling = Sampling(max_tokens=MAX_TOKENS, stop=("\n",))
    try:
        with closing(engine.generate(_prompt(messages), sampling, client=client)) as deltas:
            return "".join(delta.text for delta in deltas).strip()
    except PromptTooLongError:
        return ""


def _prompt(messages: Sequence[Message]) -> tuple[Message, ...]:
    *history, question = messages
    turns = [turn for turn in history if turn.role in SPEAKERS][-MAX_TURNS:]
    transcript = "\n".join(f"{SPEAKERS[turn.role]}: {turn.content[:MAX_TURN_CHARS]}" for turn in turns)
    prompt = f"Conversation:\n{transcript}\n\nLast question: {question.content}\n\nRewritten question:"
    return Message("system", RULES), Message("user", prompt)
