"""From the items of a stored conversation to the turns that the page shows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ui.api_types import Basis, Item, StoredAnswer
from ui.background_answer import AnswerSnapshot, State

STATES: dict[str, State] = {"complete": "done", "stopped": "stopped", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it; ids are empty where it is not stored, `answer` is None where there is none.

    `parent` is the item before the question. `question_versions` and `answer_versions` are all that stand at the
    place, the oldest first.
    """

    question: str
    answer: AnswerSnapshot | None = None
    question_id: str = ""
    answer_id: str = ""
    parent: str | None = None
    question_versions: tuple[str, ...] = ()
    answer_versions: tuple[str, ...] = ()


def group_turns(items: Sequence[Item]) -> list[Turn]:
    """Return the turns of one branch, the oldest first."""
    turns: list[Turn] = []
    for item in items:
        if item.role == "user":
            question = Turn(_text(item), question_id=item.id, parent=item.parent, question_versions=item.versions)
            turns.append(question)
        elif item.role == "assistant":
            is_open = bool(turns) and turns[-1].answer is None
            turn = turns.pop() if is_open else Turn("", parent=item.parent)
            turns.append(replace(turn, answer=_answer(item), answer_id=item.id, answer_versions=item.versions))
    return turns


def find_last_collection(items: Sequence[Item]) -> str:
    """Return the id of the collection that was asked last, empty where none was."""
    asked = [item.pincite.request for item in items if item.pincite is not None]
    stores = [request.vector_stores[0] for request in asked if request is not None and request.vector_stores]
    return stores[-1] if stores else ""


def _text(item: Item) -> str:
    return "".join(part.text for part in item.content)


def _answer(item: Item) -> AnswerSnapshot:
    stored = item.pincite or StoredAnswer()
    basis = Basis(stored.mode, stored.reason, stored.evidence, stored.passages, stored.style) if stored.mode else None
    return AnswerSnapshot(
        state=STATES[stored.status],
        text=_text(item),
        basis=basis,
        citations=tuple(citation for part in item.content for citation in part.annotations),
        details=stored,
        finish_reason=stored.finish_reason,
        problem=stored.error or "",
        sentences=stored.sentences,
    )
