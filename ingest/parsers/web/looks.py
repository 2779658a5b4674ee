"""Decide whether a person sees the text of an element, by its attributes and the declarations of its style. Pure.

A closed `details` is opened with a click and counts as visible; a closed `dialog` needs a program and does not. What
moves or fades in (animations, transitions) counts as visible. A colour is compared with its background only if the page
says both: text over a picture, or under a style sheet that is not part of the file, counts as visible.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ingest.parsers.colors import TINY_POINTS, WHITE, Color, find_color_reason
from ingest.parsers.web.style_sheets import SCREEN_WIDTH, Declarations, parse_color
from ingest.types import HiddenReason

Attributes = Mapping[str, str | None]

_PIXELS_PER_POINT = 96 / 72
_PIXELS = {"px": 1.0, "pt": _PIXELS_PER_POINT, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 9.6 / 2.54, "rem": 16.0}
_VIEWPORT = {"vw": SCREEN_WIDTH / 100, "vh": 8.0}
_LENGTH = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(px|pt|pc|in|cm|mm|rem|em|ex|ch|vw|vh|%)?")
_FONT_SIZE = re.compile(r"(?:^|\s)((?:\d+\.?\d*|\.\d+)(?:px|pt|pc|in|cm|mm|rem|em|%)|0)(?=[\s/]|$)")
_SIZE_WORDS = {"inherit", "unset", "larger", "smaller"}
_ROOT_PIXELS = 16.0
_FAR_PIXELS = -500.0
"""Text that begins so far to the left or above the page is outside of it, however wide it is."""
_TRANSPARENT = 0.02
_CLIPPED = re.compile(r"(?:rect|inset)\(([^()]*)\)")
_CIRCLE_OF_NOTHING = re.compile(r"circle\(\s*0[a-z%]*\b|polygon\(\s*(?:0(?:px)?\s+0(?:px)?\s*,?\s*)+\)")
_SCALED_AWAY = re.compile(r"scale(?:3d|[xy])?\(\s*0(?:\.0*)?\s*[,)]")
_TRANSLATED = re.compile(r"translate(?:x|y|3d)?\(\s*(-[^,)]*)")
_PICTURE = re.compile(r"url\(|gradient\(|image|var\(|element\(")
_COLOR = re.compile(r"#[0-9a-f]{3,8}\b|(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\([^()]*\)|\b[a-z]+\b")
_OUT_OF_FLOW = ("absolute", "fixed")
_OWN_BACKGROUND = frozenset({"button", "input", "select", "textarea", "mark", "legend", "video", "picture"})
_NO_COLOR = ("inherit", "unset", "currentcolor", "initial", "revert")


@dataclass(frozen=True, slots=True)
class Look:
    """How the text of an element looks; None for a colour that is not known.

    `blocked` is why nothing inside the element is seen, whatever it says itself.
    """

    blocked: HiddenReason | None = None
    is_invisible: bool = False
    is_transparent: bool = False
    font_pixels: float = _ROOT_PIXELS
    color: Color | None = None
    background: Color | None = WHITE
    reason: HiddenReason | None = None
    """Why nobody sees the text; None if it is seen."""

    def judge(self) -> "Look":
        """Return this look with its reason."""
        reason = self.blocked
        if reason is None and self.is_invisible:
            reason = HiddenReason.NOT_DISPLAYED
        if reason is None and self.is_transparent:
            reason = HiddenReason.TRANSPARENT
        if reason is None and self.font_pixels <= TINY_POINTS * _PIXELS_PER_POINT:
            reason = HiddenReason.TINY
        return replace(self, reason=reason or find_color_reason(self.color, self.background))


VISIBLE = Look()


def look_at(tag: str, attributes: Attributes, style: Declarations, outer: Look) -> Look:
    """Return the look of an element inside one of the look `outer`; `style` are its declarations."""
    if outer.blocked:
        return outer
    blocked = _find_block(tag, attributes, style, outer)
    is_invisible = outer.is_invisible
    if "visibility" in style and style["visibility"] not in _NO_COLOR:
        is_invisible = style["visibility"] in ("hidden", "collapse")
    font_pixels = _read_font_size(style, outer.font_pixels)
    color, is_transparent = _read_color(tag, attributes, style, outer)
    look = Look(
        blocked, is_invisible, is_transparent, font_pixels, color, _read_background(tag, attributes, style, outer)
    )
    return look.judge()


def is_displayed(tag: str, attributes: Attributes, style: Declarations) -> bool:
    """Whether an element takes part in the layout of the page."""
    display = style.get("display")
    if display is not None:
        return display != "none"
    is_closed = tag == "dialog" and "open" not in attributes
    is_hidden = "hidden" in attributes and attributes["hidden"] != "until-found"
    return not is_closed and not is_hidden and attributes.get("display") != "none"


def _find_block(tag: str, attributes: Attributes, style: Declarations, outer: Look) -> HiddenReason | None:
    if not is_displayed(tag, attributes, style):
        return HiddenReason.NOT_DISPLAYED
    if attributes.get("visibility") == "hidden" or _SCALED_AWAY.search(style.get("transform", "")):
        return HiddenReason.NOT_DISPLAYED
    moves = any(style.get(name, "none") not in ("none", "") for name in ("animation", "animation-name", "transition"))
    if not moves and _read_opacity(style.get("opacity")) <= _TRANSPARENT:
        return HiddenReason.TRANSPARENT
    if _is_off_page(style, outer.font_pixels):
        return HiddenReason.OFF_PAGE
    return HiddenReason.NOT_DISPLAYED if not moves and _is_clipped(style, outer.font_pixels) else None


def _read_opacity(value: str | None) -> float:
    match = _LENGTH.fullmatch(value or "")
    return 1.0 if match is None else float(match[1]) / (100 if match[2] == "%" else 1)


def _is_off_page(style: Declarations, font_pixels: float) -> bool:
    def measure(name: str) -> float:
        return _read_length(style.get(name), font_pixels) or 0.0

    if style.get("position") in (*_OUT_OF_FLOW, "relative"):
        if min(measure("left"), measure("top")) <= _FAR_PIXELS:
            return True
        if style["position"] != "relative" and min(measure("right"), measure("bottom")) <= _FAR_PIXELS:
            return True
    moved = _TRANSLATED.search(style.get("transform", ""))
    if moved and (_read_length(moved[1].strip(), font_pixels) or 0.0) <= _FAR_PIXELS:
        return True
    return min(measure("text-indent"), measure("margin-left"), measure("margin-top")) <= _FAR_PIXELS


def _is_clipped(style: Declarations, font_pixels: float) -> bool:
    """Whether nothing is left of a box: it is cut away, or has no size and hides what is larger."""
    clip, path = _CLIPPED.search(style.get("clip", "")), style.get("clip-path", "")
    if clip and style.get("position") in _OUT_OF_FLOW:
        edges = [_read_length(edge, font_pixels) for edge in clip[1].replace(",", " ").split()]
        if len(edges) == 4 and all(edge is not None for edge in edges):
            top, right, bottom, left = (edge or 0.0 for edge in edges)
            if bottom - top <= 1 or right - left <= 1:
                return True
    inset = _CLIPPED.search(path)
    if inset and any(
        edge.endswith("%") and float(edge[:-1] or 0) >= 50 for edge in inset[1].split() if edge[:-1].isdigit()
    ):
        return True
    if _CIRCLE_OF_NOTHING.search(path):
        return True
    if style.get("overflow", "").split(" ")[0] not in ("hidden", "clip"):
        return False
    sizes = [_read_length(style.get(name), font_pixels) for name in ("width", "height")]
    return 0.0 in sizes or all(size is not None and size <= 1 for size in sizes)


def _read_length(value: str | None, font_pixels: float) -> float | None:
    """Return a length in pixels; None for one that is not known."""
    match = _LENGTH.fullmatch(value or "")
    if match is None:
        return None
    number, unit = float(match[1]), match[2] or ""
    if unit == "%":
        return number * _VIEWPORT["vw"] if abs(number) >= 100 else (0.0 if number == 0 else None)
    if unit in ("em", "ex", "ch"):
        return number * font_pixels * (1.0 if unit == "em" else 0.5)
    return number * _VIEWPORT.get(unit, _PIXELS.get(unit, 1.0))


def _read_font_size(style: Declarations, outer: float) -> float:
    size = style.get("font-size")
    if size is None and "font" in style:
        match = _FONT_SIZE.search(style["font"])
        size = match[1] if match else None
    if size is None or size in _SIZE_WORDS:
        return outer
    match = _LENGTH.fullmatch(size)
    if match is None:
        return _ROOT_PIXELS  # a word such as "small", or a formula
    number, unit = float(match[1]), match[2] or "px"
    if unit in ("em", "%", "ex", "ch"):
        return outer * number * {"em": 1.0, "%": 0.01}.get(unit, 0.5)
    return number * _VIEWPORT.get(unit, _PIXELS.get(unit, 1.0))


def _read_color(tag: str, attributes: Attributes, style: Declarations, outer: Look) -> tuple[Color | None, bool]:
    """Return the colour of text, and whether it is transparent."""
    if "text" in (style.get("background-clip"), style.get("-webkit-background-clip")):
        return None, False
    declared = style.get("-webkit-text-fill-color") or style.get("color")
    if declared is None:
        declared = attributes.get("color") if tag == "font" else attributes.get("text") if tag == "body" else None
    if declared is None:
        is_link = tag == "a" and "href" in attributes
        return (None, False) if is_link else (outer.color, outer.is_transparent)
    if declared in ("inherit", "currentcolor", "unset"):
        return outer.color, outer.is_transparent
    parsed = parse_color(declared.strip().lower()) or parse_color(f"#{declared.strip().lower()}")
    if parsed is None:
        return None, False
    color, opacity = parsed
    if opacity <= _TRANSPARENT:
        return None, style.get("text-shadow", "none") == "none"
    return _blend(color, opacity, outer.background), False


def _read_background(tag: str, attributes: Attributes, style: Declarations, outer: Look) -> Color | None:
    """Return the colour behind the text of an element; None if it is not known."""
    declared = [style[name] for name in ("background", "background-image", "background-color") if name in style]
    if any(_PICTURE.search(value) for value in declared) or "background" in attributes:
        return None
    background = outer.background
    if tag in _OWN_BACKGROUND or style.get("position") in _OUT_OF_FLOW:
        background = None  # it stands over something else
    colors = [found[0] for value in declared for found in [_COLOR.search(value)] if found]
    if not declared and attributes.get("bgcolor"):
        colors = [str(attributes["bgcolor"]).strip().lower()]
    for text in colors:
        if text in (*_NO_COLOR, "none", "transparent"):
            continue
        parsed = parse_color(text) or parse_color(f"#{text}")
        background = _blend(*parsed, background) if parsed else None
    return background


def _blend(color: Color, opacity: float, background: Color | None) -> Color | None:
    if opacity >= 1:
        return color
    if background is None:
        return None
    red, green, blue = (
        round(opacity * above + (1 - opacity) * below) for above, below in zip(color, background, strict=True)
    )
    return red, green, blue
