"""Between an answer and an overview of everything: the request that the task becomes, and the draft of the result."""

from dataclasses import replace

from rag.answers.producer import AnswerTask, Draft
from rag.questions.overview_intent import OverviewIntent
from rag.summarization.overview_types import Overview, OverviewRequest


def build_request(task: AnswerTask) -> OverviewRequest:
    """Return the request for the overview of a task."""
    question = task.question
    return OverviewRequest(
        query=task.query,
        intent=task.route.intent or OverviewIntent("overview", "mode"),
        collections=question.collections,
        filters=question.document_filter,
        sampling=replace(question.sampling, max_tokens=task.max_tokens),
        client=question.client,
        numbers=task.numbers,
        view=task.view,
    )


def draft_overview(overview: Overview) -> Draft:
    """Return the draft of an overview; its quotes need no attribution."""
    return Draft(
        overview.completion,
        quotes=overview.quotes,
        passages=overview.passages,
        own_chars=overview.own_chars,
        reason=overview.reason,
    )
