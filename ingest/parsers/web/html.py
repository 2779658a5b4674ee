"""HTML pages: their text without menus and scripts, what is hidden marked (the adapter of `selectolax`)."""

import re
from collections.abc import Callable, Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parsers.document_builder import DocumentBuilder, ListWriter, clean_title
from ingest.parsers.encoding import decode, find_markup_charset
from ingest.parsers.numerals import format_letters, format_roman
from ingest.parsers.source import Source
from ingest.parsers.table_grid import lay_out_table
from ingest.parsers.web.inline import INLINE, InlineText, find_own_font, is_layout_space
from ingest.parsers.web.looks import Attributes, Look
from ingest.parsers.web.tables import Row, count_header_rows, read_grid
from ingest.parsers.web.visible_nodes import HtmlTree, VisibleNodes
from ingest.text.pictures import describe_picture
from ingest.types import HiddenReason, ParsedDocument

MEDIA_TYPE = "text/html"

_PERMALINK = re.compile(r"\s+[#¶]$|¶$")
_SPACE = re.compile(r"[ \t\n\r\f\v]+")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NUMBER_FORMATS: dict[str, Callable[[int], str]] = {
    **dict.fromkeys(("a", "lower-alpha", "lower-latin"), format_letters),
    **dict.fromkeys(("A", "upper-alpha", "upper-latin"), lambda number: format_letters(number).upper()),
    **dict.fromkeys(("i", "lower-roman"), format_roman),
    **dict.fromkeys(("I", "upper-roman"), lambda number: format_roman(number).upper()),
}
_LIST_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*([\w-]+)", re.I)
_MAX_DIGITS = 8
_LISTS = frozenset({"ul", "ol"})
_SHAPES = frozenset(
    {"circle", "ellipse", "g", "image", "line", "path", "polygon", "polyline", "rect", "use", "title", "desc"}
)
_PICTURE_ALONE = re.compile(r"^\[picture: ([^\]]*)\]$")
_DESCRIPTIONS = frozenset({"title", "desc"})
_TABLE_ROLES = frozenset({"table", "grid", "treegrid"})
_CELLS = "[role=cell], [role=gridcell], [role=columnheader], [role=rowheader]"
_MAX_CELL_CHARS = 1000


class _Writer:
    """Collects inline text into paragraphs."""

    def __init__(self, builder: DocumentBuilder, tree: HtmlTree) -> None:
        self.list_writer = ListWriter(builder)
        self.tree = tree
        self.inline = InlineText(tree)

    def flush(self) -> None:
        """End the paragraph; what is struck out or hidden in a line stands at its end."""
        lines = (_join_line(sentence, annotations) for sentence, annotations in self.inline.take_lines())
        self.list_writer.add_paragraph("\n".join(line for line in lines if line))


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield an HTML file as one piece, without menus unless it has only those; raises `NoTextError` if it is blank."""
    data = source.path.read_bytes()
    decoded = decode(data, find_markup_charset(data))
    tree = HtmlTree(decoded.text)
    builder = DocumentBuilder()
    _write_body(tree, builder, keep_menus=False)
    if not builder.has_text:
        _write_body(tree, builder, keep_menus=True)
    yield builder.build(
        title=clean_title(_read_title(tree.parser)),
        media_type=MEDIA_TYPE,
        filename=source.filename,
        warnings=decoded.warnings,
        metadata={"encoding": decoded.encoding},
    )


def write_fragment(html: str, builder: DocumentBuilder) -> None:
    """Add the text of an HTML fragment to a document of another format."""
    _write_body(HtmlTree(html), builder, keep_menus=True)


def read_lines(html: str) -> list[tuple[str, list[str]]]:
    """Return the lines of inline HTML with their white space, each with the annotations of what is left out of it."""
    tree = HtmlTree(html)
    return _read(tree, tree.body, tree.look, is_struck=False) if tree.body is not None else []


def _write_body(tree: HtmlTree, builder: DocumentBuilder, *, keep_menus: bool) -> None:
    if tree.body is None:
        return
    writer = _Writer(builder, tree)
    nodes = VisibleNodes(tree, tree.body, keep_menus=keep_menus)
    written = 0
    for node, is_end in nodes:
        if node.is_text_node:
            text = _SPACE.sub(" ", node.text(deep=False))
            writer.inline.add_text("" if is_layout_space(text, node) else text)
        elif is_end:
            if node.mem_id != written:
                writer.inline.add_generated(node, "after")
            _end_element(node, writer)
        elif _start_element(node, nodes.attributes, writer):
            nodes.skip_children()
            written = node.mem_id
        else:
            writer.inline.add_generated(node, "before")
    writer.flush()


def _start_element(node: LexborNode, attributes: Attributes, writer: _Writer) -> bool:
    """Handle the start of an element; return whether its content is already written."""
    tag = node.tag
    if _ends_paragraph(node):
        writer.flush()
    is_written = writer.inline.start(node, attributes)
    if tag in INLINE:
        return is_written
    if tag in _LISTS:
        format_label = _find_label_format(attributes)
        writer.list_writer.open_list(first_number=_read_first_number(node), format_label=format_label)
    elif tag == "li":
        writer.list_writer.open_item(number=_read_number(attributes.get("value")))
    elif tag == "svg" or attributes.get("role") == "img":
        _describe_drawing(node, writer.inline)
    elif tag in _DESCRIPTIONS:  # a part of the description of the drawing
        return True
    return _write_block(node, writer)


def _end_element(node: LexborNode, writer: _Writer) -> None:
    writer.inline.end(node)
    if node.tag == "text":
        writer.inline.break_line()
    elif _ends_paragraph(node):
        writer.flush()
    if node.tag in _LISTS:
        writer.list_writer.close_list()


def _is_plain_drawing(node: LexborNode) -> bool:
    """Return whether an element is a drawing in a line of text, such as an icon, or a part of a drawing."""
    if node.tag == "svg":
        return node.css_first("text, foreignObject") is None
    return node.tag in _SHAPES


def _describe_drawing(node: LexborNode, inline: InlineText) -> None:
    """Write the label, the titles and the descriptions of a drawing or of an element that is shown as a picture."""
    attributes = node.attributes
    if attributes.get("aria-hidden") != "true":
        titles = [" ".join(title.text().split()) for title in node.css("title, desc")] if node.tag == "svg" else []
        labels = [*filter(None, [attributes.get("aria-label") or "", *titles])]
        description = describe_picture(". ".join(dict.fromkeys(labels)))
        inline.add_picture(description)
        if description and not _is_plain_drawing(node):
            inline.break_line()


def _read_first_number(node: LexborNode) -> int | None:
    if node.tag != "ol":
        return None
    first = _read_number(node.attributes.get("start"))
    return 1 if first is None else first


def _read_number(value: str | None) -> int | None:
    return int(value) if value and len(value) < _MAX_DIGITS and value.isdecimal() else None


def _find_label_format(attributes: Attributes) -> Callable[[int], str]:
    """Return how the numbers of a list are shown: i., a., A., …"""
    style = _LIST_STYLE.search(attributes.get("style") or "")
    format_number = _NUMBER_FORMATS.get(style[1].lower() if style else attributes.get("type") or "", str)
    return lambda number: f"{format_number(number) or number}."


def _ends_paragraph(node: LexborNode) -> bool:
    """Return whether an element begins and ends a paragraph; elements of other programs (`o:p`) do not."""
    return node.tag not in INLINE and ":" not in (node.tag or "") and not _is_plain_drawing(node)


def _write_block(node: LexborNode, writer: _Writer) -> bool:
    """Write a heading, a code block or a table; return whether the element is one of them."""
    tag = node.tag
    builder = writer.list_writer.builder
    if tag in _HEADINGS:
        title, annotations = _read_on_one_line(writer, node)
        title = _PICTURE_ALONE.sub(r"\1", title)  # a word mark
        builder.add_heading(_HEADINGS[tag], _PERMALINK.sub("", title.rstrip()))
        builder.add_paragraph(" ".join(annotations))
    elif tag == "pre":
        lines = _read(writer.tree, node, writer.inline.look, is_struck=writer.inline.is_struck)
        builder.add_code("\n".join(_join_line(line, marks, keeps_space=True) for line, marks in lines))
    elif tag == "table":
        rows = _read_data_table(node, writer)
        if not rows:
            return False
        _write_table(node, rows, writer)
    elif node.attributes.get("role") in _TABLE_ROLES:
        return _write_table_of_roles(node, writer)
    else:
        return False
    writer.list_writer.interrupt()
    return True


def _write_table_of_roles(node: LexborNode, writer: _Writer) -> bool:
    """Add a table that only its roles say to be one (WAI-ARIA 1.2, `table`); return whether it is one."""
    rows = [row.css(_CELLS) for row in node.css("[role=row]")]
    texts = [[" ".join(filter(None, [text, *notes])) for text, notes in _read_cells(node, row, writer)] for row in rows]
    if len(rows) < 2 or max(map(len, texts)) < 2 or node.css_first("table") is not None:
        return False
    is_header = all(cell.attributes.get("role") == "columnheader" for cell in rows[0])
    writer.list_writer.builder.add_table(texts, header_rows=int(is_header))
    writer.list_writer.interrupt()
    return True


def _read_cells(table: LexborNode, row: Sequence[LexborNode], writer: _Writer) -> Iterator[tuple[str, list[str]]]:
    return (_read_on_one_line(writer, cell, _look_inside(table, cell, writer)) for cell in row)


def _read(tree: HtmlTree, node: LexborNode, look: Look, *, is_struck: bool) -> list[tuple[str, list[str]]]:
    """Return the lines inside a node of the look `look` with their white space, each with its annotations.

    A `br` and the end of a block end a line; `is_struck` says that an element around the node strikes it out.
    """
    attributes = node.attributes
    font = find_own_font(tree, node, attributes) or ""
    inline = InlineText(tree, is_struck=is_struck or tree.is_struck(node, attributes), font=font, look=look)
    nodes = VisibleNodes(tree, node, keep_menus=True)
    inline.add_generated(node, "before")
    left_out = 0
    for inner, is_end in nodes:
        if inner.is_text_node:
            text = inner.text(deep=False)
            inline.add_text("" if is_layout_space(text, inner) else text)
        elif is_end:
            if inner.mem_id != left_out:
                inline.add_generated(inner, "after")
            inline.end(inner)
            if inner.tag == "text" or _ends_paragraph(inner):
                inline.break_line()
        elif inline.start(inner, nodes.attributes) or inner.tag in _DESCRIPTIONS:
            nodes.skip_children()
            left_out = inner.mem_id
        else:
            inline.add_generated(inner, "before")
            if inner.tag == "svg" or nodes.attributes.get("role") == "img":
                _describe_drawing(inner, inline)
    inline.add_generated(node, "after")
    return inline.take_lines()


def _read_on_one_line(
    writer: _Writer, node: LexborNode, look: Look | None = None, *, is_struck: bool = False
) -> tuple[str, list[str]]:
    """Return the text inside a node, and the annotations of what is struck out or hidden in it.

    `look` is that of the node, by default that of the element that the writer is in.
    """
    lines = _read(writer.tree, node, look or writer.inline.look, is_struck=is_struck or writer.inline.is_struck)
    text = " ".join(" ".join(sentence for sentence, _ in lines).split())
    return text, [annotation for _, annotations in lines for annotation in annotations]


def _join_line(sentence: str, annotations: list[str], *, keeps_space: bool = False) -> str:
    text = sentence.rstrip() if keeps_space and annotations else sentence if keeps_space else " ".join(sentence.split())
    return " ".join(filter(None, [text, *annotations]))


def _read_data_table(table: LexborNode, writer: _Writer) -> list[Row]:
    """Return the rows of a table of data; none of a layout table."""
    if (table.attributes.get("role") or "") in ("presentation", "none"):
        return []
    if any(inner.mem_id != table.mem_id for inner in table.css("table")):
        return []
    if table.css_first("h1,h2,h3,h4,h5,h6,pre") and not table.css_first("th"):
        return []

    def read_cell(row: LexborNode, cell: LexborNode) -> str:
        is_struck = any(outer and writer.tree.is_struck(outer, outer.attributes) for outer in (row, row.parent))
        text, annotations = _read_on_one_line(writer, cell, _look_inside(table, cell, writer), is_struck=is_struck)
        return " ".join(filter(None, [text, *annotations]))

    rows = read_grid(table, writer.tree.cascade.is_displayed, read_cell)
    widest = max((len(row.own_cells) for row in rows), default=0)
    is_labelled = len(rows) == 1 and rows[0].has_label
    is_grid = widest > 1 and (len(rows) > 1 or is_labelled)
    return rows if is_grid and all(len(cell.text) <= _MAX_CELL_CHARS for row in rows for cell in row.own_cells) else []


def _write_table(table: LexborNode, rows: list[Row], writer: _Writer) -> None:
    builder = writer.list_writer.builder
    caption = table.css_first("caption")
    if caption is not None:
        text, annotations = _read_on_one_line(writer, caption, _look_inside(table, caption, writer))
        builder.add_paragraph(" ".join(filter(None, [text, *annotations])))
    grid = lay_out_table([row.cells for row in rows], count_header_rows(rows))
    builder.add_table(grid.rows, header_rows=grid.header_rows)
    builder.add_paragraph(" ".join(_read_undisplayed(table, writer)))


def _look_inside(table: LexborNode, node: LexborNode, writer: _Writer) -> Look:
    """Return the look of a part of the table that the writer is in."""
    above: list[LexborNode] = []
    inner: LexborNode | None = node
    while inner is not None and inner.mem_id != table.mem_id:
        above.append(inner)
        inner = inner.parent
    look = writer.inline.look
    for element in reversed(above):
        look = writer.tree.cascade.look_at(element, element.attributes, look)
    return look


def _read_undisplayed(table: LexborNode, writer: _Writer) -> Iterator[str]:
    """Yield the annotations of the cells that take no column or row, because they are not displayed."""
    for cell in table.css("td, th"):
        look = _look_inside(table, cell, writer)
        if look.blocked is HiddenReason.NOT_DISPLAYED:
            text, annotations = _read_on_one_line(writer, cell, look)
            yield from filter(None, [text, *annotations])


def _read_title(tree: LexborHTMLParser) -> str:
    title = tree.css_first("head > title")
    return title.text() if title is not None else ""
