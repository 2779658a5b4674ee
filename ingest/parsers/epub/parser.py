"""E-books (EPUB): one page a chapter, labelled with its title in the table of contents."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.errors import DamagedFileError
from ingest.parsers.containers import open_container, translate_errors
from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.encoding import decode, find_markup_charset
from ingest.parsers.epub.package import TocEntry, read_book, resolve_link
from ingest.parsers.source import Source
from ingest.parsers.web.html import write_fragment
from ingest.types import PageUnit, ParsedDocument

MEDIA_TYPE = "application/epub+zip"

_EMPTY_ELEMENT = re.compile(
    r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)([a-z][\w-]*)(\s[^<>]*)?/>", re.I
)
"""Elements that can be self-closing in XHTML and not in HTML: `<s/>` would strike out the rest of a chapter."""
_LINK = re.compile(r"<link\b[^>]*>", re.I)
_HREF = re.compile(r"href\s*=\s*[\"']([^\"'>]+\.css)[\"']", re.I)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.I | re.S)
_DELIMITER = "\ufdd0"
"""Delimits the number of a chapter at its start; a noncharacter, which no text has."""
_FRAMES = frozenset({"body", "div", "section", "article", "main"})
_HEADINGS = "h1, h2, h3"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a file; `label` is its title in the table of contents if it begins a chapter."""

    html: str
    label: str


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a book as one piece in reading order.

    A chapter begins at an entry of the table of contents or at a heading at the top of a file; other files continue the
    chapter before. Missing and damaged files become a warning. Raises what `open_container` and `read_book` raise, and
    `NoTextError`.
    """
    builder = DocumentBuilder()
    with translate_errors(source.filename), open_container(source.path, source.filename) as archive:
        book = read_book(archive, source.filename)
        warnings = list(book.warnings)
        missing = [file for file in book.files if file not in archive.NameToInfo]
        if missing:
            warnings.append(f"files of the book are missing: {', '.join(missing)}")
        for file in (file for file in book.files if file not in missing):
            entries = [entry for entry in book.toc if entry.file == file]
            try:
                with translate_errors(file):
                    content = _read_content(archive, file)
                    style = _read_style(archive, file, content)
                    parts = list(_split_chapters(content, entries))
            except DamagedFileError:
                warnings.append(f"chapter {_name_chapter(file, entries)} is damaged and was not read")
                continue
            for part in parts:
                _write_part(part, style, builder)
    if not builder.has_text and len(warnings) > len(book.warnings):
        raise DamagedFileError(filename=source.filename, detail="; ".join(warnings))
    yield builder.build(
        title=book.title,
        media_type=MEDIA_TYPE,
        filename=source.filename,
        warnings=warnings,
        metadata={"author": book.author} if book.author else {},
        unit=PageUnit.CHAPTER,
    )


def _name_chapter(file: str, entries: Sequence[TocEntry]) -> str:
    label = next((entry.label for entry in entries if entry.label), "")
    return f"{label!r} ({file})" if label else file


def _read_style(archive: zipfile.ZipFile, file: str, content: str) -> str:
    """Return the style sheets of a file and those that it links."""
    links = [_HREF.search(link) for link in _LINK.findall(content)]
    members = [resolve_link(file, unescape(link[1]))[0] for link in links if link]
    sheets = [archive.read(member).decode("utf-8", "replace") for member in members if member in archive.NameToInfo]
    return "".join(f"<style>{sheet.replace('</', '')}</style>" for sheet in [*sheets, *_STYLE.findall(content)])


def _read_content(archive: zipfile.ZipFile, file: str) -> str:
    data = archive.read(file)
    text = decode(data, find_markup_charset(data)).text
    return _EMPTY_ELEMENT.sub(r"<\1\2></\1>", text.replace(_DELIMITER, ""))


def _split_chapters(content: str, entries: Sequence[TocEntry]) -> Iterator[_Part]:
    """Split a file at the chapters that the table of contents has in it, those of its highest level there."""
    tree = LexborHTMLParser(content)
    if tree.body is None:
        return
    level = min((entry.depth for entry in entries), default=0)
    chapters = [entry for entry in entries if entry.depth == level]
    label = ""
    anchors = _find_anchors(tree)
    for number, entry in enumerate(chapters):
        start = _find_start(anchors.get(entry.fragment)) if entry.fragment else None
        if start is None:
            label = label or entry.label
        else:
            start.insert_before(f"{_DELIMITER}{number}{_DELIMITER}")
    first, *rest = (tree.body.html or "").split(_DELIMITER)
    yield _Part(first, label)
    for index, html in zip(rest[::2], rest[1::2], strict=True):
        yield _Part(html, chapters[int(index)].label)


def _find_anchors(tree: LexborHTMLParser) -> dict[str, LexborNode]:
    anchors: dict[str, LexborNode] = {}
    for node in tree.css("[id], a[name]"):
        for attribute in ("id", "name"):
            anchors.setdefault(node.attributes.get(attribute) or "", node)
    return anchors


def _find_start(anchor: LexborNode | None) -> LexborNode | None:
    """Return the element that begins a chapter; None for the start of the file."""
    node = anchor
    while node is not None and node.parent is not None and node.parent.tag not in _FRAMES:
        node = node.parent
    return None if node is None or node.tag in ("body", "html") else node


def _write_part(part: _Part, style: str, builder: DocumentBuilder) -> None:
    body = LexborHTMLParser(part.html).body
    if body is None or not _has_text(body):
        return
    label = part.label or _find_top_heading(body)
    if label or not builder.has_text:
        builder.begin_page(label)
    write_fragment(style + part.html, builder)


def _has_text(body: LexborNode) -> bool:
    if body.text().strip():
        return True
    if body.css_first("img[alt], svg, [aria-label]") is None:
        return False
    scratch = DocumentBuilder()
    write_fragment(body.html or "", scratch)
    return scratch.has_text


def _find_top_heading(body: LexborNode) -> str:
    heading = body.css_first(_HEADINGS)
    title = " ".join(heading.text().split()) if heading is not None else ""
    return title if " ".join(body.text().split()).startswith(title) else ""
