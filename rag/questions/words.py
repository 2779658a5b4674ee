"""The words of questions and of names in documents: how they are split, folded and compared. Pure."""

import re
from functools import lru_cache

from ingest.text.analyzer import extract_terms
from ingest.text.months import MONTHS
from rag.questions.stopwords import STOPWORDS

WORD = re.compile(r"[^\W_]+")
JOINED_WORD = re.compile(r"[^\W_]+(?:[-.][^\W_]+)*")
"""A word with the hyphens and points inside it: a code or a decimal number is one word."""

_CONTENT = re.compile(rf"{JOINED_WORD.pattern}|%")
_MIN_PREFIX, _MIN_INFIX, _MIN_PARTICIPLE = 4, 5, 7


def fold_words(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return [word.casefold() for word in WORD.findall(text)]


@lru_cache(maxsize=2_048)
def list_content_words(text: str) -> tuple[str, ...]:
    """Return the content words of a text, folded, months as one; all its words if it has no others."""
    words = [_fold_month(word.casefold()) for word in _CONTENT.findall(text)]
    return tuple([word for word in words if word not in STOPWORDS] or words)


def agree(one: str, other: str) -> bool:
    """Whether two folded words are forms of one, or one is a compound with the other."""
    if one == other:
        return True
    one, other = _strip_participle(one), _strip_participle(other)
    short, long = sorted((one, other), key=len)
    if any(map(str.isdigit, short)) or len(short) < 3:
        return False
    is_prefix = long.startswith(short) and (len(short) >= _MIN_PREFIX or len(long) - len(short) <= 2)
    is_infix = len(short) >= _MIN_INFIX and short in long
    return is_prefix or is_infix or extract_terms(one) == extract_terms(other)


def _strip_participle(word: str) -> str:
    """Return a word without the first syllable of a German participle: geliefert, of liefern and Liefertermin."""
    is_participle = word.startswith("ge") and word.endswith(("t", "en")) and len(word) > _MIN_PARTICIPLE
    return word.removeprefix("ge") if is_participle else word


def _fold_month(word: str) -> str:
    """Return one word for all spellings of a month, so that a column of “12 Jan” is named by “12 January”."""
    return f"month{MONTHS[word]}" if word in MONTHS else word
