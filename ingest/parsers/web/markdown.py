"""Markdown (CommonMark with tables): the rendered text, headings, tables and code (the adapter of `markdown-it-py`)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.parsers.document_builder import DocumentBuilder, ListWriter, normalize_signs
from ingest.parsers.encoding import decode
from ingest.parsers.source import Source
from ingest.parsers.web.html import read_lines, write_fragment
from ingest.parsers.web.inline import INLINE
from ingest.types import ParsedDocument

MEDIA_TYPE = "text/markdown"

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)\n", re.S)
_STORED_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.I | re.M)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>")
_STYLE_ELEMENT = re.compile(r"<style\b.*?</style\s*>", re.I | re.S)
_WRAPPERS = frozenset(
    {
        "article",
        "aside",
        "center",
        "del",
        "dialog",
        "div",
        "font",
        "footer",
        "header",
        "main",
        "p",
        "s",
        "section",
        "span",
    }
    | {"strike"}
)
"""Elements that can begin in one block of HTML and end in another: what they say holds for the blocks between."""
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_TABLE_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
_BARE_PIPE = re.compile(r"(?<!\\)\|")
_NOTE_MARK = re.compile(r"\[\^([^\]\s]{1,20})\]")
_NOTE_DEFINITION = re.compile(r"^( {0,3}\[\^[^\]\s]+\]):", re.M)
"""A note; CommonMark takes one of a single word for the target of a link."""


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a Markdown file as one piece, with link targets, without emphasis; raises `NoTextError` if it is blank."""
    decoded = decode(source.path.read_bytes())
    text = normalize_signs(decoded.text).lstrip("\ufeff")
    builder = DocumentBuilder()
    front_matter = _FRONT_MATTER.match(text)
    stored_title = _STORED_TITLE.search(front_matter[1]) if front_matter else None
    if front_matter:
        builder.add_paragraph(front_matter[1])
    write_markdown(text[front_matter.end() :] if front_matter else text, builder)
    yield builder.build(
        title=stored_title[1] if stored_title else "",
        media_type=MEDIA_TYPE,
        filename=source.filename,
        warnings=decoded.warnings,
        metadata={"encoding": decoded.encoding},
    )


def write_markdown(text: str, builder: DocumentBuilder) -> None:
    """Add the rendered text of Markdown to a document of another format."""
    body = normalize_signs(text)
    _Writer(ListWriter(builder), "".join(_STYLE_ELEMENT.findall(body))).write(_parse_tokens(body))


def _parse_tokens(text: str) -> Iterator[Token]:
    """Yield the blocks of a text, each inside the elements that blocks of HTML above it have left open."""
    open_tags: list[tuple[str, str]] = []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(_escape_notes(text)):
        around = tuple(open_tags)
        if token.type == "html_block":
            _track_tags(_STYLE_ELEMENT.sub("", token.content), open_tags)
        if around:
            _wrap(token, around)
        yield token


def _wrap(token: Token, open_tags: Sequence[tuple[str, str]]) -> None:
    opening = "".join(f"<{tag}{attributes}>" for tag, attributes in open_tags)
    if token.type == "html_block":
        token.content = f"{opening}{token.content}"
    elif token.children:
        closing = "".join(f"</{tag}>" for tag, _ in reversed(open_tags))
        marks = [Token("html_inline", "", 0, content=content) for content in (opening, closing)]
        token.children = [marks[0], *token.children, marks[1]]


def _track_tags(html: str, open_tags: list[tuple[str, str]]) -> None:
    """Bring the elements that are open behind a block of HTML up to date."""
    for match in _TAG.finditer(html):
        tag = match[2].lower()
        if tag not in _WRAPPERS:
            continue
        name = tag if tag in INLINE else "span"
        if not match[1]:
            open_tags.append((name, match[3]))
        elif open_tags:
            open_tags.pop()


def _escape_notes(text: str) -> str:
    return _NOTE_DEFINITION.sub(r"\1\\:", _escape_pipes(text) if "|" in text else text)


def _escape_pipes(text: str) -> str:
    """Return `text` with the pipes in code in the rows of tables escaped, which GFM takes for borders of cells.

    Their writers mean one cell, and most programs but GitHub show one; the text behind the last column would be lost.
    """
    lines = text.split("\n")
    is_table = is_code = False
    for number, line in enumerate(lines):
        is_code ^= bool(_FENCE.match(line))
        is_table = not is_code and "|" in line and (is_table or bool(_TABLE_RULE.fullmatch(line)))
        if is_table:
            lines[number] = _CODE_SPAN.sub(lambda match: _BARE_PIPE.sub(r"\|", match[0]), line)
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Adds blocks to a document; `styles` are the style sheets in the file, as elements of HTML."""

    list_writer: ListWriter
    styles: str

    def write(self, tokens: Iterator[Token]) -> None:
        """Add the blocks of `tokens`."""
        list_writer = self.list_writer
        for token in tokens:
            match token.type:
                case "heading_open":
                    title, annotations = self._read_on_one_line(next(tokens).children or [])
                    list_writer.builder.add_heading(int(token.tag[1:]), title)
                    list_writer.builder.add_paragraph(" ".join(annotations))
                    list_writer.interrupt()
                case "inline":
                    list_writer.add_paragraph(self._read_text(token.children or []))
                case "bullet_list_open":
                    list_writer.open_list(first_number=None)
                case "ordered_list_open":
                    list_writer.open_list(first_number=int(token.attrGet("start") or 1))
                case "bullet_list_close" | "ordered_list_close":
                    list_writer.close_list()
                case "list_item_open":
                    list_writer.open_item()
                case _:
                    self._write_block(token, tokens)

    def _write_block(self, token: Token, tokens: Iterator[Token]) -> None:
        match token.type:
            case "fence" | "code_block":
                self.list_writer.builder.add_code(token.content)
            case "html_block":
                write_fragment(f"{self.styles}{token.content}", self.list_writer.builder)
            case "table_open":
                self._write_table(tokens)
            case _:
                return
        self.list_writer.interrupt()

    def _write_table(self, tokens: Iterator[Token]) -> None:
        """Add the table of the next tokens, up to its end."""
        rows: list[list[str]] = []
        for token in takewhile(lambda token: token.type != "table_close", tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                text, annotations = self._read_on_one_line(token.children or [])
                rows[-1].append(" ".join(filter(None, [text, *annotations])))
        self.list_writer.builder.add_table(rows, header_rows=1)

    def _read_text(self, tokens: Sequence[Token]) -> str:
        """Return the lines of a paragraph, what is struck out or hidden in a line at its end."""
        lines = self._read_lines(tokens)
        return "\n".join(" ".join(filter(None, [sentence.strip(), *annotations])) for sentence, annotations in lines)

    def _read_on_one_line(self, tokens: Sequence[Token]) -> tuple[str, list[str]]:
        """Return the text of a heading or cell, and the annotations of what is struck out or hidden in it."""
        lines = self._read_lines(tokens)
        text = " ".join(filter(None, (sentence.strip() for sentence, _ in lines)))
        return text, [annotation for _, annotations in lines for annotation in annotations]

    def _read_lines(self, tokens: Sequence[Token]) -> list[tuple[str, list[str]]]:
        links: list[tuple[str, int]] = []
        pieces: list[str] = []
        for index, token in enumerate(tokens):
            if token.type == "link_open":
                links.append((str(token.attrGet("href") or ""), index))
            elif token.type == "link_close":
                target, start = links.pop()
                label = "".join(inner.content for inner in tokens[start:index] if inner.type != "html_inline")
                is_shown = label and label in target
                pieces.append(escape(f" ({target})") if "://" in target and not is_shown else "")
            else:
                pieces.append(_render(token))
        html = "".join(pieces)
        if "<" not in html:
            return [(line, []) for line in unescape(html).split("\n")]
        return read_lines(f"{self.styles}{html}")


def _render(token: Token) -> str:
    """Return a token of a paragraph as HTML, without the tags that are no part of a sentence."""
    match token.type:
        case "softbreak" | "hardbreak":
            return "\n"
        case "s_open" | "s_close":
            return f"<{'/' if token.nesting < 0 else ''}s>"
        case "image":
            return f'<img alt="{escape(token.content)}">'
        case "html_inline":
            return _TAG.sub(_render_tag, token.content) if _TAG.match(token.content) else ""
        case "text":
            return escape(_NOTE_MARK.sub(r"[\1]", token.content))
        case _:
            return escape(token.content)


def _render_tag(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    if name in INLINE:
        return tag[0]
    return f"<{tag[1]}span{tag[3]}>" if name in _WRAPPERS else ""
