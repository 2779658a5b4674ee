"""Which request is served next, and how long its prefill chunk is. Pure decisions without state."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rag.engines.serving.fairness import is_queue_full
from rag.errors import EngineBusyError

MAX_RETRY_SECONDS = 600
MAX_CHUNK_TOKENS = 256
CHUNK_ALIGNMENT = 16
"""Prefill chunks are multiples of this, and none is shorter unless the prompt is.

llama.cpp computes a token in a batch of fewer than 8, or at another position within a group of 4, by other kernels,
whose results differ in the last bits (in a logit by up to 0.7). With aligned chunks a prompt that is partly cached
gives bit by bit what it gives from the beginning.
"""
MAX_PREFILL_RATIO = 2.0
"""A prefill chunk between two decode steps may take so many times as long as a decode step."""
MAX_SKIPPED_STEPS = 8
"""So often other prompts may be preferred to one that is being prefilled."""


@dataclass(frozen=True, slots=True)
class SchedulingPolicy:
    """How many requests of one client may wait, and how long a prefill chunk may be.

    Between two steps the scheduler admits new requests, drops cancelled ones and sends heartbeats: short chunks react
    sooner, long ones prefill faster.
    """

    queue_size: int = 32
    max_chunk_tokens: int = MAX_CHUNK_TOKENS

    def __post_init__(self) -> None:
        if self.queue_size < 1:
            raise ValueError("a policy needs a queue of at least 1")
        if self.max_chunk_tokens < 2 * CHUNK_ALIGNMENT or self.max_chunk_tokens % CHUNK_ALIGNMENT:
            raise ValueError(f"a prefill chunk must be a multiple of {CHUNK_ALIGNMENT}, and at least two of them")

    def check_queue(self, waiting: Sequence[str], client: str, *, mean_seconds: float) -> None:
        """Raise `EngineBusyError` if the queue of a client is full; `waiting` has the clients of waiting requests.

        `mean_seconds` is the recent mean time of a request, after which the queue has room again.
        """
        if is_queue_full(waiting, client, queue_size=self.queue_size):
            retry = min(max(math.ceil(mean_seconds), 1), MAX_RETRY_SECONDS)
            raise EngineBusyError(waiting=len(waiting), retry_after_seconds=retry)

    def choose_prefill(self, pending: Sequence[int], skipped_steps: Sequence[int], shares: Sequence[int]) -> int:
        """Return the index of the prompt to prefill: the shortest remaining, unless one was skipped too often.

        `pending` has the prompt tokens that each request still has to prefill, `shares` how many requests of its
        sharer are running: one with fewer comes first.
        """
        most_skipped = max(range(len(pending)), key=lambda index: skipped_steps[index])
        if skipped_steps[most_skipped] >= MAX_SKIPPED_STEPS:
            return most_skipped
        return min(range(len(pending)), key=lambda index: (shares[index], pending[index]))

    def limit_chunk(self, *, decode_seconds: float, token_seconds: float) -> int:
        """Return how many tokens a prefill chunk may have, so that running completions do not stall.

        `decode_seconds` is the mean time of a decode step, 0 if nothing decodes; `token_seconds` the mean time of a
        prefilled token, 0 if unknown.
        """
        if not decode_seconds or not token_seconds:
            return self.max_chunk_tokens
        tokens = int(MAX_PREFILL_RATIO * decode_seconds / token_seconds)
        return min(max(tokens // CHUNK_ALIGNMENT * CHUNK_ALIGNMENT, CHUNK_ALIGNMENT), self.max_chunk_tokens)

    def cut_chunk(self, pending: int, limit: int) -> int:
        """Return how many of `pending` prompt tokens the next chunk takes; it leaves none, or a whole alignment unit.

        At most `limit`, or nearly two alignment units if the limit is one.
        """
        if not 0 < pending - limit < CHUNK_ALIGNMENT:
            return min(pending, limit)
        return limit - CHUNK_ALIGNMENT if limit > CHUNK_ALIGNMENT else pending

    def align_reuse(self, shared: int, prompt_tokens: int) -> int:
        """Return how many of the first `shared` tokens of a prompt can be reused from the KV cache."""
        return max(min(shared, prompt_tokens - CHUNK_ALIGNMENT), 0) // CHUNK_ALIGNMENT * CHUNK_ALIGNMENT
