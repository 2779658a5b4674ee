"""Replay a stored question with its original request and history, and explain how the new answer differs."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace

from ingest.errors import CollectionNotFoundError, PassportMismatchError
from rag.conversations.provenance import Difference, compare_provenance
from rag.conversations.store import Conversations, is_unseeded
from rag.conversations.turns import AnswerRecord, Basis, PassageReference, Turn, basis_from
from rag.errors import ModelNotFoundError, QuestionError
from rag.types import Answer, AnswerEvent, AnswerStarted, Question

Ask = Callable[[Question], Generator[AnswerEvent, None, None]]

EXCERPT_CHARS = 80


@dataclass(frozen=True, slots=True)
class Replay:
    """The outcome of a replay.

    `text` is empty if the question could not be answered; `problem` says why. A partial answer `is_same` if the new
    one begins with it. `first_difference` is an offset in both texts, `before` and `now` are excerpts from there.
    `changes` of provenance can occur although the text is the same.
    """

    turn_id: str
    is_same: bool
    text: str
    changes: tuple[Difference, ...]
    first_difference: int | None = None
    before: str = ""
    now: str = ""
    problem: str = ""


@dataclass(slots=True)
class _Attempt:
    """The new answer to a stored question, as far as it got."""

    question: Question
    basis: Basis | None = None
    text: str = ""
    problem: str = ""


def replay(
    conversations: Conversations, conversation_id: str, turn_id: str, ask: Ask, *, client: str = ""
) -> Generator[None, None, Replay]:
    """Ask the question of an answer again with its stored request; the new answer is not stored.

    Yields after each event, so that it can be closed. Raises what `ask` raises, and `QuestionError` for a turn that
    this program did not answer. A collection that is missing or embedded otherwise is a `problem` of the outcome.
    """
    *above, turn = conversations.path(conversation_id, turn_id)
    if turn.record is None:
        raise QuestionError(detail=f"the turn {turn_id} is no answer of this program; there is nothing to replay")
    messages = tuple(previous.message for previous in above)
    question = replace(turn.record.question, messages=messages, client=client)
    conversations.restore_passages(question, above)
    attempt = yield from _ask_again(question, turn.record, ask)
    changes = (
        *_sampling_changes(attempt.question),
        *compare_provenance(turn.record.provenance, conversations.provenance.collect(attempt.question)),
        *_document_changes(turn, turn.record, attempt),
    )
    outcome = _compare_texts(turn, attempt, changes)
    if outcome.is_same or outcome.problem:
        return outcome
    return replace(outcome, changes=(*changes, *_speculation_changes(attempt, conversations)))


def _ask_again(question: Question, record: AnswerRecord, ask: Ask) -> Generator[None, None, _Attempt]:
    """Ask the model that answered; if it is gone, ask the default model."""
    model = record.provenance.model
    attempt = _Attempt(replace(question, model=question.model if model is None else model.id))
    try:
        yield from _run(attempt, ask)
    except ModelNotFoundError:
        attempt = _Attempt(replace(question, model=None))
        yield from _run(attempt, ask)
    return attempt


def _run(attempt: _Attempt, ask: Ask) -> Generator[None, None, None]:
    try:
        with closing(ask(attempt.question)) as events:
            for event in events:
                yield
                if isinstance(event, AnswerStarted):
                    attempt.basis = basis_from(event)
                elif isinstance(event, Answer):
                    attempt.text = event.text
    except (CollectionNotFoundError, PassportMismatchError) as error:
        attempt.problem = str(error)


def _compare_texts(turn: Turn, attempt: _Attempt, changes: tuple[Difference, ...]) -> Replay:
    old, new = turn.text, attempt.text
    is_whole = turn.status == "complete"
    if not attempt.problem and (new == old if is_whole else new.startswith(old)):
        return Replay(turn.id, True, new, changes)
    if attempt.problem:
        return Replay(turn.id, False, "", changes, problem=attempt.problem)
    first = next(
        (offset for offset, (was, is_) in enumerate(zip(old, new, strict=False)) if was != is_), min(len(old), len(new))
    )
    until = first + EXCERPT_CHARS
    return Replay(turn.id, False, new, changes, first, old[first:until], new[first:until])


def _sampling_changes(question: Question) -> list[Difference]:
    if not is_unseeded(question.sampling):
        return []
    return [Difference("sampling", "tokens are sampled at random, and no seed was stored: the text may differ")]


def _speculation_changes(attempt: _Attempt, conversations: Conversations) -> list[Difference]:
    """Return that speculative decoding may have decided between two nearly equal tokens, if it was on."""
    settings = conversations.provenance.collect(attempt.question).settings
    if settings.get("lookup_drafts") != str(True) or attempt.question.sampling.seed is not None:
        return []
    what = "speculative decoding (PINCITE_LOOKUP_DRAFTS) can decide between two nearly equal tokens either way"
    return [Difference("sampling", what)]


def _document_changes(turn: Turn, record: AnswerRecord, attempt: _Attempt) -> list[Difference]:
    """Return which documents changed, and how the passages of the prompt differ."""
    before = () if record.basis is None else record.basis.passages
    files = {(passage.collection_id, passage.file_id): passage.filename for passage in before}
    removed = {key[:2] for key, state in turn.states.items() if state == "removed"}
    changed = {key[:2] for key, state in turn.states.items() if state == "changed"}
    changes = [Difference("documents", f"{name} was removed") for key, name in files.items() if key in removed]
    changes += [
        Difference("documents", f"{name} was changed") for key, name in files.items() if key in changed - removed
    ]
    if attempt.basis is not None and (description := _describe_passages(before, attempt.basis.passages)):
        changes.append(Difference("passages", description))
    return changes


def _describe_passages(before: tuple[PassageReference, ...], now: tuple[PassageReference, ...]) -> str:
    """Describe how the passages differ from those of before; empty if they are the same in the same order."""
    if before == now:
        return ""
    old, new = ({(passage.file_id, passage.start, passage.end) for passage in passages} for passages in (before, now))
    if old == new:
        return "the prompt has the same passages in another order"
    return f"of the {len(before)} passages of the prompt, {len(old - new)} are missing and {len(new - old)} are new"
