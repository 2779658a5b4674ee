"""Sanitize untrusted Markdown: no links, no images, no HTML, none of Streamlit's own directives.

The text is parsed and rendered again from an allow-list of elements. Everything else becomes plain text with
every punctuation mark escaped, so safety does not depend on recognising an attack. Addresses become code
spans, which can be read and copied but not followed.
"""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# What Streamlit's renderer turns into a link by itself, even if the punctuation is escaped.
ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:/{2}|www\.)[^\s<>`]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
FIRST_HEADING_LEVEL = 4  # an answer's headings stay below the page's own

RenderText = Callable[[str], str]


def escape_markdown(text: str) -> str:
    """Return Markdown that shows `text` character for character, with addresses as code spans."""
    parts: list[str] = []
    end = 0
    for address in ADDRESS.finditer(text):
        parts += [_escape(text[end : address.start()]), code_span(address[0])]
        end = address.end()
    return "".join([*parts, _escape(text[end:])])


def code_span(text: str) -> str:
    """Return `text` as a code span."""
    fence = "`" * (_count_longest_backtick_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def sanitize_markdown(
    markdown: str, render_text: RenderText = escape_markdown, *, keep_in_code: RenderText = str
) -> str:
    """Return `markdown` (CommonMark with tables and strikethrough) without anything that could load or link.

    `render_text` renders plain text, `keep_in_code` cleans the text inside code.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return _Writer(render_text, keep_in_code).blocks(SyntaxTreeNode(parser.parse(markdown)))


def _escape(text: str) -> str:
    return PUNCTUATION.sub(r"\\\1", text)


def _count_longest_backtick_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


class _Writer:
    """Writes a syntax tree as Markdown: one method for each allowed element."""

    def __init__(self, render_text: RenderText, keep_in_code: RenderText) -> None:
        self._text = render_text
        self._code = keep_in_code

    def blocks(self, parent: SyntaxTreeNode) -> str:
        """Return the blocks inside `parent`, separated by blank lines."""
        return "\n\n".join(filter(None, map(self._block, parent.children)))

    def _block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "paragraph":
                return self._inline(node)
            case "heading":
                level = min(int(node.tag[1:]) + FIRST_HEADING_LEVEL - 1, 6)
                return f"{'#' * level} {self._inline(node)}"
            case "blockquote":
                return _prefix_lines(self.blocks(node), "> ", "> ")
            case "bullet_list" | "ordered_list":
                return self._list(node)
            case "fence" | "code_block":
                return self._fence(node.content)
            case "table":
                return self._table(node)
            case "hr":
                return "---"
            case _:
                return self._text(node.content)

    def _list(self, node: SyntaxTreeNode) -> str:
        first = int(node.attrs.get("start", 1))
        items: list[str] = []
        for number, item in enumerate(node.children, first):
            mark = f"{number}. " if node.type == "ordered_list" else "- "
            items.append(_prefix_lines(self.blocks(item), mark, " " * len(mark)))
        return "\n".join(items)

    def _fence(self, content: str) -> str:
        text = self._code(content).rstrip("\n")
        fence = "`" * max(3, _count_longest_backtick_run(text) + 1)
        return f"{fence}text\n{text}\n{fence}"

    def _table(self, node: SyntaxTreeNode) -> str:
        rows = [row for part in node.children for row in part.children]
        lines = [f"| {' | '.join(self._cell(cell) for cell in row.children)} |" for row in rows]
        lines.insert(1, "|" + " --- |" * len(rows[0].children))
        return "\n".join(lines)

    def _cell(self, cell: SyntaxTreeNode) -> str:
        # A bar inside a code span ends the cell unless it is escaped; in plain text it is escaped already.
        return re.sub(r"(?<!\\)\|", r"\\|", self._inline(cell)).replace("\n", " ")

    def _inline(self, parent: SyntaxTreeNode) -> str:
        return "".join(map(self._span, parent.children))

    def _span(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "inline" | "link_text":
                return self._inline(node)
            case "strong" | "em" | "s":
                mark = {"strong": "**", "em": "*", "s": "~~"}[node.type]
                return f"{mark}{self._inline(node)}{mark}"
            case "link":
                return self._link(node)
            case "image":
                return self._text(f"[picture left out: {node.content}]" if node.content else "[picture left out]")
            case "code_inline":
                return code_span(self._code(node.content))
            case "softbreak":
                return "\n"
            case "hardbreak":
                return "\\\n"
            case _:
                return self._text(node.content)

    def _link(self, node: SyntaxTreeNode) -> str:
        words, target = self._inline(node), str(node.attrs.get("href", ""))
        shown = code_span(target)
        return words if shown == words else f"{words} ({shown})" if target else words


def _prefix_lines(text: str, first: str, others: str) -> str:
    """Return `text` with `first` before its first line and `others` before the rest; blank lines stay short."""
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((others + line).rstrip() for line in lines[1:])])
