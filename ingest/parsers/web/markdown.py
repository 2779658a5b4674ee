"""Markdown (CommonMark with tables): the rendered text, headings, tables and code (the adapter of `markdown-it-py`)."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.parsers.document_builder import DocumentBuilder, ListWriter, normalize_text
from ingest.parsers.encoding import decode
from ingest.parsers.source import Source
from ingest.parsers.web.html import write_fragment
from ingest.types import ParsedDocument

MEDIA_TYPE = "text/markdown"

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)\n", re.S)
_STORED_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.I | re.M)
_LINE_BREAK_TAG = re.compile(r"<br\s*/?>", re.I)


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a Markdown file as one piece, with link targets, without emphasis; raises `NoTextError` if it is blank."""
    decoded = decode(source.path.read_bytes())
    text = normalize_text(decoded.text)
    builder = DocumentBuilder()
    front_matter = _FRONT_MATTER.match(text)
    stored_title = _STORED_TITLE.search(front_matter[1]) if front_matter else None
    if front_matter:
        builder.add_paragraph(front_matter[1])
    _write(_parse_tokens(text[front_matter.end() :] if front_matter else text), ListWriter(builder))
    yield builder.build(
        title=stored_title[1] if stored_title else "",
        media_type=MEDIA_TYPE,
        filename=source.filename,
        warnings=decoded.warnings,
        metadata={"encoding": decoded.encoding},
    )


def _parse_tokens(text: str) -> Iterator[Token]:
    return iter(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text))


def _write(tokens: Iterator[Token], list_writer: ListWriter) -> None:
    for token in tokens:
        match token.type:
            case "heading_open":
                list_writer.builder.add_heading(int(token.tag[1:]), _read_inline_text(next(tokens).children or []))
                list_writer.interrupt()
            case "inline":
                list_writer.add_paragraph(_read_inline_text(token.children or []))
            case "bullet_list_open":
                list_writer.open_list(first_number=None)
            case "ordered_list_open":
                list_writer.open_list(first_number=int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                list_writer.close_list()
            case "list_item_open":
                list_writer.open_item()
            case _:
                _write_block(token, tokens, list_writer)


def _write_block(token: Token, tokens: Iterator[Token], list_writer: ListWriter) -> None:
    match token.type:
        case "fence" | "code_block":
            list_writer.builder.add_code(token.content)
        case "html_block":
            write_fragment(token.content, list_writer.builder)
        case "table_open":
            _write_table(tokens, list_writer.builder)
        case _:
            return
    list_writer.interrupt()


def _write_table(tokens: Iterator[Token], builder: DocumentBuilder) -> None:
    """Add the table of the next tokens, up to its end."""
    rows: list[list[str]] = []
    for token in takewhile(lambda token: token.type != "table_close", tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_read_inline_text(token.children or []))
    builder.add_table(rows, header_rows=1)


def _read_inline_text(tokens: Sequence[Token]) -> str:
    pieces: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type == "link_open":
            links.append((str(token.attrGet("href") or ""), len(pieces)))
        elif token.type == "link_close":
            target, start = links.pop()
            label = "".join(pieces[start:])
            is_shown = label and label in target
            pieces.append(f" ({target})" if "://" in target and not is_shown else "")
        elif token.type in ("softbreak", "hardbreak"):
            pieces.append("\n")
        elif token.type == "html_inline":
            pieces.append("\n" if _LINE_BREAK_TAG.fullmatch(token.content) else "")
        else:
            pieces.append(token.content)
    return "".join(pieces)
