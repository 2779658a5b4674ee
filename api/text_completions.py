"""OpenAI's text completions: a request as continuations, and their events as chunks or as one response."""

import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from api.chat import AnswerEvents, Chat, collect_answer, text_events, vary_seed
from api.http.metrics import Metrics
from api.http.sse import Pieces, encode_event
from api.services import Services
from api.wire.answers import AnswerDetails, UsageObject, citations_of
from api.wire.completions import CompletionRequest, TextChoice, TextCompletion, TextLogprobs
from rag.engines.types import Message, TokenLogprob, Usage
from rag.types import Answer, AnswerDelta

Continuations = Iterator[tuple[str, AnswerEvents]]
"""What stands before each continuation, and its events."""


def list_continuations(services: Services, request: CompletionRequest, client: str) -> Continuations:
    """Yield the continuations of each prompt; read the events of one to their end before the next.

    Raises, like the events, what `api.chat` raises.
    """
    sampling = replace(request.sample(request.max_tokens), top_logprobs=request.logprobs)
    for prompt in request.prompt:
        for index in range(request.n or 1):
            chat = Chat(request.model, (Message("user", prompt),), vary_seed(sampling, index), client)
            yield prompt if request.echo else "", text_events(services, chat)


@dataclass(frozen=True, slots=True)
class TextFrame:
    """Everything in a response that does not depend on what the model writes."""

    model: str
    id: str = field(default_factory=lambda: f"cmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def completion(self, choices: Sequence[TextChoice], answers: Sequence[Answer]) -> TextCompletion:
        """Return the response that is not streamed. Its `pincite` is about the first answer from documents."""
        first = answers[0]
        return TextCompletion(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=list(choices),
            usage=_sum_usage([answer.usage for answer in answers]),
            pincite=AnswerDetails.of_stored(first) if first.mode != "none" or first.evidence else None,
        )

    def event(self, choice: TextChoice) -> bytes:
        """Return a piece of a continuation as an event."""
        return self._encode(TextCompletion(id=self.id, created=self.created, model=self.model, choices=[choice]))

    def usage_event(self, usages: Sequence[Usage]) -> bytes:
        """Return the event after the last continuation that carries the usage."""
        usage = _sum_usage(usages)
        return self._encode(TextCompletion(id=self.id, created=self.created, model=self.model, choices=[], usage=usage))

    def _encode(self, completion: TextCompletion) -> bytes:
        return encode_event(completion.model_dump_json().encode())


def collect_texts(continuations: Continuations, frame: TextFrame, metrics: Metrics) -> Pieces:
    """Yield an empty piece for every event, and at the end the whole response."""
    choices: list[TextChoice] = []
    answers: list[Answer] = []
    for index, (before, events) in enumerate(continuations):
        whole = yield from collect_answer(events)
        metrics.count_answer(whole.answer)
        answers.append(whole.answer)
        text = before + whole.answer.text
        choices.append(_choice(index, text, whole.logprobs, len(before), whole.answer))
    yield frame.completion(choices, answers).model_dump_json().encode()


def stream_texts(continuations: Continuations, frame: TextFrame, metrics: Metrics, *, include_usage: bool) -> Pieces:
    """Yield the continuations as server-sent events, one after the other, without the closing `[DONE]`.

    An empty piece says that the model is still at work.
    """
    usages: list[Usage] = []
    for index, (before, events) in enumerate(continuations):
        usages.append((yield from _stream_text(index, before, events, frame, metrics)))
    if include_usage:
        yield frame.usage_event(usages)


def _stream_text(
    index: int, before: str, events: AnswerEvents, frame: TextFrame, metrics: Metrics
) -> Generator[bytes, None, Usage]:
    if before:
        yield frame.event(_choice(index, before, (), 0))
    written, usage = len(before), Usage(0, 0)
    with closing(events):
        for event in events:
            if isinstance(event, Answer):
                metrics.count_answer(event)
                usage = event.usage
                yield frame.event(_choice(index, "", (), written, event))
            elif isinstance(event, AnswerDelta) and (event.text or event.logprobs):
                yield frame.event(_choice(index, event.text, event.logprobs, written))
                written += len(event.text)
            else:
                yield b""
    return usage


def _choice(
    index: int, text: str, logprobs: Sequence[TokenLogprob], offset: int, answer: Answer | None = None
) -> TextChoice:
    """Return a continuation, or a piece of one that begins at `offset`; `answer` is the last event of it."""
    return TextChoice(
        index=index,
        text=text,
        logprobs=TextLogprobs.of(logprobs, offset),
        finish_reason=None if answer is None else answer.finish_reason,
        annotations=citations_of(answer) or None if answer is not None else None,
    )


def _sum_usage(usages: Sequence[Usage]) -> UsageObject:
    total = Usage(
        sum(usage.prompt_tokens for usage in usages),
        sum(usage.completion_tokens for usage in usages),
        sum(usage.cached_tokens for usage in usages),
    )
    return UsageObject.of([total])
