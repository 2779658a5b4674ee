"""Group the items of a stored conversation into turns of a question and its answer. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ui.api_types import Basis, Item, StoredAnswer
from ui.background_answer import AnswerSnapshot, State

STATES: dict[str, State] = {"complete": "done", "stopped": "stopped", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer; ids are empty if they are not stored, `answer` is None if there is none.

    `parent` is the id of the item before the question. `question_versions` and `answer_versions` are the ids of all
    versions, the oldest first.
    """

    question: str
    answer: AnswerSnapshot | None = None
    question_id: str = ""
    answer_id: str = ""
    parent: str | None = None
    question_versions: tuple[str, ...] = ()
    answer_versions: tuple[str, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Whether the user stopped the answer."""
        return self.answer is not None and self.answer.state == "stopped"


def group_turns(items: Sequence[Item]) -> list[Turn]:
    """Return the turns of one branch, the oldest first; system items are left out."""
    turns: list[Turn] = []
    for item in items:
        if item.role == "user":
            question = Turn(_join_text(item), question_id=item.id, parent=item.parent, question_versions=item.versions)
            turns.append(question)
        elif item.role == "assistant":
            is_unanswered = bool(turns) and turns[-1].answer is None
            turn = turns.pop() if is_unanswered else Turn("", parent=item.parent)
            turns.append(replace(turn, answer=_build_answer(item), answer_id=item.id, answer_versions=item.versions))
    return turns


def find_last_collection(items: Sequence[Item]) -> str:
    """Return the id of the collection that was asked last; empty if there is none."""
    requests = [item.pincite.request for item in items if item.pincite is not None]
    collections = [request.vector_stores[0] for request in requests if request is not None and request.vector_stores]
    return collections[-1] if collections else ""


def _join_text(item: Item) -> str:
    return "".join(part.text for part in item.content)


def _build_answer(item: Item) -> AnswerSnapshot:
    stored = item.pincite or StoredAnswer()
    basis = Basis(stored.mode, stored.reason, stored.evidence, stored.passages, stored.style) if stored.mode else None
    return AnswerSnapshot(
        state=STATES[stored.status],
        text=_join_text(item),
        basis=basis,
        citations=tuple(citation for part in item.content for citation in part.annotations),
        details=stored,
        finish_reason=stored.finish_reason,
        problem=stored.error or "",
        sentences=stored.sentences,
    )
