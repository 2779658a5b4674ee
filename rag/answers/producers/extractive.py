"""Extractive answers: sentences of the documents alone, which an able model chooses."""

from collections.abc import Generator, Sequence

from rag.answers.producer import AnswerTask, Draft
from rag.engines.completion import Completion
from rag.engines.types import Usage
from rag.generation.quote_selection import choose_with_model, compose_quotes, select_sentences, show_sentences
from rag.grounding.answer_verdict import judge_quotes
from rag.grounding.conditions import explain_missing
from rag.grounding.evidence import SentenceMatch
from rag.grounding.supersession import keep_superseded, put_successors_first
from rag.models.capability import is_capable
from rag.types import AnswerDelta, AnswerEvent

NOTHING_CHOSEN = "No sentence of the documents answers that word for word."


class ExtractiveProducer:
    """Quotes the sentences that a model chooses, or the closest ones if the model is too small to choose."""

    def produce(self, task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
        """See `Producer`."""
        plan, usage = task.plan, Usage(0, 0)
        chosen: Sequence[SentenceMatch]
        if is_capable(task.engine.info()):
            chosen, usage = yield from choose_with_model(
                task.engine, plan.messages, task.view.select_matches(plan.matches), client=task.question.client
            )
        else:
            chosen = select_sentences(plan.matches, task.query, plan.conditions.answer_type)
        verdict = judge_quotes(chosen, plan.conditions)
        if not chosen:
            yield AnswerDelta(NOTHING_CHOSEN)
            return Draft(Completion(NOTHING_CHOSEN, "stop", usage), answer_verdict=verdict)
        numbers = {passage.stored.id: passage.number for passage in plan.context.passages}
        quoted = set(chosen)
        chosen = [*chosen, *(other.match for best, other in plan.rivals if best.match in quoted - {other.match})]
        chosen = keep_superseded(list(dict.fromkeys(chosen)), plan.matches, plan.successors)
        ordered = put_successors_first(chosen, plan.successors)
        missing = explain_missing(plan.conditions.missing, [passage.stored for passage in plan.context.passages])
        lead = f"{missing}\n\n" if missing else ""
        text, quotes = compose_quotes(show_sentences(ordered, superseded=plan.successors.keys()), numbers, lead=lead)
        task.clock.mark_first_token()
        yield AnswerDelta(text)
        return Draft(Completion(text, "stop", usage), quotes=tuple(quotes), own_chars=len(lead), answer_verdict=verdict)
