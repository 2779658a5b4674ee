"""Visit the text of an HTML tree in document order: shadow trees composed, struck and hidden text known."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from ingest.parsers.web.looks import VISIBLE, Attributes, Look, is_displayed, look_at
from ingest.parsers.web.style_sheets import Declarations, Priority, Rule, answer_media, read_sheet, read_style
from ingest.parsers.web.text_styles import find_font, find_height, has_line_through, is_about_letters

_STYLE_RULE = re.compile(r"([^{}@;]+)\{([^{}]*)\}")
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_MAX_STEPS = 300_000_000
"""Open elements that the tree builder may look at, at all start tags together: about two seconds."""
_ANY_TAG = re.compile(r"<(?:!--|(/?)([a-z][^\s/>]*))")
_RAW_TEXT = frozenset({"script", "style", "textarea", "title", "xmp"})
_NEVER_NESTED = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track"),
        *("wbr", "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup", "caption"),
        *("option", "optgroup", "rt", "rp"),
    }
)
"""Elements without an end tag, and those whose end tag may be left out."""
_TEMPLATE_TAG = re.compile(r"<(/?)template\b([^>]*)>", re.I)
_SHADOW_MODE = re.compile(r"\bshadowroot(?:mode)?\s*=\s*[\"']?(?:open|closed)\b", re.I)
SHADOW_TAG = "applet"
"""The element that a declarative shadow root becomes: HTML's tree builder keeps it apart as it does a template."""
_STRUCK_TAGS = frozenset({"s", "strike", "del"})
_PROGRAMS = {"script", "style", "noscript", "template"}
_EMBEDDED = {"iframe", "object", "embed", "canvas", "audio", "video", "map"}
_SUGGESTIONS = {"datalist"}
_ALTERNATIVES = {"annotation", "annotation-xml", "rp"}
_SVG_RESOURCES = {"defs", "symbol", "clipPath", "mask", "pattern", "marker", "metadata"}
_NEVER_TEXT = frozenset(_PROGRAMS | _EMBEDDED | _SUGGESTIONS | _ALTERNATIVES | _SVG_RESOURCES)
_MENUS = frozenset({"nav", "menu"})
_MENU_ROLES = frozenset({"navigation", "menu", "menubar", "search"})
_UNSEEN_CLASSES = frozenset({"mw-editsection", "katex-html"})
"""The edit link of MediaWiki beside every heading; the drawing of a formula that stands there as MathML too."""

_MAX_SELECTIONS = 30_000_000
"""The most pairs of a rule and a tag that are compared: about a second. In a page with more, rules hide nothing."""
_STYLING = frozenset({"style", "hidden", "open", "bgcolor", "background", "color", "text", "display", "visibility"})
"""Attributes that decide how an element looks, with or without style sheets."""
_OWN_COLORS = frozenset({"a", "button", "input", "select", "textarea", "mark"})
"""Elements to which a browser gives colours of its own."""


class HtmlTree:
    """A parsed page, with its shadow trees and the elements that its style sheets strike out, raise, lower or hide.

    `heights` has "super" or "sub" by the ids of elements, `fonts` the names of symbol fonts; `look` is that of the
    body.
    """

    def __init__(self, html: str) -> None:
        check_nesting(html)
        opened = _open_shadow_roots(html)
        self.parser = LexborHTMLParser(opened)
        self.body = self.parser.body
        self._shadows: dict[int, LexborNode] = {}
        self._slots: dict[int, list[LexborNode]] = {}
        if opened != html:
            self._compose_shadows()
        self._struck: set[int] = set()
        self.heights: dict[int, str] = {}
        self.fonts: dict[int, str] = {}
        self._styles: dict[int, dict[str, tuple[Priority, str]]] = {}
        self.look = VISIBLE
        self._apply_style_sheets(html.count("<"))
        if self.body is not None:
            self.look = self._look_at_root(self.body)

    def iter_children(self, node: LexborNode) -> list[LexborNode]:
        """Return the children as they are shown: of a shadow host its shadow tree, of a slot what is put in it."""
        if self._shadows:
            if node.mem_id in self._shadows:
                return [self._shadows[node.mem_id]]
            if node.mem_id in self._slots:
                return self._slots[node.mem_id] or list(node.iter(include_text=True))
        return list(node.iter(include_text=True))

    def is_struck(self, node: LexborNode, attributes: Attributes) -> bool:
        """Whether an element strikes out its text."""
        if node.tag in _STRUCK_TAGS or (self._struck and node.mem_id in self._struck):
            return True
        if not attributes:
            return False
        style = attributes.get("style")
        return bool(style and has_line_through(style)) or "line-through" in (attributes.get("text-decoration") or "")

    def look_at(self, node: LexborNode, attributes: Attributes, outer: Look) -> Look:
        """Return how the text of an element looks inside one of the look `outer`."""
        if outer.blocked or not (
            (attributes and not _STYLING.isdisjoint(attributes))
            or node.tag == "dialog"
            or (outer.color is not None and node.tag in _OWN_COLORS)
            or (self._styles and node.mem_id in self._styles)
        ):
            return outer
        return look_at(node.tag or "", attributes, self._find_style(node, attributes), outer)

    def is_displayed(self, node: LexborNode) -> bool:
        """Whether an element takes part in the layout of the page."""
        attributes = node.attributes
        return is_displayed(node.tag or "", attributes, self._find_style(node, attributes))

    def _find_style(self, node: LexborNode, attributes: Attributes) -> Declarations:
        """Return the declarations that hold for an element."""
        own = read_style(attributes.get("style") or "")
        ruled = self._styles.get(node.mem_id) if self._styles else None
        if ruled is None:
            return own
        important = {name: value for name, (priority, value) in ruled.items() if priority[0]}
        return {**{name: value for name, (_, value) in ruled.items()}, **own, **important}

    def _look_at_root(self, body: LexborNode) -> Look:
        # A style sheet that is not in the file may colour everything.
        is_complete = self.parser.css_first('link[rel~="stylesheet"]') is None
        look = VISIBLE if is_complete else replace(VISIBLE, background=None)
        for node in filter(None, (body.parent, body)):
            look = self.look_at(node, node.attributes, look)
        return look

    def _compose_shadows(self) -> None:
        for shadow in self.parser.css(f"{SHADOW_TAG}[shadow]"):
            host = shadow.parent
            if host is None or host.mem_id in self._shadows:
                continue
            self._shadows[host.mem_id] = shadow
            light = [child for child in host.iter(include_text=True) if child.tag != SHADOW_TAG]
            filled: set[str] = set()
            for slot in shadow.css("slot"):
                name = slot.attributes.get("name") or ""
                if name not in filled:
                    self._slots[slot.mem_id] = [child for child in light if _find_slot_name(child) == name]
                    filled.add(name)

    def _apply_style_sheets(self, tags: int) -> None:
        rules: list[Rule] = []
        for sheet in self.parser.css("style"):
            if answer_media(sheet.attributes.get("media") or "all"):
                rules += read_sheet(sheet.text())
            for selector, style in find_text_styles(sheet.text()):
                self._apply_text_style(self._select(selector), style)
        if len(rules) * tags <= _MAX_SELECTIONS:
            for order, rule in enumerate(rules):
                self._apply_rule(rule, order)

    def _apply_text_style(self, nodes: Sequence[LexborNode], style: str) -> None:
        height, font = find_height(style), find_font(style)
        if height:
            self.heights.update((node.mem_id, height) for node in nodes)
        if font:
            self.fonts.update((node.mem_id, font) for node in nodes)
        if has_line_through(style):
            self._struck.update(node.mem_id for node in nodes)

    def _select(self, selector: str) -> list[LexborNode]:
        """Return the elements that a selector matches; none for one that depends on what the reader does."""
        try:
            return list(self.parser.css(selector))
        except (SelectolaxError, ValueError):
            return []

    def _apply_rule(self, rule: Rule, order: int) -> None:
        for node in self._select(rule.selector):
            style = self._styles.setdefault(node.mem_id, {})
            for declarations, is_important in ((rule.normal, False), (rule.important, True)):
                for name, value in declarations.items():
                    priority = (is_important, rule.specificity, order)
                    if name not in style or style[name][0] <= priority:
                        style[name] = priority, value


def find_text_styles(style_sheet: str) -> list[tuple[str, str]]:
    """Return the selectors of the rules that strike out, raise or lower text, with their declarations.

    Rules that choose a symbol font are among them.
    """
    rules = _STYLE_RULE.findall(_STYLE_COMMENT.sub("", style_sheet))
    return [(selector.strip(), style) for selector, style in rules if is_about_letters(style)]


def check_nesting(html: str) -> None:
    """Raise `RecursionError` if the elements of a page are nested so deeply that to build its tree takes too long.

    HTML's tree builder looks through all open elements at most start tags: 200,000 nested ones take it minutes.
    """
    if html.count("<") ** 2 <= 2 * _MAX_STEPS:
        return
    lower = html.lower()
    depth = steps = position = 0
    while match := _ANY_TAG.search(lower, position):
        position = match.end()
        name = match[2]
        if name is None or (name in _RAW_TEXT and not match[1]):
            position = lower.find("-->" if name is None else f"</{name}", position)
            if position < 0:  # the rest of the page is in it
                return
        elif name not in _NEVER_NESTED:
            depth = max(depth - 1, 0) if match[1] else depth + 1
            steps += depth
            if steps > _MAX_STEPS:
                raise RecursionError(f"elements are nested {depth} deep")


class VisibleNodes:
    """Visits the nodes below a root in document order, hidden ones too, each element at its start and at its end.

    It is iterative, because pages nest deeper than Python's recursion limit. `attributes` are those of the element that
    has just begun.
    """

    def __init__(self, tree: HtmlTree, root: LexborNode, *, keep_menus: bool) -> None:
        self.attributes: Attributes = {}
        self._tree = tree
        self._keep_menus = keep_menus
        self._is_skipping = False
        self._stack: list[tuple[LexborNode, bool]] = []
        self._push_children(root)

    def __iter__(self) -> Iterator[tuple[LexborNode, bool]]:
        while self._stack:
            node, is_end = self._stack.pop()
            if is_end or node.is_text_node:
                yield node, is_end
            elif node.is_element_node:
                attributes = node.attributes
                if not _is_read(node, attributes, keep_menus=self._keep_menus):
                    continue
                self.attributes = attributes
                self._stack.append((node, True))
                self._is_skipping = False
                yield node, False
                if not self._is_skipping:
                    self._push_children(node)

    def skip_children(self) -> None:
        """Skip the nodes inside the last visited one."""
        self._is_skipping = True

    def _push_children(self, node: LexborNode) -> None:
        self._stack.extend((child, False) for child in reversed(self._tree.iter_children(node)))


def _is_read(node: LexborNode, attributes: Attributes, *, keep_menus: bool) -> bool:
    """Whether an element has text of the page: no program, no menu, no second version of a text."""
    tag = node.tag
    if tag in _NEVER_TEXT or (tag in _MENUS and not keep_menus):
        return False
    if not attributes:
        return True
    if attributes.get("role") in _MENU_ROLES and not keep_menus:
        return False
    classes = attributes.get("class")
    return not classes or _UNSEEN_CLASSES.isdisjoint(classes.split())


def _find_slot_name(child: LexborNode) -> str:
    return "" if child.is_text_node else child.attributes.get("slot") or ""


def _open_shadow_roots(html: str) -> str:
    """Return `html` with its declarative shadow roots as elements."""
    if "shadowroot" not in html.lower():  # fifty times as fast as the regular expression
        return html
    is_shadow: list[bool] = []

    def rename(match: re.Match[str]) -> str:
        if not match[1]:
            is_shadow.append(bool(_SHADOW_MODE.search(match[2])))
        is_root = (is_shadow.pop() if is_shadow else False) if match[1] else is_shadow[-1]
        return (f"</{SHADOW_TAG}>" if match[1] else f"<{SHADOW_TAG} shadow>") if is_root else match[0]

    return _TEMPLATE_TAG.sub(rename, html)
