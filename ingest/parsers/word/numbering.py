# pyright: basic
"""The numbers that Word writes before headings and list items, which are not in the text. Pure over the XML."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from docx.oxml.ns import qn
from lxml.etree import _Element as Element

from ingest.parsers.numerals import format_letters, format_roman

_MAX_LEVELS = 9
_PLACE = re.compile(r"%(\d)")


@dataclass(slots=True)
class _Level:
    """One level of a list: how its number looks and where it starts."""

    format: str = "decimal"
    pattern: str = ""
    start: int = 1
    style: str = ""


@dataclass(slots=True)
class _List:
    """A list definition and how far it has been counted."""

    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counts numbered paragraphs in the order of the document."""

    def __init__(self, root: Element | None) -> None:
        self._lists: dict[str, _List] = {}
        self._level_starts: dict[str, dict[int, int]] = {}
        if root is not None:
            self._read(root)

    def level_of_style(self, number_id: str, style_id: str) -> int:
        """Return the level that a list gives to paragraphs of a style; the first where it names none."""
        numbered = self._lists.get(number_id)
        levels = numbered.levels if numbered else {}
        return next((level for level, entry in levels.items() if entry.style == style_id), 0)

    def is_bullet(self, number_id: str, level: int) -> bool:
        """Say whether this level of a list has bullets instead of numbers."""
        numbered = self._lists.get(number_id)
        return numbered is not None and numbered.levels.get(level, _Level()).format == "bullet"

    def next_label(self, number_id: str, level: int) -> str:
        """Count one paragraph and return its number as Word shows it; empty where it shows none."""
        numbered = self._lists.get(number_id)
        if numbered is None or level not in numbered.levels:
            return ""
        counts = numbered.counts
        start = self._level_starts.get(number_id, {}).get(level, numbered.levels[level].start)
        counts[level] = counts[level] + 1 if level in counts else start
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        return _PLACE.sub(lambda place: self._shown(numbered, int(place[1]) - 1), numbered.levels[level].pattern)

    @staticmethod
    def _shown(numbered: _List, level: int) -> str:
        entry = numbered.levels.get(level, _Level())
        return _FORMATS.get(entry.format, str)(numbered.counts.get(level, entry.start))

    def _read(self, root: Element) -> None:
        abstract = {
            _attribute(entry, "abstractNumId"): _List(_levels(entry))
            for entry in root.iterchildren(qn("w:abstractNum"))
        }
        for entry in root.iterchildren(qn("w:num")):
            number_id = _attribute(entry, "numId")
            definition = abstract.get(_value(entry, "abstractNumId"))
            if definition is None:
                continue
            overrides = {
                int(_attribute(override, "ilvl") or 0): int(_value(override, "startOverride"))
                for override in entry.iterchildren(qn("w:lvlOverride"))
                if _value(override, "startOverride").isdecimal()
            }
            # Lists of one definition go on counting together, unless one starts anew.
            self._lists[number_id] = _List(definition.levels) if overrides else definition
            self._level_starts[number_id] = overrides


def _levels(abstract: Element) -> dict[int, _Level]:
    levels: dict[int, _Level] = {}
    for entry in abstract.iterchildren(qn("w:lvl")):
        number = _attribute(entry, "ilvl")
        if number.isdecimal() and int(number) < _MAX_LEVELS:
            start = _value(entry, "start")
            levels[int(number)] = _Level(
                format=_value(entry, "numFmt") or "decimal",
                pattern=_value(entry, "lvlText"),
                start=int(start) if start.isdecimal() else 1,
                style=_value(entry, "pStyle"),
            )
    return levels


def _attribute(element: Element, name: str) -> str:
    return str(element.get(qn(f"w:{name}")) or "")


def _value(parent: Element, child: str) -> str:
    element = parent.find(qn(f"w:{child}"))
    return _attribute(element, "val") if element is not None else ""


_FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalZero": "{:02}".format,
    "lowerLetter": format_letters,
    "upperLetter": lambda number: format_letters(number).upper(),
    "lowerRoman": format_roman,
    "upperRoman": lambda number: format_roman(number).upper(),
    "none": lambda _: "",
}
