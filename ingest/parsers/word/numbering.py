# pyright: basic
"""Compute the numbers of headings and list items in Word (ECMA-376 part 1, 17.9), which are not in its text. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from docx.oxml.ns import qn
from lxml.etree import _Element as Element

from ingest.parsers.numerals import (
    format_chinese,
    format_circled,
    format_letters,
    format_ordinal,
    format_ordinal_words,
    format_roman,
    format_words,
)
from ingest.parsers.word.run_formats import is_on

_MAX_LEVELS = 9
_PLACEHOLDER = re.compile(r"%(\d)")


@dataclass(slots=True)
class _Level:
    """One level of a list: the format of its number and its start."""

    format: str = "decimal"
    pattern: str = ""
    start: int = 1
    style: str = ""
    is_legal: bool = False


@dataclass(slots=True)
class _List:
    """A list definition and its current counts."""

    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counts numbered paragraphs; they come in document order."""

    def __init__(self, root: Element | None) -> None:
        self._lists: dict[str, _List] = {}
        self._level_starts: dict[str, dict[int, int]] = {}
        if root is not None:
            self._read(root)

    def level_of_style(self, number_id: str, style_id: str) -> int:
        """Return the level that a list assigns to a paragraph style; the first if it assigns none."""
        list_ = self._lists.get(number_id)
        levels = list_.levels if list_ else {}
        return next((level for level, entry in levels.items() if entry.style == style_id), 0)

    def is_bullet(self, number_id: str, level: int) -> bool:
        """Return whether a level of a list has bullets instead of numbers."""
        list_ = self._lists.get(number_id)
        return list_ is not None and list_.levels.get(level, _Level()).format == "bullet"

    def next_label(self, number_id: str, level: int) -> str:
        """Count a paragraph and return its number as Word shows it; empty if it has none."""
        list_ = self._lists.get(number_id)
        if list_ is None or level not in list_.levels:
            return ""
        counts = list_.counts
        start = self._level_starts.get(number_id, {}).get(level, list_.levels[level].start)
        counts[level] = counts[level] + 1 if level in counts else start
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        entry = list_.levels[level]
        return _PLACEHOLDER.sub(
            lambda match: self._format_count(list_, int(match[1]) - 1, is_legal=entry.is_legal), entry.pattern
        )

    @staticmethod
    def _format_count(list_: _List, level: int, *, is_legal: bool) -> str:
        """Return the count of a level, in digits if the number is one of legal style (17.9.4)."""
        entry = list_.levels.get(level, _Level())
        return (str if is_legal else _FORMATS.get(entry.format, str))(list_.counts.get(level, entry.start))

    def _read(self, root: Element) -> None:
        abstract = {
            _read_attribute(entry, "abstractNumId"): _List(_read_levels(entry))
            for entry in root.iterchildren(qn("w:abstractNum"))
        }
        for entry in root.iterchildren(qn("w:num")):
            number_id = _read_attribute(entry, "numId")
            definition = abstract.get(_read_value(entry, "abstractNumId"))
            if definition is None:
                continue
            overrides = {
                int(_read_attribute(override, "ilvl") or 0): int(_read_value(override, "startOverride"))
                for override in entry.iterchildren(qn("w:lvlOverride"))
                if _read_value(override, "startOverride").isdecimal()
            }
            # Lists of one definition count together, unless one overrides its start.
            self._lists[number_id] = _List(definition.levels) if overrides else definition
            self._level_starts[number_id] = overrides


def _read_levels(abstract: Element) -> dict[int, _Level]:
    levels: dict[int, _Level] = {}
    for entry in abstract.iterchildren(qn("w:lvl")):
        number = _read_attribute(entry, "ilvl")
        if number.isdecimal() and int(number) < _MAX_LEVELS:
            start = _read_value(entry, "start")
            levels[int(number)] = _Level(
                format=_read_value(entry, "numFmt") or "decimal",
                pattern=_read_value(entry, "lvlText"),
                start=int(start) if start.isdecimal() else 1,
                style=_read_value(entry, "pStyle"),
                is_legal=is_on(entry, "w:isLgl"),
            )
    return levels


def _read_attribute(element: Element, name: str) -> str:
    return str(element.get(qn(f"w:{name}")) or "")


def _read_value(parent: Element, child: str) -> str:
    element = parent.find(qn(f"w:{child}"))
    return _read_attribute(element, "val") if element is not None else ""


_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщыэюя"
_HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
_FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalZero": "{:02}".format,
    "lowerLetter": format_letters,
    "upperLetter": lambda number: format_letters(number).upper(),
    "lowerRoman": format_roman,
    "upperRoman": lambda number: format_roman(number).upper(),
    "none": lambda _: "",
    "ordinal": format_ordinal,
    "cardinalText": lambda number: format_words(number).capitalize(),
    "ordinalText": lambda number: format_ordinal_words(number).capitalize(),
    **dict.fromkeys(
        (
            *("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting"),
            *("taiwaneseCountingThousand", "ideographTraditionalCounting"),
        ),
        format_chinese,
    ),
    **dict.fromkeys(("decimalEnclosedCircle", "decimalEnclosedCircleChinese"), format_circled),
    "decimalFullWidth": lambda number: "".join(chr(ord(digit) + 0xFEE0) for digit in str(number)),
    "numberInDash": "- {} -".format,
    "russianLower": lambda number: _RUSSIAN[(number - 1) % len(_RUSSIAN)],
    "russianUpper": lambda number: _RUSSIAN[(number - 1) % len(_RUSSIAN)].upper(),
    **dict.fromkeys(("hebrew2",), lambda number: _HEBREW[(number - 1) % len(_HEBREW)]),
}
