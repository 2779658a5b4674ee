"""Choose how a question is answered, before any search. Pure: the same question and facts give the same route."""

from dataclasses import dataclass
from typing import Literal

from rag.engines.types import ModelInfo
from rag.models.capability import is_capable
from rag.questions.overview_intent import OverviewIntent
from rag.questions.row_conditions import RowQuestion
from rag.types import AnswerStyle, ContextMode, Question, ResolvedStyle

AnswerKind = Literal["written", "extractive", "computed", "map-reduce", "extractive overview", "none"]

NO_DOCUMENTS = "There are no documents in this collection yet. Add some, then ask again."
NO_MATCH = "No document in this collection fits the filter."
MAX_MAP_REDUCE_CHUNKS = 300
"""The most chunks that a model reads for an overview that the question does not ask for by mode or style: 40 parts,
minutes on a CPU. An extractive overview of more takes seconds."""


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """The facts about a question that are known before any search.

    `has_match` says whether any document matches the filters, `fits_whole` whether all that match fit the context
    window whole; `chunks` counts theirs. `intent` is the overview that the words of the question ask for, `scope` says
    in words which documents it names.
    """

    model: ModelInfo
    default_style: AnswerStyle
    documents: int
    has_match: bool
    fits_whole: bool
    chunks: int
    intent: OverviewIntent | None = None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """How a question is answered: the producer, the context, the style, and why, in words for the user.

    `reason` explains the mode of an overview, and else the style if the question does not choose it. `text` is an
    answer of Pincite's own. `scope` says in words which documents the question names.
    """

    kind: AnswerKind
    mode: ContextMode
    style: ResolvedStyle
    reason: str = ""
    text: str = ""
    intent: OverviewIntent | None = None
    scope: str = ""

    @property
    def needs_retrieval(self) -> bool:
        """Whether the answer needs evidence from retrieval."""
        return self.kind in ("written", "extractive")


def choose_route(question: Question, facts: RouteFacts) -> Route:
    """Return the route of a question; only abstention, after retrieval, can still turn it into no answer."""
    style, style_reason = choose_style(question, facts.model, facts.default_style)
    if not facts.documents:
        return Route("none", "none", style, NO_DOCUMENTS, NO_DOCUMENTS)
    if not facts.has_match:
        return Route("none", "none", style, NO_MATCH, NO_MATCH)
    intent = _find_intent(question, facts)
    if intent is not None and (style == "quoted" or question.mode == "overview" or not facts.fits_whole):
        style = _choose_overview_style(question, facts, style)
        kind: AnswerKind = "extractive overview" if style == "quoted" else "map-reduce"
        reason = f"overview, because of “{intent.words}”"
        return Route(kind, "overview", style, reason, intent=intent, scope=facts.scope)
    mode: ContextMode = "whole" if facts.fits_whole else "retrieval"
    return Route("extractive" if style == "quoted" else "written", mode, style, style_reason, scope=facts.scope)


def may_be_table(question: Question, route: Route, asked: RowQuestion) -> bool:
    """Return whether the rows of a table can be the answer: not as JSON, and instead of a list or a count of everything
    only if the question has a condition for rows."""
    if question.sampling.json_schema or question.mode == "overview":
        return False
    if route.intent is not None:
        return route.intent.kind != "overview" and asked.is_set
    return route.needs_retrieval


COMPUTED_ROUTE = Route("computed", "retrieval", "quoted")
"""The route of an answer that code computes and no model writes: from a table, or from the outline of source files."""


def choose_style(question: Question, model: ModelInfo, default_style: AnswerStyle) -> tuple[ResolvedStyle, str]:
    """Return whether an answer is written or quoted, and why if neither question nor settings say."""
    style = default_style if question.style == "auto" else question.style
    if question.sampling.json_schema or style == "written":
        return "written", ""
    if style == "quoted":
        return "quoted", ""
    if is_capable(model):
        return "written", ""
    return "quoted", f"quoted word for word, because {model.id} is too small to write answers of its own"


def _find_intent(question: Question, facts: RouteFacts) -> OverviewIntent | None:
    """Return the overview to make: that of the question's words, or a plain one if its mode asks for it."""
    if question.mode not in ("auto", "overview") or question.sampling.json_schema:
        return None
    return facts.intent or (OverviewIntent("overview", "mode") if question.mode == "overview" else None)


def _choose_overview_style(question: Question, facts: RouteFacts, style: ResolvedStyle) -> ResolvedStyle:
    is_asked_for = question.mode == "overview" or question.style == "written"
    return style if is_asked_for or facts.chunks <= MAX_MAP_REDUCE_CHUNKS else "quoted"
