"""The calls that a model works on, and how long its steps take."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.runtime.worker_main import Call
from rag.engines.serving.sampling import Sampler
from rag.engines.serving.sequence import GenerationRequest
from rag.engines.serving.speculative import Draft, Lookup, Speculation
from rag.engines.types import TokenLogprob

SMOOTHING = 4
"""A running mean moves by this part of what is new."""


@dataclass(slots=True, eq=False)
class Job:
    """A request with the call that it answers.

    `passed_over` counts the turns that read in another prompt. `logprobs` wait for the next delta. A job without a
    sampler writes nothing: its prompt is read ahead for the documents `documents`, while nobody waits.
    """

    call: Call
    client: str
    request: GenerationRequest
    last_sign: float
    sampler: Sampler | None = None
    documents: tuple[str, ...] = ()
    top_logprobs: int | None = None
    drafts: "Drafts | None" = None
    began: float = 0.0
    sequence: int = -1
    passed_over: int = 0
    logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])

    @property
    def is_writing(self) -> bool:
        """Whether the prompt is read and the answer has begun."""
        return self.sampler is not None and not self.request.unread

    def take_logprobs(self) -> tuple[TokenLogprob, ...]:
        """Return those that no delta has carried yet."""
        taken, self.logprobs = tuple(self.logprobs), []
        return taken


class Drafts:
    """What may come next in one answer, from what was read for it."""

    def __init__(self, prompt: Sequence[int], speculation: Speculation) -> None:
        self._lookup = Lookup(prompt)
        self._speculation = speculation
        self._draft = Draft()
        self._known = 0

    def next(self, written: Sequence[int], room: int) -> Sequence[int]:
        """Return at most `room` tokens to read along with the last one of all that was `written`."""
        self._lookup.extend(written[self._known :])
        self._known = len(written)
        self._draft = self._lookup.draft()
        return self._speculation.chosen(self._draft)[:room]

    def learn(self, read: int, written: Sequence[int]) -> None:
        """Take in what was written after the draft, of which `read` tokens had been read."""
        self._speculation.learn(self._draft, read, written)


@dataclass(slots=True)
class Pace:
    """Running means in seconds, 0 before the first: of a request, a step of all answers, a token of a prompt."""

    request: float = 0.0
    answers: float = 0.0
    token: float = 0.0

    @staticmethod
    def mean(before: float, new: float) -> float:
        return before + (new - before) / SMOOTHING if before else new
