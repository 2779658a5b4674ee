"""Read which paragraph or sentence of a clause a question asks for, or whether it asks for all of it. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

from rag.questions.stopwords import QUESTION_WORDS, STOPWORDS
from rag.questions.words import fold_words

PartUnit = Literal["paragraph", "sentence"]

LAST = -1
_ORDINALS = (
    r"first|1st|erste[nrsm]?|premi(?:er|ère)|primer[oa]?|prim[oa]|primeir[oa]|eerste",
    r"second|2nd|zweite[nrsm]?|deuxième|seconde?|segund[oa]|second[oa]|tweede",
    r"third|3rd|dritte[nrsm]?|troisième|tercer[oa]?|terz[oa]|terceir[oa]|derde",
    r"fourth|4th|vierte[nrsm]?|quatrième|cuart[oa]|quart[oa]|vierde",
    r"fifth|5th|fünfte[nrsm]?|cinquième|quint[oa]|vijfde",
)
_LAST = r"last|final|letzte[nrsm]?|derni(?:er|ère)|últim[oa]|ultim[oa]|laatste"
_UNITS: dict[PartUnit, str] = {
    "paragraph": r"paragraph|para|absatz(?:es)?|absätze|alinéa|paragraphe|párrafo|comma|capoverso|parágrafo|alinea|lid",
    "sentence": r"sentence|satz(?:es)?|phrase|frase|oración|zin",
}
_SAYING_LIST = """
say says said state states stated about mean means content contents text read reads wording rule rules regulate
clause section article paragraph sentence
steht sagt gesagt regelt geregelt lautet inhalt wortlaut klausel artikel ziffer abschnitt absatz satz
dit dire prévoit contient contenu texte clause article alinéa phrase
dice establece contiene contenido texto cláusula artículo párrafo frase
stabilisce prevede contenuto testo clausola articolo
diz estabelece contém conteúdo cláusula artigo
zegt staat regelt luidt inhoud tekst
"""
_SAYING = frozenset(_SAYING_LIST.split())


@dataclass(frozen=True, slots=True)
class PartPosition:
    """Which `unit` of a clause: `index` counts from 0, or is `LAST`."""

    unit: PartUnit
    index: int


def read_position(question: str) -> PartPosition | None:
    """Return the paragraph or sentence that a question asks for by an ordinal or a number; None without one."""
    for unit, words in _UNITS.items():
        numbered = re.search(rf"\b(?:{words})\s+(\d{{1,2}})\b", question, re.IGNORECASE)
        if numbered:
            return PartPosition(unit, int(numbered[1]) - 1)
        for index, ordinal in (*enumerate(_ORDINALS), (LAST, _LAST)):
            if re.search(rf"\b(?:{ordinal})\s+(?:{words})\b", question, re.IGNORECASE):
                return PartPosition(unit, index)
    return None


def asks_for_all(rest: str) -> bool:
    """Whether the words of a question besides the name of a clause only ask what it says."""
    empty = _SAYING | STOPWORDS | QUESTION_WORDS
    return all(word in empty for word in fold_words(rest) if word.isalpha() and len(word) > 1)
