# pyright: basic
"""Read style sheets as far as they decide what text is seen, struck out or raised (the adapter of `tinycss2`).

Media queries are answered for a screen of `SCREEN_WIDTH` pixels in the light. A rule that depends on something else can
only make text visible: what one reader of a page sees is not hidden in it.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import tinycss2
import tinycss2.color4

from ingest.parsers.colors import Color
from ingest.parsers.web.text_styles import is_about_letters

SCREEN_WIDTH = 1280
MAX_SHEET_CHARS = 1_000_000
"""A longer sheet is not read: its text counts as visible."""

_PROPERTIES = frozenset(
    (
        *("display", "visibility", "opacity", "font", "font-size", "color", "-webkit-text-fill-color", "text-shadow"),
        *("background", "background-color", "background-image", "background-clip", "-webkit-background-clip"),
        *("position", "left", "right", "top", "bottom", "text-indent", "margin-left", "margin-top", "margin"),
        "content",
        *("clip", "clip-path", "width", "height", "overflow", "transform", "animation", "animation-name", "transition"),
    )
)
_CONDITIONAL = frozenset({"supports", "layer", "container", "scope", "document"})
_FEATURE = re.compile(r"\(\s*(min|max)-(?:device-)?width\s*:\s*([\d.]+)\s*(px|r?em)\s*\)")
_LIGHT, _DARK = (
    re.compile(r"\(\s*prefers-color-scheme\s*:\s*light\s*\)"),
    re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)"),
)
_EM = 16
_SCREENS = frozenset({"all", "screen", ""})
_IDS, _TYPES = re.compile(r"#[\w-]"), re.compile(r"(?:^|[\s>+~(,])(?:::?)?[a-zA-Z]")
_CLASSES = re.compile(r"\.[\w-]|\[|(?<!:):(?!:)(?!not\b|is\b|where\b)[a-z]", re.I)
_RELEVANT = re.compile(
    "|".join(sorted({*_PROPERTIES, "text-decoration", "vertical-align"}, key=len, reverse=True)), re.I
)
_ABOUT_LETTERS = re.compile(r"line-through|vertical-align|mso-|relative|font", re.I)
_PSEUDO = re.compile(r"::?(before|after)\s*$", re.I)
_NAME, _IN_PARENTHESES = re.compile(r"[.#]([\w-]+)"), re.compile(r"\([^()]*\)|\[[^\]]*\]")

Declarations = dict[str, str]
"""The values of properties in lower case, by name."""
Pseudo = Literal["", "before", "after"]
_PSEUDOS: dict[str, Pseudo] = {"before": "before", "after": "after"}


class Rule(NamedTuple):
    """A selector with the declarations that can hide or show text; those that are important are in `important`.

    `pseudo` says that they are of the text which the rule adds to the elements. `letters` are all declarations if they
    strike text out, raise it, or choose a symbol font. Only an element below or beside others with all `names`, of
    classes or ids in lower case, can match.
    """

    selector: str
    pseudo: Pseudo
    specificity: tuple[int, int, int]
    names: frozenset[str]
    normal: Declarations
    important: Declarations
    letters: str


@lru_cache(maxsize=64)
def read_sheet(sheet: str) -> tuple[Rule, ...]:
    """Return the rules of a sheet that hold on the screen and decide what text is seen and how, in their order."""
    if len(sheet) > MAX_SHEET_CHARS or not _RELEVANT.search(sheet):
        return ()
    nodes = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    return tuple(_read_rules(nodes, is_certain=True))


@lru_cache(maxsize=4096)
def read_style(style: str) -> Declarations:
    """Return the declarations of a `style` attribute that can hide or show text."""
    if not _RELEVANT.search(style):
        return {}
    normal, important = _read_declarations(tinycss2.parse_blocks_contents(style))
    return {**normal, **important}


@lru_cache(maxsize=1024)
def parse_color(text: str) -> tuple[Color, float] | None:
    """Return a colour with its opacity from 0 to 1; None for one that depends on something else."""
    parsed: Any = tinycss2.color4.parse_color(text)
    if parsed is None or isinstance(parsed, str):
        return None
    try:
        red, green, blue = (round(255 * min(max(float(channel or 0), 0.0), 1.0)) for channel in parsed.to("srgb")[:3])
        alpha = parsed.alpha
    except (NotImplementedError, TypeError, ValueError):
        return None
    return (red, green, blue), float(1.0 if alpha is None else alpha)


def _read_rules(nodes: Sequence[Any], *, is_certain: bool) -> Iterator[Rule]:
    for node in nodes:
        if node.type == "qualified-rule":
            yield from _read_rule(node, is_certain=is_certain)
        elif node.type == "at-rule" and node.content is not None:
            holds = _holds(node)
            if holds is not False:
                inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
                yield from _read_rules(inner, is_certain=is_certain and bool(holds))


def _holds(rule: Any) -> bool | None:
    """Return whether the rules inside an at-rule hold; None if that depends."""
    if rule.lower_at_keyword == "media":
        return answer_media(tinycss2.serialize(rule.prelude))
    return None if rule.lower_at_keyword in _CONDITIONAL else False


def answer_media(query: str) -> bool | None:
    """Return whether a list of media queries holds on the screen; None if that depends on the reader."""
    answers = [_answer_query(part.strip().lower()) for part in query.split(",")]
    if True in answers:
        return True
    return None if None in answers else False


def _answer_query(query: str) -> bool | None:
    words = re.sub(r"\([^()]*\)", " ", query).replace(" and ", " ").split()
    if "not" in words:
        return None
    if not _SCREENS.issuperset(word for word in words if word not in ("only", "and", "or")):
        return False
    answers = [_answer_feature(feature) for feature in re.findall(r"\([^()]*\)", query)]
    if False in answers and "or" not in words:
        return False
    return None if None in answers or False in answers else True


def _answer_feature(feature: str) -> bool | None:
    if match := _FEATURE.fullmatch(feature):
        width = float(match[2]) * (1 if match[3] == "px" else _EM)
        return width <= SCREEN_WIDTH if match[1] == "min" else width >= SCREEN_WIDTH
    if _LIGHT.fullmatch(feature):
        return True
    return False if _DARK.fullmatch(feature) else None


def _read_rule(rule: Any, *, is_certain: bool) -> Iterator[Rule]:
    nodes = tinycss2.parse_blocks_contents(rule.content)
    normal, important = _read_declarations(nodes)
    letters = _read_letters(nodes)
    if not is_certain:
        normal, important = _select_showing(normal), _select_showing(important)
    for selector in tinycss2.serialize(rule.prelude).split(","):
        match = _PSEUDO.search(selector)
        pseudo = _PSEUDOS[match[1].lower()] if match else ""
        base = (selector[: match.start()] if match else selector).strip() or ("*" if match else "")
        says_anything = "content" in normal or "content" in important if pseudo else normal or important or letters
        if base and says_anything and "::" not in base:
            names = _find_names(base)
            yield Rule(base, pseudo, _measure_specificity(selector), names, normal, important, letters)


def _read_letters(nodes: Sequence[Any]) -> str:
    """Return declarations as text if they strike text out, raise it or choose a symbol font; else an empty one."""
    style = ";".join(
        f"{node.lower_name}:{tinycss2.serialize(node.value)}" for node in nodes if node.type == "declaration"
    )
    return style if _ABOUT_LETTERS.search(style) and is_about_letters(style) else ""


def _find_names(selector: str) -> frozenset[str]:
    """Return the classes and ids without which no element matches a selector."""
    if "\\" in selector:
        return frozenset()
    return frozenset(name.lower() for name in _NAME.findall(_IN_PARENTHESES.sub("", selector)))


def _read_declarations(nodes: Sequence[Any]) -> tuple[Declarations, Declarations]:
    normal: Declarations = {}
    important: Declarations = {}
    for node in nodes:
        if node.type == "declaration" and node.lower_name in _PROPERTIES:
            values = important if node.important else normal
            value = tinycss2.serialize(node.value).strip()
            values[node.lower_name] = value if node.lower_name == "content" else value.lower()
    return normal, important


def _select_showing(declarations: Declarations) -> Declarations:
    """Return the declarations that make text visible."""
    showing = {"display": "none", "visibility": "hidden", "opacity": "0", "position": "absolute"}
    return {name: value for name, value in declarations.items() if name in showing and value != showing[name]}


def _measure_specificity(selector: str) -> tuple[int, int, int]:
    """Return the specificity of a selector (Selectors 4, 17): ids, classes and the like, types."""
    return len(_IDS.findall(selector)), len(_CLASSES.findall(selector)), len(_TYPES.findall(selector))
