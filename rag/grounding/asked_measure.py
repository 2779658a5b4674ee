"""What a question for a quantity wants measured, time, money or mass, and whether a sentence says it. Pure.

The words are those of seven languages. “How many days” is not answered by 22 euros; a number without a unit may be
anything and is let pass.
"""

import re
from collections.abc import Mapping

from rag.grounding.verification.lexicon import UNITS
from rag.grounding.verification.quantities import find_quantities
from rag.questions.words import fold_words

Measure = frozenset[str]
"""Dimensions of `UNITS` that are alike for a question; empty if it can be any."""

ANY_MEASURE: Measure = frozenset()
TIME: Measure = frozenset({"time", "months"})
MONEY: Measure = frozenset({"euro", "dollar", "sterling", "franc", "yen", "rupee"})
MASS: Measure = frozenset({"mass"})
LENGTH: Measure = frozenset({"length"})
TEMPERATURE: Measure = frozenset({"celsius", "fahrenheit"})

MAX_WORDS_TO_UNIT = 3
"""How many words behind “how many” may end with the unit: how many paid vacation days."""
MIN_UNIT_CHARS = 3
MIN_COMPOUND_CHARS = 4
"""A shorter unit at the end of a word is chance: Tage in Urlaubstage, but no mo in Promo."""

_COUNTING = re.compile(
    r"\b(?:how many|wie ?viele?|combien d(?:e |['’])|cuánt[oa]s|quant[ie]|quant[oa]s|hoeveel)\s*(?P<behind>[^?,;]*)",
    re.IGNORECASE,
)
_MEASURES: Mapping[Measure, str] = {
    TIME: r"how old|wie alt|hoe oud|quel âge|qué edad|quanti anni|quantos anos",
    TIME | LENGTH: r"how long|wie lange?|hoe lang|combien de temps|cuánto tiempo|quanto tempo",
    MASS: (
        r"how heavy|weighs?|weight|wie schwer|wiegt|wiegen|gewicht|hoe zwaar|weegt|pèsen?t?|poids|pesan?|pesam|peso"
    ),
    LENGTH: r"how (?:tall|wide|deep|far)|wie (?:breit|tief|weit)|hoe (?:breed|diep|ver)",
    TEMPERATURE: r"how (?:hot|cold)|temperatur\w*|température|temperatura|wie (?:heiß|kalt|warm)",
    MONEY: (
        r"(?:how much|what|which|wie ?viel|was|combien|cuánto|quanto|quant[’']|hoeveel|wat)\b.{0,40}?"
        r"\b(?:costs?|kostet|kosten|coûten?t?|cuestan?|costa(?:no)?|custam?|paid|pay|bezahlt|paie|paga)\b"
    ),
}
_PATTERNS = tuple(
    (measure, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for measure, words in _MEASURES.items()
)


def read_measure(question: str) -> Measure:
    """Return what a question wants measured, by the unit that it counts or else by its first word of measuring."""
    counted = _COUNTING.search(question)
    unit = _find_unit(fold_words(counted["behind"])[:MAX_WORDS_TO_UNIT]) if counted else ""
    if unit:
        dimension = UNITS[unit][0]
        return next((measure for measure in (TIME, MONEY) if dimension in measure), frozenset({dimension}))
    starts = {measure: match.start() for measure, words in _PATTERNS if (match := words.search(question))}
    return min(starts, key=starts.__getitem__, default=ANY_MEASURE) if not counted else ANY_MEASURE


def fits_measure(sentence: str, measure: Measure) -> bool:
    """Whether a quantity of a sentence has a unit of a measure or none; a sentence without quantities does not."""
    if not measure:
        return True
    return any(
        not quantity.unit or UNITS[quantity.unit][0] in measure
        for quantity in find_quantities(sentence)
        if not quantity.dates
    )


def _find_unit(words: list[str]) -> str:
    """Return the first unit, a key of `UNITS`, that a word is or ends with; empty if none does."""
    for word in words:
        if len(word) >= MIN_UNIT_CHARS and word in UNITS:
            return word
        for start in range(1, len(word) - MIN_COMPOUND_CHARS + 1):
            if word[start:] in UNITS:
                return word[start:]
    return ""
