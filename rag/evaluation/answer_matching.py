"""Is this answer the right one? The comparison of SQuAD, with what other scripts need. Pure.

Case, punctuation and English articles do not count. Where a script puts no spaces between words, every sign is a word.
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
    """Return an answer without the numbers of the passages that it names."""
    return MARKER.sub("", answer)


def normalize_answer(text: str) -> list[str]:
    """Return what is compared of a text, in its order."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(char for char in folded if not unicodedata.category(char).startswith("P"))
    return [word for word in _WORD.findall(plain) if word not in ARTICLES]


def is_exact_match(answer: str, right: Sequence[str]) -> bool:
    """Whether an answer is one of the right ones and nothing else."""
    return normalize_answer(answer) in [normalize_answer(each) for each in right]


def token_f1(answer: str, right: Sequence[str]) -> float:
    """Return the harmonic mean of the shares of words that answer and right answer have in common, for the best."""
    return max((_f1(normalize_answer(answer), normalize_answer(each)) for each in right), default=0.0)


def contains_answer(text: str, right: Sequence[str]) -> bool:
    """Whether one of the right answers stands in a text, word for word; one without a word stands nowhere."""
    words = normalize_answer(text)
    return any(_stands_in(normalize_answer(each), words) for each in right)


def _f1(words: Sequence[str], right: Sequence[str]) -> float:
    if not words or not right:
        return float(words == right)
    common = (Counter(words) & Counter(right)).total()
    return 2 * common / (len(words) + len(right))


def _stands_in(wanted: Sequence[str], words: Sequence[str]) -> bool:
    starts = range(len(words) - len(wanted) + 1) if wanted else ()
    return any(words[start : start + len(wanted)] == wanted for start in starts)
