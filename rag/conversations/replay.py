"""Ask a stored question once more, in the same way at the same place, and say what came out differently and why."""

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
    """What became of a question that was asked again.

    `text` is empty where it could not be answered; `problem` says why. Of an answer that ended early it `is_same`
    where the new one begins with it. `first_difference` is a position in both texts, `before` and `now` what stands
    there. There can be `changes` although the text is the same.
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
    """An answer to a stored question, as far as there is one."""

    question: Question
    basis: Basis | None = None
    text: str = ""
    problem: str = ""


def replay(
    conversations: Conversations, conversation_id: str, turn_id: str, ask: Ask, *, client: str = ""
) -> Generator[None, None, Replay]:
    """Ask the question of an answer again with everything that is stored of it; nothing of it is stored.

    Yields while it works, so that it can be closed. Raises what `ask` raises, and `QuestionError` for a turn that is
    no answer of this program. That a collection is gone, or embedded in another way, is told in the result.
    """
    *above, turn = conversations.path(conversation_id, turn_id)
    if turn.record is None:
        raise QuestionError(detail=f"the turn {turn_id} is no answer that was written here; there is nothing to repeat")
    messages = tuple(each.message for each in above)
    question = replace(turn.record.question, messages=messages, client=client)
    conversations.restore_passages(question, above)
    attempt = yield from _asked_again(question, turn.record, ask)
    changes = (
        *_of_sampling(attempt.question),
        *compare_provenance(turn.record.provenance, conversations.provenance.collect(attempt.question)),
        *_of_documents(turn, turn.record, attempt),
    )
    outcome = _compared(turn, attempt, changes)
    if outcome.is_same or outcome.problem:
        return outcome
    return replace(outcome, changes=(*changes, *_of_drafts(attempt, conversations)))


def _asked_again(question: Question, record: AnswerRecord, ask: Ask) -> Generator[None, None, _Attempt]:
    """Ask the model that answered, or where it is gone the one that answers now where none is named."""
    answered = record.provenance.model
    attempt = _Attempt(replace(question, model=question.model if answered is None else answered.id))
    try:
        yield from _answer(attempt, ask)
    except ModelNotFoundError:
        attempt = _Attempt(replace(question, model=None))
        yield from _answer(attempt, ask)
    return attempt


def _answer(attempt: _Attempt, ask: Ask) -> Generator[None, None, None]:
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


def _compared(turn: Turn, attempt: _Attempt, changes: tuple[Difference, ...]) -> Replay:
    old, new = turn.text, attempt.text
    is_whole = turn.status == "complete"
    if not attempt.problem and (new == old if is_whole else new.startswith(old)):
        return Replay(turn.id, True, new, changes)
    if attempt.problem:
        return Replay(turn.id, False, "", changes, problem=attempt.problem)
    first = next(
        (at for at, (was, is_) in enumerate(zip(old, new, strict=False)) if was != is_), min(len(old), len(new))
    )
    until = first + EXCERPT_CHARS
    return Replay(turn.id, False, new, changes, first, old[first:until], new[first:until])


def _of_sampling(question: Question) -> list[Difference]:
    if not is_unseeded(question.sampling):
        return []
    return [Difference("sampling", "tokens are drawn at random, and no seed was stored: the text is free to differ")]


def _of_drafts(attempt: _Attempt, conversations: Conversations) -> list[Difference]:
    """Return that drafts may have decided between two tokens, where they were read along with others."""
    settings = conversations.provenance.collect(attempt.question).settings
    if settings.get("lookup_drafts") != str(True) or attempt.question.sampling.seed is not None:
        return []
    what = (
        "tokens are read several at once where it pays (PINCITE_LOOKUP_DRAFTS); of two nearly equal ones either can win"
    )
    return [Difference("sampling", what)]


def _of_documents(turn: Turn, record: AnswerRecord, attempt: _Attempt) -> list[Difference]:
    """Return which documents changed, and whether the model is shown the same passages."""
    before = () if record.basis is None else record.basis.passages
    files = {(passage.collection_id, passage.file_id): passage.filename for passage in before}
    gone = {key[:2] for key, state in turn.states.items() if state == "removed"}
    changed = {key[:2] for key, state in turn.states.items() if state == "changed"}
    found = [Difference("documents", f"{name} was removed") for key, name in files.items() if key in gone]
    found += [Difference("documents", f"{name} was changed") for key, name in files.items() if key in changed - gone]
    if attempt.basis is not None and (told := _other_passages(before, attempt.basis.passages)):
        found.append(Difference("passages", told))
    return found


def _other_passages(before: tuple[PassageReference, ...], now: tuple[PassageReference, ...]) -> str:
    """Say in words how the passages differ from those of before; nothing where they are the same in the same order."""
    if before == now:
        return ""
    old, new = ({(each.file_id, each.start, each.end) for each in passages} for passages in (before, now))
    if old == new:
        return "the model is shown the same passages in another order"
    return f"of {len(before)} passages that the model was shown {len(old - new)} are missing, {len(new - old)} are new"
