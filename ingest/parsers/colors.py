"""Tell text that has the colour of its background from text that a person can see. Pure.

Two colours are told apart by their contrast ratio as WCAG 2 defines it, from 1 (equal) to 21 (black on white).
"""

import re
from functools import lru_cache

from ingest.types import HiddenReason

Color = tuple[int, int, int]
"""Red, green and blue from 0 to 255."""

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
LEAST_CONTRAST = 1.15
"""Below it nobody sees a text, whatever its size: light grey on white (#EEEEEE) has 1.16, the faintest hints 1.5."""
TINY_POINTS = 2.0
"""Size in points up to which nobody reads a text; printed small print has 4 or more."""
_WHITISH = 0.8
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


def parse_hex(text: str | None) -> Color | None:
    """Return the colour of six hexadecimal digits, with or without "#"; None for any other text."""
    match = _HEX.fullmatch(text or "")
    return tuple_of(int(match[1], 16)) if match else None


def tuple_of(rgb: int) -> Color:
    """Return the colour of a number 0xRRGGBB."""
    return rgb >> 16 & 0xFF, rgb >> 8 & 0xFF, rgb & 0xFF


def measure_contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((_measure_luminance(one), _measure_luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=4096)
def find_color_reason(text: Color | None, background: Color | None) -> HiddenReason | None:
    """Return why nobody sees text of a colour on a background; None if it is seen, or if one of them is not known."""
    if text is None or background is None or measure_contrast(text, background) >= LEAST_CONTRAST:
        return None
    return HiddenReason.WHITE if _measure_luminance(text) > _WHITISH else HiddenReason.BACKGROUND_COLOR


def _measure_luminance(color: Color) -> float:
    red, green, blue = (_linearize(channel / 255) for channel in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linearize(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
