"""Choose what the model is shown for a question: whole documents where they fit, else the best passages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.context.chat_history import Story, tell
from rag.context.passage_memory import Shown, ShownPassages, numbers_of
from rag.context.prompt import RULES, build_messages
from rag.context.selection import Context, best_chunks, distinct, number, whole_document_budget, whole_documents
from rag.engines.types import Engine, Message
from rag.errors import PromptTooLongError
from rag.grounding.abstention import judge_answerability
from rag.grounding.evidence import EvidenceFinder, SentenceMatch
from rag.retrieval.hybrid import Retriever, select_relevant
from rag.retrieval.query_rewriting import rewrite_query, should_rewrite
from rag.retrieval.query_variants import prepend_previous_question
from rag.types import AnswerStyle, Passage, PromptPrefix, Question, Rewriting, ScoredChunk, Search

NOTHING_FOUND = "The documents in this collection do not say anything about that."
NO_DOCUMENTS = "There are no documents in this collection yet. Add some, then ask again."
NO_MATCH = "No document in this collection fits the filter."
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
    style: AnswerStyle = "written"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is settled before the model says a word.

    `matches` are the sentences of the passages that were found, the nearest to the question first; `new` are the
    passages that stand before the question and in no turn before.
    """

    context: Context
    messages: tuple[Message, ...] = ()
    prompt_tokens: int = 0
    matches: tuple[SentenceMatch, ...] = ()
    new: tuple[Passage, ...] = ()

    @property
    def shown(self) -> Shown:
        """What is to be remembered of this turn."""
        return Shown({each.stored.id: each.number for each in self.context.passages}, self.new)


class Planner:
    """Plans answers over a library. Safe to use from many threads."""

    def __init__(
        self,
        library: Library,
        retriever: Retriever,
        finder: EvidenceFinder,
        policy: AnswerPolicy,
        memory: ShownPassages,
    ) -> None:
        self._library = library
        self._retriever = retriever
        self._finder = finder
        self._policy = policy
        self._memory = memory

    def plan(self, question: Question, asked: str, engine: Engine) -> Plan:
        """Return the plan for a question, whose last message is `asked`.

        Raises `CollectionNotFoundError`, and `PromptTooLongError` where the question alone is too long.
        """
        rules = self._rules(question)
        window = engine.info().context_window
        _check_room(engine.count_tokens(build_messages(question.messages[-1:], rules=rules)), window)
        hits = distinct(self._retriever.rank_candidates(self._search(question, asked, engine), self._policy.top_k))
        story = tell(self._library, self._memory, question, window, engine.count_tokens, rules=rules)
        near = hits[: self._policy.top_k]
        matches = tuple(self._finder.rank_evidence(asked, near))
        judged = judge_answerability(asked, near, matches, min_score=self._policy.min_score)
        left_out = len(select_relevant(asked, hits, self._policy.min_score)) - len(judged.hits)
        chosen = self._choice(question, story, judged.hits, max(left_out, 0), engine)
        if chosen is None:
            return Plan(Context("none", self._why_nothing(question), ()), matches=matches)
        context = chosen.context
        if story.dropped:
            context = replace(context, reason=f"{context.reason}; {story.dropped} earlier messages left out")
        _check_room(chosen.prompt_tokens, window)
        shown = {passage.stored.id for passage in context.passages}
        found = tuple(each for each in matches if each.stored.id in shown)
        return Plan(context, chosen.messages, chosen.prompt_tokens, found, chosen.new)

    def head(self, collection_id: str, engine: Engine) -> PromptPrefix | None:
        """Return what all first questions about a collection have in front; None where it is not shown whole."""
        question = Question((Message("user", ""),), (collection_id,))
        story = Story(question.messages, rules=self._rules(question))
        whole = self._whole(question, story, engine, budget=None)
        if whole is None:
            return None
        files = dict.fromkeys(passage.stored.file_id for passage in whole.context.passages)
        return PromptPrefix(whole.messages[:-1], tuple(f"{collection_id}/{file_id}" for file_id in files))

    def numbers(self, question: Question) -> dict[int, int]:
        """Return the numbers that chunks, by id, have in a conversation already."""
        return numbers_of(self._memory.turns(question).values())

    def remember(self, question: Question, answer: str, shown: Shown) -> None:
        """Note what a question was shown, now that it is answered."""
        self._memory.remember(question, answer, shown)

    def answer_tokens(self, question: Question) -> int:
        """Return how long an answer may be."""
        return question.sampling.max_tokens or self._policy.max_answer_tokens

    def _rules(self, question: Question) -> str:
        """Return what the model is told: the first rules that a collection has of its own; raises where one is gone."""
        asked = [self._library.collection(id_) for id_ in question.collections]
        return next((collection.rules for collection in asked if collection.rules), RULES)

    def _search(self, question: Question, asked: str, engine: Engine) -> Search:
        completed = prepend_previous_question(question.messages)
        if completed and should_rewrite(engine.info(), self._policy.rewriting):
            completed = rewrite_query(engine, question.messages, client=question.client) or completed
        return Search(asked, question.collections, completed, question.filters)

    def _choice(
        self, question: Question, story: Story, best: Sequence[ScoredChunk], left_out: int, engine: Engine
    ) -> "_Choice | None":
        """Return what the model is to read; None where nothing fits."""
        window = engine.info().context_window
        room = window - max(MIN_ANSWER_TOKENS, min(self.answer_tokens(question), window // 4))
        if question.mode != "retrieval":
            budget = room if question.mode == "whole" else None
            if (whole := self._whole(question, story, engine, budget=budget)) is not None:
                return whole
        if not best:
            return None
        found = self._found(story, best, room, engine)
        reason = found.context.reason
        if left_out:
            reason += f"; {left_out} more left out"
        if question.mode == "whole":
            reason = f"the documents do not fit the model's window whole; {reason}"
        return found._replace(context=replace(found.context, reason=reason))

    def _found(self, story: Story, hits: Sequence[ScoredChunk], room: int, engine: Engine) -> "_Choice":
        place = len(story.messages) - 1
        there = story.passages

        def messages(new: Sequence[Passage]) -> tuple[Message, ...]:
            return story.prompt(shown={**story.shown, place: new})

        context = best_chunks(
            hits,
            room,
            lambda new: engine.count_tokens(messages(new)),
            present=there,
            known=story.numbers,
        )
        new = context.passages[len(there) :]
        prompt = messages(new)
        return _Choice(context, prompt, engine.count_tokens(prompt), new)

    def _whole(self, question: Question, story: Story, engine: Engine, *, budget: int | None) -> "_Choice | None":
        """Return all documents as context, or None where they do not fit, there are none, or one is only half read.

        `budget` is what the prompt may take; None is LM Studio's rule.
        """
        talk = replace(story, messages=(*story.messages[:-1], replace(story.messages[-1], content="")))
        used = engine.count_tokens(talk.prompt())
        allowed = whole_document_budget(engine.info().context_window, used) if budget is None else budget - used
        chunks = self._all_chunks(question, allowed)
        if not chunks:
            return None
        passages = number(chunks, story.numbers)
        messages = story.prompt(documents=passages)
        prompt_tokens = engine.count_tokens(messages)
        tokens = prompt_tokens - used
        if tokens > allowed:
            return None
        return _Choice(whole_documents(passages, tokens, allowed), messages, prompt_tokens)

    def _all_chunks(self, question: Question, budget: int) -> list[StoredChunk]:
        """Return all chunks in reading order; none where they cannot fit, or a document is only half read."""
        chosen = {id_: self._matching(question, id_) for id_ in question.collections}
        size = sum(
            self._library.size([id_]).chunks if only is None else len(self._library.chunk_ids(id_, only))
            for id_, only in chosen.items()
        )
        if size * MIN_PASSAGE_TOKENS > budget or self._library.queue_state(question.collections).reading:
            return []
        return [
            chunk
            for id_, only in chosen.items()
            for document in sorted(self._library.documents(id_), key=lambda document: document.source)
            if only is None or document.file_id in only
            for chunk in self._library.document_chunks(id_, document.file_id)
        ]

    def _why_nothing(self, question: Question) -> str:
        if not self._library.size(question.collections).documents:
            return NO_DOCUMENTS
        if question.filters is not None and not any(self._matching(question, id_) for id_ in question.collections):
            return NO_MATCH
        return NOTHING_FOUND

    def _matching(self, question: Question, collection_id: str) -> frozenset[str] | None:
        """Return the files that the question's filter lets through; None where it has none."""
        return None if question.filters is None else self._library.find_matching_files(collection_id, question.filters)


class _Choice(NamedTuple):
    """What the model is to read; `new` are the passages that stand before the question and in no turn before."""

    context: Context
    messages: tuple[Message, ...]
    prompt_tokens: int
    new: tuple[Passage, ...] = ()


def _check_room(prompt_tokens: int, window: int) -> None:
    if prompt_tokens + MIN_ANSWER_TOKENS > window:
        raise PromptTooLongError(prompt_tokens=prompt_tokens, context_window=window)
