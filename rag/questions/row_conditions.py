"""Read from a question which rows of a table it asks for: comparisons and extremes. Pure.

The words are those of seven languages; which column and which value they mean is decided by the table
(`rag.tables.selection`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.questions.comparison_words import (
    AFTERTHOUGHTS,
    COMPARISONS,
    EXTREMES,
    NEGATION,
    NEXT_WORD,
    PLAN_VERBS,
    RANGE_PHRASES,
    SET_HEAD,
    ColumnHint,
    Comparison,
    Direction,
)
from rag.questions.stopwords import STOPWORDS
from rag.questions.words import fold_words

MAX_CHARS = 400
"""A longer question is a text of its own, with many comparisons that filter nothing."""

IMPLIED_PLAN = "budget"
"""The operand of a verb that compares with a budget and does not name it."""
IMPLIED_RANGE = "range"
"""The operand of words that compare with what is normal and do not name it."""

_CLAUSE_END = re.compile(r"[?!;]|[.,:](?!\d)|\s(?:but|aber|mais|pero|ma|mas|maar)\s")
_NEGATED: dict[Comparison, Comparison] = {
    "below": "at least",
    "at least": "below",
    "above": "at most",
    "at most": "above",
    "within": "outside",
    "outside": "within",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison: `words` compare what `subject`, the words before them, names with `operand`, those behind."""

    comparison: Comparison
    words: str
    subject: str
    operand: str


@dataclass(frozen=True, slots=True)
class Extreme:
    """The highest or lowest of something: `words` ask for it, `hint` says of what kind its values are.

    `phrase` is the words with the ones behind them: the name of a thing may begin with them (“maximum speed”).
    """

    direction: Direction
    words: str
    hint: ColumnHint
    phrase: str


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """What a question asks for, if it asks for rows: all its conditions hold for them.

    `is_set` is whether it begins like a question for some of many things.
    """

    text: str
    conditions: tuple[Condition, ...] = ()
    extreme: Extreme | None = None
    is_set: bool = False


def read_row_question(text: str) -> RowQuestion:
    """Return what a question asks for; without conditions if it compares nothing."""
    question = " ".join(text.split())
    if len(question) > MAX_CHARS:
        return RowQuestion(question)
    conditions = (*_read_conditions(question), *_read_implied(question))
    return RowQuestion(
        question,
        conditions,
        _find_extreme(question) or _find_next(question, conditions),
        is_set=SET_HEAD.search(question) is not None,
    )


def _read_conditions(question: str) -> Iterator[Condition]:
    """Yield the comparisons in their order; an operand ends with its clause or where the next comparison begins."""
    matches = _find_comparisons(question)
    position = 0
    for index, (start, end, comparison) in enumerate(matches):
        following = matches[index + 1][0] if index + 1 < len(matches) else len(question)
        clause_end = _CLAUSE_END.search(question, end)
        stop = min(following, clause_end.start() if clause_end else len(question))
        subject, operand = question[position:start].strip(), question[end:stop].strip()
        if NEGATION.search(question, 0, start):
            comparison = _NEGATED.get(comparison, comparison)
        if operand:
            yield Condition(comparison, question[start:end], subject, operand)
        position = stop if operand else end
    for comparison, pattern in AFTERTHOUGHTS:
        for match in pattern.finditer(question):
            *before, last_but_one, last = ["", "", *question[: match.start()].split()]
            yield Condition(comparison, match[0], " ".join(before).strip(), f"{last_but_one} {last}".strip())


def _read_implied(question: str) -> Iterator[Condition]:
    """Yield the comparisons with a budget or with what is normal that do not name it."""
    for operand, phrases in ((IMPLIED_PLAN, PLAN_VERBS), (IMPLIED_RANGE, RANGE_PHRASES)):
        for comparison, pattern in phrases:
            if (phrase := pattern.search(question)) is not None:
                yield Condition(comparison, phrase[0], question[: phrase.start()].strip(), operand)


def _find_comparisons(question: str) -> list[tuple[int, int, Comparison]]:
    """Return the spans of comparing words, the longest where they overlap."""
    candidates: list[tuple[int, int, Comparison]] = [
        (match.start(), match.end(), comparison)
        for comparison, pattern in COMPARISONS
        for match in pattern.finditer(question)
    ]
    chosen: list[tuple[int, int, Comparison]] = []
    for start, end, comparison in sorted(candidates, key=lambda span: span[0] - span[1]):
        if all(end <= first or last <= start for first, last, _ in chosen):
            chosen.append((start, end, comparison))
    return sorted(chosen)


def _find_extreme(question: str) -> Extreme | None:
    """Return the extreme with the most words; of equal ones, the first.

    What a comparison has (“at most”) or compares with (“below their minimum”) is none.
    """
    compared = _find_comparisons(question)
    extremes = [
        Extreme(direction, match[0], hint, question[match.start() :].rstrip(" ?!."))
        for direction, hint, pattern in EXTREMES
        for match in pattern.finditer(question)
        if all(
            match.end() <= start or (end <= match.start() and not _is_operand(question[end : match.start()]))
            for start, end, _ in compared
        )
    ]
    return max(extremes, key=lambda extreme: len(extreme.words), default=None)


def _find_next(question: str, conditions: Iterable[Condition]) -> Extreme | None:
    """Return the earliest as the extreme of a question for the next one after something."""
    match = NEXT_WORD.search(question)
    if match is None or not any(condition.comparison in ("above", "at least") for condition in conditions):
        return None
    return Extreme("lowest", match[0], "day", match[0])


def _is_operand(between: str) -> bool:
    """Whether what stands right behind a comparison and these words is what it compares with."""
    return all(word in STOPWORDS for word in fold_words(between))
