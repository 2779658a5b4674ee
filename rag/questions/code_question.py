"""Detect questions for the definitions of a source file: how many functions, which classes. Pure.

They are answered from the outline of the file, which has every definition; its text can be too long to read.
"""

import re
from dataclasses import dataclass
from typing import Literal

from rag.questions.name_mentions import is_empty_word
from rag.questions.words import fold_words

DefinitionKind = Literal["function", "method", "class"]

_NOUNS: tuple[tuple[DefinitionKind, re.Pattern[str]], ...] = (
    (
        "function",
        re.compile(
            r"(?:functions?|subroutines?|procedures?|funktion(?:en)?|fonctions?|funci(?:ón|ones)|funzion[ei]|"
            r"funç(?:ão|ões)|functies?|definitions?|defs?|fns?|funcs?)"
        ),
    ),
    ("method", re.compile(r"(?:method(?:s|en?)?|méthodes?|métodos?|metod[oi])")),
    ("class", re.compile(r"(?:class(?:es)?|klassen?|clases?|class[ei]|types?|typen|structs?)")),
)
_COUNTING = re.compile(
    r"\b(?:how many|(?:the )?number of|count|wie ?viele|anzahl|zähle?|combien de|nombre de|cuánt[ao]s|número de|cuenta|"
    r"quant[ei]|numero di|conta|quant[ao]s|conte|hoeveel|aantal|tel)\b"
)
_LISTING = re.compile(
    r"\b(?:which|what|list|name|enumerate|welche[nrs]?|nenne|liste|quelles?|quels?|énumère|qué|cuáles|enumera|quali|"
    r"elenca|quais|enumere|welke|noem|lijst)\b"
)
_DEFINED_LIST = """
define defines defined declare declares declared implement implements implemented exist exists include includes have has
there altogether total code all every
definiert deklariert gibt insgesamt hat alle im
définie définies défini définis déclarées contient y t toutes tous les
define definen definidas definidos hay existen todas todos tiene tienen
definite definiti definisce ci sono tutte tutti
há existem definidas definidos tem têm
gedefinieerd zijn staan er bestaan heeft
"""
_NAME = re.compile(r"[^\W\d]\w*")
_DEFINED = frozenset(_DEFINED_LIST.split())
"""Words that a question for all definitions may have besides."""


@dataclass(frozen=True, slots=True)
class CodeQuestion:
    """A question for all definitions of one kind: for their number, or for their names.

    `owner` is the type whose members are asked for, empty for all; only its name in a file tells that it is one.
    """

    kind: DefinitionKind
    is_count: bool
    owner: str = ""


def detect_code_question(query: str) -> CodeQuestion | None:
    """Return what a question wants of the definitions of a source file; None if it asks for some of them, or for else.

    The name of the file must not be in it any more.
    """
    words = fold_words(query)
    names = {name.casefold(): name for name in _NAME.findall(query)}
    kinds: list[tuple[str, DefinitionKind]] = [
        (word, kind) for word in words for kind, pattern in _NOUNS if pattern.fullmatch(word)
    ]
    text = " ".join(words)
    is_count, is_list = bool(_COUNTING.search(text)), bool(_LISTING.search(text))
    if not kinds or not (is_count or is_list):
        return None
    rest = fold_words(_LISTING.sub(" ", _COUNTING.sub(" ", text)))
    nouns = {word for word, _ in kinds}
    others = [word for word in rest if word not in nouns and word not in _DEFINED and not is_empty_word(word)]
    kind = kinds[0][1]
    if not others:
        return CodeQuestion(kind, is_count)
    owner = names.get("_".join(others), "")
    return CodeQuestion(kind, is_count, owner) if owner and kind != "class" else None
