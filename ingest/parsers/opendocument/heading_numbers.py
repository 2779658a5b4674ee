# pyright: basic
"""The numbers that an OpenDocument text shows before its headings."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml.etree import _Element as Element

from ingest.parsers.numerals import format_letters, format_roman
from ingest.parsers.opendocument.package import qualify

_SHAPES: dict[str, Callable[[int], str]] = {
    "1": str,
    "a": format_letters,
    "A": lambda number: format_letters(number).upper(),
    "i": format_roman,
    "I": lambda number: format_roman(number).upper(),
}


@dataclass(frozen=True, slots=True)
class _Level:
    shape: str
    prefix: str
    suffix: str
    shown_levels: int
    start: int


class HeadingNumbers:
    """Counts the headings of a text in order."""

    def __init__(self, styles: Element | None) -> None:
        outline = next(styles.iter(qualify("text:outline-style")), None) if styles is not None else None
        levels = outline.iterchildren(qualify("text:outline-level-style")) if outline is not None else ()
        self._levels = {int(level.get(qualify("text:level"), "1")): _level(level) for level in levels}
        self._counts: dict[int, int] = {}

    def next_label(self, heading: Element) -> str:
        """Count a heading and return its number, or nothing where it shows none."""
        rank = int(heading.get(qualify("text:outline-level"), "1"))
        level = self._levels.get(rank)
        if level is None or heading.get(qualify("text:is-list-header")) == "true":
            return ""
        self._counts[rank] = self._counts.get(rank, level.start - 1) + 1
        for deeper in [other for other in self._counts if other > rank]:
            del self._counts[deeper]
        shown = [self._shown(other) for other in range(rank - level.shown_levels + 1, rank + 1)]
        return f"{level.prefix}{'.'.join(filter(None, shown))}{level.suffix}" if level.shape in _SHAPES else ""

    def _shown(self, rank: int) -> str:
        level = self._levels.get(rank)
        if level is None or level.shape not in _SHAPES:
            return ""
        return _SHAPES[level.shape](self._counts.get(rank, level.start))


def _level(element: Element) -> _Level:
    return _Level(
        shape=element.get(qualify("style:num-format"), ""),
        prefix=element.get(qualify("style:num-prefix"), ""),
        suffix=element.get(qualify("style:num-suffix"), ""),
        shown_levels=int(element.get(qualify("text:display-levels"), "1")),
        start=int(element.get(qualify("text:start-value"), "1")),
    )
