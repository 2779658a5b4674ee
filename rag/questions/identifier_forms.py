"""The written forms of an identifier, as regular expressions and as words of a lexical index. Pure."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from rag.questions.identifier_patterns import EDITION_LABEL, HYPHENS, LABEL_GAP, NUMBER_WORD, PART_LABEL, RECORD_LABEL

IdentifierKind = Literal["code", "record", "part", "version", "edition"]
"""A `record` has a short number that only its label makes an identifier (invoice 42), a `part` is one of a text
(clause 14.2, annex B), a `version` has dots, an `edition` is one by its year; a `code` is recognized anywhere."""

LONG_DIGITS = 7
"""A number with so many digits is one however its digits are grouped: accounts, 2026-0342 and 20260342."""
PHONE_DIGITS = 8
"""The last digits of a phone number, which are the same with and without country and area code."""
MAX_TITLE_CHARS = 80
"""A longer line is no title."""
CACHED_PATTERNS = 512

_FLAGS = re.IGNORECASE | re.MULTILINE
_RUN = re.compile(r"[^\W\d_]+|\d+")
_JOINT = rf"[\s{HYPHENS}./_]?"
_JOINT_WITHOUT_POINT = rf"[\s{HYPHENS}/_]?"
"""Between digits only: the amount 249.90 does not have the form of the number 2025-104."""
_LOOSE_JOINT = rf"(?:[\s{HYPHENS}./]|\(0\)){{0,2}}"
_CODE_BEGIN = rf"(?<![^\W_])(?<![^\W_][{HYPHENS}.])"
_CODE_END = rf"(?![^\W_])(?![{HYPHENS}]\d)(?![{HYPHENS}][^\W\d_]{{1,2}}(?![^\W_]))(?![.,]\d)"
_VERSION_BEGIN = r"(?<![^\W_])(?<!\d[.,])v?"
_ANY_PART = r"(?:\d{1,3}(?:\.\d{1,3})*|(?-i:[IVX]{1,6}|[A-Z])\b)"
_CELL = r"(?:^|\|)[^\S\n]*(?=\d+[^\S\n]*(?:\||$))"
_FIRST_CELL = r"^[^\S\n]*(?=\d+[^\S\n]*\|)"
_CAPITAL = r"(?-i:[^\W\d_a-z])"
_JOINED = rf"and|or|to|und|oder|bis|et|ou|à|y|o|e|en|[{HYPHENS}]"
_NUMBER_WORDS = {
    word: number
    for words in (
        "one two three four five six seven eight nine ten",
        "eins zwei drei vier fünf sechs sieben acht neun zehn",
        "un deux trois quatre cinq six sept huit neuf dix",
        "uno dos tres cuatro cinco seis siete ocho nueve diez",
    )
    for number, word in enumerate(words.split(), start=1)
}
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI")


@lru_cache(CACHED_PATTERNS)
def compile_spelling(number: str, kind: IdentifierKind) -> re.Pattern[str]:
    """Return the pattern of one identifier in all its written forms: E-1204, e1204, E 1204; never E-1204-B."""
    match kind:
        case "part":
            return re.compile(_wrap_part("|".join(_list_numerals(number))), _FLAGS)
        case "record":
            return re.compile(_wrap_record(f"0*{number.lstrip('0')}", _CELL), _FLAGS)
        case "version":
            return re.compile(rf"{_VERSION_BEGIN}{re.escape(number)}(?![^\W_])", _FLAGS)
        case "edition":
            return re.compile(_wrap_edition(number), _FLAGS)
        case "code" if number.startswith("+"):
            return re.compile(_LOOSE_JOINT.join(_list_characters(number)[-PHONE_DIGITS:]) + r"(?!\d)", _FLAGS)
        case "code":
            return re.compile(f"{_CODE_BEGIN}{_spell_code(number)}{_CODE_END}", _FLAGS)


@lru_cache(CACHED_PATTERNS)
def compile_form(number: str, kind: IdentifierKind) -> re.Pattern[str]:
    """Return the pattern of all identifiers of one form, in the group `number`: the E-codes of E-1204."""
    match kind:
        case "part":
            is_number = number[0].isdigit() or number.casefold() in _NUMBER_WORDS
            any_number = _ANY_PART if is_number else r"(?-i:[A-Z]+)"
            return re.compile(_wrap_part(f"(?P<number>{any_number})"), _FLAGS)
        case "record":
            return re.compile(_wrap_record(r"(?P<number>\d{1,4})", _FIRST_CELL), _FLAGS)
        case "version":
            return re.compile(rf"{_VERSION_BEGIN}(?P<number>\d+(?:\.\d+){{{number.count('.')}}})(?![^\W_])", _FLAGS)
        case "edition":
            return re.compile(_wrap_edition(r"(?:19|20)\d\d"), _FLAGS)
        case "code" if number.startswith("+"):
            return re.compile(rf"(?P<number>\+\d[\d\s()./{HYPHENS}]{{6,}}\d)", _FLAGS)
        case "code":
            runs = _RUN.findall(number)
            shapes = [_shape_run(run, is_first=index == 0) for index, run in enumerate(runs)]
            joint = _JOINT_WITHOUT_POINT if number[0].isdigit() and "." not in number else _JOINT
            return re.compile(f"{_CODE_BEGIN}(?P<number>{joint.join(shapes)}){_CODE_END}", _FLAGS)


def list_search_terms(number: str, kind: IdentifierKind, label: str) -> list[str]:
    """Return the words under which a lexical index can have an identifier: e1204 or 1204, by how it is written."""
    if kind == "part":
        number = str(_NUMBER_WORDS.get(number.casefold(), number))
        return sorted({*label.casefold().split(), *(run.casefold() for run in _RUN.findall(number))})
    runs = [run.casefold() for run in _RUN.findall(number)]
    digits = "".join(run for run in runs if run.isdigit())
    terms = {"".join(runs[first:last]) for first in range(len(runs)) for last in range(first + 1, len(runs) + 1)}
    if len(digits) >= LONG_DIGITS:
        terms |= {digits[first:last] for first in range(len(digits)) for last in range(first + 2, len(digits) + 1)}
    return sorted(term for term in terms if any(map(str.isdigit, term)))


def compact(number: str) -> str:
    """Return an identifier without case, hyphens and spaces, to compare two of one form."""
    return "".join(_list_characters(number))


def is_line_start(text: str, position: int) -> bool:
    """Return whether a position is the first of a line."""
    return position == 0 or text[position - 1] == "\n"


def _list_characters(number: str) -> list[str]:
    return [character for run in _RUN.findall(number) for character in run.casefold()]


def _list_numerals(number: str) -> list[str]:
    """Return a number of a part in Arabic and Roman numerals."""
    number = str(_NUMBER_WORDS.get(number.casefold(), number))
    upper = number.upper()
    if upper in _ROMAN and len(number) > 1:
        return [upper, str(_ROMAN.index(upper) + 1)]
    roman = [_ROMAN[int(number) - 1]] if number.isdigit() and 0 < int(number) <= len(_ROMAN) else []
    return [re.escape(number), *roman]


def _wrap_part(number: str) -> str:
    """Return the pattern of a part of a text: behind its label, in a list of such, or as the number of a heading."""
    labelled = rf"(?<![^\W_]){PART_LABEL}{LABEL_GAP}(?:{_ANY_PART}(?:\s*(?:,|&|{_JOINED})\s*))*"
    heading = rf"^[^\w\n]{{0,4}}(?=[\dIVX]+(?:\.\d+)*(?:\s*[.):|]|\s+{_CAPITAL}))"
    return rf"(?:{labelled}|{heading})(?:{number})(?:\.\d+)*(?![^\W_])(?!\s?%)"


def _wrap_edition(year: str) -> str:
    """Return the pattern of the year of an edition: beside its label, or in the name of a file or a short title."""
    before_label = rf"(?<!\d)(?=\d{{4}}(?:er)?[\s{HYPHENS}]{EDITION_LABEL}\b)"
    behind_label = rf"\b{EDITION_LABEL}(?:\s+(?:of|from|von|vom|aus|de|du|del|di|do|da|van|uit))*\W{{1,3}}"
    in_title = rf"^(?=[^\n.|]{{1,{MAX_TITLE_CHARS}}}(?:\.\w{{2,5}})?$)[^\n.|]*(?<!\d)"
    return rf"(?:{before_label}|{behind_label}|{in_title})(?P<number>{year})(?!\d)"


def _wrap_record(number: str, cell: str) -> str:
    """Return the pattern of a record: behind its label or a sign for a number, or in a cell of a table."""
    return rf"(?:\b{RECORD_LABEL}\b{LABEL_GAP}|{NUMBER_WORD}\s*|{cell}){number}(?![^\W_])(?![.,{HYPHENS}]\d)"


def _spell_code(number: str) -> str:
    characters = _list_characters(number)
    if sum(map(str.isdigit, characters)) >= LONG_DIGITS:
        return _JOINT.join(characters)
    runs = list(_RUN.finditer(number))
    spelled = _spell_run(runs[0][0])
    for before, run in pairwise(runs):
        is_number = before[0].isdigit() and run[0].isdigit()
        joint = _spell_joint(number[before.end() : run.start()]) if is_number else _JOINT
        spelled += joint + (run[0] if before[0].isdigit() else _spell_run(run[0]))
    return spelled


def _spell_run(run: str) -> str:
    """Return the pattern of letters or digits: zeros in front of a number do not count."""
    return f"0*{run.lstrip('0') or '0'}" if run.isdigit() else re.escape(run)


def _spell_joint(joint: str) -> str:
    """Return the pattern of what separates digits: a point is a point, any other sign any other sign."""
    return r"\." if joint == "." else rf"[\s{HYPHENS}/_]"


def _shape_run(run: str, *, is_first: bool) -> str:
    if run.isdigit():
        return rf"\d{{{max(len(run) - 1, 1)},{len(run) + 1}}}"
    return re.escape(run) if is_first else rf"[^\W\d_]{{1,{len(run)}}}"
