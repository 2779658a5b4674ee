# pyright: basic
"""Resolve what a run of a Word document looks like: raised, struck, hidden, font, colour (ECMA-376, 17.7). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from docx.oxml.ns import qn
from lxml.etree import _Element as Element

from ingest.parsers.colors import TINY_POINTS, Color, find_color_reason, parse_hex
from ingest.parsers.marked_text import Script
from ingest.types import HiddenReason

_OFF = ("0", "false", "off")
_SCRIPTS = {"superscript": Script.SUPERSCRIPT, "subscript": Script.SUBSCRIPT, "baseline": Script.NORMAL}
_MIN_RAISE = 4
"""Half points from which a run at a position of its own is a superscript or subscript."""
_SMALL = 0.9
_WORD_SIZE = 20
"""The size of text in half points if no style sets one (17.3.2.38)."""
_MAX_RAISED_CHARS = 10
_MAX_UNREADABLE_SIZE = round(2 * TINY_POINTS)
"""Half points up to which nobody can read a text; Word's smallest size is 2."""
_TOGGLES = ("w:strike", "w:dstrike", "w:vanish")
_READ = frozenset(
    map(qn, ("w:vertAlign", *_TOGGLES, "w:rFonts", "w:position", "w:sz", "w:color", "w:shd", "w:highlight"))
)
HIGHLIGHTS: Mapping[str, Color] = {
    "black": (0, 0, 0),
    "blue": (0, 0, 255),
    "cyan": (0, 255, 255),
    "darkBlue": (0, 0, 139),
    "darkCyan": (0, 139, 139),
    "darkGray": (169, 169, 169),
    "darkGreen": (0, 100, 0),
    "darkMagenta": (139, 0, 139),
    "darkRed": (139, 0, 0),
    "darkYellow": (128, 128, 0),
    "green": (0, 255, 0),
    "lightGray": (211, 211, 211),
    "magenta": (255, 0, 255),
    "red": (255, 0, 0),
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
}
"""The names of `w:highlight` (17.18.40)."""
_STYLE = qn("w:rStyle")
_LATIN, _OTHER = ("ascii",), ("hAnsi", "cs", "eastAsia")


@dataclass(frozen=True, slots=True)
class RunFormat:
    """The properties of a run that change what it says; None for one that is not set.

    `color` is that of its letters, "auto" for one that fits the background; `fill` is that of its own background.
    """

    script: Script | None = None
    is_struck: bool | None = None
    is_hidden: bool | None = None
    latin_font: str | None = None
    other_font: str | None = None
    half_points_up: int | None = None
    size_half_points: int | None = None
    color: Color | Literal["auto"] | None = None
    fill: Color | None = None

    @property
    def is_plain(self) -> bool:
        """Whether text of this format stands in the line and is shown as it is, on any background."""
        is_stated = not (self.script is not None or self.half_points_up or self.is_struck)
        return is_stated and self.color in (None, "auto") and self.find_reason(None) is None

    def find_reason(self, background: Color | None) -> HiddenReason | None:
        """Return why nobody sees text of this format on a background; None if it is seen."""
        if self.is_hidden:
            return HiddenReason.FORMATTING
        if self.size_half_points is not None and self.size_half_points <= _MAX_UNREADABLE_SIZE:
            return HiddenReason.TINY
        return None if self.color == "auto" else find_color_reason(self.color, background)

    def inherit(self, base: "RunFormat") -> "RunFormat":
        """Return this format with its unset properties taken from `base`."""
        return RunFormat(
            base.script if self.script is None else self.script,
            base.is_struck if self.is_struck is None else self.is_struck,
            base.is_hidden if self.is_hidden is None else self.is_hidden,
            base.latin_font if self.latin_font is None else self.latin_font,
            base.other_font if self.other_font is None else self.other_font,
            base.half_points_up if self.half_points_up is None else self.half_points_up,
            base.size_half_points if self.size_half_points is None else self.size_half_points,
            self.color or base.color,
            self.fill or base.fill,
        )

    def over_paragraph_style(self, style: "RunFormat") -> "RunFormat":
        """Return this format of a character style in a paragraph of a style: what both switch on is off (17.7.3)."""
        inherited = self.inherit(style)
        return RunFormat(
            inherited.script,
            bool(self.is_struck) ^ bool(style.is_struck),
            bool(self.is_hidden) ^ bool(style.is_hidden),
            inherited.latin_font,
            inherited.other_font,
            inherited.half_points_up,
            inherited.size_half_points,
            inherited.color,
            inherited.fill,
        )

    def find_script(self, text: str, *, line_size: int | None = None) -> Script:
        """Return the height at which `text` stands; a long text at a position of its own is a label or a formula.

        Text that is smaller than its line (`line_size` in half points) need not be raised far.
        """
        if self.script is not None:
            return self.script
        raised = self.half_points_up or 0
        is_small = bool(self.size_half_points and self.size_half_points < (line_size or _WORD_SIZE) * _SMALL)
        if abs(raised) < (1 if is_small else _MIN_RAISE) or len(text.strip()) > _MAX_RAISED_CHARS:
            return Script.NORMAL
        return Script.SUPERSCRIPT if raised > 0 else Script.SUBSCRIPT


PLAIN = RunFormat()


class RunStyles:
    """The run formats of a document's styles."""

    def __init__(self, root: Element) -> None:
        self.elements = {style.get(qn("w:styleId"), ""): style for style in root.iterchildren(qn("w:style"))}
        self._default_paragraph_style = next(
            (
                style_id
                for style_id, style in self.elements.items()
                if style.get(qn("w:type")) == "paragraph" and style.get(qn("w:default"), "0") not in _OFF
            ),
            "",
        )
        self._defaults = read_run_format(root.find("/".join(map(qn, ("w:docDefaults", "w:rPrDefault", "w:rPr")))))
        self._formats: dict[str, RunFormat] = {}

    def of_paragraph(self, style_id: str) -> RunFormat:
        """Return the format of runs in a paragraph of a style."""
        return self._resolve(style_id or self._default_paragraph_style).inherit(self._defaults)

    def of_run(self, properties: Element | None, paragraph_format: RunFormat) -> RunFormat:
        """Return the format of a run with these properties in a paragraph."""
        if properties is None:
            return paragraph_format
        style = properties.find(_STYLE)
        if style is not None:
            character_format = self._resolve(style.get(qn("w:val"), ""))
            paragraph_format = character_format.over_paragraph_style(paragraph_format)
        own_format = read_run_format(properties)
        return paragraph_format if own_format is PLAIN else own_format.inherit(paragraph_format)

    def _resolve(self, style_id: str) -> RunFormat:
        if style_id not in self._formats:
            self._formats[style_id] = self._resolve_chain(style_id)
        return self._formats[style_id]

    def _resolve_chain(self, style_id: str) -> RunFormat:
        run_format = PLAIN
        seen: set[str] = set()
        while style_id in self.elements and style_id not in seen:
            seen.add(style_id)
            element = self.elements[style_id]
            run_format = run_format.inherit(read_run_format(element.find(qn("w:rPr"))))
            base = element.find(qn("w:basedOn"))
            style_id = base.get(qn("w:val"), "") if base is not None else ""
        return run_format


def read_run_format(properties: Element | None) -> RunFormat:
    """Return what run properties set themselves."""
    if properties is None:
        return PLAIN
    values = {child.tag: child for child in properties.iterchildren("*") if child.tag in _READ}
    if not values:
        return PLAIN
    strikes = [_is_on(values.get(qn(name))) for name in ("w:strike", "w:dstrike")]
    fonts = values.get(qn("w:rFonts"))
    return RunFormat(
        _SCRIPTS.get(_read_value(values.get(qn("w:vertAlign")))),
        True if True in strikes else (False if False in strikes else None),
        _is_on(values.get(qn("w:vanish"))),
        _read_font(fonts, _LATIN),
        _read_font(fonts, _OTHER),
        _parse_number(_read_value(values.get(qn("w:position")))),
        _parse_number(_read_value(values.get(qn("w:sz")))),
        _read_color(values.get(qn("w:color"))),
        _read_fill(values.get(qn("w:shd")), values.get(qn("w:highlight"))),
    )


def _read_color(element: Element | None) -> Color | Literal["auto"] | None:
    if element is None:
        return None
    # A theme colour is beside its value, unless it is shaded or tinted: then the value is not what is shown.
    is_changed = any(element.get(qn(f"w:{name}")) for name in ("themeShade", "themeTint"))
    return parse_hex(_read_value(element)) if not is_changed else "auto"


def _read_fill(shading: Element | None, highlight: Element | None) -> Color | None:
    if highlight is not None and _read_value(highlight) in HIGHLIGHTS:
        return HIGHLIGHTS[_read_value(highlight)]
    return parse_hex(shading.get(qn("w:fill"))) if shading is not None else None


def is_on(parent: Element | None, name: str) -> bool:
    """Whether a property is present and not switched off."""
    return parent is not None and bool(_is_on(parent.find(qn(name))))


def _is_on(element: Element | None) -> bool | None:
    return None if element is None else element.get(qn("w:val"), "1") not in _OFF


def _read_value(element: Element | None) -> str:
    return str(element.get(qn("w:val"), "")) if element is not None else ""


def _parse_number(text: str) -> int | None:
    return int(text) if text.removeprefix("-").isdecimal() else None


def _read_font(fonts: Element | None, names: tuple[str, ...]) -> str | None:
    if fonts is None:
        return None
    for name in names:
        font = fonts.get(qn(f"w:{name}"))
        theme = fonts.get(qn("w:cstheme" if name == "cs" else f"w:{name}Theme"))
        if theme is not None:
            return ""
        if font is not None:
            return str(font)
    return None
