# pyright: basic
"""Number the headings of an OpenDocument text by its outline style (ODF 1.3, 16.34)."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml.etree import _Element as Element

from ingest.parsers.numerals import format_letters, format_roman
from ingest.parsers.opendocument.package import qualify

NUMBER_FORMATS: dict[str, Callable[[int], str]] = {
    "1": str,
    "a": format_letters,
    "A": lambda number: format_letters(number).upper(),
    "i": format_roman,
    "I": lambda number: format_roman(number).upper(),
}


@dataclass(frozen=True, slots=True)
class _Level:
    number_format: str
    prefix: str
    suffix: str
    shown_levels: int
    start: int


class HeadingNumbers:
    """Counts the headings of a text; they come in document order."""

    def __init__(self, styles: Element | None) -> None:
        outline = next(styles.iter(qualify("text:outline-style")), None) if styles is not None else None
        levels = outline.iterchildren(qualify("text:outline-level-style")) if outline is not None else ()
        self._levels = {int(level.get(qualify("text:level"), "1")): _read_level(level) for level in levels}
        self._counts: dict[int, int] = {}

    def next_label(self, heading: Element) -> str:
        """Count a heading and return its number as shown; empty if it has none."""
        outline_level = int(heading.get(qualify("text:outline-level"), "1"))
        level = self._levels.get(outline_level)
        if level is None or heading.get(qualify("text:is-list-header")) == "true":
            return ""
        self._counts[outline_level] = self._counts.get(outline_level, level.start - 1) + 1
        for deeper in [other for other in self._counts if other > outline_level]:
            del self._counts[deeper]
        shown = [
            self._format_count(other) for other in range(outline_level - level.shown_levels + 1, outline_level + 1)
        ]
        return (
            f"{level.prefix}{'.'.join(filter(None, shown))}{level.suffix}"
            if level.number_format in NUMBER_FORMATS
            else ""
        )

    def _format_count(self, outline_level: int) -> str:
        level = self._levels.get(outline_level)
        if level is None or level.number_format not in NUMBER_FORMATS:
            return ""
        return NUMBER_FORMATS[level.number_format](self._counts.get(outline_level, level.start))


def _read_level(element: Element) -> _Level:
    return _Level(
        number_format=element.get(qualify("style:num-format"), ""),
        prefix=element.get(qualify("style:num-prefix"), ""),
        suffix=element.get(qualify("style:num-suffix"), ""),
        shown_levels=int(element.get(qualify("text:display-levels"), "1")),
        start=int(element.get(qualify("text:start-value"), "1")),
    )
