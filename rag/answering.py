"""The story of an answer: plan what the model is shown, stream what it writes or quotes, pin, check."""

import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from ingest.library.library import Library
from rag.context.passage_memory import Shown, ShownPassages
from rag.context.planner import NOTHING_FOUND, AnswerPolicy, Plan, Planner
from rag.engines.types import Engine, FinishReason, Sampling, Usage
from rag.errors import QuestionError
from rag.generation.extractive import QuotedSentence, chosen_by_model, nearest, quoted
from rag.generation.json_text import text_values
from rag.generation.streaming import Clock, verbatim, written
from rag.grounding.attribution import SentenceAttributor
from rag.grounding.conflicts import find_conflicts
from rag.grounding.evidence import EvidenceFinder, SentenceMatch, split_chunk
from rag.models.capability import is_capable
from rag.retrieval.hybrid import Retriever
from rag.summarization.extractive import quoted_overview
from rag.summarization.intent import OverviewQuestion, overview_question
from rag.summarization.map_reduce import Overview, OverviewRequest, OverviewSpec, overview
from rag.summarization.parts import documents_to_read
from rag.types import (
    Answer,
    AnswerDelta,
    AnswerEvent,
    AnswerStarted,
    Citation,
    Conflict,
    EntailmentJudge,
    Passage,
    PinnedSentence,
    PromptPrefix,
    Question,
    ResolvedStyle,
    SentenceVerdict,
)

logger = logging.getLogger(__name__)

NOTHING_CHOSEN = "No sentence of the documents answers that word for word."
EVIDENCE_QUOTES = 3
LONGEST_READING = 300
"""Chunks that a model reads for an overview which nobody has asked for by name: 40 parts, minutes on a CPU. Of more,
the telling sentences are quoted, in seconds."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What an answer says, how it ended, and what it is pinned to."""

    text: str
    finish_reason: FinishReason
    usage: Usage
    citations: tuple[Citation, ...] = ()
    sentences: tuple[SentenceVerdict, ...] = ()
    disagreements: tuple[Conflict, ...] = ()

    def pinned_to(self, pinned: Iterable[PinnedSentence]) -> "_Words":
        """Return the same words with the pins of their sentences."""
        known = list(pinned)
        citations = tuple(citation for each in known for citation in each.citations)
        return replace(self, citations=citations, sentences=tuple(each.sentence for each in known))


class Answerer:
    """Answers questions from the documents of collections, every sentence pinned and checked.

    `judge` has a say in verdicts; `memory` knows what the turns of conversations were shown.
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
        memory: ShownPassages | None = None,
    ) -> None:
        self._library = library
        self._planner = Planner(library, retriever, finder, policy, memory or ShownPassages())
        self._judge = judge
        self._finder = finder
        self._engine_for = engine_for
        self._style = policy.style

    def answer(self, question: Question) -> Generator[AnswerEvent, None, None]:
        """Yield `AnswerStarted`, the pieces of the answer, and the `Answer` with its citations.

        Everything that can be refused is refused before the first event: `QuestionError`,
        `CollectionNotFoundError`, `ModelNotFoundError`, `ModelLoadError`, `PromptTooLongError`. Closing the
        generator stops the model.
        """
        clock = Clock()
        asked = _last_user_message(question)
        engine = self._engine_for(question.model)
        style, why = self._chosen_style(question, engine)
        has_documents = self._library.size(question.collections).documents > 0
        wanted = _overview_question(question, asked) if has_documents else None
        if wanted is not None and (style == "quoted" or question.mode == "overview"):
            yield from self._overview(question, asked, wanted, style, engine, clock)
            return
        plan = self._planner.plan(question, asked, engine)
        if wanted is not None and (plan.context.mode == "retrieval" or plan.context.reason == NOTHING_FOUND):
            yield from self._overview(question, asked, wanted, self._overview_style(question, style), engine, clock)
            return
        clock.retrieved()
        started = self._started(plan, style, why)
        yield started
        if plan.context.mode == "none":
            words = yield from _said(plan.context.reason)
        elif style == "quoted":
            words = yield from self._quoted(question, plan, engine, clock)
        else:
            words = yield from self._written(question, plan, engine, clock)
        self._planner.remember(question, words.text, plan.shown)
        yield _answer(started, words, engine, clock)

    def head(self, collection_id: str) -> PromptPrefix | None:
        """Return what all first questions about a collection have in front; None where it is not shown whole.

        Also None where the default model is not asked to write. Raises what `answer` raises for that model and for a
        collection that is gone.
        """
        engine = self._engine_for(None)
        style, _ = self._chosen_style(Question((), (collection_id,)), engine)
        return self._planner.head(collection_id, engine) if style == "written" else None

    def _chosen_style(self, question: Question, engine: Engine) -> tuple[ResolvedStyle, str]:
        """Return whether the answer is written or quoted, and why where nobody has asked for it."""
        style = self._style if question.style == "auto" else question.style
        model = engine.info()
        if question.sampling.json_schema or style == "written":
            return "written", ""
        if style == "quoted":
            return "quoted", ""
        if is_capable(model):
            return "written", ""
        return "quoted", f"quoted word for word, because {model.id} is too small to write answers of its own"

    def _overview_style(self, question: Question, style: ResolvedStyle) -> ResolvedStyle:
        """Return how an overview is made that nobody has asked for by name: quoted where reading would take long."""
        if question.style == "written":
            return style
        read = documents_to_read(self._library, question.collections, question.filters)
        return "quoted" if sum(document.chunks for document in read) > LONGEST_READING else style

    def _started(self, plan: Plan, style: ResolvedStyle, why: str) -> AnswerStarted:
        context = plan.context
        reason = f"{context.reason}; {why}" if why and context.mode != "none" else context.reason
        evidence = tuple(self._finder.quote(match) for match in plan.matches[:EVIDENCE_QUOTES])
        new = tuple(passage.number for passage in plan.new)
        return AnswerStarted(context.mode, reason, context.passages, evidence, style, new)

    def _written(
        self, question: Question, plan: Plan, engine: Engine, clock: Clock
    ) -> Generator[AnswerEvent, None, _Words]:
        """Yield what the model writes, and pin it."""
        sampling = self._sampling(question, plan, engine)
        deltas = engine.generate(plan.messages, sampling, client=question.client)
        pinning = SentenceAttributor(plan.context.passages, self._finder, self._judge)
        if sampling.json_schema:
            completion = yield from verbatim(deltas, clock)
        else:
            completion = yield from written(
                deltas, plan.context.passages, clock, prompt_tokens=plan.prompt_tokens, pinning=pinning
            )
        with clock.checking():
            text = completion.text
            pinned = pinning.attribute_all(text_values(text) if sampling.json_schema else text)
            words = _Words(text, completion.finish_reason, completion.usage).pinned_to(pinned)
            return replace(words, disagreements=self._disagreements(words.citations, plan.context.passages))

    def _quoted(
        self, question: Question, plan: Plan, engine: Engine, clock: Clock
    ) -> Generator[AnswerEvent, None, _Words]:
        """Yield sentences of the documents, which an able model chooses."""
        usage = Usage(0, 0)
        chosen: Sequence[SentenceMatch]
        if is_capable(engine.info()):
            chosen, usage = yield from chosen_by_model(engine, plan.messages, plan.matches, client=question.client)
        else:
            chosen = nearest(plan.matches)
        if not chosen:
            return (yield from _said(NOTHING_CHOSEN))
        numbers = {passage.stored.id: passage.number for passage in plan.context.passages}
        text, sentences = quoted(chosen, numbers)
        clock.answered()
        yield AnswerDelta(text)
        words = _Words(text, "stop", usage).pinned_to(map(self._cited, sentences))
        return replace(words, disagreements=self._disagreements(words.citations, plan.context.passages))

    def _overview(
        self,
        question: Question,
        asked: str,
        wanted: OverviewQuestion,
        style: ResolvedStyle,
        engine: Engine,
        clock: Clock,
    ) -> Generator[AnswerEvent, None, None]:
        """Yield an answer that is made from everything, with how far the reading is."""
        request = OverviewRequest(
            asked,
            wanted,
            question.collections,
            question.filters,
            replace(question.sampling, max_tokens=self._planner.answer_tokens(question)),
            question.client,
            self._planner.numbers(question),
        )
        started = AnswerStarted("overview", f"overview, because of “{wanted.words}”", (), (), style)
        making = (
            quoted_overview(self._library, self._finder.embedder, request)
            if style == "quoted"
            else overview(self._library, engine, request, OverviewSpec(), clock)
        )
        with closing(making):
            first = next(making)  # what is refused is refused before the first event
            yield started
            yield first
            made = yield from making
        clock.answered()
        with clock.checking():
            pinned = self._pinned_overview(made)
        numbers = {passage.stored.id: passage.number for passage in made.passages}
        self._planner.remember(question, made.text, Shown(numbers))
        words = _Words(made.text, made.last.finish_reason or "stop", made.last.usage or Usage(0, 0)).pinned_to(pinned)
        answer = _answer(replace(started, reason=made.reason), words, engine, clock)
        yield replace(answer, passages=made.passages)

    def _pinned_overview(self, made: Overview) -> list[PinnedSentence]:
        """Return the sentences of an overview with their pins; Pincite's own words in front have none."""
        if made.quoted:
            return [self._cited(sentence) for sentence in made.quoted]
        pinned = SentenceAttributor(made.passages, self._finder, self._judge).attribute_all(made.text)
        return [each for each in pinned if each.sentence.end > made.own_chars]

    def _cited(self, sentence: QuotedSentence) -> PinnedSentence:
        quote = self._finder.quote(sentence.match)
        citation = Citation(sentence.number, quote, sentence.start, sentence.end, "quote", "supported")
        return PinnedSentence(SentenceVerdict(sentence.start, sentence.end, "supported"), (citation,))

    def _disagreements(self, citations: Sequence[Citation], passages: Sequence[Passage]) -> tuple[Conflict, ...]:
        """Return what the passages say otherwise than the sentences that are cited."""
        stored = {passage.number: passage.stored for passage in passages}
        cited = [
            SentenceMatch(stored[each.number], each.quote.start, each.quote.end, each.quote.score)
            for each in citations
            if each.number in stored
        ]
        others = [match for passage in passages for match in split_chunk(passage.stored)] if cited else []
        return find_conflicts(cited, others, self._finder.quote)

    def _sampling(self, question: Question, plan: Plan, engine: Engine) -> Sampling:
        room = engine.info().context_window - plan.prompt_tokens
        sampling = replace(question.sampling, max_tokens=min(self._planner.answer_tokens(question), room))
        if sampling.json_schema:  # numbers in brackets are lists there
            return sampling
        return replace(sampling, cite_up_to=max((passage.number for passage in plan.context.passages), default=0))


def _answer(started: AnswerStarted, words: _Words, engine: Engine, clock: Clock) -> Answer:
    logger.info("answered: mode %s, %s, %s citations", started.mode, started.style, len(words.citations))
    return Answer(
        text=words.text,
        citations=words.citations,
        sentences=words.sentences,
        evidence=started.evidence,
        mode=started.mode,
        reason=started.reason,
        model=engine.info().id,
        finish_reason=words.finish_reason,
        usage=words.usage,
        timings=clock.timings(),
        style=started.style,
        disagreements=words.disagreements,
    )


def _said(text: str) -> Generator[AnswerEvent, None, _Words]:
    """Yield an answer of Pincite's own, which needs no model."""
    yield AnswerDelta(text)
    return _Words(text, "stop", Usage(0, 0))


def _overview_question(question: Question, asked: str) -> OverviewQuestion | None:
    """Return what kind of overview is wanted: the one that is asked for, or that the words tell."""
    if question.mode not in ("auto", "overview") or question.sampling.json_schema:
        return None
    found = overview_question(asked)
    return found or (OverviewQuestion("overview", "mode") if question.mode == "overview" else None)


def _last_user_message(question: Question) -> str:
    if not question.messages or question.messages[-1].role != "user" or not question.messages[-1].content.strip():
        raise QuestionError(detail="the last message must be a question of the user; send one with some text")
    return question.messages[-1].content
