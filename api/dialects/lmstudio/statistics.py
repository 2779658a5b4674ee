"""How an answer ended and how fast it came, in LM Studio's words."""

from typing import Literal

from rag.engines.types import Sampling
from rag.types import Answer

StopReason = Literal[
    "eosFound", "maxPredictedTokensReached", "contextLengthReached", "toolCalls", "userStopped"
]  # of those that LM Studio has
MIN_SECONDS = 1e-6


def find_stop_reason(answer: Answer, sampling: Sampling) -> StopReason:
    """Return why an answer ended. Pincite does not tell the model's own end from a stop string."""
    if answer.finish_reason == "tool_calls":
        return "toolCalls"
    if answer.finish_reason == "stop":
        return "eosFound"
    is_limited = sampling.max_tokens is not None and answer.usage.completion_tokens >= sampling.max_tokens
    return "maxPredictedTokensReached" if is_limited else "contextLengthReached"


def generation_seconds(answer: Answer) -> float:
    """Return the seconds from the first token to the last."""
    return max(answer.timings.total_seconds - answer.timings.first_token_seconds, 0.0)


def tokens_per_second(answer: Answer) -> float:
    """Return how fast the tokens after the first one came, 0 of fewer than two."""
    following = answer.usage.completion_tokens - 1
    return following / max(generation_seconds(answer), MIN_SECONDS) if following > 0 else 0.0
