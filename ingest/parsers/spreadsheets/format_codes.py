"""Parse the format codes of numbers: sections, conditions, tokens (ECMA-376, part 1, 18.8.30 and 18.8.31). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

GENERAL = "General"

BUILT_IN_FORMATS = {
    **{0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?"},
    **{5: '"$"#,##0;-"$"#,##0', 6: '"$"#,##0;-"$"#,##0', 7: '"$"#,##0.00;-"$"#,##0.00', 8: '"$"#,##0.00;-"$"#,##0.00'},
    **{13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM"},
    **{19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd hh:mm", 37: "#,##0;(#,##0)"},
    **{38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 41: "#,##0;-#,##0;-"},
    **{42: '"$"#,##0;-"$"#,##0;-', 43: "#,##0.00;-#,##0.00;-", 44: '"$"#,##0.00;-"$"#,##0.00;-'},
    **{45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@"},
}
"""The formats that a workbook names by number only; 14 and 22 follow the region of the reader."""

_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)"? | \\(?P<escaped>.) | _(?P<blank>.) | \*(?P<fill>.)
    | \[(?P<elapsed>h+|m+|s+)\] | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General) | (?P<meridiem>AM/PM|A/P|上午/下午) | (?P<exponent>E[+-])
    | (?P<date>y+|m+|d+|h+|s+|e+|b+|g+) | (?P<subsecond>\.0+)(?![#?0-9]) | (?P<digit>[0#?]+) | (?P<other>.)
    """,
    re.X | re.I | re.S,
)
_PLAIN_NUMBER = re.compile(r"(#,##)?0(?:\.(0+))?")
_CONDITION = re.compile(r"\s*(<=|>=|<>|<|>|=)\s*(-?[\d.]+)\s*")
_SYSTEM_FORMATS = {"F800": "yyyy-mm-dd", "F400": "hh:mm:ss", "X-SYSDATE": "yyyy-mm-dd", "X-SYSTIME": "hh:mm:ss"}

Token = tuple[str, str]
"""A kind (a group of `_TOKEN`) and its text."""


@dataclass(frozen=True, slots=True)
class PlainNumber:
    """The usual format of a number, between two texts: `0`, `#,##0`, `0.00`, or one of them in percent."""

    before: str
    decimals: int
    is_grouped: bool
    is_percent: bool
    after: str


@dataclass(frozen=True, slots=True)
class Section:
    """One of up to four parts of a format, for the numbers of its condition or for text."""

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None
    language: int
    plain: PlainNumber | None = None

    @property
    def is_date(self) -> bool:
        return any(kind in ("date", "elapsed", "meridiem") for kind, _ in self.tokens)

    @property
    def is_text(self) -> bool:
        return ("other", "@") in self.tokens


@lru_cache(maxsize=1024)
def parse_code(code: str) -> tuple[Section, ...]:
    """Return the sections of a format code, at least one and at most four."""
    sections: list[Section] = []
    tokens: list[Token] = []
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or "other"
        text = match[kind]
        if (kind, text) == ("other", ";"):
            sections.append(_make_section(tokens))
            tokens = []
        else:
            tokens.append((kind, text))
    sections.append(_make_section(tokens))
    return tuple(sections[:4])


def _make_section(tokens: Sequence[Token]) -> Section:
    condition: tuple[str, float] | None = None
    language = 0
    parts: list[Token] = []
    for kind, text in tokens:
        if kind != "bracket":
            parts.append((kind, text))
        elif match := _CONDITION.fullmatch(text):
            condition = (match[1], float(match[2]))
        elif text.startswith("$"):
            symbol, _, locale = text[1:].partition("-")
            if locale.upper() in _SYSTEM_FORMATS:
                return parse_code(_SYSTEM_FORMATS[locale.upper()])[0]
            language = int(locale[-4:], 16) & 0x3FF if re.fullmatch(r"[0-9A-Fa-f]+", locale) else 0
            parts.append(("quoted", symbol))
    return Section(tuple(parts), condition, language, _find_plain_number(parts))


def _find_plain_number(tokens: Sequence[Token]) -> PlainNumber | None:
    places = [number for number, token in enumerate(tokens) if token[0] in ("digit", "subsecond")]
    if not places or any(token[0] in ("date", "elapsed", "meridiem", "exponent", "general") for token in tokens):
        return None
    first, last = places[0], places[-1] + 1
    number = _PLAIN_NUMBER.fullmatch("".join(text for _, text in tokens[first:last]))
    is_scaled = ("other", ",") in tokens[last : last + 1]
    has_text_inside = any(token[0] not in ("digit", "subsecond", "other") for token in tokens[first:last])
    percents = tokens.count(("other", "%"))
    if (
        number is None
        or has_text_inside
        or is_scaled
        or percents > 1
        or ("other", "/") in tokens
        or ("other", ".") in tokens[last:]
    ):
        return None
    before, after = "".join(map(show_literal, tokens[:first])), "".join(map(show_literal, tokens[last:]))
    return PlainNumber(before, len(number[2] or ""), bool(number[1]), percents == 1, after)


def choose_section(sections: Sequence[Section], value: float) -> tuple[Section | None, bool]:
    """Return the section for a number, and whether it shows the number without its sign."""
    numeric = list(sections[:3])
    if len(numeric) in (2, 3) and len(sections) < 4 and numeric[-1].is_text and not numeric[-1].is_date:
        numeric.pop()  # a last section with "@" is for text
    if any(section.condition for section in numeric):
        for number, section in enumerate(numeric):
            if (section.condition is None and number == len(numeric) - 1) or _holds(section, value, number):
                return section, _is_below_zero_only(section) or (number > 0 and value < 0 and section.condition is None)
        return (numeric[-1], False) if numeric[-1].condition is None else (None, False)
    if value < 0 and len(numeric) > 1:
        return numeric[1], True
    if value == 0 and len(numeric) > 2:
        return numeric[2], False
    return numeric[0], False


def _holds(section: Section, value: float, number: int) -> bool:
    if section.condition is None:
        return value < 0 if number == 1 else False
    operator, limit = section.condition
    return {
        "<": value < limit,
        ">": value > limit,
        "=": value == limit,
        "<=": value <= limit,
        ">=": value >= limit,
        "<>": value != limit,
    }[operator]


def _is_below_zero_only(section: Section) -> bool:
    return section.condition is not None and section.condition[0] in ("<", "<=") and section.condition[1] <= 0


def show_literal(token: Token) -> str:
    """Return a token that is no place of a digit or of a date as text."""
    kind, text = token
    if kind == "blank":
        return " "
    return "" if kind in ("fill", "bracket") else text
