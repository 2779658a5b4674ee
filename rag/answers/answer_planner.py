"""Plan the answer to a question before its first event: what it asks and of which documents, the route, the basis."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from ingest.library.library import Library
from rag.answers.code_outline import answer_from_outline, select_source_files
from rag.answers.producer import AnswerTask
from rag.answers.route import COMPUTED_ROUTE, Route, choose_route, choose_style, may_be_table
from rag.answers.route_facts import collect_facts, read_question
from rag.answers.scoping import make_scope_filter, resolve_scope
from rag.context.answer_policy import AnswerPolicy
from rag.context.gathering import EvidenceGatherer, SearchedQuestion
from rag.context.passage_memory import PassageMemory
from rag.context.planner import Plan, Planner
from rag.context.selection import Context
from rag.engines.types import Engine, Message
from rag.generation.answer_clock import AnswerClock
from rag.grounding.answer_conflicts import find_rivals
from rag.grounding.computed_answer import ComputedAnswer
from rag.grounding.evidence import split_chunk
from rag.grounding.hidden_text import VISIBLE_TEXT
from rag.grounding.supersession import SupersessionFinder, put_successors_first
from rag.questions.code_question import detect_code_question
from rag.questions.follow_up import FollowUp
from rag.questions.row_conditions import RowQuestion, read_row_question
from rag.questions.scope import Scope
from rag.tables.answerer import TableAnswerer
from rag.types import PromptPrefix, Question


@dataclass(frozen=True)
class _Reading:
    """What the last question of a chat asks, each reading made once although it may be planned twice.

    `query` is what is searched for, without the names of documents.
    """

    question: Question
    engine: Engine
    gatherer: EvidenceGatherer
    follow_up: FollowUp
    query: str

    @cached_property
    def searched(self) -> SearchedQuestion:
        """What is searched for; a model may rewrite it."""
        return self.gatherer.read(self.question, self.follow_up, self.query, self.engine)

    @cached_property
    def rows(self) -> RowQuestion:
        """The conditions for rows of tables."""
        return read_row_question(self.follow_up.text)


class AnswerPlanner:
    """Plans answers: chooses the route and, if it needs any, the basis. Safe to use from many threads."""

    def __init__(
        self,
        library: Library,
        gatherer: EvidenceGatherer,
        supersessions: SupersessionFinder,
        memory: PassageMemory,
        policy: AnswerPolicy,
    ) -> None:
        self._library = library
        self._gatherer = gatherer
        self._supersessions = supersessions
        self._memory = memory
        self._policy = policy
        self._tables = TableAnswerer(library)

    def plan(self, question: Question, engine_for: Callable[[str | None], Engine], clock: AnswerClock) -> AnswerTask:
        """Return the task of an answer from the documents that the question names, or from all if they do not have it.

        The question is read before its engine is opened. Raises `QuestionError`, `CollectionNotFoundError`,
        `PromptTooLongError`, and what `engine_for` and `Engine.generate` raise.
        """
        follow_up = read_question(question)
        engine = engine_for(question.model)
        scope = resolve_scope(self._library, question.collections, follow_up.text)
        query = follow_up.text if scope is None else scope.query
        reading = _Reading(question, engine, self._gatherer, follow_up, query)
        task = self._prepare(reading, clock, scope)
        if task.plan.context.mode == "none" and scope is not None and not scope.is_firm:
            return self._prepare(reading, clock, None)
        return task

    def build_prefix(self, collection_id: str, engine: Engine) -> PromptPrefix | None:
        """Return the messages with which all first questions about a collection begin, see `Answerer.build_prefix`."""
        question = Question((Message("user", ""),), (collection_id,))
        style, _ = choose_style(question, engine.info(), self._policy.style)
        return self._planner(question, engine).build_prefix() if style == "written" else None

    def _prepare(self, reading: _Reading, clock: AnswerClock, scope: Scope | None) -> AnswerTask:
        """Return the task of an answer from the documents of a `scope`, or from all."""
        question, engine = reading.question, reading.engine
        if scope is not None:
            question = replace(question, scope=make_scope_filter(scope))
        planner = self._planner(question, engine)
        text = reading.follow_up.text
        facts = collect_facts(self._library, planner, self._policy, question, engine.info(), text=text, scope=scope)
        route = choose_route(question, facts)
        outline = self._read_outline(question, reading.query if scope is None else scope.rest, route, scope)
        if outline is None:
            route, plan = self._choose_basis(reading, question, planner, route)
        else:
            route, plan = replace(COMPUTED_ROUTE, scope=route.scope), planner.plan_computed(outline)
        return AnswerTask(
            question=question,
            query=reading.query,
            engine=engine,
            route=route,
            plan=plan,
            clock=clock,
            max_tokens=self._policy.limit_tokens(question),
            numbers=planner.recall_numbers(),
            view=self._policy.view,
        )

    def _planner(self, question: Question, engine: Engine) -> Planner:
        return Planner(self._library, self._memory, self._policy, question, engine)

    def _read_outline(self, question: Question, query: str, route: Route, scope: Scope | None) -> ComputedAnswer | None:
        """Return the answer from the outline of source files, if the question is for their definitions."""
        asked = detect_code_question(query)
        if asked is None or route.kind == "none" or question.sampling.json_schema or question.mode == "overview":
            return None
        files = select_source_files(self._library, question.collections, asked, scope)
        return answer_from_outline(self._library, asked, files)

    def _choose_basis(
        self, reading: _Reading, question: Question, planner: Planner, route: Route
    ) -> tuple[Route, Plan]:
        """Return the basis of the answer, if its route needs any: whole documents, passages with their evidence, or a
        table that has the answer and so changes the route."""
        is_table_possible = may_be_table(question, route, reading.rows)
        without_evidence = Plan(Context(route.mode, route.reason), route.text)
        if not route.needs_retrieval and not is_table_possible:
            return route, without_evidence
        planner.check_room()
        is_whole = route.mode == "whole"
        evidence = self._gatherer.gather(question, reading.searched, with_omitted=not is_whole)
        if is_table_possible and not evidence.absence:
            with_cells = route.kind == "extractive"
            seen = VISIBLE_TEXT.select_matches(evidence.matches)
            answer = self._tables.answer(reading.rows, seen, evidence.tables, with_cells=with_cells)
            if answer is not None:
                return replace(COMPUTED_ROUTE, scope=route.scope), planner.plan_computed(answer)
        if not route.needs_retrieval:
            return route, without_evidence
        # Sentences that do not answer are no answer, however short the documents are; a model that writes can say so.
        shows_whole = is_whole and (route.style == "written" or bool(evidence.hits))
        plan = self._order(planner.plan(evidence, whole=shows_whole, style=route.style))
        rivals = find_rivals(reading.query, plan.conditions.answer_type, VISIBLE_TEXT.select_matches(plan.matches))
        return route, replace(plan, rivals=rivals)

    def _order(self, plan: Plan) -> Plan:
        """Return the plan with the successors of superseded sentences in front of them.

        A question for one version of a document is answered from that one.
        """
        if any(identifier.kind in ("version", "edition") for identifier in plan.conditions.identifiers):
            return plan
        sentences = [match for passage in plan.context.passages for match in split_chunk(passage.stored)]
        successors = self._supersessions.find(plan.matches, VISIBLE_TEXT.select_matches(sentences))
        return replace(plan, matches=tuple(put_successors_first(plan.matches, successors)), successors=successors)
