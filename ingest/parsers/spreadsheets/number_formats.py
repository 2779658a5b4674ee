"""Show numbers as their format codes say (ECMA-376, part 1, 18.8.30 and 18.8.31). Pure.

The texts are those of Excel and LibreOffice in English, checked against LibreOffice's own output, with three
differences: padding is left out, formats that follow the reader's region show dates as ISO 8601, and numbers without a
format keep 15 digits.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate

from ingest.parsers.spreadsheets.date_formats import format_date
from ingest.parsers.spreadsheets.format_codes import (
    PlainNumber,
    Section,
    Token,
    choose_section,
    parse_code,
    show_literal,
)

_SIGNIFICANT_DIGITS = 15
_MAX_PLAIN = 1e21
_EXACT_CONTEXT = Context(prec=700)  # a float has at most 309 digits before its point


@lru_cache(maxsize=4096)
def format_number(value: float, code: str, *, is_1904: bool = False) -> str:
    """Return a number, a date or a time as the format shows it, white space collapsed; empty if it shows nothing.

    Dates count days from 1899-12-31, or 1904-01-01. A number that is no date (negative, or after the year 9999) in a
    date format is shown without a format.
    """
    section, is_absolute = choose_section(parse_code(code), value)
    if section is None:
        return format_general(value)
    if section.is_text or not section.tokens:
        return format_general(value) if section.is_text else ""
    number = abs(value) if is_absolute else value
    if section.plain is not None:
        return " ".join(_format_plain(number, section.plain).split())
    text = format_date(number, section, is_1904=is_1904) if section.is_date else _format_decimal(number, section)
    return " ".join((format_general(value) if text is None else text).split())


def format_text(text: str, code: str) -> str:
    """Return a text as the format's section for text shows it; without such a section, as it is."""
    sections = parse_code(code)
    section = sections[3] if len(sections) > 3 else next((part for part in sections[-1:] if part.is_text), None)
    if section is None:
        return text
    return "".join(text if token == ("other", "@") else show_literal(token) for token in section.tokens).strip()


def format_general(value: float) -> str:
    """Return a number without a format: up to 15 digits, whole numbers with all of theirs."""
    if abs(value) < _MAX_PLAIN and value == int(value):
        return str(int(value))
    return f"{value:.{_SIGNIFICANT_DIGITS}g}".upper()


def _format_decimal(value: float, section: Section) -> str:
    tokens = list(section.tokens)
    if any(kind == "general" for kind, _ in tokens):
        return "".join(
            format_general(value) if kind == "general" else show_literal((kind, text)) for kind, text in tokens
        )
    digits = [number for number, (kind, _) in enumerate(tokens) if kind in ("digit", "subsecond")]
    if not digits:
        sign = "-" if value < 0 else ""
        return sign + "".join(map(show_literal, tokens))
    number = Decimal(repr(value)) * 100 ** sum(token == ("other", "%") for token in tokens)
    slash = next((place for place in range(digits[0], len(tokens)) if tokens[place] == ("other", "/")), None)
    if slash is not None and any(kind == "digit" for kind, _ in tokens[digits[0] : slash]):
        return _format_fraction(number, tokens, slash)
    return _format_places(number, tokens, digits)


def _format_plain(value: float, plain: PlainNumber) -> str:
    number = Decimal(repr(value)) * (100 if plain.is_percent else 1)
    rounded = number.quantize(Decimal(1).scaleb(-plain.decimals), ROUND_HALF_UP, _EXACT_CONTEXT)
    digits = f"{abs(rounded):,f}" if plain.is_grouped else f"{abs(rounded):f}"
    return f"{'-' if rounded < 0 else ''}{plain.before}{digits}{plain.after}"


def _format_places(value: Decimal, tokens: list[Token], digits: Sequence[int]) -> str:
    """Fill the places of digits; commas among them group thousands, and commas after them divide by a thousand."""
    first, last = digits[0], digits[-1]
    exponent_at = next((number for number, (kind, _) in enumerate(tokens) if kind == "exponent"), None)
    mantissa_end = exponent_at if exponent_at is not None else last + 1
    point = _find_point(tokens, first, mantissa_end)
    whole_end = mantissa_end if point is None else point
    trailing = mantissa_end
    while trailing < len(tokens) and tokens[trailing] == ("other", ","):
        value /= 1000
        tokens[trailing] = ("quoted", "")
        trailing += 1
    comma = ("other", ",")
    before_point = whole_end - 1
    while before_point > first and tokens[before_point] == comma:  # "0,.00"
        value /= 1000
        before_point -= 1
    is_grouped = comma in tokens[first : before_point + 1]
    whole_places = _join_places(tokens[first:whole_end])
    decimal_places = _join_places(tokens[whole_end:mantissa_end])
    exponent = 0
    if exponent_at is not None:
        value, exponent = _normalize(value, len(whole_places), len(decimal_places))
    rounded = (
        value.quantize(Decimal(1).scaleb(-len(decimal_places)), ROUND_HALF_UP, _EXACT_CONTEXT) if value else Decimal(0)
    )
    sign = "-" if rounded < 0 else ""
    whole, _, decimals = f"{abs(rounded):.{len(decimal_places)}f}".partition(".")
    text = _fill_whole(tokens[first:whole_end], whole.lstrip("0"), is_grouped)
    shown = _fill_decimals(tokens[whole_end:mantissa_end], decimals)
    tail = "".join(map(show_literal, tokens[mantissa_end:]))
    if exponent_at is not None:
        tail = _format_exponent(exponent, tokens[exponent_at:])
    return sign + "".join(map(show_literal, tokens[:first])) + text + shown + tail


def _find_point(tokens: Sequence[Token], first: int, end: int) -> int | None:
    return next(
        (n for n in range(max(first - 1, 0), end) if tokens[n] == ("other", ".") or tokens[n][0] == "subsecond"), None
    )


def _join_places(tokens: Sequence[Token]) -> str:
    return "".join(text.lstrip(".") for kind, text in tokens if kind in ("digit", "subsecond"))


def _normalize(value: Decimal, whole_places: int, decimals: int) -> tuple[Decimal, int]:
    """Return the mantissa, and an exponent that is a multiple of the places before the point."""
    if not value:
        return value, 0
    step = max(whole_places, 1)
    exponent = value.adjusted() // step * step
    if step == 1 and abs(round(value.scaleb(-exponent), decimals)) >= 10:
        exponent += 1
    return value.scaleb(-exponent), exponent


def _format_exponent(exponent: int, tokens: Sequence[Token]) -> str:
    sign = "-" if exponent < 0 else "+" if tokens[0][1].endswith("+") else ""
    places = next((text for kind, text in tokens[1:] if kind == "digit"), "0")
    rest = "".join(map(show_literal, tokens[2:]))
    return f"E{sign}{abs(exponent):0{len(places)}d}{rest}"


def _fill_whole(tokens: Sequence[Token], digits: str, is_grouped: bool) -> str:
    """Fill the places before the point from the right; the first place takes all digits that are left."""
    places = _join_places(tokens)
    padded = digits.rjust(len(places))
    shown = [digit if digit != " " else place for digit, place in zip(padded[-len(places) :], places, strict=True)]
    queue = [*padded[: len(padded) - len(places)], *({"#": "", "?": " "}.get(digit, digit) for digit in shown)]
    if is_grouped:
        count = sum(digit.isdigit() for digit in queue)
        queue = [f"{digit}," if (left := count - n) > 1 and left % 3 == 1 else digit for n, digit in _count(queue)]
    pieces: list[str] = []
    for kind, text in tokens:
        if kind == "digit":
            taken = len(text) + max(len(queue) - len(places), 0)
            pieces += queue[:taken]
            queue, places = queue[taken:], places[len(text) :]
        elif (kind, text) != ("other", ","):
            pieces.append(show_literal((kind, text)))
    return "".join(pieces)


def _count(queue: Sequence[str]) -> list[tuple[int, str]]:
    """Return the pieces, each with the number of digits before it."""
    before = accumulate((piece.isdigit() for piece in queue), initial=0)
    return list(zip(before, queue, strict=False))


def _fill_decimals(tokens: Sequence[Token], decimals: str) -> str:
    pieces: list[str] = []
    used = 0
    for kind, text in tokens:
        if kind not in ("digit", "subsecond"):
            pieces.append(show_literal((kind, text)))
            continue
        pieces.append("." if kind == "subsecond" else "")
        for place in text.lstrip("."):
            is_rest_zero = not decimals[used:].strip("0")
            if place == "0" or not is_rest_zero:
                pieces.append(decimals[used])
            elif place == "?":
                pieces.append(" ")
            used += 1
    filled = "".join(pieces)
    return "" if filled.strip() == "." else filled


def _format_fraction(value: Decimal, tokens: Sequence[Token], slash: int) -> str:
    below = "".join(text for kind, text in tokens[slash + 1 :] if kind == "digit" or text.isdigit())
    fixed = int(below) if below.isdigit() and int(below) else 0
    numerator_at = max(n for n in range(slash) if tokens[n][0] == "digit")
    has_whole = any(kind == "digit" for kind, _ in tokens[:numerator_at])
    magnitude = Fraction(abs(value))
    if fixed:
        fraction = Fraction(int(magnitude * fixed + Fraction(1, 2)), 1)
        whole, top, bottom = 0, int(fraction), fixed
        if has_whole:
            whole, top = divmod(top, fixed)
    else:
        closest = magnitude.limit_denominator(10 ** len(below) - 1)
        whole, top, bottom = 0, closest.numerator, closest.denominator
        if has_whole:
            whole, top = divmod(top, bottom)
    has_zero = any("0" in text for kind, text in tokens[:numerator_at] if kind == "digit")
    parts = [str(whole)] if has_whole and (whole or not top or has_zero) else []
    if top or not has_whole:
        parts.append(f"{top}/{bottom}")
    first = next(n for n, (kind, _) in enumerate(tokens) if kind == "digit")
    last = max(n for n in range(len(tokens)) if tokens[n][0] == "digit" or tokens[n][1].isdigit())
    sign = "-" if value < 0 else ""
    before, after = "".join(map(show_literal, tokens[:first])), "".join(map(show_literal, tokens[last + 1 :]))
    return f"{sign}{before}{' '.join(parts)}{after}"
