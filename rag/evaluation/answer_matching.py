"""Compare answers with gold answers: exact match and token F1 with SQuAD's normalisation, for every script. Pure.

Case, punctuation and English articles are ignored. In scripts without spaces between words every character is a token.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence

import regex

from ingest.text.analyzer import UNSPACED_SCRIPTS
from rag.grounding.markers import MARKER

ARTICLES = frozenset({"a", "an", "the"})

_WORD = regex.compile(rf"[{UNSPACED_SCRIPTS}]\p{{M}}*|(?:(?![{UNSPACED_SCRIPTS}])\S)+")


def strip_markers(answer: str) -> str:
    """Return an answer without its citation markers."""
    return MARKER.sub("", answer)


def normalize_answer(text: str) -> list[str]:
    """Return the normalised tokens of a text, in order."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(char for char in folded if not unicodedata.category(char).startswith("P"))
    return [word for word in _WORD.findall(plain) if word not in ARTICLES]


def is_exact_match(answer: str, gold: Sequence[str]) -> bool:
    """Whether an answer equals one of the gold answers after normalisation (SQuAD's EM)."""
    return normalize_answer(answer) in [normalize_answer(gold_answer) for gold_answer in gold]


def token_f1(answer: str, gold: Sequence[str]) -> float:
    """Return the best token F1 of an answer against the gold answers, as SQuAD defines it; 0 without gold answers."""
    return max((_f1(normalize_answer(answer), normalize_answer(gold_answer)) for gold_answer in gold), default=0.0)


def contains_answer(text: str, gold: Sequence[str]) -> bool:
    """Whether a text contains the tokens of a gold answer in sequence; an empty gold answer is in no text."""
    words = normalize_answer(text)
    return any(_contains_sequence(normalize_answer(gold_answer), words) for gold_answer in gold)


def _f1(words: Sequence[str], gold: Sequence[str]) -> float:
    if not words or not gold:
        return float(words == gold)
    common = (Counter(words) & Counter(gold)).total()
    return 2 * common / (len(words) + len(gold))


def _contains_sequence(sequence: Sequence[str], words: Sequence[str]) -> bool:
    starts = range(len(words) - len(sequence) + 1) if sequence else ()
    return any(words[start : start + len(sequence)] == sequence for start in starts)
