"""The first and the last event of an answer, and the passages that later turns of the chat know it by."""

import logging

from rag.answers.grounder import Grounding
from rag.answers.producer import AnswerTask, Draft
from rag.answers.route import Route
from rag.context.passage_memory import TurnPassages
from rag.context.planner import Plan
from rag.grounding.evidence import EvidenceFinder
from rag.types import Answer, AnswerStarted

logger = logging.getLogger(__name__)

SHOWN_EVIDENCE = 3


def start_answer(route: Route, plan: Plan, finder: EvidenceFinder) -> AnswerStarted:
    """Return the first event: the context of the answer, why it was chosen, and the best evidence."""
    context = plan.context
    is_style_explained = route.needs_retrieval and route.reason and context.mode != "none"
    return AnswerStarted(
        mode=context.mode,
        reason=_join_reasons(context.reason, route.reason if is_style_explained else "", route.scope),
        passages=context.passages,
        evidence=tuple(finder.quote(match) for match in plan.matches[:SHOWN_EVIDENCE]),
        style=route.style,
        new_numbers=tuple(passage.number for passage in plan.new),
    )


def finish_answer(started: AnswerStarted, draft: Draft, grounding: Grounding, task: AnswerTask) -> Answer:
    """Return the last event: the whole answer with its grounding."""
    logger.info("answered: mode %s, %s, %s citations", started.mode, started.style, len(grounding.citations))
    return Answer(
        text=draft.completion.text,
        citations=grounding.citations,
        sentences=grounding.sentences,
        evidence=started.evidence,
        mode=started.mode,
        reason=_join_reasons(draft.reason, task.route.scope) if draft.reason else started.reason,
        model=task.engine.info().id,
        finish_reason=draft.completion.finish_reason,
        usage=draft.completion.usage,
        timings=task.clock.read_timings(),
        style=started.style,
        disagreements=grounding.conflicts,
        passages=draft.passages,
        answer_verdict=draft.answer_verdict,
    )


def _join_reasons(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def list_turn_passages(plan: Plan, draft: Draft) -> TurnPassages:
    """Return the passages of the turn that an answer completes."""
    passages = (*plan.context.passages, *draft.passages)
    return TurnPassages({passage.stored.id: passage.number for passage in passages}, plan.new)
