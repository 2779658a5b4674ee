"""The story of an answer: retrieve, choose the context, build the prompt, stream, pin, check."""

import logging
import time
from bisect import bisect_left
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from ingest.library import Library
from rag.citations import MarkerFilter
from rag.context import Context, best_chunks, number, whole_document_budget, whole_documents
from rag.errors import EngineCrashedError, PromptTooLongError, QuestionError
from rag.evidence import EvidenceFinder
from rag.followups import completed_by_turn_before
from rag.json_text import text_values
from rag.pinning import pin
from rag.prompt import build_messages
from rag.repetition import is_stuck
from rag.retrieval import Retriever, relevant
from rag.rewriting import Rewriting, is_able, rewritten
from rag.types import (
    Answer,
    AnswerDelta,
    AnswerEvent,
    Delta,
    Engine,
    Message,
    Passage,
    PromptHead,
    Question,
    Quote,
    Sampling,
    ScoredChunk,
    Search,
    Started,
    Timings,
    Usage,
)

logger = logging.getLogger(__name__)

NOTHING_FOUND = "The documents in this collection do not say anything about that."
NO_DOCUMENTS = "There are no documents in this collection yet. Add some, then ask again."
NO_MATCH = "No document in this collection fits the filter."
EVIDENCE_QUOTES = 3
MIN_PASSAGE_TOKENS = 16
"""No passage is shorter, its header included: what cannot fit by this count need not be tokenised."""
MIN_ANSWER_TOKENS = 32


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """How answers are made where the question does not say."""

    top_k: int
    min_score: float
    max_answer_tokens: int
    rewriting: Rewriting = "auto"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that is settled before the model says a word."""

    context: Context
    messages: tuple[Message, ...]
    prompt_tokens: int
    evidence: tuple[Quote, ...]


class Answerer:
    """Answers questions from the documents of collections, every sentence pinned and checked."""

    def __init__(
        self,
        library: Library,
        retriever: Retriever,
        finder: EvidenceFinder,
        engine_for: Callable[[str | None], Engine],
        policy: AnswerPolicy,
    ) -> None:
        self._library = library
        self._retriever = retriever
        self._finder = finder
        self._engine_for = engine_for
        self._policy = policy

    def answer(self, question: Question) -> Generator[AnswerEvent, None, None]:
        """Yield `Started`, the pieces of the answer, and the `Answer` with its citations.

        Everything that can be refused is refused before the first event: `QuestionError`,
        `CollectionNotFoundError`, `ModelNotFoundError`, `ModelLoadError`, `PromptTooLongError`. Closing the
        generator stops the model.
        """
        clock = _Clock()
        asked = _last_user_message(question)
        engine = self._engine_for(question.model)
        plan = self._plan(question, asked, engine)
        clock.retrieved()
        yield Started(plan.context.mode, plan.context.reason, plan.context.passages, plan.evidence)
        if plan.context.mode == "none":
            deltas = _said(plan.context.reason)
        else:
            deltas = engine.generate(plan.messages, self._sampling(question, plan, engine), client=question.client)
        is_json = bool(question.sampling.json_schema)
        text, last = yield from _verbatim(deltas, clock) if is_json else _written(deltas, plan, clock)
        prose = text_values(text) if is_json else text
        yield self._finished(plan, text, prose, last, engine, clock)

    def head(self, collection_id: str) -> PromptHead | None:
        """Return what all first questions about a collection have in front; None where it is not shown whole.

        Raises what `answer` raises for the default model and for a collection that is gone.
        """
        engine = self._engine_for(None)
        question = Question((), (collection_id,))
        used = engine.count_tokens(build_messages((), "", ()))
        budget = whole_document_budget(engine.info().context_window, used)
        context = self._whole(
            question, budget, lambda passages: engine.count_tokens(build_messages((), "", passages)) - used
        )
        if context is None:
            return None
        documents = {passage.stored.file_id: None for passage in context.passages}
        made_of = tuple(f"{collection_id}/{file_id}" for file_id in documents)
        return PromptHead(build_messages((), "", context.passages)[:-1], made_of)

    def _plan(self, question: Question, asked: str, engine: Engine) -> _Plan:
        for id_ in question.collections:
            self._library.collection(id_)  # raises where it is gone
        window = engine.info().context_window
        _check_room(engine.count_tokens(build_messages((), asked, ())), window)
        hits = self._retriever.retrieve(self._search(question, asked, engine), self._policy.top_k)
        history, dropped = _fitting_history(question.messages, asked, engine)
        context = self._choose_context(question, asked, history, hits, engine)
        if context.mode == "none":
            return _Plan(replace(context, reason=self._why_nothing(question)), (), 0, ())
        if dropped:
            context = replace(context, reason=f"{context.reason}; {dropped} earlier messages left out")
        messages = build_messages(history, asked, context.passages)
        prompt_tokens = engine.count_tokens(messages)
        _check_room(prompt_tokens, window)
        return _Plan(context, messages, prompt_tokens, self._evidence(asked, hits, context))

    def _search(self, question: Question, asked: str, engine: Engine) -> Search:
        completed = completed_by_turn_before(question.messages)
        if completed and is_able(engine.info(), self._policy.rewriting):
            completed = rewritten(engine, question.messages, client=question.client) or completed
        return Search(asked, question.collections, completed, question.filter)

    def _choose_context(
        self,
        question: Question,
        asked: str,
        history: Sequence[Message],
        hits: Sequence[ScoredChunk],
        engine: Engine,
    ) -> Context:
        def tokens(passages: Sequence[Passage]) -> int:
            return engine.count_tokens(build_messages(history, asked, passages))

        window = engine.info().context_window
        room = window - self._answer_reserve(question, window)
        if question.mode != "retrieval":
            used = engine.count_tokens(build_messages(history, "", ()))
            budget = room - used if question.mode == "whole" else whole_document_budget(window, used)
            whole = self._whole(question, budget, lambda passages: tokens(passages) - used)
            if whole is not None:
                return whole
        about_it = relevant(asked, hits, self._policy.min_score)
        if not about_it:
            return Context("none", "", ())
        context = best_chunks(about_it, room, tokens)
        if question.mode == "whole":
            return replace(context, reason=f"the documents do not fit the model's window whole; {context.reason}")
        return context

    def _why_nothing(self, question: Question) -> str:
        if not self._library.size(question.collections).documents:
            return NO_DOCUMENTS
        if question.filter is not None and not any(self._matching(question, id_) for id_ in question.collections):
            return NO_MATCH
        return NOTHING_FOUND

    def _matching(self, question: Question, collection_id: str) -> frozenset[str] | None:
        """Return the files that the question's filter lets through; None where it has none."""
        return None if question.filter is None else self._library.matching_files(collection_id, question.filter)

    def _whole(self, question: Question, budget: int, tokens: Callable[[Sequence[Passage]], int]) -> Context | None:
        """Return all documents as context, or None where they do not fit, there are none, or one is only half read."""
        chosen = {id_: self._matching(question, id_) for id_ in question.collections}
        size = sum(
            self._library.size([id_]).chunks if only is None else len(self._library.chunk_ids(id_, only))
            for id_, only in chosen.items()
        )
        if not size or size * MIN_PASSAGE_TOKENS > budget or self._library.queue_state(question.collections).reading:
            return None
        chunks = [
            chunk
            for id_, only in chosen.items()
            for document in sorted(self._library.documents(id_), key=lambda document: document.source)
            if only is None or document.file_id in only
            for chunk in self._library.document_chunks(id_, document.file_id)
        ]
        used = tokens(number(chunks))
        return whole_documents(chunks, used, budget) if used <= budget else None

    def _evidence(self, asked: str, hits: Sequence[ScoredChunk], context: Context) -> tuple[Quote, ...]:
        """Return the sentences nearest to the question, found without the model."""
        shown = {passage.stored.id for passage in context.passages}
        matches = self._finder.rank(asked, [hit.chunk for hit in hits if hit.chunk.id in shown])
        return tuple(self._finder.quote(match) for match in matches[:EVIDENCE_QUOTES])

    def _answer_reserve(self, question: Question, window: int) -> int:
        return max(MIN_ANSWER_TOKENS, min(self._wanted_tokens(question), window // 4))

    def _sampling(self, question: Question, plan: _Plan, engine: Engine) -> Sampling:
        room = engine.info().context_window - plan.prompt_tokens
        sampling = replace(question.sampling, max_tokens=min(self._wanted_tokens(question), room))
        if sampling.json_schema:  # numbers in brackets are lists there
            return sampling
        return replace(sampling, cite_up_to=len(plan.context.passages))

    def _wanted_tokens(self, question: Question) -> int:
        return question.sampling.max_tokens or self._policy.max_answer_tokens

    def _finished(self, plan: _Plan, text: str, prose: str, last: Delta, engine: Engine, clock: "_Clock") -> Answer:
        if last.finish_reason is None:
            raise EngineCrashedError(model=engine.info().id, how="its answer has no end")
        has_answer = plan.context.mode != "none"
        citations, sentences = pin(prose, plan.context.passages, self._finder) if has_answer else ((), ())
        logger.info(
            "answered: mode %s, %s passages, %s citations",
            plan.context.mode,
            len(plan.context.passages),
            len(citations),
        )
        return Answer(
            text=text,
            citations=citations,
            sentences=sentences,
            evidence=plan.evidence,
            mode=plan.context.mode,
            reason=plan.context.reason,
            model=engine.info().id,
            finish_reason=last.finish_reason,
            usage=last.usage or Usage(0, 0),
            timings=clock.timings(),
        )


class _Clock:
    """Seconds since the question came in."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._retrieved = self._first_token = 0.0

    def retrieved(self) -> None:
        self._retrieved = self._elapsed()

    def answered(self) -> None:
        self._first_token = self._first_token or self._elapsed()

    def timings(self) -> Timings:
        return Timings(self._retrieved, self._first_token, self._elapsed())

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started


def _written(
    deltas: Generator[Delta, None, None], plan: _Plan, clock: _Clock
) -> Generator[AnswerDelta, None, tuple[str, Delta]]:
    """Yield the answer as it is written; return all of it and the delta that ended it."""
    text, last, pieces = "", Delta(""), 0
    markers = MarkerFilter(len(plan.context.passages))
    with closing(deltas):
        for last in deltas:
            if last.text:
                clock.answered()
                pieces += 1
            shown = markers.feed(last.text)
            text += shown
            yield AnswerDelta(shown)  # an empty one says that the model is at work, and lets the caller leave
            if shown and is_stuck(text):
                last = Delta("", "stop", Usage(plan.prompt_tokens, pieces))
                break
    if shown := markers.flush():
        text += shown
        yield AnswerDelta(shown)
    return text, last


def _verbatim(deltas: Generator[Delta, None, None], clock: _Clock) -> Generator[AnswerDelta, None, tuple[str, Delta]]:
    """Yield an answer that is no prose, where neither markers nor repetition mean anything; see `_written`."""
    text, last = "", Delta("")
    with closing(deltas):
        for last in deltas:
            if last.text:
                clock.answered()
            text += last.text
            yield AnswerDelta(last.text)
    return text, last


def _said(text: str) -> Generator[Delta, None, None]:
    """An answer that needs no model."""
    yield Delta(text, finish_reason="stop", usage=Usage(0, 0))


def _last_user_message(question: Question) -> str:
    if not question.messages or question.messages[-1].role != "user" or not question.messages[-1].content.strip():
        raise QuestionError(detail="the last message must be a question of the user; send one with some text")
    return question.messages[-1].content


def _check_room(prompt_tokens: int, window: int) -> None:
    if prompt_tokens + MIN_ANSWER_TOKENS > window:
        raise PromptTooLongError(prompt_tokens=prompt_tokens, context_window=window)


def _fitting_history(messages: Sequence[Message], asked: str, engine: Engine) -> tuple[tuple[Message, ...], int]:
    """Return what comes before the question and fills at most half of the window, and how many messages do not.

    What is kept begins with a message of the user, as chat templates want it; system messages always stay.
    """
    before = messages[:-1]
    rules = [message for message in before if message.role == "system"]
    turns = [message for message in before if message.role != "system"]
    starts = [index for index, message in enumerate(turns) if message.role == "user"]
    half = engine.info().context_window // 2

    def fits(start: int) -> bool:
        return engine.count_tokens(build_messages((*rules, *turns[start:]), asked, ())) <= half

    first = bisect_left(starts, True, key=fits)
    start = starts[first] if first < len(starts) else len(turns)
    return (*rules, *turns[start:]), start
