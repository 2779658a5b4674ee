# pyright: basic
"""Read how the lists of an OpenDocument file are numbered: formats, first numbers, continued lists (ODF 1.3, 16.30)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml.etree import _Element as Element

from ingest.parsers.opendocument.heading_numbers import NUMBER_FORMATS
from ingest.parsers.opendocument.package import qualify

_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


@dataclass(frozen=True, slots=True)
class ListLevel:
    """A numbered level of a list style."""

    number_format: str
    prefix: str = ""
    suffix: str = ""
    start: int = 1

    def format_label(self, number: int) -> str:
        """Return the number of an item as shown: "c)"."""
        suffix = self.suffix or ("" if self.prefix else ".")  # a bare number would be a part of the sentence
        return f"{self.prefix}{NUMBER_FORMATS[self.number_format](number) or number}{suffix}"


ListLevels = Mapping[tuple[str, int], ListLevel]
"""The numbered levels, from 1, of the list styles by their name; any other level has bullets."""


def read_list_levels(root: Element | None) -> dict[tuple[str, int], ListLevel]:
    """Return the numbered levels of the list styles in a part."""
    levels: dict[tuple[str, int], ListLevel] = {}
    for style in root.iter(qualify("text:list-style")) if root is not None else ():
        for level in style.iterchildren(qualify("text:list-level-style-number")):
            number_format = level.get(qualify("style:num-format"), "")
            if number_format in NUMBER_FORMATS:
                key = style.get(qualify("style:name"), ""), _read_number(level, "text:level") or 1
                levels[key] = ListLevel(
                    number_format,
                    prefix=level.get(qualify("style:num-prefix"), "").lstrip(),
                    suffix=level.get(qualify("style:num-suffix"), "").rstrip(),
                    start=_read_number(level, "text:start-value") or 1,
                )
    return levels


@dataclass(slots=True)
class ListCounts:
    """Remembers how far the lists of a document have counted, for those that continue another one.

    On slides a list goes on with the numbers of the list directly above it.
    """

    is_slide: bool = False
    _by_style: dict[str, int] = field(default_factory=dict)
    _by_id: dict[str, int] = field(default_factory=dict)
    _by_element: dict[Element, tuple[ListLevel, int]] = field(default_factory=dict)

    def find_first(self, element: Element, style: str, level: ListLevel) -> int:
        """Return the number of the first item of a list."""
        above = self._by_element.get(element.getprevious()) if self.is_slide else None
        if above is not None and above[0] == level:
            return above[1]
        continued = element.get(qualify("text:continue-list"))
        if continued in self._by_id:
            return self._by_id[continued]
        if element.get(qualify("text:continue-numbering")) == "true" and style in self._by_style:
            return self._by_style[style]
        return level.start

    def note_next(self, element: Element, style: str, level: ListLevel, number: int) -> None:
        """Remember the number that would come after the last item of a list."""
        self._by_style[style] = number
        if (identifier := element.get(_XML_ID)) is not None:
            self._by_id[identifier] = number
        self._by_element[element] = level, number


def read_item_number(item: Element) -> int | None:
    """Return the number that an item has of its own; None for the next one."""
    return _read_number(item, "text:start-value")


def _read_number(element: Element, name: str) -> int | None:
    value = element.get(qualify(name), "")
    return int(value) if value.isdecimal() else None
