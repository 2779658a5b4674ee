"""Answer a question from documents: plan, produce, ground, remember."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

from ingest.library.library import Library
from rag.answers.answer_planner import AnswerPlanner
from rag.answers.asides import answer_aside
from rag.answers.events import finish_answer, list_turn_passages, start_answer
from rag.answers.grounder import Grounder
from rag.answers.producer import Producer
from rag.answers.producers.abstained import AbstainedProducer
from rag.answers.producers.computed import ComputedProducer
from rag.answers.producers.extractive import ExtractiveProducer
from rag.answers.producers.extractive_overview import ExtractiveOverviewProducer
from rag.answers.producers.map_reduce import MapReduceProducer
from rag.answers.producers.written import WrittenProducer
from rag.answers.route import AnswerKind, choose_style
from rag.answers.text_limit import limit_text, measure_usage
from rag.context.answer_policy import AnswerPolicy
from rag.context.gathering import EvidenceGatherer
from rag.context.passage_memory import PassageMemory
from rag.engines.types import Engine
from rag.generation.answer_clock import AnswerClock
from rag.grounding.evidence import EvidenceFinder
from rag.grounding.supersession import SupersessionFinder
from rag.models.capability import is_capable
from rag.questions.chat_task import find_aside
from rag.retrieval.hybrid import Retriever
from rag.types import AnswerEvent, AnswerStyle, EntailmentJudge, PromptPrefix, Question

COMPOSED_KINDS: frozenset[AnswerKind] = frozenset({"extractive", "computed", "extractive overview", "none"})
"""The kinds whose text Pincite puts together: no model has heard what the request says of its length."""


class Answerer:
    """Answers questions from the documents of collections; every sentence is pinned and checked.

    `judge` refines verdicts; `memory` has the passages of earlier turns. `preview_for` returns the engine of a model
    that need not be loaded, for answers that it does not write. Safe to use from many threads.
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
        preview_for: Callable[[str | None], Engine] | None = None,
    ) -> None:
        self._engine_for = engine_for
        self._preview_for = preview_for or engine_for
        self._style: AnswerStyle = policy.style
        self._finder = finder
        self._memory = memory or PassageMemory()
        supersessions = SupersessionFinder(library)
        gatherer = EvidenceGatherer(library, retriever, finder, policy)
        self._planner = AnswerPlanner(library, gatherer, supersessions, self._memory, policy)
        self._grounder = Grounder(finder, supersessions, judge, policy.view)
        self._producers: Mapping[AnswerKind, Producer] = {
            "written": WrittenProducer(self._grounder),
            "extractive": ExtractiveProducer(),
            "computed": ComputedProducer(),
            "map-reduce": MapReduceProducer(library, self._grounder),
            "extractive overview": ExtractiveOverviewProducer(library, finder.embedder),
            "none": AbstainedProducer(),
        }

    def answer(self, question: Question) -> Generator[AnswerEvent, None, None]:
        """Yield `AnswerStarted`, the pieces of the answer, and the `Answer` with its citations.

        Everything that can be refused is refused before the first event: `QuestionError`,
        `CollectionNotFoundError`, `ModelNotFoundError`, `ModelLoadError`, `PromptTooLongError`. Closing the
        generator stops the model. Small talk and tasks about the chat are answered without the documents.
        """
        if (aside := find_aside(question.messages)) is not None:
            yield from answer_aside(aside, question, self._preview_for)
            return
        clock = AnswerClock()
        task = self._planner.plan(question, lambda model: self._open_engine(question, model), clock)
        clock.mark_retrieval()
        route, plan = task.route, task.plan
        kind: AnswerKind = "none" if plan.context.mode == "none" else route.kind
        events = self._producers[kind].produce(task)
        if kind in COMPOSED_KINDS:
            events = limit_text(events, task)
        yield (started := start_answer(route, plan, self._finder))
        draft = yield from events
        with clock.measure_checking():
            grounding = self._grounder.ground(draft, plan.context.passages, plan.rivals)
        if kind in COMPOSED_KINDS:
            draft = replace(draft, completion=replace(draft.completion, usage=measure_usage(task, draft)))
        self._memory.remember(question, draft.completion.text, list_turn_passages(plan, draft))
        yield finish_answer(started, draft, grounding, task)

    def _open_engine(self, question: Question, model: str | None) -> Engine:
        """Return the engine of an answer; one that is quoted without a model does not wait until it is loaded."""
        preview = self._preview_for(model)
        style, _ = choose_style(question, preview.info(), self._style)
        is_needed = style == "written" or is_capable(preview.info())
        return self._engine_for(model) if is_needed else preview

    def build_prefix(self, collection_id: str) -> PromptPrefix | None:
        """Return the messages with which all first questions about a collection begin.

        None if the prompt does not show its documents whole, or if the default model does not write answers. Raises
        what `answer` raises for that model and for a collection that does not exist.
        """
        return self._planner.build_prefix(collection_id, self._engine_for(None))
