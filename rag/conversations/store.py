"""Stored conversations: locate a question in the tree of turns, and store its answer as it is generated."""

import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from random import SystemRandom

from ingest.conversation_types import NewTurn
from ingest.errors import IngestError
from ingest.library.library import Library
from rag.context.passage_memory import PassageMemory
from rag.conversations.passage_recall import restore_passages
from rag.conversations.provenance import Provenance, ProvenanceCollector
from rag.conversations.turns import AnswerRecord, Basis, Turn, basis_from, complete_basis, decode_turn, encode_answer
from rag.engines.types import Message, Sampling
from rag.errors import QuestionError
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerStarted, Question

logger = logging.getLogger(__name__)

SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class TurnPosition:
    """The position of a question in a conversation's tree: below `parent`, after `history`.

    `question_id` is the question's own turn if it is already stored and gets another answer.
    """

    conversation_id: str
    parent: str | None
    text: str
    history: tuple[Message, ...] = ()
    question_id: str | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        """The chat history and the question."""
        return (*self.history, Message("user", self.text))


@dataclass(frozen=True, slots=True)
class TurnsStored:
    """An event just before the `Answer`: the ids of the stored question and answer."""

    conversation_id: str
    question_id: str
    answer_id: str


ConversationEvent = AnswerEvent | TurnsStored


class Conversations:
    """The conversations of a library. Safe to use from many threads.

    `memory` is the passage memory of the answerer: turns of earlier sessions are restored into it. Methods raise
    `ConversationNotFoundError`, `TurnNotFoundError` and `LibraryError`.
    """

    def __init__(self, library: Library, provenance: ProvenanceCollector, memory: PassageMemory | None = None) -> None:
        self.provenance = provenance
        self._library = library
        self._memory = memory

    def path(self, conversation_id: str, leaf: str | None = None) -> list[Turn]:
        """Return the turns from the root to `leaf`, by default to the current turn."""
        return [decode_turn(stored) for stored in self._library.conversation_path(conversation_id, leaf)]

    def turns(self, conversation_id: str) -> list[Turn]:
        """Return the turns of all branches, oldest first."""
        return [decode_turn(stored) for stored in self._library.turns(conversation_id)]

    def locate_question(self, conversation_id: str, text: str, parent: str | None = None) -> TurnPosition:
        """Return the position of a question: below `parent`, by default below the current turn.

        The conversation's own id as `parent` means its root. A parent that is itself a question gets another answer;
        raises `QuestionError` if it was named and `text` differs from it. What a person has said last, and nobody has
        answered, is history for another question.
        """
        is_first = parent == conversation_id
        path = self._library.conversation_path(conversation_id, None if is_first else parent)
        above = [] if is_first else path
        messages = tuple(Message(turn.role, turn.text) for turn in above)
        if not above or above[-1].role != "user":
            return TurnPosition(conversation_id, above[-1].id if above else None, text, messages)
        question = above[-1]
        if question.text != text and parent is None:
            return TurnPosition(conversation_id, question.id, text, messages)
        if question.text != text:
            detail = (
                f"the turn {question.id} is a question without an answer: send that question itself, or name another "
                "turn as the parent"
            )
            raise QuestionError(detail=detail)
        return TurnPosition(conversation_id, question.parent, text, messages[:-1], question.id)

    def add(self, conversation_id: str, messages: Sequence[Message], parent: str | None = None) -> list[str]:
        """Store messages from elsewhere below `parent`, by default below the current turn; return their ids.

        Raises `QuestionError` for the result of a tool: conversations store questions and answers alone.
        """
        if parent is None:
            parent = self._library.conversation(conversation_id).current
        above = None if parent == conversation_id else parent
        turns = [_new_turn(message) for message in messages]
        return self._library.append_turns(conversation_id, above, turns)

    def record(
        self, position: TurnPosition, question: Question, events: Generator[AnswerEvent, None, None]
    ) -> Generator[ConversationEvent, None, None]:
        """Yield the events of an answer, and store question and answer just before its last event.

        If the client leaves or an error occurs, the partial answer is stored as stopped or failed. A question that was
        refused is not stored.
        """
        draft = _AnswerDraft(self.provenance, question)
        if position.history:
            self.restore_passages(
                question, self.path(position.conversation_id, position.question_id or position.parent)
            )
        try:
            with closing(events):
                for event in events:
                    draft.add(event)
                    if isinstance(event, Answer):
                        yield self._store(position, draft.encode(event))
                    yield event
        except BaseException as error:
            if draft.is_worth_storing(error):
                self._try_store(position, draft.encode_partial(error))
            raise

    def restore_passages(self, question: Question, above: Sequence[Turn]) -> None:
        """Restore the passages of the turns above a question, so that its prompt repeats them unchanged."""
        if self._memory is not None:
            restore_passages(self._library, self._memory, question, above)

    def _store(self, position: TurnPosition, answer: NewTurn) -> TurnsStored:
        if position.question_id is not None:
            (answer_id,) = self._library.append_turns(position.conversation_id, position.question_id, [answer])
            return TurnsStored(position.conversation_id, position.question_id, answer_id)
        turns = [NewTurn("user", position.text), answer]
        question_id, answer_id = self._library.append_turns(position.conversation_id, position.parent, turns)
        return TurnsStored(position.conversation_id, question_id, answer_id)

    def _try_store(self, position: TurnPosition, answer: NewTurn) -> None:
        """Store a partial answer; a failure is only logged, because the user hears what ended the answer."""
        try:
            self._store(position, answer)
        except IngestError as error:
            logger.warning("an answer that ended early was not stored: %s", error)


class _AnswerDraft:
    """An answer in progress."""

    def __init__(self, provenance: ProvenanceCollector, question: Question) -> None:
        self._provenance = provenance
        self._question = replace(question, messages=(), client="")
        self._collected: Provenance | None = None
        self._basis: Basis | None = None
        self._text = ""
        self._answer: Answer | None = None

    def add(self, event: AnswerEvent) -> None:
        """Add an event to the draft."""
        if self._collected is None:  # the model has just started, so its facts are available
            self._collected = self._provenance.collect(self._question)
        if isinstance(event, AnswerStarted):
            self._basis = basis_from(event)
        elif isinstance(event, AnswerDelta):
            self._text += event.text
        elif isinstance(event, Answer):
            self._answer = event
            self._basis = None if self._basis is None else complete_basis(self._basis, event)

    def is_worth_storing(self, error: BaseException) -> bool:
        """Whether a partial answer is stored: it has text, or the client left before the first token."""
        has_left = isinstance(error, GeneratorExit) and self._collected is not None
        return self._answer is None and (bool(self._text) or has_left)

    def encode(self, answer: Answer) -> NewTurn:
        """Return the turn of a complete answer."""
        return encode_answer(answer.text, "complete", self._record(""))

    def encode_partial(self, error: BaseException) -> NewTurn:
        """Return the turn of a partial answer, stopped or failed."""
        # Quotes without stored spans would survive the deletion of their document.
        text = "" if self._basis is not None and self._basis.style == "quoted" else self._text
        if isinstance(error, GeneratorExit):
            return encode_answer(text, "stopped", self._record(""))
        return encode_answer(text, "failed", self._record(str(error)))

    def _record(self, error: str) -> AnswerRecord:
        return AnswerRecord(self._question, self._basis, self._answer, self._collected or Provenance(), error)


def choose_seed(sampling: Sampling) -> Sampling:
    """Return reproducible sampling: with a random seed if tokens are sampled without one."""
    if not is_unseeded(sampling):
        return sampling
    return replace(sampling, seed=SystemRandom().randrange(SEEDS))


def is_unseeded(sampling: Sampling) -> bool:
    """Whether tokens are sampled without a known seed."""
    return sampling.temperature > 0 and sampling.seed is None


def _new_turn(message: Message) -> NewTurn:
    if message.role == "tool":
        raise QuestionError(detail="a conversation stores no results of tools; leave out messages of the role tool")
    return NewTurn(message.role, message.content)
