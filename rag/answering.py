"""Answer a question from documents: route, gather, plan, produce, ground, remember."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

from ingest.library.library import Library
from rag.answers.code_outline import answer_from_outline, select_source_files
from rag.answers.events import finish_answer, list_turn_passages, start_answer
from rag.answers.grounder import Grounder
from rag.answers.producer import AnswerTask, Producer
from rag.answers.producers.abstained import AbstainedProducer
from rag.answers.producers.extractive import ExtractiveProducer
from rag.answers.producers.extractive_overview import ExtractiveOverviewProducer
from rag.answers.producers.map_reduce import MapReduceProducer
from rag.answers.producers.table import TableProducer
from rag.answers.producers.written import WrittenProducer
from rag.answers.route import TABLE_ROUTE, AnswerKind, Route, choose_route, choose_style, may_be_table
from rag.answers.route_facts import collect_facts, read_query
from rag.answers.scoping import make_scope_filter, resolve_scope
from rag.context.answer_policy import AnswerPolicy
from rag.context.gathering import EvidenceGatherer
from rag.context.passage_memory import PassageMemory
from rag.context.planner import Plan, Planner
from rag.context.selection import Context
from rag.engines.types import Engine, Message
from rag.generation.answer_clock import AnswerClock
from rag.grounding.evidence import EvidenceFinder, split_chunk
from rag.grounding.supersession import SupersessionFinder, put_successors_first
from rag.questions.code_question import detect_code_question
from rag.questions.row_conditions import read_row_question
from rag.questions.scope import Scope
from rag.retrieval.hybrid import Retriever
from rag.tables.answerer import TableAnswerer
from rag.types import AnswerEvent, EntailmentJudge, PromptPrefix, Question


class Answerer:
    """Answers questions from the documents of collections; every sentence is pinned and checked.

    `judge` refines verdicts; `memory` has the passages of earlier turns. Safe to use from many threads.
    """

    def __init__(
        self,
        library: Library,
        retriever: Retriever,
        finder: EvidenceFinder,
        engine_for: Callable[[str | None], Engine],
        policy: AnswerPolicy,
        *,
        judge: EntailmentJudge | None = None,
        memory: PassageMemory | None = None,
    ) -> None:
        self._library = library
        self._engine_for = engine_for
        self._policy = policy
        self._finder = finder
        self._memory = memory or PassageMemory()
        self._gatherer = EvidenceGatherer(library, retriever, finder, policy)
        self._tables = TableAnswerer(library)
        self._supersessions = SupersessionFinder(library)
        self._grounder = Grounder(finder, self._supersessions, judge)
        self._producers: Mapping[AnswerKind, Producer] = {
            "written": WrittenProducer(self._grounder),
            "extractive": ExtractiveProducer(),
            "table": TableProducer(),
            "map-reduce": MapReduceProducer(library, self._grounder),
            "extractive overview": ExtractiveOverviewProducer(library, finder.embedder),
            "none": AbstainedProducer(),
        }

    def answer(self, question: Question) -> Generator[AnswerEvent, None, None]:
        """Yield `AnswerStarted`, the pieces of the answer, and the `Answer` with its citations.

        Everything that can be refused is refused before the first event: `QuestionError`,
        `CollectionNotFoundError`, `ModelNotFoundError`, `ModelLoadError`, `PromptTooLongError`. Closing the
        generator stops the model.
        """
        clock = AnswerClock()
        query = read_query(question)
        engine = self._engine_for(question.model)
        scope = resolve_scope(self._library, question.collections, query)
        task = self._prepare(question, query, engine, clock, scope)
        if task.plan.context.mode == "none" and scope is not None and not scope.is_firm:
            task = self._prepare(question, scope.query, engine, clock, None)
        clock.mark_retrieval()
        route, plan = task.route, task.plan
        events = self._producers["none" if plan.context.mode == "none" else route.kind].produce(task)
        yield (started := start_answer(route, plan, self._finder))
        draft = yield from events
        with clock.measure_checking():
            grounding = self._grounder.ground(draft, plan.context.passages)
        self._memory.remember(question, draft.completion.text, list_turn_passages(plan, draft))
        yield finish_answer(started, draft, grounding, task)

    def build_prefix(self, collection_id: str) -> PromptPrefix | None:
        """Return the messages with which all first questions about a collection begin.

        None if the prompt does not show its documents whole, or if the default model does not write answers. Raises
        what `answer` raises for that model and for a collection that does not exist.
        """
        engine = self._engine_for(None)
        question = Question((Message("user", ""),), (collection_id,))
        style, _ = choose_style(question, engine.info(), self._policy.style)
        return self._planner(question, engine).build_prefix() if style == "written" else None

    def _prepare(
        self, question: Question, query: str, engine: Engine, clock: AnswerClock, scope: Scope | None
    ) -> AnswerTask:
        """Return the task of an answer from the documents of a `scope`, or from all."""
        if scope is not None:
            question, query = replace(question, scope=make_scope_filter(scope)), scope.query
        planner = self._planner(question, engine)
        facts = collect_facts(self._library, planner, self._policy, question, engine.info(), scope)
        route = choose_route(question, facts)
        plan = self._plan_outline(question, query, planner, route, scope)
        if plan is None:
            route, plan = self._plan(question, query, engine, planner, route)
        else:
            route = replace(TABLE_ROUTE, scope=route.scope)
        return AnswerTask(
            question=question,
            query=query,
            engine=engine,
            route=route,
            plan=plan,
            clock=clock,
            max_tokens=self._policy.limit_tokens(question),
            numbers=planner.recall_numbers(),
        )

    def _planner(self, question: Question, engine: Engine) -> Planner:
        return Planner(self._library, self._memory, self._policy, question, engine)

    def _plan_outline(
        self, question: Question, query: str, planner: Planner, route: Route, scope: Scope | None
    ) -> Plan | None:
        """Return the plan of an answer from the outline of source files, if the question is for their definitions."""
        asked = detect_code_question(query if scope is None else scope.rest)
        if asked is None or route.kind == "none" or question.sampling.json_schema or question.mode == "overview":
            return None
        files = select_source_files(self._library, question.collections, scope)
        answer = answer_from_outline(self._library, asked, files)
        return None if answer is None else planner.plan_table(answer)

    def _plan(
        self, question: Question, query: str, engine: Engine, planner: Planner, route: Route
    ) -> tuple[Route, Plan]:
        """Return the basis of the answer, if its route needs any: whole documents, passages with their evidence, or a
        table that has the answer and so changes the route."""
        asked = read_row_question(read_query(question))
        is_table_possible = may_be_table(question, route, asked)
        without_evidence = Plan(Context(route.mode, route.reason), route.text)
        if not route.needs_retrieval and not is_table_possible:
            return route, without_evidence
        planner.check_room()
        is_whole = route.mode == "whole"
        evidence = self._gatherer.gather(question, query, engine, with_omitted=not is_whole)
        if is_table_possible and not evidence.absence:
            with_cells = route.kind == "extractive"
            answer = self._tables.answer(asked, evidence.matches, evidence.tables, with_cells=with_cells)
            if answer is not None:
                return replace(TABLE_ROUTE, scope=route.scope), planner.plan_table(answer)
        if not route.needs_retrieval:
            return route, without_evidence
        # Sentences that do not answer are no answer, however short the documents are; a model that writes can say so.
        shows_whole = is_whole and (route.style == "written" or bool(evidence.hits))
        return route, self._order(planner.plan(evidence, whole=shows_whole))

    def _order(self, plan: Plan) -> Plan:
        """Return the plan with the successors of superseded sentences in front of them."""
        sentences = [match for passage in plan.context.passages for match in split_chunk(passage.stored)]
        successors = self._supersessions.find(plan.matches, sentences)
        return replace(plan, matches=tuple(put_successors_first(plan.matches, successors)), successors=successors)
