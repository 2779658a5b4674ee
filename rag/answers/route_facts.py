"""Collect the facts that decide the route of a question."""

from ingest.library.library import Library
from rag.answers.route import RouteFacts
from rag.context.answer_policy import AnswerPolicy
from rag.context.planner import Planner
from rag.engines.types import ModelInfo
from rag.errors import QuestionError
from rag.questions.follow_up import FollowUp, read_follow_up
from rag.questions.overview_intent import OverviewIntent, detect_overview
from rag.questions.scope import Scope
from rag.types import Question


def read_question(question: Question) -> FollowUp:
    """Return what the last message asks in the light of the turns before it.

    Raises `QuestionError` unless the user has written one.
    """
    if not question.messages or question.messages[-1].role != "user" or not question.messages[-1].content.strip():
        raise QuestionError(detail="the last message must be a question of the user; send one with some text")
    return read_follow_up(question.messages)


def collect_facts(
    library: Library,
    planner: Planner,
    policy: AnswerPolicy,
    question: Question,
    model: ModelInfo,
    *,
    text: str,
    scope: Scope | None = None,
) -> RouteFacts:
    """Return the facts of a question, whose planner is `planner`. It tokenises documents only if they may fit.

    `text` is the completed question, `scope` has the documents that it names. Raises what the engine's `count_tokens`
    raises.
    """
    documents = library.size(question.collections).documents
    can_be_whole = documents > 0 and question.mode != "retrieval"
    return RouteFacts(
        model=model,
        default_style=policy.style,
        documents=documents,
        has_match=planner.has_match(),
        fits_whole=can_be_whole and planner.whole is not None,
        chunks=planner.chunk_count,
        intent=_detect_overview(text, scope),
        scope="" if scope is None else scope.describe(),
    )


def _detect_overview(query: str, scope: Scope | None) -> OverviewIntent | None:
    """Return the overview that a question asks for: of what its documents say, if it only names them."""
    if scope is None:
        return detect_overview(query)
    named_alone = OverviewIntent("overview", query.strip(" ?.!¿¡")) if scope.asks_for_all else None
    return detect_overview(scope.rest) or named_alone
