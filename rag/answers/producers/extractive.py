"""Extractive answers: sentences of the documents alone, which an able model chooses."""

from collections.abc import Generator, Sequence

from rag.answers.producer import AnswerTask, Draft
from rag.context.planner import Plan
from rag.engines.completion import Completion
from rag.engines.types import Usage
from rag.generation.quote_selection import (
    choose_with_model,
    compose_quotes,
    select_sentences,
    show_sentences,
    split_answering,
)
from rag.grounding.answer_verdict import judge_quotes
from rag.grounding.conditions import explain_missing
from rag.grounding.evidence import SentenceMatch
from rag.grounding.supersession import keep_superseded, key_of, put_successors_first
from rag.models.capability import is_capable
from rag.types import AnswerDelta, AnswerEvent

NOTHING_CHOSEN = "No sentence of the documents answers that word for word."


class ExtractiveProducer:
    """Quotes the sentences that a model chooses, or the closest ones if the model is too small to choose."""

    def produce(self, task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
        """See `Producer`."""
        plan = task.plan
        chosen, closest, usage = yield from _choose(task)
        verdict = judge_quotes(chosen, plan.conditions)
        if not chosen:
            yield AnswerDelta(NOTHING_CHOSEN)
            return Draft(Completion(NOTHING_CHOSEN, "stop", usage), answer_verdict=verdict)
        numbers = {passage.stored.id: passage.number for passage in plan.context.passages}
        ordered = _add_related(chosen, plan)
        keys = set(map(key_of, ordered))
        closest = [match for match in closest if key_of(match) not in keys]
        missing = explain_missing(plan.conditions.missing, [passage.stored for passage in plan.context.passages])
        lead = f"{missing}\n\n" if missing else ""
        shown, near = (show_sentences(matches, superseded=plan.successors) for matches in (ordered, closest))
        text, quotes = compose_quotes(shown, numbers, lead=lead, closest=near)
        task.clock.mark_first_token()
        yield AnswerDelta(text)
        return Draft(Completion(text, "stop", usage), quotes=tuple(quotes), own_chars=len(lead), answer_verdict=verdict)


def _choose(
    task: AnswerTask,
) -> Generator[AnswerEvent, None, tuple[list[SentenceMatch], list[SentenceMatch], Usage]]:
    """Return the sentences that answer, those that are only near, and the usage of the model if it has chosen."""
    plan = task.plan
    if not is_capable(task.engine.info()):
        selected = select_sentences(plan.matches, task.query, plan.conditions)
        return *split_answering(selected, plan.conditions), Usage(0, 0)
    chosen, usage = yield from choose_with_model(
        task.engine, plan.messages, task.view.select_matches(plan.matches), client=task.question.client
    )
    return chosen, [], usage


def _add_related(chosen: Sequence[SentenceMatch], plan: Plan) -> list[SentenceMatch]:
    """Return chosen sentences with those that answer differently and those that they supersede, in order."""
    rivals = (other.match for best, other in plan.rivals if best.match in chosen and other.match not in chosen)
    kept = keep_superseded(list(dict.fromkeys([*chosen, *rivals])), plan.matches, plan.successors)
    return put_successors_first(kept, plan.successors)
