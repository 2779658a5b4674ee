"""What every kind of answer promises, and the values that it works with."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from rag.answers.route import Route
from rag.context.planner import Plan
from rag.engines.completion import Completion
from rag.engines.types import Engine, Sampling
from rag.generation.answer_clock import AnswerClock
from rag.generation.quote_selection import QuotedSentence
from rag.grounding.attribution import SentenceAttributor
from rag.grounding.hidden_text import VISIBLE_TEXT, ModelView
from rag.types import AnswerEvent, AnswerVerdict, Passage, Question


@dataclass(frozen=True, slots=True)
class AnswerTask:
    """One answer to produce.

    `numbers` has the passage numbers of the chat so far, by chunk id; `view` is what a model is shown of the documents.
    """

    question: Question
    query: str
    engine: Engine
    route: Route
    plan: Plan
    clock: AnswerClock
    max_tokens: int
    numbers: Mapping[int, int]
    view: ModelView = VISIBLE_TEXT

    @property
    def sampling(self) -> Sampling:
        """The sampling of the question with the length of the answer, which the context window may limit."""
        room = self.engine.info().context_window - self.plan.prompt_tokens
        return replace(self.question.sampling, max_tokens=min(self.max_tokens, room))


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer as it was produced, before grounding.

    `attributor` pins the sentences of `prose`, which has the length of the text and is empty if they are the same;
    `quotes` are sentences that need no attribution. The first `own_chars` of the text are Pincite's own words. The
    producers of overviews find their `passages` themselves and say in `reason` how they made the answer. Quoted answers
    have an `answer_verdict`.
    """

    completion: Completion
    attributor: SentenceAttributor | None = None
    prose: str = ""
    quotes: tuple[QuotedSentence, ...] = ()
    passages: tuple[Passage, ...] = ()
    own_chars: int = 0
    reason: str = ""
    answer_verdict: AnswerVerdict | None = None


class Producer(Protocol):
    """Produces one kind of answer."""

    def produce(self, task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
        """Yield the events of the answer between its first and its last one, and return the draft.

        The call itself raises what must be refused before the first event. Closing the generator stops the model.
        """
        ...
