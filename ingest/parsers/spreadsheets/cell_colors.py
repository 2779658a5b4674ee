# pyright: basic
"""Read the colours of an Excel workbook: plain, indexed, of its theme, and tints of these (ECMA-376, part 1, 18.8)."""

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml.etree import _Element as Element

from ingest.parsers.colors import BLACK, WHITE, Color, parse_hex

_THEME_ORDER = ("lt1", "dk1", "lt2", "dk2", *(f"accent{number}" for number in range(1, 7)), "hlink", "folHlink")
"""The names of a theme's colours in the order in which styles count them."""
_BASIC = ("000000", "FFFFFF", "FF0000", "00FF00", "0000FF", "FFFF00", "FF00FF", "00FFFF")
_PALETTE = (
    *_BASIC,
    *_BASIC,
    *("800000", "008000", "000080", "808000", "800080", "008080", "C0C0C0", "808080"),
    *("9999FF", "993366", "FFFFCC", "CCFFFF", "660066", "FF8080", "0066CC", "CCCCFF"),
    *("000080", "FF00FF", "FFFF00", "00FFFF", "800080", "800000", "008080", "0000FF"),
    *("00CCFF", "CCFFFF", "CCFFCC", "FFFF99", "99CCFF", "FF99CC", "CC99FF", "FFCC99"),
    *("3366FF", "33CCCC", "99CC00", "FFCC00", "FF9900", "FF6600", "666699", "969696"),
    *("003366", "339966", "003300", "333300", "993300", "993366", "333399", "333333"),
)
"""The colours of `indexed` where the workbook has none of its own (18.8.27)."""
_SYSTEM_BACKGROUND = "65"


@dataclass(frozen=True, slots=True)
class CellColors:
    """The colours that styles of a workbook name by numbers."""

    theme: Sequence[Color | None] = (WHITE, BLACK)
    indexed: Mapping[str, Color | None] = field(
        default_factory=lambda: {str(number): parse_hex(color) for number, color in enumerate(_PALETTE)}
    )

    def read(self, color: Element) -> Color | None:
        """Return a colour (`CT_Color`); None for one that is automatic or not known."""
        plain = self._read_plain(color)
        tint = float(color.get("tint", "0"))
        return _apply_tint(plain, tint) if plain is not None and tint else plain

    def _read_plain(self, color: Element) -> Color | None:
        if color.get("rgb"):
            return parse_hex(color.get("rgb", "")[-6:])
        theme, index = color.get("theme", ""), color.get("indexed", "")
        if theme.isdecimal():
            return self.theme[int(theme)] if int(theme) < len(self.theme) else None
        return WHITE if index == _SYSTEM_BACKGROUND else self.indexed.get(index)


def read_cell_colors(theme: Element | None, styles: Element) -> CellColors:
    """Return the colours of a workbook from its theme, if it has one, and its styles."""
    colors = CellColors()
    own = styles.find("{*}colors/{*}indexedColors")
    indexed = {**colors.indexed}
    for number, color in enumerate(own if own is not None else ()):
        indexed[str(number)] = parse_hex(color.get("rgb", "")[-6:])
    scheme = next(theme.iter("{*}clrScheme"), None) if theme is not None else None
    if scheme is None:
        return CellColors(colors.theme, indexed)
    values = {part.tag.rpartition("}")[2]: next(part.iterchildren("*"), None) for part in scheme}
    named = (values.get(name) for name in _THEME_ORDER)
    return CellColors([_read_theme_color(value) if value is not None else None for value in named], indexed)


def _read_theme_color(value: Element) -> Color | None:
    return parse_hex(value.get("lastClr") or value.get("val"))


def _apply_tint(color: Color, tint: float) -> Color:
    """Return a colour that is lighter by a positive tint and darker by a negative one (18.8.19)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in color))
    lightness = lightness * (1 + tint) if tint < 0 else lightness * (1 - tint) + tint
    red, green, blue = colorsys.hls_to_rgb(hue, min(max(lightness, 0.0), 1.0), saturation)
    return round(255 * red), round(255 * green), round(255 * blue)
