# pyright: basic
"""Count the numbered paragraphs of a text body of PPTX, whose numbers are not in its text (ECMA-376, 21.1.2.4.1)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml.etree import _Element as Element
from pptx.oxml.ns import qn

from ingest.parsers.numerals import format_letters, format_roman

_SCHEME = re.compile(r"(alphaLc|alphaUc|arabic|romanLc|romanUc)(ParenBoth|ParenR|Period|Plain)$")
_FORMATS: dict[str, Callable[[int], str]] = {
    "alphaLc": format_letters,
    "alphaUc": lambda number: format_letters(number).upper(),
    "romanLc": format_roman,
    "romanUc": lambda number: format_roman(number).upper(),
    "arabic": str,
}
_PATTERNS = {"ParenBoth": "({})", "ParenR": "{})", "Period": "{}.", "Plain": "{}"}
_FULL_WIDTH = "{}."


@dataclass(slots=True)
class ListNumbers:
    """Counts the paragraphs of one body; they come in order."""

    _counts: dict[int, tuple[str, int]] = field(default_factory=dict)

    def next_label(self, properties: Element | None, level: int) -> str:
        """Count a paragraph with these properties and return its number as shown; empty if it has none."""
        numbering = properties.find(qn("a:buAutoNum")) if properties is not None else None
        for deeper in [other for other in self._counts if other > level]:
            del self._counts[deeper]
        if numbering is None:
            self._counts.pop(level, None)
            return ""
        scheme, start = numbering.get("type", ""), numbering.get("startAt", "1")
        first = int(start) if start.isdecimal() else 1
        list_key = f"{scheme} {first}"
        last_key, last = self._counts.get(level, ("", 0))
        number = last + 1 if last_key == list_key else first
        self._counts[level] = (list_key, number)
        return _format_number(scheme, number)


def _format_number(scheme: str, number: int) -> str:
    match = _SCHEME.match(scheme)
    if match is None:
        return _FULL_WIDTH.format(number)
    return _PATTERNS[match[2]].format(_FORMATS[match[1]](number))
