"""Does a quote support a sentence? Cheap evidence, no model of its own. Pure."""

import re
from dataclasses import dataclass

from rag.types import Verdict

SUPPORTED_OVERLAP = 0.6
PARTLY_OVERLAP = 0.35
SUPPORTED_SIMILARITY = 0.75
PARTLY_SIMILARITY = 0.5
STEM_LETTERS = 5
"""Words that share this many first letters count as the same word: a stemmer for many languages."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_NUMBER = re.compile(r"(?:(?<![\w.])[-−])?\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_POINT_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_NEGATION = re.compile(r"\b(?:not|no(?!\.?\s*\d)|never|none|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_COMMON_WORDS = """
the and for are was were been being have has had this that these those with from into onto about over under
which who whom whose what when where why how can could may might must shall should will would you your they
them their his her its our ours there here then than also such each any all some more most other only very
does did doing not but nor yet per via
"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Support:
    """A verdict, and the reasons for it that a person can read."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def check(sentence: str, quote: str, similarity: float) -> Support:
    """Judge one sentence against the quote that it is pinned to.

    `similarity` is the cosine of the two. A number or name that is not in the quote, or a negation on one
    side only, is never `supported`, however similar the words are; and another number than the quote's is
    `unsupported`.
    """
    words, quoted = _stems(sentence), _stems(quote)
    overlap = len(words & quoted) / len(words) if words else 1.0
    numbers, quoted_numbers = _numbers(sentence), _numbers(quote)
    missing = _unmatched(numbers, quoted_numbers)
    reasons = [f"{fact} is not in the quote" for fact in (*missing, *_missing_names(sentence, quoted))]
    if bool(_NEGATION.search(sentence)) is not bool(_NEGATION.search(quote)):
        reasons.append("one of sentence and quote is negated, the other is not")
    verdict = _by_words(overlap, similarity)
    if reasons and verdict == "supported":
        verdict = "partly"
    if missing and _unmatched(quoted_numbers, numbers):
        verdict = "unsupported"
    if overlap < SUPPORTED_OVERLAP:
        reasons.append(f"{overlap:.0%} of its words are in the quote")
    return Support(verdict, tuple(reasons) if verdict != "supported" else ())


def _by_words(overlap: float, similarity: float) -> Verdict:
    if overlap >= SUPPORTED_OVERLAP or (similarity >= SUPPORTED_SIMILARITY and overlap >= PARTLY_OVERLAP):
        return "supported"
    if overlap >= PARTLY_OVERLAP or similarity >= PARTLY_SIMILARITY:
        return "partly"
    return "unsupported"


def _stems(text: str) -> set[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return {word[:STEM_LETTERS] for word in words if word not in _COMMON}


def _missing_names(sentence: str, quoted: set[str]) -> list[str]:
    """Return the capitalised words inside a sentence (its first word may be any) that the quote does not have."""
    words = _WORD.finditer(sentence.strip())
    names = dict.fromkeys(word.group() for word in words if word.start() > 0 and word.group()[0].isupper())
    return [name for name in names if name.casefold()[:STEM_LETTERS] not in quoted]


def _numbers(text: str) -> dict[str, frozenset[str]]:
    """Return the numbers of a text as they are written, each with the values it can mean.

    1,000 is a thousand and 1,5 one and a half; 1.500 can be either, depending on the country.
    """
    return {number: _values(number) for number in _NUMBER.findall(text)}


def _values(number: str) -> frozenset[str]:
    sign = "-" if number[0] in "-−" else ""
    digits = number.lstrip("-−")
    plain = digits.replace(",", "") if _THOUSANDS.fullmatch(digits) else digits.replace(",", ".")
    readings = {plain, digits.replace(".", "")} if _POINT_THOUSANDS.fullmatch(digits) else {plain}
    return frozenset(sign + _normal(reading) for reading in readings)


def _normal(reading: str) -> str:
    if reading.count(".") > 1:
        return reading  # a version or a date, compared as it stands
    whole, _, fraction = reading.partition(".")
    return ".".join(part for part in (whole.lstrip("0") or "0", fraction.rstrip("0")) if part)


def _unmatched(numbers: dict[str, frozenset[str]], others: dict[str, frozenset[str]]) -> list[str]:
    """Return those of `numbers` that mean none of `others`."""
    known = frozenset[str]().union(*others.values())
    return [number for number, values in numbers.items() if not values & known]
