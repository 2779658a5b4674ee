# pyright: basic
"""Find what a placeholder of a PPTX slide inherits from its layout and its master (ECMA-376 part 1, 19.3.1.36)."""

from typing import Any

from lxml.etree import _Element as Element
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.oxml.ns import qn

_MAX_BASES = 3
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE)


def find_list_styles(shape: Any) -> list[Element]:
    """Return the list styles that the text of a shape inherits, the nearest last; none if it is no placeholder."""
    if not shape.is_placeholder:
        return []
    styles: list[Element] = []
    placeholder = shape
    for _ in range(_MAX_BASES):
        placeholder = getattr(placeholder, "_base_placeholder", None)
        if placeholder is None:
            break
        styles[:0] = placeholder._element.iterfind(f"{qn('p:txBody')}/{qn('a:lstStyle')}")
    name = "titleStyle" if shape.placeholder_format.type in _TITLES else "bodyStyle"
    master = shape.part.slide_layout.slide_master._element
    styles[:0] = master.iterfind(f"{qn('p:txStyles')}/{qn(f'p:{name}')}")
    return styles
