"""Stream a completion to the reader: no marker of an unknown passage, no active markup, no endless repetition."""

from collections.abc import Generator, Sequence
from contextlib import closing

from rag.engines.completion import Completion
from rag.engines.types import Delta, Usage
from rag.generation.answer_clock import AnswerClock
from rag.generation.repetition import is_repeating
from rag.grounding.attribution import SentenceAttributor
from rag.grounding.citations import MarkerFilter
from rag.grounding.foreign_markup import MarkupFilter
from rag.types import AnswerDelta, Passage, PinnedSentence


def stream_answer(
    deltas: Generator[Delta, None, None],
    passages: Sequence[Passage],
    clock: AnswerClock,
    *,
    prompt_tokens: int,
    attributor: SentenceAttributor | None = None,
) -> Generator[AnswerDelta | PinnedSentence, None, Completion]:
    """Yield an answer in prose as the model writes it, and its sentences as they are complete; return the whole of it.

    The model goes on writing while `attributor` pins a sentence.
    """
    text, last, pieces = "", Delta(""), 0
    markers, markup = MarkerFilter(passage.number for passage in passages), MarkupFilter()
    with closing(deltas):
        for last in deltas:
            if last.text:
                clock.mark_first_token()
                pieces += 1
            shown = markup.feed(markers.feed(last.text))
            text += shown
            yield AnswerDelta(shown)  # an empty one says that the model is at work, and lets the caller leave
            if attributor is not None:
                with clock.measure_checking():
                    pinned = attributor.attribute_complete(text, shown)
                yield from pinned
            if shown and is_repeating(text):
                last = Delta("", "stop", Usage(prompt_tokens, pieces))
                break
    if shown := markup.feed(markers.flush()) + markup.flush():
        text += shown
        yield AnswerDelta(shown)
    return Completion.from_stream(text, last)


def stream_json(deltas: Generator[Delta, None, None], clock: AnswerClock) -> Generator[AnswerDelta, None, Completion]:
    """Yield an answer in JSON as it is, because it has neither markers nor sentences; return the whole of it."""
    text, last = "", Delta("")
    with closing(deltas):
        for last in deltas:
            if last.text:
                clock.mark_first_token()
            text += last.text
            yield AnswerDelta(last.text)
    return Completion.from_stream(text, last)
