"""Find different values that documents answer one question with, in whatever words. Pure.

`rag.grounding.conflicts` compares sentences that say the same in the same words. Two sentences that are among the best
evidence for a question for one value can say it in other words: "closes at 20:00" and "shuts at 19:30". They conflict
if they are of different documents, have the words of the question alike, and name nothing that the other does not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.text.analyzer import extract_terms
from ingest.types import BlockKind
from rag.grounding.evidence import SentenceMatch, measure_term
from rag.grounding.supersession.values import Value, find_values
from rag.grounding.verification.lexicon import ANTONYMS
from rag.grounding.verification.tokenization import stem_piece
from rag.questions.answer_type import AnswerType, strip_measure
from rag.questions.stopwords import ASKER_WORDS, QUESTION_WORDS, STOPWORDS
from rag.questions.words import WORD, fold_words

NEAR_SHARE = 0.7
"""Share of the best sentence's score: a sentence below it is hardly about the same."""
MIN_SHARED_WORDS = 2
MAX_RIVALS = 2
"""Documents that each have another value are a series, like invoices."""
KINDS_OF_TIME = frozenset({"date", "time of day"})
_NAME = re.compile(r"(?<=[\w,;:)] )[^\W\d_a-z][\w-]*|\b(?=\w*\d)(?=\w*[^\W\d_])[\w-]+")
"""A capital that does not begin a sentence, or letters with digits."""
_OPPOSITES = [tuple(frozenset(stem_piece(word)) for word in pair) for pair in ANTONYMS]


@dataclass(frozen=True, slots=True)
class AnsweringValue:
    """A sentence and the value with which it answers."""

    match: SentenceMatch
    value: Value


def find_rivals(
    question: str, answer_type: AnswerType | None, matches: Sequence[SentenceMatch]
) -> tuple[tuple[AnsweringValue, AnsweringValue], ...]:
    """Return the pairs of sentences that answer a question differently, the best of `matches`, the first, in each.

    None unless the question asks when, how much or how many.
    """
    if answer_type not in ("time", "quantity") or not matches:
        return ()
    best = matches[0]
    value = _read_value(best, answer_type)
    if value is None:
        return ()
    near = [match for match in matches[1:] if match.score >= NEAR_SHARE * best.score]
    return tuple(
        (AnsweringValue(best, value), AnsweringValue(match, other))
        for match in near
        if (other := _read_value(match, answer_type)) is not None
        and value.differs_from(other)
        and _are_about_same(question, best, match)
    )[:MAX_RIVALS]


def _read_value(match: SentenceMatch, answer_type: AnswerType) -> Value | None:
    """Return the one value of the type that a sentence of prose states; None if it has none or several.

    A bare number counts only if there is no value with a unit: it may be a part of a name.
    """
    if match.stored.chunk.kind is not BlockKind.PROSE:
        return None
    values = [value for value in find_values(match.text) if (value.kind in KINDS_OF_TIME) == (answer_type == "time")]
    values = [value for value in values if value.kind != "number"] or values
    return values[0] if len(values) == 1 else None


def _are_about_same(question: str, one: SentenceMatch, other: SentenceMatch) -> bool:
    if (one.stored.collection_id, one.stored.file_id) == (other.stored.collection_id, other.stored.file_id):
        return False
    if _name_things(one) - _read_all_words(other) or _name_things(other) - _read_all_words(one):
        return False
    return not _are_opposed(one.text, other.text) and _share_question(question, one, other)


def _share_question(question: str, one: SentenceMatch, other: SentenceMatch) -> bool:
    """Whether two sentences have the same words of a question, but for one, which is no name and no number."""
    asked = [word for word in WORD.findall(strip_measure(question)) if not _is_empty(word.casefold())]
    covered = [[word for word in asked if _has(match, word)] for match in (one, other)]
    shared = [word for word in covered[0] if word in covered[1]]
    apart = set(covered[0]) ^ set(covered[1])
    return len(shared) >= MIN_SHARED_WORDS and len(apart) <= 1 and all(map(str.islower, apart))


def _is_empty(word: str) -> bool:
    return word in STOPWORDS or word in QUESTION_WORDS or word in ASKER_WORDS


def _has(match: SentenceMatch, word: str) -> bool:
    terms = set(extract_terms(f"{match.stored.chunk.context}\n{match.text}"))
    return any(measure_term(term, terms) for term in extract_terms(word))


def _name_things(match: SentenceMatch) -> set[str]:
    """Return the folded words of a sentence that are names or codes, those of its values left out."""
    values = find_values(match.text)
    names = [
        name[0]
        for name in _NAME.finditer(match.text)
        if not any(value.start <= name.start() and name.end() <= value.end for value in values)
    ]
    return {word for name in names for word in fold_words(name)}


def _read_all_words(match: SentenceMatch) -> set[str]:
    return set(fold_words(f"{match.stored.chunk.context}\n{match.text}"))


def _are_opposed(one: str, other: str) -> bool:
    """Whether one sentence has a word and the other its antonym: opens, closes."""
    stems = [{stem for word in fold_words(text) for stem in stem_piece(word)} for text in (one, other)]
    return any(
        (first & stems[0] and second & stems[1]) or (second & stems[0] and first & stems[1])
        for first, second in _OPPOSITES
    )
