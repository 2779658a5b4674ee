"""What a request says of the length of a model's text, for answers that no model writes."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from rag.answers.producer import AnswerTask, Draft
from rag.engines.completion import Completion
from rag.engines.types import Engine, FinishReason, Message, Usage
from rag.types import AnswerDelta, AnswerEvent


def limit_text(events: Generator[AnswerEvent, None, Draft], task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
    """Yield the events of a composed answer, whose text ends at its first stop string or with its last token.

    Such an answer is complete at once, so its text is held back until then if the request limits it.
    """
    sampling = task.question.sampling
    if sampling.max_tokens is None and not sampling.stop:
        return (yield from events)
    draft = yield from _hold_text(events)
    text, reason = cut_text(
        draft.completion.text, sampling.stop, sampling.max_tokens, lambda text: count_text_tokens(task.engine, text)
    )
    yield AnswerDelta(text)
    quotes = tuple(replace(quote, end=min(quote.end, len(text))) for quote in draft.quotes if quote.start < len(text))
    completion = Completion(text, reason, draft.completion.usage)
    return replace(draft, completion=completion, quotes=quotes, own_chars=min(draft.own_chars, len(text)))


def cut_text(
    text: str, stops: Sequence[str], max_tokens: int | None, count_tokens: Callable[[str], int]
) -> tuple[str, FinishReason]:
    """Return as much of a text as goes before any of `stops` and has `max_tokens` at most, and why it ends there."""
    ends = [text.find(stop) for stop in stops if stop in text]
    kept = text[: min(ends)] if ends else text
    if max_tokens is None or count_tokens(kept) <= max_tokens:
        return kept, "stop"
    fits, too_long = 0, len(kept)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if count_tokens(kept[:middle]) <= max_tokens:
            fits = middle
        else:
            too_long = middle
    return kept[:fits].rstrip(), "length"


def measure_usage(task: AnswerTask, draft: Draft) -> Usage:
    """Return the tokens of an answer that no model has written: of what was read for it, and of its text.

    That is the prompt with its passages if there is one, else the question with the passages that the answer quotes.
    """
    used = draft.completion.usage
    if used.prompt_tokens or used.completion_tokens:
        return used
    read = task.plan.prompt_tokens
    if not read:
        passages = draft.passages or task.plan.context.passages
        texts = [task.question.messages[-1].content, *(passage.stored.chunk.text for passage in passages)]
        read = count_text_tokens(task.engine, "\n\n".join(texts))
    return Usage(read, count_text_tokens(task.engine, draft.completion.text))


def count_text_tokens(engine: Engine, text: str) -> int:
    """Return how many tokens a text adds to a prompt of an engine, remote ones included."""
    return engine.count_tokens((Message("user", text),)) - engine.count_tokens((Message("user", ""),))


def _hold_text(events: Generator[AnswerEvent, None, Draft]) -> Generator[AnswerEvent, None, Draft]:
    """Yield the events without the text of the answer, which is in the draft."""
    with closing(events):
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                draft: Draft = end.value
                return draft
            yield replace(event, text="") if isinstance(event, AnswerDelta) else event
