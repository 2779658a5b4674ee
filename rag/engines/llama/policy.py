"""Which request the model works on next, and on how much of it. Pure decisions, no state of their own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from rag.errors import EngineBusyError

T = TypeVar("T")

LONGEST_RETRY_SECONDS = 600
PREFILL_TOKENS = 256
GRAIN = 16
"""Prompts are read in multiples of this, and never fewer at a time if they are that long.

llama.cpp computes a token in the company of fewer than 8, or at another place within a group of 4, by other
kernels, whose results differ in the last bits (in a logit by up to 0.7). Kept to the grain, a prompt that
was partly known gives bit by bit what it gives when it is read from its beginning.
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """How many requests may wait, and how many prompt tokens one step takes.

    The step is the grain of everything: a new request is noticed, a cancelled one dropped and a sign of
    life sent between two steps. Short steps are prompt, long ones read faster.
    """

    queue_size: int = 32
    prefill_tokens: int = PREFILL_TOKENS

    def __post_init__(self) -> None:
        if self.queue_size < 1:
            raise ValueError("a policy needs a queue of at least 1")
        if self.prefill_tokens < 2 * GRAIN or self.prefill_tokens % GRAIN:
            raise ValueError(f"a step must be a multiple of {GRAIN}, and at least two of them")

    def check_room(self, waiting: int, *, mean_seconds: float) -> None:
        """Raise `EngineBusyError` where `waiting` requests leave no room for another.

        `mean_seconds` is what a request has taken lately: the time after which a place becomes free.
        """
        if waiting >= self.queue_size:
            retry = min(max(math.ceil(mean_seconds), 1), LONGEST_RETRY_SECONDS)
            raise EngineBusyError(waiting=waiting, retry_after_seconds=retry)

    def next_waiting(self, waiting: Sequence[T]) -> T | None:
        """Return the request to begin with: first come, first served."""
        return waiting[0] if waiting else None

    def prefill_share(self, unread: int) -> int:
        """Return how many of `unread` prompt tokens go into the next step; what is left is none or a grain."""
        is_short_of_grain = 0 < unread - self.prefill_tokens < GRAIN
        return self.prefill_tokens - GRAIN if is_short_of_grain else min(unread, self.prefill_tokens)

    def reusable(self, known: int, prompt_tokens: int) -> int:
        """Return how many of the first `known` tokens of a prompt need not be read again."""
        return max(min(known, prompt_tokens - GRAIN), 0) // GRAIN * GRAIN
