"""Visit the text of an HTML tree in document order: shadow trees composed, struck and hidden text known."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parsers.web.cascade import Cascade
from ingest.parsers.web.looks import VISIBLE, Attributes
from ingest.parsers.web.text_styles import has_line_through

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


class HtmlTree:
    """A parsed page, with its shadow trees and what its style sheets say; `look` is that of the body."""

    def __init__(self, html: str) -> None:
        check_nesting(html)
        opened = _open_shadow_roots(html)
        self.parser = LexborHTMLParser(opened)
        self.body = self.parser.body
        self._shadows: dict[int, LexborNode] = {}
        self._slots: dict[int, list[LexborNode]] = {}
        if opened != html:
            self._compose_shadows()
        self.cascade = Cascade(self.parser, html)
        self.look = self.cascade.look_at_page(self.body) if self.body is not None else VISIBLE

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
        if node.tag in _STRUCK_TAGS or (self.cascade.struck and node.mem_id in self.cascade.struck):
            return True
        if not attributes:
            return False
        style = attributes.get("style")
        return bool(style and has_line_through(style)) or "line-through" in (attributes.get("text-decoration") or "")

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
