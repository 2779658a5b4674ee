"""Read what declarations of CSS say of letters: struck out, raised or lowered, in a symbol font. Pure."""

import re

from ingest.parsers.symbol_fonts import is_symbol_font

_LINE_THROUGH = re.compile(r"text-decoration(?:-line)?\s*:[^;}]*line-through", re.I)
_HEIGHT = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.I)
_RELATIVE = re.compile(r"(?<![\w-])position\s*:\s*relative", re.I)
_SHIFT = re.compile(r"(?<![\w-])(top|bottom|vertical-align)\s*:\s*([-+]?[\d.]+)\s*(em|ex|pt|px|%)", re.I)
_RAISE = re.compile(r"mso-text-raise\s*:\s*([-+]?[\d.]+)\s*pt", re.I)
_SMALL = re.compile(r"(?<![\w-])font-size\s*:\s*(?:0?\.\d+r?em|[1-9]?\d(?:\.\d+)?%|smaller|(?:xx?-)?small)", re.I)
_MIN_SHIFTS = {"em": 0.05, "ex": 0.1, "pt": 1.0, "px": 1.0, "%": 5.0}
_FONT = re.compile(r"(?<![\w-])(?:font(?:-family)?|mso-symbol-font-family)\s*:\s*([^;}]*)", re.I)
_SIZE_BEFORE = re.compile(r"^.*?[\d.]+(?:r?em|ex|pt|px|%)(?:\s*/\s*\S+)?\s+|^(?:bold|italic|normal|small|\s)+\s", re.I)


def has_line_through(style: str) -> bool:
    """Whether declarations strike out text."""
    return bool(_LINE_THROUGH.search(style))


def find_height(style: str) -> str:
    """Return "super" or "sub" for declarations that raise or lower text, else "".

    Programs also raise small text by its position: `font-size: 80%; position: relative; top: -0.3em`.
    """
    declared = _HEIGHT.search(style)
    if declared:
        return declared[1].lower()
    raised = _RAISE.search(style)
    if raised and abs(float(raised[1])) >= _MIN_SHIFTS["pt"]:
        return "super" if float(raised[1]) > 0 else "sub"
    if not _SMALL.search(style):
        return ""
    for name, number, unit in _SHIFT.findall(style):
        is_up = (float(number) < 0) == (name.lower() == "top")
        is_moved = name.lower() == "vertical-align" or _RELATIVE.search(style)
        if is_moved and abs(float(number)) >= _MIN_SHIFTS[unit.lower()]:
            return "super" if is_up else "sub"
    return ""


def find_font(style: str) -> str | None:
    """Return the symbol font that declarations choose, "" for any other font, None if they choose none."""
    if "font" not in style.lower():
        return None
    fonts = [choose_font(_SIZE_BEFORE.sub("", value)) for value in _FONT.findall(style)]
    return next(filter(None, fonts), "") if fonts else None


def choose_font(families: str) -> str:
    """Return the first of a list of font families if it is a symbol font, else ""."""
    name = families.split(",")[0].strip(" \t\n\"'")
    return name if is_symbol_font(name) else ""


def is_about_letters(style: str) -> bool:
    """Whether declarations strike out, raise or lower text, or choose a symbol font."""
    return has_line_through(style) or bool(find_height(style) or find_font(style))
