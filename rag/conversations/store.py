"""Stored conversations: where a question belongs in one, and its answer kept while it is written."""

import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from random import SystemRandom

from ingest.conversation_types import NewTurn
from ingest.errors import IngestError
from ingest.library.library import Library
from rag.context.passage_memory import PassageMemory
from rag.conversations.provenance import Provenance, ProvenanceCollector
from rag.conversations.restore import restore_passages
from rag.conversations.turns import AnswerRecord, Basis, Turn, basis_from, complete_basis, decode_turn, encode_answer
from rag.engines.types import Message, Sampling
from rag.errors import QuestionError
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerStarted, Question

logger = logging.getLogger(__name__)

SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class TurnPosition:
    """Where a question stands in a conversation: below `parent`, after `history`.

    `question_id` is the question's own turn where it is stored already and is only answered again.
    """

    conversation_id: str
    parent: str | None
    text: str
    history: tuple[Message, ...] = ()
    question_id: str | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        """The chat up to the question."""
        return (*self.history, Message("user", self.text))


@dataclass(frozen=True, slots=True)
class TurnsStored:
    """Comes before the `Answer`: under which ids question and answer were stored."""

    conversation_id: str
    question_id: str
    answer_id: str


ConversationEvent = AnswerEvent | TurnsStored


class Conversations:
    """The conversations of a library. Safe to use from many threads.

    `memory` is that of the answers: what a conversation was shown before this program started is brought back to it.
    Methods raise `ConversationNotFoundError`, `TurnNotFoundError` and `LibraryError`.
    """

    def __init__(self, library: Library, provenance: ProvenanceCollector, memory: PassageMemory | None = None) -> None:
        self.provenance = provenance
        self._library = library
        self._memory = memory

    def path(self, conversation_id: str, leaf: str | None = None) -> list[Turn]:
        """Return the turns from the beginning to `leaf`, or to the current one."""
        return [decode_turn(stored) for stored in self._library.conversation_path(conversation_id, leaf)]

    def turns(self, conversation_id: str) -> list[Turn]:
        """Return the turns of all branches, the oldest first."""
        return [decode_turn(stored) for stored in self._library.turns(conversation_id)]

    def locate_question(self, conversation_id: str, text: str, parent: str | None = None) -> TurnPosition:
        """Return where a question goes: after `parent`, or after the current turn.

        The conversation's own id as `parent` means its beginning. Where the turn there is a question, that one is
        answered once more; raises `QuestionError` where `text` is another.
        """
        is_first = parent == conversation_id
        path = self._library.conversation_path(conversation_id, None if is_first else parent)
        above = [] if is_first else path
        messages = tuple(Message(turn.role, turn.text) for turn in above)
        if not above or above[-1].role != "user":
            return TurnPosition(conversation_id, above[-1].id if above else None, text, messages)
        question = above[-1]
        if question.text != text:
            detail = (
                f"the turn {question.id} is a question without an answer: send that question itself, or name another "
                "turn as the parent"
            )
            raise QuestionError(detail=detail)
        return TurnPosition(conversation_id, question.parent, text, messages[:-1], question.id)

    def add(self, conversation_id: str, messages: Sequence[Message], parent: str | None = None) -> list[str]:
        """Store messages that were written elsewhere, after `parent` or the current turn; return their ids."""
        if parent is None:
            parent = self._library.conversation(conversation_id).current
        above = None if parent == conversation_id else parent
        turns = [NewTurn(message.role, message.content) for message in messages]
        return self._library.append_turns(conversation_id, above, turns)

    def record(
        self, place: TurnPosition, question: Question, events: Generator[AnswerEvent, None, None]
    ) -> Generator[ConversationEvent, None, None]:
        """Pass the events of an answer on, and store question and answer when it is complete, just before its end.

        What was said until then is stored too where the reader leaves, and marked as stopped, or where something
        fails, and marked so. Nothing is stored of a question that was refused.
        """
        draft = _Draft(self.provenance, question)
        if place.history:
            self.restore_passages(question, self.path(place.conversation_id, place.question_id or place.parent))
        try:
            with closing(events):
                for event in events:
                    draft.take(event)
                    if isinstance(event, Answer):
                        yield self._store(place, draft.turn(event))
                    yield event
        except BaseException as error:
            if draft.is_worth_keeping(error):
                self._keep(place, draft.unfinished_turn(error))
            raise

    def restore_passages(self, question: Question, above: Sequence[Turn]) -> None:
        """Bring back what the turns above a question were shown, so that they stand in its prompt as they did."""
        if self._memory is not None:
            restore_passages(self._library, self._memory, question, above)

    def _store(self, place: TurnPosition, answer: NewTurn) -> TurnsStored:
        if place.question_id is not None:
            (answer_id,) = self._library.append_turns(place.conversation_id, place.question_id, [answer])
            return TurnsStored(place.conversation_id, place.question_id, answer_id)
        turns = [NewTurn("user", place.text), answer]
        question_id, answer_id = self._library.append_turns(place.conversation_id, place.parent, turns)
        return TurnsStored(place.conversation_id, question_id, answer_id)

    def _keep(self, place: TurnPosition, answer: NewTurn) -> None:
        """Store an answer that ends early; where that fails too, what ended the answer is what the user is told."""
        try:
            self._store(place, answer)
        except IngestError as error:
            logger.warning("an answer that ended early was not stored: %s", error)


class _Draft:
    """An answer that is being written."""

    def __init__(self, provenance: ProvenanceCollector, question: Question) -> None:
        self._provenance = provenance
        self._question = replace(question, messages=(), client="")
        self._collected: Provenance | None = None
        self._basis: Basis | None = None
        self._text = ""
        self._answer: Answer | None = None

    def take(self, event: AnswerEvent) -> None:
        """Take an event in."""
        if self._collected is None:  # the model has just been asked, so it is there
            self._collected = self._provenance.collect(self._question)
        if isinstance(event, AnswerStarted):
            self._basis = basis_from(event)
        elif isinstance(event, AnswerDelta):
            self._text += event.text
        elif isinstance(event, Answer):
            self._answer = event
            self._basis = None if self._basis is None else complete_basis(self._basis, event)

    def is_worth_keeping(self, error: BaseException) -> bool:
        """Whether there is an answer that ends early: some words of it, or a reader who did not wait for any."""
        has_left = isinstance(error, GeneratorExit) and self._collected is not None
        return self._answer is None and (bool(self._text) or has_left)

    def turn(self, answer: Answer) -> NewTurn:
        """Return the turn of an answer that is complete."""
        return encode_answer(answer.text, "complete", self._record(""))

    def unfinished_turn(self, error: BaseException) -> NewTurn:
        """Return the turn of an answer that ends early."""
        # Quotes come in one piece, and without their places nothing would remove them with their document.
        text = "" if self._basis is not None and self._basis.style == "quoted" else self._text
        if isinstance(error, GeneratorExit):
            return encode_answer(text, "stopped", self._record(""))
        return encode_answer(text, "failed", self._record(str(error)))

    def _record(self, error: str) -> AnswerRecord:
        known = self._collected or Provenance()
        return AnswerRecord(self._question, self._basis, self._answer, known, error)


def choose_seed(sampling: Sampling) -> Sampling:
    """Return sampling that can be repeated: where tokens are drawn, a seed is chosen if there is none."""
    if not is_unseeded(sampling):
        return sampling
    return replace(sampling, seed=SystemRandom().randrange(SEEDS))


def is_unseeded(sampling: Sampling) -> bool:
    """Whether tokens are drawn by a seed that nobody knows."""
    return sampling.temperature > 0 and sampling.seed is None
