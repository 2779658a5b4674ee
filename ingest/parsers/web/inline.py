"""Read the text inside a paragraph, heading or cell of HTML: marks, superscripts, ruby, formulas, pictures."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from ingest.parsers.marked_text import MarkedText, RunStyle, Script, hide_run
from ingest.parsers.symbol_fonts import decode_symbols
from ingest.parsers.web.looks import Attributes, Look
from ingest.parsers.web.style_sheets import Pseudo
from ingest.parsers.web.text_styles import choose_font, find_font, find_height
from ingest.parsers.web.visible_nodes import SHADOW_TAG, HtmlTree
from ingest.text.annotations import AnnotationKind
from ingest.text.pictures import describe_picture

_PHRASES = {"a", "abbr", "acronym", "bdi", "bdo", "cite", "data", "del", "dfn", "ins", "label", "q", "span", "time"}
_LETTERS = {"b", "big", "em", "font", "i", "mark", "nobr", "s", "small", "strike", "strong", "sub", "sup", "u"}
_COMPUTING = {"code", "kbd", "samp", "tt", "var", "output"}
_RUBY = {"rb", "rp", "rt", "rtc", "ruby"}
_MATH = {
    *(
        "math",
        "mi",
        "mn",
        "mo",
        "mrow",
        "ms",
        "mspace",
        "mstyle",
        "mpadded",
        "mphantom",
        "merror",
        "mtext",
        "semantics",
    ),
    *("msup", "msub", "msubsup", "munder", "mover", "munderover", "mfrac", "msqrt", "mroot", "menclose", "mfenced"),
}
_SHADOW = {"slot", SHADOW_TAG}
_SVG = {"text", "tspan", "textpath", "textPath"}
INLINE = frozenset(
    {"br", "button", "img", "wbr", "input", "picture", "select", "source"}
    | (_PHRASES | _LETTERS | _COMPUTING | _RUBY | _MATH | _SHADOW | _SVG)
)
"""Elements that do not end the paragraph."""

_MATH_TEXTS = frozenset({"mi", "mn", "mo", "ms", "mtext"})

_SPECIAL = frozenset(
    {"a", "br", "img", "input", "q", "select", "sub", "sup", "tspan", "span", "font", "small"} | _RUBY | _MATH
)
"""Elements that can be more than a stretch of text."""
_SCRIPTS = {
    "msup": (Script.SUPERSCRIPT,),
    "msub": (Script.SUBSCRIPT,),
    "msubsup": (Script.SUBSCRIPT, Script.SUPERSCRIPT),
    "munder": (Script.SUBSCRIPT,),
    "munderover": (Script.SUBSCRIPT, Script.SUPERSCRIPT),
}
"""The heights of the children of an element of MathML, after the first."""
_HEIGHTS = {"super": Script.SUPERSCRIPT, "sub": Script.SUBSCRIPT}
_NOTE_MARK = re.compile(r"[\W_]*[\w*†‡§¶#]{1,4}(?:\s*[,;]\s*[\w*†‡§¶#]{1,4})*[\W_]*")
_MAX_MARK_CHARS = 40
_GLUED = re.compile(r"[\w”’»\")]")
"""A sign before a number that is a link, if no space is between them."""
_BRACKETED = re.compile(r"\s*\[.*\]\s*", re.S)
_NOTE_ROLES = frozenset({"noteref", "doc-noteref"})
_NOTE_CLASSES = frozenset({"footnote-ref", "footnoteref", "noteref", "fnref", "footnote-reference"})
_BACK_LINK = re.compile(r"\s*[↩⏎↵⤴↑]\ufe0e?\s*")
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_BOXES = {"checkbox": ("☐", "☑"), "radio": ("○", "◉")}
_TEXT_FIELDS = frozenset({"text", "number", "date", "time", "datetime-local", "month", "week", "email", "tel", "url"})
_FIGURE_DEPTH = 4
_READINGS = frozenset({"rt", "rtc"})
_TEX = re.compile(r"\{\\(?:displaystyle|textstyle)\s+(.*)\}\s*", re.S)


@dataclass(slots=True)
class _Ruby:
    """The base text and the readings of a ruby element."""

    base: str = ""
    readings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Open:
    """What the end of an element ends."""

    is_struck: bool
    has_script: bool
    closing: str
    has_font: bool = False
    look: Look | None = None
    """The look around the element, if it has another one."""


_STATED = _Open(is_struck=False, has_script=False, closing="")
_STRUCK = _Open(is_struck=True, has_script=False, closing="")


class InlineText:
    """Collects the text of a paragraph with its line breaks.

    `is_struck` says that an element around it is, `font` names the symbol font that one around it chooses, `look` is
    how text around it looks.
    """

    def __init__(self, tree: HtmlTree, *, is_struck: bool = False, font: str = "", look: Look | None = None) -> None:
        self._tree = tree
        self.look = tree.look if look is None else look
        self._lines: list[tuple[str, list[str]]] = []
        self._stated: list[str] = []  # of the line, behind what is marked in it
        self._marked: MarkedText | None = None
        self._has_text = False
        self._last = ""
        self._is_after_picture = False
        self._struck = int(is_struck)
        self._scripts = [Script.NORMAL]
        self._fonts = [font]
        self._rubies: list[_Ruby] = []
        self._readings = 0
        self._open: list[_Open] = []

    @property
    def is_struck(self) -> bool:
        """Whether an open element strikes out its text."""
        return self._struck > 0

    def add_text(self, text: str) -> None:
        """Add text; a line feed in it begins a line."""
        if not text:
            return
        text = decode_symbols(text, self._fonts[-1]) if self._fonts[-1] else text
        if self._readings:
            self._rubies[-1].readings.append(text)
            return
        if self._rubies:
            self._rubies[-1].base += text
        if self._is_after_picture and text[0].isalnum():
            text = f" {text}"
        self._is_after_picture = False
        first, *others = text.split("\n")
        self._add_run(first)
        for line in others:
            self.break_line()
            self._add_run(line)

    def _add_run(self, text: str) -> None:
        if not text:
            return
        self._last = text[-1]
        self._has_text = self._has_text or not text.isspace()
        script, reason = self._scripts[-1], self.look.reason
        if script is Script.NORMAL and not self._struck and reason is None:
            self._stated.append(text)
            return
        self._mark_stated()
        kind = AnnotationKind.STRUCK_OUT if self._struck else None
        if self._marked is None:
            self._marked = MarkedText()
        self._marked.add(text, hide_run(reason, script) if reason else RunStyle(script, kind))

    def _mark_stated(self) -> None:
        if self._stated:
            self._marked = self._marked or MarkedText()
            self._marked.add("".join(self._stated))
            self._stated.clear()

    def add_generated(self, node: LexborNode, pseudo: Pseudo) -> None:
        """Add the text that a style sheet puts before or after that of an open element."""
        if self._tree.cascade.has_generated_text:
            self.add_text(self._tree.cascade.find_generated(node, pseudo, self.look))

    def add_picture(self, description: str) -> None:
        """Add what `describe_picture` returns, so that it is no part of a word."""
        is_glued = len(description) > 2 and self._last.isalnum()
        self.add_text(f" {description}" if is_glued else description)
        self._is_after_picture = len(description) > 2

    def break_line(self) -> None:
        """Begin a line."""
        if self._marked is None:
            self._lines.append(("".join(self._stated), []))
            self._stated.clear()
        else:
            self._mark_stated()
            self._lines.append(self._marked.join())
            self._marked = None
        self._has_text = False
        self._last = ""

    def start(self, node: LexborNode, attributes: Attributes) -> bool:
        """Begin an element; return whether its content is already read, or is left out."""
        tag = node.tag or ""
        is_struck = self._tree.is_struck(node, attributes)
        outer, self.look = self.look, self._tree.cascade.look_at(node, attributes, self.look)
        changed = outer if outer is not self.look else None
        styled = _HEIGHTS.get(self._tree.cascade.heights.get(node.mem_id, "")) if self._tree.cascade.heights else None
        font = find_own_font(self._tree, node, attributes)
        if font is not None:
            self._fonts.append(font)
        if tag not in _SPECIAL and styled is None and font is None:
            if changed is not None:
                self._open.append(_Open(is_struck, has_script=False, closing="", look=changed))
            else:
                self._open.append(_STRUCK if is_struck else _STATED)
            self._struck += is_struck
            return False
        script = _find_script(node, tag, attributes, styled)
        sign, closing = _find_math_signs(node, tag) if tag in _MATH else ("", "")
        closing = "”" if tag == "q" else closing
        self._open.append(_Open(is_struck, script is not None, closing, font is not None, changed))
        self._struck += is_struck
        is_left_out = tag == "select" or (tag in ("sup", "a") and self._leaves_out_note_mark(node, attributes))
        self.add_text(sign)
        if script is not None:
            self._scripts.append(script)
        self._start_special(node, tag, attributes)
        return is_left_out

    def _start_special(self, node: LexborNode, tag: str, attributes: Attributes) -> None:
        if tag == "br":
            self.break_line()
        elif tag in ("img", "input", "select"):
            is_picture = tag == "img" or attributes.get("type") == "image"
            self.add_picture(_describe_image(node, attributes) if is_picture else "")
            self.add_text("" if is_picture else _show_field(node, tag, attributes))
        elif tag == "ruby":
            self._rubies.append(_Ruby())
        elif tag in _READINGS and self._rubies:
            self._readings += 1
        elif tag == "q":
            self.add_text("“")
        elif tag == "tspan":
            self._start_span(attributes)
        elif tag == "span" and attributes.get("role") == "img" and not node.text().strip():
            self.add_picture(describe_picture(attributes.get("aria-label") or ""))

    def end(self, node: LexborNode) -> None:
        """End an element."""
        tag = node.tag or ""
        opened = self._open.pop()
        if opened.has_script:
            self._scripts.pop()
        if opened.has_font:
            self._fonts.pop()
        if opened.closing:
            self.add_text(opened.closing)
        if tag in _READINGS and self._readings:
            self._readings -= 1
        elif tag == "ruby" and self._rubies:
            ruby = self._rubies.pop()
            readings = " ".join("".join(ruby.readings).split())
            # In the scripts of East Asia a reading would cut the word: 食(た)べる.
            if readings and not _CJK.search(ruby.base):
                self.add_text(f" ({readings})")
        self._struck -= opened.is_struck
        if opened.look is not None:
            self.look = opened.look

    def take_lines(self) -> list[tuple[str, list[str]]]:
        """Return each line as its sentence and the annotations of what is struck out or hidden in it; begin anew."""
        self.break_line()
        lines, self._lines = self._lines, []
        return lines

    def _start_span(self, attributes: Attributes) -> None:
        """Begin a span of SVG, which can stand elsewhere than behind the text before it."""
        is_line = "y" in attributes or (attributes.get("dy") or "0").strip("0.empx") != ""
        if self._has_text and is_line and "x" in attributes:
            self.break_line()
        elif self._has_text and ("x" in attributes or is_line):
            self.add_text(" ")

    def _leaves_out_note_mark(self, node: LexborNode, attributes: Attributes) -> bool:
        """Return whether an element is the mark of a note; write the mark if it begins the note itself.

        A mark in brackets, [1], is read as text. Without brackets it would be a part of a word or number.
        """
        text = node.text()
        if len(text) > _MAX_MARK_CHARS:
            return False
        if _BACK_LINK.fullmatch(text):
            return True
        if not _NOTE_MARK.fullmatch(text) or _BRACKETED.fullmatch(text):
            return False
        is_number = node.tag == "a" and text.strip().isdecimal()
        is_glued = is_number and bool(_GLUED.fullmatch(self._last) if self._has_text else _is_before_word(node))
        is_link = "#" in (attributes.get("href") or "")
        if not (is_glued and is_link) and not _is_note_link(node, attributes):
            return False
        if not self._has_text:
            self.add_text(f"{text.strip()} ")
        return True


def _is_before_word(node: LexborNode) -> bool:
    """Return whether a word follows an element without a space."""
    following = node.next
    return following is not None and following.text()[:1].isalnum()


def find_own_font(tree: HtmlTree, node: LexborNode, attributes: Attributes) -> str | None:
    """Return the symbol font that an element chooses, "" for any other font, None if it chooses none."""
    style = attributes.get("style") if attributes else None
    declared = find_font(style) if style else None
    if declared is None and node.tag == "font" and attributes.get("face"):
        return choose_font(attributes["face"] or "")
    return tree.cascade.fonts.get(node.mem_id) if declared is None and tree.cascade.fonts else declared


def _is_note_link(node: LexborNode, attributes: Attributes) -> bool:
    roles = {*(attributes.get("epub:type") or "").split(), attributes.get("role") or ""}
    classes = (attributes.get("class") or "").lower().split()
    if node.tag == "a":
        is_note = (
            bool(roles & _NOTE_ROLES) or not _NOTE_CLASSES.isdisjoint(classes) or "data-footnote-ref" in attributes
        )
        raised = node.css_first("sup")
        is_raised = raised is not None and raised.text().strip() == node.text().strip()
        return is_note or (is_raised and "#" in (attributes.get("href") or ""))
    links = node.css("a")
    outside = len(re.sub(r"\W", "", node.text())) - sum(len(re.sub(r"\W", "", link.text())) for link in links)
    return bool(links) and not outside and all("#" in (link.attributes.get("href") or "") for link in links)


def _find_script(node: LexborNode, tag: str, attributes: Attributes, styled: Script | None) -> Script | None:
    """Return the height of the text of an element; None if it is that of the text around it.

    `styled` is what a style sheet says.
    """
    if tag == "br":
        return None
    style = attributes.get("style")
    declared = find_height(style) if style else ""
    own = Script.SUPERSCRIPT if tag == "sup" else Script.SUBSCRIPT if tag == "sub" else None
    script = _HEIGHTS[declared] if declared else own or styled
    if script is not None:
        return Script.NORMAL if _BRACKETED.fullmatch(node.text()) else script
    if tag not in _MATH or node.parent is None:
        return None
    heights = _SCRIPTS.get(node.parent.tag or "", ())
    index = _count_elements_before(node) if heights else 0
    return heights[index - 1] if 1 <= index <= len(heights) else None


def is_layout_space(text: str, node: LexborNode) -> bool:
    """Return whether a text node only indents the source of a formula."""
    parent = node.parent
    return parent is not None and text.isspace() and parent.tag in _MATH and parent.tag not in _MATH_TEXTS


def _find_math_signs(node: LexborNode, tag: str) -> tuple[str, str]:
    """Return the signs that a formula shows before and after a part of it in one line."""
    is_of_fraction = node.parent is not None and node.parent.tag == "mfrac"
    is_denominator = is_of_fraction and _count_elements_before(node) == 1
    root = "√" if tag in ("msqrt", "mroot") else ""
    parts = sum(1 for _ in node.iter())
    is_grouped = tag == "mfenced" or ((is_of_fraction or tag == "msqrt") and parts > 1)
    return ("/" if is_denominator else "") + root + ("(" if is_grouped else ""), ")" if is_grouped else ""


def _count_elements_before(node: LexborNode) -> int:
    count, sibling = 0, node.prev
    while sibling is not None:
        count += sibling.is_element_node
        sibling = sibling.prev
    return count


def _describe_image(node: LexborNode, attributes: Attributes) -> str:
    alternative = attributes.get("alt") or ""
    formula = _TEX.fullmatch(alternative)
    if formula:
        return formula[1].strip()
    is_decoration = attributes.get("aria-hidden") == "true" or attributes.get("role") in ("presentation", "none")
    return "" if is_decoration or _is_in_caption(alternative, node) else describe_picture(alternative)


def _show_field(node: LexborNode, tag: str, attributes: Attributes) -> str:
    """Return what a field of a form shows: the text in it, whether it is ticked, or what is chosen."""
    if tag == "select":
        return _show_choice(node, attributes)
    kind = (attributes.get("type") or "text").lower()
    if kind in _BOXES:
        return f"{_BOXES[kind]['checked' in attributes]} "
    return f" {attributes.get('value') or ''} " if kind in _TEXT_FIELDS else ""


def _show_choice(node: LexborNode, attributes: Attributes) -> str:
    """Return the options that are chosen; a menu of which none is shows its first one."""
    options = node.css("option")
    chosen = [option for option in options if "selected" in option.attributes]
    if "multiple" not in attributes:
        chosen = chosen[-1:] or [option for option in options if "disabled" not in option.attributes][:1]
    labels = [" ".join((option.attributes.get("label") or option.text()).split()) for option in chosen]
    return f" {', '.join(filter(None, labels))} "


def _is_in_caption(alternative: str, node: LexborNode) -> bool:
    """Return whether the caption of the figure around a picture says what its alternative text says."""
    parent = node.parent
    for _ in range(_FIGURE_DEPTH):
        if parent is None or parent.tag in ("figure", "body"):
            break
        parent = parent.parent
    caption = parent.css_first("figcaption") if parent is not None and parent.tag == "figure" else None
    return caption is not None and " ".join(alternative.split()) in " ".join(caption.text().split())
