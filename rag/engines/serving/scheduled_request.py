"""A request in the scheduler, with its drafts, and running means of how long steps take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.runtime.worker_main import Call
from rag.engines.serving.sampling import Sampler
from rag.engines.serving.sequence import TokenSequence
from rag.engines.serving.speculative import Draft, DraftPolicy, PromptLookup
from rag.engines.types import TokenLogprob

SMOOTHING = 4
"""A running mean moves by this fraction of the difference to a new value."""


@dataclass(slots=True, eq=False)
class ScheduledRequest:
    """A call with its token sequence and, once it is admitted, its KV slot.

    `skipped_steps` counts the prefill steps of other requests since its own last one, and `last_step` is the number of
    the last decode step that it was part of. `logprobs` wait for the next delta. `mark_bytes` has the control tokens
    that are text in this completion: marks of tool calls. A request without a sampler is a background prefill of a
    prompt prefix that contains `documents`.
    """

    call: Call
    client: str
    sequence: TokenSequence
    last_delta_at: float
    sampler: Sampler | None = None
    documents: tuple[str, ...] = ()
    top_logprobs: int | None = None
    drafter: "Drafter | None" = None
    admitted_at: float = 0.0
    slot: int = -1
    skipped_steps: int = 0
    last_step: int = 0
    logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])
    mark_bytes: Mapping[int, bytes] = field(default_factory=dict[int, bytes])

    @property
    def is_background(self) -> bool:
        """Whether it only prefills a prompt prefix for later requests."""
        return self.sampler is None

    @property
    def is_decoding(self) -> bool:
        """Whether the prompt is prefilled and the completion has begun."""
        return self.sampler is not None and not self.sequence.pending_tokens

    def take_logprobs(self) -> tuple[TokenLogprob, ...]:
        """Return the log-probabilities that no delta has carried yet."""
        taken, self.logprobs = tuple(self.logprobs), []
        return taken


class Drafter:
    """Drafts the next tokens of one completion from its prompt and its own tokens."""

    def __init__(self, prompt: Sequence[int], policy: DraftPolicy) -> None:
        self._lookup = PromptLookup(prompt)
        self._policy = policy
        self._draft = Draft()
        self._indexed = 0

    def draft(self, completion: Sequence[int], max_tokens: int) -> Sequence[int]:
        """Return at most `max_tokens` tokens to verify after the last token of the `completion` so far."""
        self._lookup.extend(completion[self._indexed :])
        self._indexed = len(completion)
        self._draft = self._lookup.find_draft()
        return self._policy.choose_tokens(self._draft)[:max_tokens]

    def record_outcome(self, verified: int, completion: Sequence[int]) -> None:
        """Record the tokens that came after the last draft, of which `verified` tokens were in the step."""
        self._policy.record_outcome(self._draft, verified, completion)


@dataclass(slots=True)
class RunningMeans:
    """Running means in seconds, 0 before the first value: of a request, a decode step, and a prefilled token."""

    request_seconds: float = 0.0
    decode_seconds: float = 0.0
    token_seconds: float = 0.0

    @staticmethod
    def update(mean: float, value: float) -> float:
        """Return the mean after one more value."""
        return mean + (value - mean) / SMOOTHING if mean else value
