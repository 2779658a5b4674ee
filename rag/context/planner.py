"""Plan what the model reads for a question: whole documents if they fit the context window, else the best passages."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.context.answer_policy import AnswerPolicy
from rag.context.chat_history import ChatHistory, truncate_history
from rag.context.gathering import GatheredEvidence
from rag.context.passage_memory import PassageMemory, merge_numbers
from rag.context.prompt import RULES, build_messages
from rag.context.selection import (
    Context,
    budget_whole_documents,
    number_passages,
    select_passages,
    select_whole_documents,
)
from rag.engines.types import Engine, Message
from rag.errors import PromptTooLongError
from rag.grounding.answer_conflicts import AnsweringValue
from rag.grounding.computed_answer import ComputedAnswer
from rag.grounding.conditions import NO_CONDITIONS, Conditions
from rag.grounding.evidence import SentenceMatch
from rag.grounding.hidden_text import ONLY_HIDDEN
from rag.grounding.quotable import select_quotable
from rag.grounding.supersession import SpanKey, Successor
from rag.types import Passage, PromptPrefix, Question, ResolvedStyle

NOT_IN_DOCUMENTS = "Not in these documents."
MIN_PASSAGE_TOKENS = 16
"""Every rendered passage has at least so many tokens: what cannot fit by this count need not be tokenised."""
MIN_ANSWER_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is settled before the model writes.

    `text` is an answer of Pincite's own, which needs no model. `matches` are the sentences of the passages that
    retrieval returned and that can be quoted, the best first, and `successors` those that supersede some of them; `new`
    are the passages that the prompt adds with this question. `computed` is the answer that code has computed, which
    needs no model either. `conditions` are those that the sentences meet, `rivals` the pairs of them that answer
    differently.
    """

    context: Context
    text: str = ""
    messages: tuple[Message, ...] = ()
    prompt_tokens: int = 0
    matches: tuple[SentenceMatch, ...] = ()
    new: tuple[Passage, ...] = ()
    computed: ComputedAnswer | None = None
    successors: Mapping[SpanKey, Successor] = field(default_factory=dict[SpanKey, Successor])
    conditions: Conditions = NO_CONDITIONS
    rivals: tuple[tuple[AnsweringValue, AnsweringValue], ...] = ()


class Planner:
    """Plans the answer to one question. Raises `CollectionNotFoundError` if it names one that does not exist."""

    def __init__(
        self, library: Library, memory: PassageMemory, policy: AnswerPolicy, question: Question, engine: Engine
    ) -> None:
        self._library = library
        self._memory = memory
        self._policy = policy
        self._question = question
        self._engine = engine
        collections = [library.collection(id_) for id_ in question.collections]
        self._rules = next((collection.rules for collection in collections if collection.rules), RULES)

    @cached_property
    def whole(self) -> Plan | None:
        """The plan that shows all documents whole; None if they do not fit or one of them is not read to its end.

        The budget is LM Studio's rule, and all the room beside the answer if the question asks for whole documents.
        """
        used = self._engine.count_tokens(_clear_question(self._history).build_prompt())
        if self._question.mode == "whole":
            allowed = self._room - used
        else:
            allowed = budget_whole_documents(self._context_window, used)
        if self.chunk_count * MIN_PASSAGE_TOKENS > allowed:
            return None
        if self._library.queue_state(self._question.collections).reading or not (chunks := self._list_chunks()):
            return None
        passages = number_passages(chunks, self._history.numbers)
        messages = self._history.build_prompt(documents=passages)
        prompt_tokens = self._engine.count_tokens(messages)
        tokens = prompt_tokens - used
        if tokens > allowed:
            return None
        return Plan(select_whole_documents(passages, tokens, allowed), "", messages, prompt_tokens)

    @cached_property
    def chunk_count(self) -> int:
        """The number of chunks of all documents that match the filters of the question."""
        files = {id_: self._match_files(id_) for id_ in self._question.collections}
        return sum(
            self._library.size([id_]).chunks if file_ids is None else len(self._library.chunk_ids(id_, file_ids))
            for id_, file_ids in files.items()
        )

    def check_room(self) -> None:
        """Raise `PromptTooLongError` if the question alone leaves no room for an answer."""
        prompt = build_messages(self._question.messages[-1:], rules=self._rules)
        self._refuse_too_long(self._engine.count_tokens(prompt))

    def plan(self, evidence: GatheredEvidence, *, whole: bool, style: ResolvedStyle = "written") -> Plan:
        """Return the plan with whole documents or with the passages of `evidence`.

        It abstains if there are none, if the documents lack what the question names, or if a model is to write from
        what is hidden from it. Raises `PromptTooLongError`.
        """
        plan = self.whole if whole and not evidence.absence else None
        plan = plan or self._plan_passages(evidence)
        is_possible = plan is not None
        if plan is not None and style == "written":
            plan = self._select_shown(plan)
        if plan is None:
            reasons = (ONLY_HIDDEN,) if is_possible and evidence.hits else evidence.reasons
            text = evidence.absence or NOT_IN_DOCUMENTS
            matches = tuple(select_quotable(evidence.matches))
            return Plan(Context("none", "; ".join(reasons)), text, matches=matches)
        self._refuse_too_long(plan.prompt_tokens)
        context = plan.context
        if self._history.dropped:
            reason = f"{context.reason}; {self._history.dropped} earlier messages left out"
            context = replace(context, reason=reason)
        ids = {passage.stored.id for passage in context.passages}
        quotable = select_quotable([match for match in evidence.matches if match.stored.id in ids])
        return replace(plan, context=context, matches=tuple(quotable), conditions=evidence.conditions)

    def plan_computed(self, answer: ComputedAnswer) -> Plan:
        """Return the plan of a computed answer: its passages are the chunks that it quotes."""
        known = self.recall_numbers()
        chunks = {quote.match.stored.id: quote.match.stored for quote in answer.quotes}
        passages = number_passages(list(chunks.values()) or [answer.read], known)
        return Plan(
            Context("retrieval", answer.reason, passages),
            matches=tuple(quote.match for quote in answer.quotes),
            new=tuple(passage for passage in passages if passage.stored.id not in known),
            computed=answer,
        )

    def build_prefix(self) -> PromptPrefix | None:
        """Return the messages in front of the question if the prompt shows whole documents, else None."""
        if self.whole is None:
            return None
        passages = self.whole.context.passages
        documents = dict.fromkeys(f"{passage.stored.collection_id}/{passage.stored.file_id}" for passage in passages)
        return PromptPrefix(self.whole.messages[:-1], tuple(documents))

    def recall_numbers(self) -> dict[int, int]:
        """Return the passage numbers of the chat so far, by chunk id."""
        return merge_numbers(self._memory.recall_turns(self._question).values())

    def has_match(self) -> bool:
        """Return whether the filters of the question match any document."""
        if self._question.document_filter is None:
            return True
        return any(self._match_files(id_) for id_ in self._question.collections)

    @cached_property
    def _history(self) -> ChatHistory:
        return truncate_history(
            self._library,
            self._memory,
            self._question,
            self._context_window,
            self._engine.count_tokens,
            rules=self._rules,
            view=self._policy.view,
        )

    @cached_property
    def _context_window(self) -> int:
        return self._engine.info().context_window

    @property
    def _room(self) -> int:
        """The tokens that the prompt may have beside the answer, which gets a quarter of the window at most."""
        answer_tokens = min(self._policy.limit_tokens(self._question), self._context_window // 4)
        return self._context_window - max(MIN_ANSWER_TOKENS, answer_tokens)

    def _plan_passages(self, evidence: GatheredEvidence) -> Plan | None:
        """Return the plan with the best passages; None if nothing can answer the question."""
        if not evidence.hits:
            return None
        history = self._history
        context = select_passages(
            evidence.hits,
            self._room,
            lambda new: self._engine.count_tokens(history.add_passages(new)),
            present=history.passages,
            numbers=history.numbers,
        )
        new = context.passages[len(history.passages) :]
        messages = history.add_passages(new)
        reason = context.reason
        present_ids = {passage.stored.id for passage in history.passages}
        if omitted := sum(hit.chunk.id not in present_ids for hit in evidence.omitted):
            least = "at least " if omitted == self._policy.top_k else ""  # gathering judges no more than that
            reason += f"; {least}{omitted} more relevant, but not among the best {self._policy.top_k}"
        if self._question.mode == "whole":
            reason = f"the documents do not fit the model's window whole; {reason}"
        return Plan(replace(context, reason=reason), "", messages, self._engine.count_tokens(messages), new=new)

    def _select_shown(self, plan: Plan) -> Plan | None:
        """Return a plan with the passages of which the model is shown anything; None if there are none."""
        view = self._policy.view
        passages = view.select_passages(plan.context.passages)
        if not passages:
            return None
        return replace(plan, context=replace(plan.context, passages=passages), new=view.select_passages(plan.new))

    def _list_chunks(self) -> list[StoredChunk]:
        """Return all chunks of the documents that match the filters, in reading order."""
        return [
            chunk
            for id_ in self._question.collections
            for document in sorted(
                self._library.documents(id_, file_ids=self._match_files(id_)), key=lambda document: document.source
            )
            for chunk in self._library.document_chunks(id_, document.file_id)
        ]

    def _match_files(self, collection_id: str) -> frozenset[str] | None:
        """Return the files whose documents match the filters; None for all files if there are no filters."""
        filters = self._question.document_filter
        return None if filters is None else self._library.find_matching_files(collection_id, filters)

    def _refuse_too_long(self, prompt_tokens: int) -> None:
        if prompt_tokens + MIN_ANSWER_TOKENS > self._context_window:
            raise PromptTooLongError(prompt_tokens=prompt_tokens, context_window=self._context_window)


def _clear_question(history: ChatHistory) -> ChatHistory:
    """Return the history with an empty question: the budget of whole documents covers the question, too."""
    *earlier, question = history.messages
    return replace(history, messages=(*earlier, replace(question, content="")))
