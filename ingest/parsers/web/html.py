"""HTML pages: the visible text without menus and scripts (the adapter of `selectolax`)."""

import re
from collections.abc import Iterator
from itertools import groupby

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parsers.document_builder import DocumentBuilder, ListWriter, clean_title
from ingest.parsers.encoding import decode, find_markup_charset
from ingest.parsers.source import Source
from ingest.types import ParsedDocument

MEDIA_TYPE = "text/html"

_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_PROGRAMS = {"script", "style", "noscript", "template"}
_EMBEDDED = {"svg", "iframe", "object", "embed", "canvas", "audio", "video", "map"}
_CHOICES = {"select", "datalist"}
_ALTERNATIVES = {"annotation", "annotation-xml"}
_NEVER_TEXT = frozenset(_PROGRAMS | _EMBEDDED | _CHOICES | _ALTERNATIVES)
_MENUS = frozenset({"nav", "menu"})
_MENU_ROLES = frozenset({"navigation", "menu", "menubar", "search"})
_EDIT_LINK_CLASS = "mw-editsection"
"""The edit link of MediaWiki beside every heading."""
_PERMALINK = re.compile(r"\s+[#¶]$|¶$")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PHRASES = {"a", "abbr", "acronym", "bdi", "bdo", "cite", "data", "del", "dfn", "ins", "label", "q", "span", "time"}
_LETTERS = {"b", "big", "em", "font", "i", "mark", "s", "small", "strike", "strong", "sub", "sup", "u"}
_COMPUTING = {"code", "kbd", "samp", "tt", "var"}
_RUBY = {"rp", "rt", "ruby"}
_MATH = {"math", "mi", "mn", "mo", "mrow", "msup", "msub", "mtext", "semantics"}
_INLINE = frozenset({"br", "button", "img", "wbr"} | _PHRASES | _LETTERS | _COMPUTING | _RUBY | _MATH)
_LISTS = frozenset({"ul", "ol"})
_MAX_CELL_CHARS = 1000


class _Writer:
    """Collects inline text into paragraphs."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.list_writer = ListWriter(builder)
        self.inline: list[str] = []

    def flush(self) -> None:
        """End the paragraph."""
        lines = [" ".join(line.split()) for line in "".join(self.inline).split("\n")]
        self.inline.clear()
        self.list_writer.add_paragraph("\n".join(line for line in lines if line))


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield an HTML file as one piece, without menus unless it has only those; raises `NoTextError` if it is blank."""
    data = source.path.read_bytes()
    decoded = decode(data, find_markup_charset(data))
    tree = LexborHTMLParser(decoded.text)
    builder = DocumentBuilder()
    _write_body(tree, builder, keep_menus=False)
    if not builder.has_text:
        _write_body(tree, builder, keep_menus=True)
    yield builder.build(
        title=clean_title(_read_title(tree)),
        media_type=MEDIA_TYPE,
        filename=source.filename,
        warnings=decoded.warnings,
        metadata={"encoding": decoded.encoding},
    )


def write_fragment(html: str, builder: DocumentBuilder) -> None:
    """Add the text of an HTML fragment to a document of another format."""
    _write_body(LexborHTMLParser(html), builder, keep_menus=True)


def _write_body(tree: LexborHTMLParser, builder: DocumentBuilder, *, keep_menus: bool) -> None:
    if tree.body is None:
        return
    writer = _Writer(builder)
    walk = _TreeWalk(tree.body, keep_menus=keep_menus)
    for node, is_end in walk:
        if node.is_text_node:
            writer.inline.append(re.sub(r"\s+", " ", node.text(deep=False)))
        elif is_end:
            _end_element(node, writer)
        elif _start_element(node, writer):
            walk.skip_children()
    writer.flush()


class _TreeWalk:
    """Visits the nodes below a root in document order, each element at its start and at its end.

    It is iterative, because pages nest deeper than Python's recursion limit.
    """

    def __init__(self, root: LexborNode, *, keep_menus: bool) -> None:
        self._keep_menus = keep_menus
        self._is_skipping = False
        self._stack: list[tuple[LexborNode, bool]] = []
        self._push_children(root)

    def __iter__(self) -> Iterator[tuple[LexborNode, bool]]:
        while self._stack:
            node, is_end = self._stack.pop()
            if is_end or node.is_text_node:
                yield node, is_end
            elif node.is_element_node and self._is_visible(node):
                self._stack.append((node, True))
                self._is_skipping = False
                yield node, False
                if not self._is_skipping:
                    self._push_children(node)

    def skip_children(self) -> None:
        """Skip the nodes inside the last visited one."""
        self._is_skipping = True

    def _push_children(self, node: LexborNode) -> None:
        self._stack.extend((child, False) for child in reversed(list(node.iter(include_text=True))))

    def _is_visible(self, node: LexborNode) -> bool:
        if node.tag in _NEVER_TEXT:
            return False
        attributes = node.attributes
        is_menu = node.tag in _MENUS or attributes.get("role") in _MENU_ROLES
        is_hidden = "hidden" in attributes or bool(_HIDING_STYLE.search(attributes.get("style") or ""))
        is_edit_link = _EDIT_LINK_CLASS in (attributes.get("class") or "").split()
        return not (is_hidden or is_edit_link or (is_menu and not self._keep_menus))


def _start_element(node: LexborNode, writer: _Writer) -> bool:
    """Handle the start of an element; return whether its content is already written."""
    tag = node.tag
    if tag == "br":
        writer.inline.append("\n")
    if tag in _INLINE:
        return False
    writer.flush()
    if tag in _LISTS:
        writer.list_writer.open_list(first_number=_read_first_number(node))
    elif tag == "li":
        writer.list_writer.open_item()
    return _write_block(node, writer.list_writer)


def _end_element(node: LexborNode, writer: _Writer) -> None:
    if node.tag not in _INLINE:
        writer.flush()
    if node.tag in _LISTS:
        writer.list_writer.close_list()


def _read_first_number(node: LexborNode) -> int | None:
    if node.tag != "ol":
        return None
    start = node.attributes.get("start") or ""
    return int(start) if start.isdecimal() else 1


def _write_block(node: LexborNode, list_writer: ListWriter) -> bool:
    """Write a heading, a code block or a table; return whether the element is one of them."""
    tag = node.tag
    if tag in _HEADINGS:
        list_writer.builder.add_heading(_HEADINGS[tag], _PERMALINK.sub("", _read_inner_text(node).rstrip()))
    elif tag == "pre":
        list_writer.builder.add_code(_read_inner_text(node))
    elif tag == "table" and _is_data_table(node):
        _write_table(node, list_writer.builder)
    else:
        return False
    list_writer.interrupt()
    return True


def _read_inner_text(node: LexborNode) -> str:
    """Return the text inside a node with its white space, with line breaks for `br` and block elements."""
    pieces: list[str] = []
    for inner, is_end in _TreeWalk(node, keep_menus=True):
        if inner.is_text_node:
            pieces.append(inner.text(deep=False))
        elif is_end and (inner.tag == "br" or inner.tag not in _INLINE):
            pieces.append("\n")
    return "".join(pieces)


def _is_data_table(table: LexborNode) -> bool:
    """Return whether a table has data, in contrast to a layout table."""
    if (table.attributes.get("role") or "") in ("presentation", "none"):
        return False
    if any(inner.mem_id != table.mem_id for inner in table.css("table")) or table.css_first("h1,h2,h3,h4,h5,h6,pre"):
        return False
    rows = [cells for _, cells in _find_rows(table)]
    is_grid = len(rows) > 1 and max(map(len, rows)) > 1
    return is_grid and all(len(cell) <= _MAX_CELL_CHARS for row in rows for cell in row)


def _write_table(table: LexborNode, builder: DocumentBuilder) -> None:
    caption = table.css_first("caption")
    if caption is not None:
        builder.add_paragraph(" ".join(_read_inner_text(caption).split()))
    rows = _find_rows(table)
    leading = next((len(list(group)) for is_header, group in groupby(rows, key=lambda row: row[0]) if is_header), 0)
    builder.add_table([cells for _, cells in rows], header_rows=leading if rows[0][0] else 0)


def _find_rows(table: LexborNode) -> list[tuple[bool, list[str]]]:
    """Return the cells of each row of a table, with whether all of them are `th`."""
    rows: list[tuple[bool, list[str]]] = []
    for row in table.css("tr"):
        cells = [cell for cell in row.iter() if cell.tag in ("td", "th")]
        if cells:
            is_header = all(cell.tag == "th" for cell in cells)
            rows.append((is_header, [_read_inner_text(cell) for cell in cells]))
    return rows


def _read_title(tree: LexborHTMLParser) -> str:
    title = tree.css_first("head > title")
    return title.text() if title is not None else ""
