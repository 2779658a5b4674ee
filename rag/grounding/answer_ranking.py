"""Rank evidence by the kind of sentence: what has a value of the type that is asked for, before a bare heading. Pure.

The bonus decides among near-equal sentences only. With it the first sentence has the answer to .817 of XQuAD/en (.807
without) and .629 of QED (.610), one of the first three to .943 (.941) and .918 (.904):
docs/development/decisions/2026-12-01-answer-verdict.md.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from ingest.types import BlockKind
from rag.grounding.answer_values import has_value
from rag.grounding.asked_measure import ANY_MEASURE, Measure, fits_measure
from rag.grounding.bylines import is_byline
from rag.grounding.evidence import SentenceMatch
from rag.grounding.model_address import addresses_model
from rag.grounding.quotable import states_something
from rag.questions.answer_type import AnswerType

VALUE_BONUS = 0.08
"""What a value of the type adds to a score; .06 to .1 are level on XQuAD/en and QED."""
LABEL_PENALTY = 0.25
LABEL_SHARE = 0.5
"""The share of a label's higher score that the sentences below it get."""
MAX_LABEL_WORDS = 10
TYPES_OF_BONUS: frozenset[AnswerType] = frozenset({"time", "quantity", "person", "email", "phone", "url", "number"})

_SENTENCE_END = re.compile(r"[.!;:…。！؟।]\W*$|\|")
_FIELD = re.compile(r"^[^:]{1,40}:\s+\S")
_LIST_ITEM = re.compile(r"^\s*[-*•‣▪◦–]\s")


def rank_by_answer_type(
    matches: Sequence[SentenceMatch], answer_type: AnswerType | None, measure: Measure = ANY_MEASURE
) -> list[SentenceMatch]:
    """Return sentences in a new order, their scores unchanged: values of the type first among near-equal ones.

    Quantities of another `measure` are none. Labels (headings, questions, bare numbers) go behind the sentences that
    stand below them, and sentences that give orders to the model behind all others.
    """
    inherited = _inherit_scores(matches)

    def rank(match: SentenceMatch) -> float:
        has_answer = answer_type in TYPES_OF_BONUS and has_value(match.text, answer_type)
        bonus = VALUE_BONUS if has_answer and fits_measure(match.text, measure) else 0.0
        penalty = LABEL_PENALTY if is_label(match) else 0.0
        return inherited[match.stored.id, match.start] + bonus - penalty

    return sorted(matches, key=lambda match: (addresses_model(match.text), -rank(match), match.stored.id, match.start))


def is_label(match: SentenceMatch) -> bool:
    """Whether a sentence is only the name of what follows: a heading, a question, a few words without an end.

    An item of a list, a field with its value ("Apologies: Ann Lee") and the line of the authors are none.
    """
    if not states_something(match):
        return True
    text = " ".join(match.text.split())
    is_open = match.stored.chunk.kind is BlockKind.PROSE and not _SENTENCE_END.search(text)
    is_short = len(text.split()) <= MAX_LABEL_WORDS and not any(map(str.isdigit, text))
    is_entry = _LIST_ITEM.match(match.text) or _FIELD.match(text) or is_byline(text)
    return is_open and is_short and not is_entry


def _inherit_scores(matches: Iterable[SentenceMatch]) -> dict[tuple[int, int], float]:
    """Return the score of each sentence by chunk and start, raised if it stands below a label with a higher one."""
    scores: dict[tuple[int, int], float] = {}
    in_order = sorted(matches, key=lambda match: (match.stored.id, match.start))
    for id_, sentences in groupby(in_order, key=lambda match: match.stored.id):
        label_score = 0.0
        for match in sentences:
            scores[id_, match.start] = max(match.score, match.score + LABEL_SHARE * (label_score - match.score))
            if is_label(match) and any(map(str.isalpha, match.text)):
                label_score = match.score
    return scores
