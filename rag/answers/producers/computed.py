"""Computed answers: the rows, cells or definitions that the plan has selected, behind Pincite's own words."""

from collections.abc import Generator

from rag.answers.producer import AnswerTask, Draft
from rag.engines.completion import Completion
from rag.engines.types import Usage
from rag.generation.quote_selection import compose_quotes
from rag.types import AnswerDelta, AnswerEvent


class ComputedProducer:
    """Quotes what `Plan.computed` has selected; no model is asked."""

    def produce(self, task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
        """See `Producer`."""
        plan = task.plan
        if plan.computed is None:
            raise ValueError("the plan of a computed answer has none")
        numbers = {passage.stored.id: passage.number for passage in plan.context.passages}
        text, quotes = compose_quotes(plan.computed.quotes, numbers, lead=plan.computed.lead)
        task.clock.mark_first_token()
        yield AnswerDelta(text)
        return Draft(
            Completion(text, "stop", Usage(0, 0)),
            quotes=tuple(quotes),
            own_chars=len(plan.computed.lead),
            answer_verdict=plan.computed.answer_verdict,
        )
