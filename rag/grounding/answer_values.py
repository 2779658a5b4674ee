"""Values of the types that questions ask for: does a sentence have one? Pure.

Names of persons and places have no form of their own, so that any capital counts as one.
"""

import re
from functools import lru_cache

from ingest.text.months import MONTHS
from rag.grounding.verification.dates import find_dates
from rag.grounding.verification.lexicon import SCALES
from rag.grounding.verification.quantities import Quantity, find_quantities
from rag.questions.answer_type import AnswerType

CACHED_SENTENCES = 4_096

_LIST_NUMBER = re.compile(r"^\s*(?:\d+[.)]|\d+(?:\.\d+)+[.)]?|[-*•])\s+(?=\D)")
_NAME = re.compile(r"(?<=[^\W\d_]|[,;:'’(\"“»)])\s+[\"“(«]?(?-i:[^\W\d_a-z])[^\W\d_]|\b(?-i:[^\W\d_a-z]){2,}\b|\|\s*\w")
_CLOCK = re.compile(r"\b\d{1,2}(?::\d{2}| ?h(?:\d{2})?\b| ?[ap]\.?m\b| Uhr| uur| heures?)", re.IGNORECASE)
_DEADLINE = re.compile(
    r"\b(?:within|after|before|in|innerhalb von|binnen|nach|vor|dans les|après|sous|dentro de|en|tras|entro|dopo|após|"
    r"binnen|na)\s+(?:\w+\s+){1,2}(?:minutes?|hours?|days?|weeks?|months?|years?|minuten|stunden?|tage[ns]?|wochen?|"
    r"monate[ns]?|jahre[ns]?|heures?|jours?|semaines?|mois|ans?|años?|días?|semanas?|mes(?:es)?|horas?|giorni|settimane|"
    r"mesi|ore|anni|dias|dagen|weken|maanden|uur)\b",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\b(?:version|versión|versione|versão|versie|fassung|revision|release|v)\.? ?\d+(?:\.\d+)*", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:1\d|20)\d\ds?\b|\b\d{3,4} (?:BC|AD|v\. ?Chr|n\. ?Chr)")
_ORDINAL_LIST = """
second third fourth fifth sixth seventh eighth ninth tenth
zweite dritte vierte fünfte sechste siebte achte neunte zehnte
deuxième troisième quatrième cinquième sixième septième huitième neuvième dixième
segundo tercero cuarto quinto sexto séptimo octavo noveno décimo
secondo terzo quarto sesto settimo ottavo nono decimo
terceiro sétimo oitavo
tweede derde vierde vijfde zesde zevende achtste negende tiende
"""
_ORDINALS = frozenset(_ORDINAL_LIST.split())
_BARE_YEAR = re.compile(r"(?:19|20)\d\d")
_LARGE = re.compile(rf"\b(?:hundreds?|dozens?|{'|'.join(sorted(SCALES, key=len, reverse=True))})\b", re.IGNORECASE)
_CALENDAR = re.compile(
    rf"\b(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))}|\w+day|\w+tag|lundi|mardi|mercredi|jeudi|vendredi|samedi|"
    r"dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|"
    r"domenica|\w+ years ago|\w+-feira|\w+dag|century|centuries|jahrhunderts?|siècle|siglo|secolo|século|eeuw)\b",
    re.IGNORECASE,
)
_FORMS: dict[AnswerType, re.Pattern[str]] = {
    "email": re.compile(r"[^\s@]+@[^\s@]+\.\w{2,}"),
    "phone": re.compile(
        r"\+\d[\d\s()./-]{5,}\d|(?<!\w)(?<![A-Z]{2}\d\d )\(?0\d[\d\s()/-]{4,}\d|\b\d{3}[ -]\d{3,4}[ -]\d{3,4}\b"
    ),
    "url": re.compile(
        r"https?://\S|\bwww\.\w|\b[\w-]+\.(?:com|org|net|edu|gov|eu|de|fr|es|it|pt|nl|be|ch|at|uk|io|example)\b"
    ),
    "number": re.compile(r"\b(?=[^\W_]*\d)[^\W_]{4,}|\d[\d ./-]{3,}\d"),
}


@lru_cache(CACHED_SENTENCES)
def has_value(sentence: str, answer_type: AnswerType) -> bool:
    """Return whether a sentence may have a value of a type; the number of a list item is none."""
    text = _LIST_NUMBER.sub("", sentence)
    match answer_type:
        case "quantity":
            plain = _VERSION.sub(" ", _CLOCK.sub(" ", text))
            return any(map(_is_amount, find_quantities(plain))) or _LARGE.search(text) is not None
        case "time":
            forms = (_YEAR, _CALENDAR, _CLOCK, _DEADLINE)
            return any(pattern.search(text) for pattern in forms) or any(find_dates(text))
        case "person" | "place":
            return _NAME.search(text) is not None
        case "yes or no":
            return True
        case _:
            return _FORMS[answer_type].search(text) is not None


def _is_amount(quantity: Quantity) -> bool:
    """Whether a number says how much or how many: it is no date, no ordinal and, without a unit, no year."""
    if quantity.is_word and quantity.text.casefold() in _ORDINALS:
        return False
    is_year = not quantity.unit and _BARE_YEAR.fullmatch(quantity.text) is not None
    return not quantity.dates and not is_year
