# pyright: basic
"""What an OpenDocument file says of stretches of its text: styles, symbol fonts, tracked deletions, hidden pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lxml.etree import _Element as Element

from ingest.parsers.opendocument.objects import Objects
from ingest.parsers.opendocument.package import Package, qualify
from ingest.parsers.opendocument.slide_shapes import read_slide_shapes
from ingest.parsers.opendocument.text_styles import PLAIN_TEXT, TextStyle, TextStyles, read_text_styles
from ingest.parsers.symbol_fonts import decode_private_use, decode_symbols, is_symbol_font

_FONT_NAMES = (qualify("style:font-name"), "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}font-family")
_STYLE_NAME, _FAMILY = qualify("style:name"), qualify("style:family")
_FILL, _FILL_COLOR = qualify("draw:fill"), qualify("draw:fill-color")
_BACKGROUND = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}background-color"
_TABLE_PARTS = {
    qualify("table:table-cell"): "table-cell",
    qualify("table:table-row"): "table-row",
    qualify("table:table"): "table",
}
_DRAWING = qualify("draw:")
_UNKNOWN_PAPER = TextStyle(background="unknown")
_MAX_PARENTS = 20


@dataclass(frozen=True, slots=True)
class TextMarks:
    """Styles and symbol fonts by family and name, tracked deletions by their ids with their authors, and objects.

    `page` has the background of the pages, `papers` what is behind the shapes of slides, `off_slide` are those of them
    that nobody sees.
    """

    styles: TextStyles = field(default_factory=dict)
    symbol_fonts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    deletions: Mapping[str, tuple[Element, str]] = field(default_factory=dict)
    objects: Objects = field(default_factory=Objects)
    page: TextStyle = PLAIN_TEXT
    papers: Mapping[Element, TextStyle] = field(default_factory=dict)
    off_slide: frozenset[Element] = frozenset()

    def find_style(self, family: str, element: Element, outer: TextStyle) -> TextStyle:
        """Return the style of an element inside text of the style `outer`."""
        return self.styles.get((family, element.get(qualify("text:style-name"), "")), PLAIN_TEXT).over(outer)

    def find_paper(self, paragraph: Element) -> TextStyle:
        """Return what is behind a paragraph, as a style around its own: a cell, a shape, the page."""
        for outer in paragraph.iterancestors():
            if outer in self.papers:
                return self.papers[outer]
            if outer.tag.startswith(_DRAWING) and not self.papers:
                return _UNKNOWN_PAPER
            if outer.tag in _TABLE_PARTS:
                style = self.styles.get((_TABLE_PARTS[outer.tag], outer.get(qualify("table:style-name"), "")))
                if style is not None and style.background:
                    return TextStyle(background=style.background)
        return self.page

    def find_font(self, family: str, element: Element, outer: str) -> str:
        """Return the symbol font of an element inside text in `outer`; empty if it has none."""
        return self.symbol_fonts.get((family, element.get(qualify("text:style-name"), "")), outer)


NO_MARKS = TextMarks()


def read_slide_marks(package: Package) -> TextMarks:
    """Return what the parts of a presentation say of its text."""
    marks = read_marks(package)
    shapes = read_slide_shapes(package, marks.styles)
    return replace(marks, papers=shapes.papers, off_slide=shapes.off_slide)


def read_marks(package: Package) -> TextMarks:
    """Return what the parts of a file say of its text."""
    styles, content = package.styles, package.body.getroottree().getroot()
    return TextMarks(
        read_text_styles(styles, content),
        _read_fonts(styles, content),
        _read_deletions(content),
        Objects(package.archive),
        _read_page(styles, content),
    )


def read_margin_marks(styles: Element | None) -> TextMarks:
    """Return what a file says of its headers and footers, whose own styles may have the names of those of the text."""
    if styles is None:
        return NO_MARKS
    return TextMarks(read_text_styles(styles), _read_fonts(styles), page=_read_page(styles))


def _read_page(*roots: Element | None) -> TextStyle:
    """Return the background of the pages; unknown if any page has a colour or a picture."""
    pages = [
        page
        for root in roots
        if root is not None
        for page in root.iter(qualify("style:page-layout-properties"), qualify("style:drawing-page-properties"))
    ]
    return _UNKNOWN_PAPER if any(map(_is_colored, pages)) else PLAIN_TEXT


def _is_colored(page: Element) -> bool:
    if page.tag == qualify("style:drawing-page-properties"):  # of a slide, and of a page of text in newer files
        is_white = page.get(_FILL) == "solid" and page.get(_FILL_COLOR) == "#ffffff"
        return page.get(_FILL, "none") != "none" and not is_white
    has_picture = page.find(qualify("style:background-image")) is not None
    return has_picture or page.get(_BACKGROUND, "transparent") not in ("transparent", "#ffffff")


def find_hidden_pages(body: Element) -> set[str]:
    """Return the names of the styles of slides that are not shown."""
    return {
        properties.getparent().get(_STYLE_NAME, "")
        for properties in body.getroottree().iter(qualify("style:drawing-page-properties"))
        if properties.get(qualify("presentation:visibility")) == "hidden"
    }


def decode_signs(text: str, font: str) -> str:
    """Return the signs that a text shows in a symbol font, or in an unknown one if `font` is empty."""
    return decode_symbols(text, font) if font else decode_private_use(text)


def _read_fonts(*roots: Element | None) -> dict[tuple[str, str], str]:
    """Return the fonts of the styles with a font of their own or of a parent; empty for one that is no symbol font."""
    elements = {
        (style.get(_FAMILY, ""), style.get(_STYLE_NAME, "")): style
        for root in roots
        if root is not None
        for style in root.iter(qualify("style:style"))
    }
    fonts = {key: _find_font(key, elements) for key in elements}
    return {key: font if is_symbol_font(font) else "" for key, font in fonts.items() if font}


def _find_font(key: tuple[str, str], elements: Mapping[tuple[str, str], Element]) -> str:
    for _ in range(_MAX_PARENTS):
        element = elements.get(key)
        if element is None:
            break
        properties = element.find(qualify("style:text-properties"))
        names = [properties.get(name, "") for name in _FONT_NAMES] if properties is not None else []
        font = next(filter(None, names), "").strip("'\"")
        if font:
            return font.rstrip("0123456789") if not is_symbol_font(font) else font
        key = (key[0], element.get(qualify("style:parent-style-name"), ""))
    return ""


def _read_deletions(content: Element) -> dict[str, tuple[Element, str]]:
    deletions: dict[str, tuple[Element, str]] = {}
    for region in content.iter(qualify("text:changed-region")):
        deletion = region.find(qualify("text:deletion"))
        if deletion is not None:
            author = next(deletion.iter(qualify("dc:creator")), None)
            name = "".join(author.itertext()) if author is not None else ""
            identifiers = (region.get(attribute) for attribute in _REGION_IDS)
            deletions.update((identifier, (deletion, name)) for identifier in identifiers if identifier)
    return deletions


_REGION_IDS = (qualify("text:id"), "{http://www.w3.org/XML/1998/namespace}id")
