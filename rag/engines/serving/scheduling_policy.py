"""Who is served next, and how much of it. Pure decisions, no state of their own."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import EngineBusyError

LONGEST_RETRY_SECONDS = 600
PREFILL_TOKENS = 256
GRAIN = 16
"""Prompts are read in multiples of this, and never fewer at a time if they are that long.

llama.cpp computes a token in the company of fewer than 8, or at another place within a group of 4, by other
kernels, whose results differ in the last bits (in a logit by up to 0.7). Kept to the grain, a prompt that
was partly known gives bit by bit what it gives when it is read from its beginning.
"""
PAUSE = 2.0
"""How much longer than a step of all answers may take what is read of a prompt between two of them."""
PATIENCE = 8
"""So often others may be preferred to a prompt that is being read."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How many requests may wait, and how much of a prompt one step takes.

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

    def next_waiting(self, waiting: Sequence[str], running: Sequence[str]) -> int:
        """Return which request to begin with: the first of those whose client has the fewest running.

        Both have the client of each request; `waiting` has at least one and is in the order of arrival.
        """
        busy = Counter(running)
        return min(range(len(waiting)), key=lambda index: busy[waiting[index]])

    def next_reader(self, unread: Sequence[int], passed_over: Sequence[int]) -> int:
        """Return which prompt to read on: the one that is read soonest, unless another was passed over too often."""
        longest_wait = max(range(len(unread)), key=lambda index: passed_over[index])
        if passed_over[longest_wait] >= PATIENCE:
            return longest_wait
        return min(range(len(unread)), key=lambda index: unread[index])

    def step_tokens(self, *, answer_seconds: float, token_seconds: float) -> int:
        """Return how many tokens of a prompt one step takes at most.

        `answer_seconds` is what one step of the answers that are being written takes, 0 for none: they must not
        stand still for long. `token_seconds` is what a token of a prompt has taken lately, 0 where that is unknown.
        """
        if not answer_seconds or not token_seconds:
            return self.prefill_tokens
        tokens = int(PAUSE * answer_seconds / token_seconds)
        return min(max(tokens // GRAIN * GRAIN, GRAIN), self.prefill_tokens)

    def prefill_share(self, unread: int, step_tokens: int) -> int:
        """Return how many of `unread` prompt tokens go into the next step; what is left is none or at least a grain.

        They are at most `step_tokens`, or nearly two grains where that is one.
        """
        if not 0 < unread - step_tokens < GRAIN:
            return min(unread, step_tokens)
        return step_tokens - GRAIN if step_tokens > GRAIN else unread

    def reusable(self, known: int, prompt_tokens: int) -> int:
        """Return how many of the first `known` tokens of a prompt need not be read again."""
        return max(min(known, prompt_tokens - GRAIN), 0) // GRAIN * GRAIN
