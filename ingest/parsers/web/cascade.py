"""Apply the style sheets of a page to its elements: how they look, what is struck out or raised, generated text."""

import re
from collections.abc import Sequence
from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from ingest.parsers.web.looks import VISIBLE, Attributes, Look, is_displayed, look_at
from ingest.parsers.web.style_sheets import Declarations, Pseudo, Rule, answer_media, read_sheet, read_style
from ingest.parsers.web.text_styles import find_font, find_height, has_line_through

_MAX_SELECTIONS = 30_000_000
"""The most pairs of a rule and a tag that are compared: about a second. In a page with more, rules hide nothing."""
_STYLING = frozenset({"style", "hidden", "open", "bgcolor", "background", "color", "text", "display", "visibility"})
"""Attributes that decide how an element looks, with or without style sheets."""
_OWN_COLORS = frozenset({"a", "button", "input", "select", "textarea", "mark"})
"""Elements to which a browser gives colours of its own."""
_VALUE = r"""\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))"""
_CLASS, _ID = re.compile(f"class{_VALUE}"), re.compile(f"id{_VALUE}")
_FEW_RULES = 20
"""So few rules are not worth a look at the names in a page."""
_UNKNOWN_SIGN = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
"""A sign that only an icon font shows."""
_CONTENT = re.compile(r"""(["'])((?:\\.|(?!\1).)*)\1|attr\(\s*([\w-]+)[^)]*\)|(open|close)-quote""", re.S)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|\n|(.))", re.S)
_QUOTES = {"open": "“", "close": "”"}


class Cascade:
    """What the style sheets in a page say of its elements, by the ids of their nodes.

    `struck` are those that are struck out, `heights` has "super" or "sub", `fonts` the names of symbol fonts.
    """

    def __init__(self, parser: LexborHTMLParser, html: str) -> None:
        self.struck: set[int] = set()
        self.heights: dict[int, str] = {}
        self.fonts: dict[int, str] = {}
        self.has_generated_text = False
        self._parser = parser
        self._rules: list[Rule] = []
        self._rules_of: dict[int, list[int]] = {}
        self._generating: dict[tuple[int, Pseudo], list[int]] = {}
        self._declarations: dict[tuple[int, ...], tuple[Declarations, Declarations]] = {}
        self._looks: dict[tuple[object, ...], Look] = {}
        self._apply_sheets(html)

    def look_at_page(self, body: LexborNode) -> Look:
        """Return how the text in the body looks that no other element holds."""
        # A style sheet that is not in the file may colour everything.
        is_complete = self._parser.css_first('link[rel~="stylesheet"]') is None
        look = VISIBLE if is_complete else replace(VISIBLE, background=None)
        for node in filter(None, (body.parent, body)):
            look = self.look_at(node, node.attributes, look)
        return look

    def look_at(self, node: LexborNode, attributes: Attributes, outer: Look) -> Look:
        """Return how the text of an element looks inside one of the look `outer`: that look, if nothing changes it."""
        if outer.blocked:
            return outer
        tag = node.tag or ""
        rules = self._rules_of.get(node.mem_id) if self._rules_of else None
        own = [item for item in attributes.items() if item[0] in _STYLING] if attributes else []
        if not (rules or own or tag == "dialog" or (outer.color is not None and tag in _OWN_COLORS)):
            return outer
        key = (tag, tuple(rules or ()), *own, "href" in attributes, outer)
        look = self._looks.get(key)
        if look is None:
            look = look_at(tag, attributes, self._find_style(rules or (), attributes), outer)
            look = self._looks[key] = outer if look == outer else look
        return look

    def is_displayed(self, node: LexborNode) -> bool:
        """Whether an element takes part in the layout of the page."""
        attributes = node.attributes
        style = self._find_style(self._rules_of.get(node.mem_id, ()), attributes)
        return is_displayed(node.tag or "", attributes, style)

    def find_generated(self, node: LexborNode, pseudo: Pseudo, outer: Look) -> str:
        """Return the text that a style sheet adds before or after that of an element, if a person sees it."""
        rules = self._generating.get((node.mem_id, pseudo))
        if not rules:
            return ""
        style = self._find_style(rules, {})
        is_unseen = look_at("span", {}, style, outer).reason is not None
        return "" if is_unseen else _UNKNOWN_SIGN.sub("", _read_content(style.get("content", ""), node))

    def _find_style(self, rules: Sequence[int], attributes: Attributes) -> Declarations:
        """Return the declarations that hold for an element to which some of the rules apply."""
        own = read_style(attributes.get("style") or "") if attributes else {}
        if not rules:
            return own
        key = tuple(rules)
        if key not in self._declarations:
            ordered = sorted(key, key=lambda order: (self._rules[order].specificity, order))
            normal, important = Declarations(), Declarations()
            for order in ordered:
                normal.update(self._rules[order].normal)
                important.update(self._rules[order].important)
            self._declarations[key] = normal, important
        normal, important = self._declarations[key]
        return {**normal, **own, **important}

    def _apply_sheets(self, html: str) -> None:
        for sheet in self._parser.css("style"):
            holds = answer_media(sheet.attributes.get("media") or "all")
            if holds is not False:
                rules = read_sheet(sheet.text())
                self._rules += rules if holds else [rule._replace(normal={}, important={}) for rule in rules]
        if len(self._rules) > _FEW_RULES:
            names = _find_names(html.lower())
            self._rules = [rule for rule in self._rules if rule.names <= names]
        if len(self._rules) * html.count("<") > _MAX_SELECTIONS:
            self._rules = [rule for rule in self._rules if rule.letters]
        for order, rule in enumerate(self._rules):
            self._apply_rule(rule, order)

    def _apply_rule(self, rule: Rule, order: int) -> None:
        nodes = self._select(rule.selector)
        if rule.pseudo:
            self.has_generated_text = self.has_generated_text or bool(nodes)
            for node in nodes:
                self._generating.setdefault((node.mem_id, rule.pseudo), []).append(order)
            return
        if rule.normal or rule.important:
            for node in nodes:
                self._rules_of.setdefault(node.mem_id, []).append(order)
        if rule.letters:
            self._apply_letters(nodes, rule.letters)

    def _apply_letters(self, nodes: Sequence[LexborNode], style: str) -> None:
        height, font = find_height(style), find_font(style)
        if height:
            self.heights.update((node.mem_id, height) for node in nodes)
        if font:
            self.fonts.update((node.mem_id, font) for node in nodes)
        if has_line_through(style):
            self.struck.update(node.mem_id for node in nodes)

    def _select(self, selector: str) -> list[LexborNode]:
        """Return the elements that a selector matches; none for one that depends on what the reader does."""
        try:
            return list(self._parser.css(selector))
        except (SelectolaxError, ValueError):
            return []


def _find_names(html: str) -> set[str]:
    """Return the names of classes and ids in a page in lower case, and perhaps others."""
    found = [*_CLASS.findall(html), *_ID.findall(html)]
    return {name for values in found for value in values for name in value.split()}


def _read_content(content: str, node: LexborNode) -> str:
    """Return the text of a `content` property (CSS Generated Content 3); pictures and counters have none."""
    parts = (
        _QUOTES[quote] if quote else node.attributes.get(attribute) or "" if attribute else _ESCAPE.sub(_unescape, text)
        for _, text, attribute, quote in _CONTENT.findall(content)
    )
    return "".join(parts)


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        code = int(match[1], 16)
        return chr(code) if 0 < code <= 0x10FFFF else ""
    return match[2] or ""
