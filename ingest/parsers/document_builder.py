"""Build the text of a document from paragraphs, headings, tables and code, with their offsets. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.errors import NoTextError
from ingest.text.annotations import find_hidden
from ingest.text.invisible import remove_invisible, reveal_invisible
from ingest.types import Block, BlockKind, Heading, HiddenReason, Page, PageUnit, ParsedDocument

CELL_SEPARATOR = " | "

_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_PLACEHOLDER_TITLE = re.compile(
    r"(?:untitled|title|\(?(?:anonymous|unspecified|unknown|no title|none)\)?|"
    r"document\s?\d*|word document|microsoft word - .*|\S*\.\w{2,4}|.*[\ufffd/\\].*)$",
    re.I,
)
_NON_BREAKING_HYPHEN = "\u2011"
_MAX_INDENT = 20
"""Levels of a list that are indented: with all of them the text would grow with the square of the depth."""
_LINE_BREAKS = ("\r\n", "\r", "\x0c", "\x85", "\u2028", "\u2029")


def normalize_text(text: str) -> str:
    """Return `text` as `normalize_signs` does, without invisible signs: for names, which have no hidden text.

    See `remove_invisible` for the invisible signs: soft hyphens, zero-width characters, byte-order marks.
    """
    return remove_invisible(normalize_signs(text))


def reveal_text(text: str) -> str:
    """Return `text` as `normalize_text` does, with what invisible signs hide in annotations at the ends of lines."""
    return reveal_invisible(normalize_signs(text))


def normalize_signs(text: str) -> str:
    """Return `text` with "\\n" as its only line break, without control characters and lone surrogates.

    Non-breaking hyphens become hyphens, so that `AB-4471` is found however it is written.
    """
    text = text.replace(_NON_BREAKING_HYPHEN, "-")
    if text.replace("\n", "").isprintable():  # most texts have nothing that the rest replaces
        return text
    for line_break in _LINE_BREAKS:  # ten times as fast as one regular expression
        text = text.replace(line_break, "\n")
    return _CONTROL_CHARACTERS.sub("", text)


def clean_title(stored: str | None) -> str:
    """Return the title in a file's properties; empty if it is a file name or a placeholder."""
    title = " ".join(normalize_text(stored or "").split())
    return title if _LETTERS.search(title) and not _PLACEHOLDER_TITLE.match(title) else ""


def label_page(name: str, hidden: HiddenReason | None) -> str:
    """Return what people call a page, and that it is hidden if nobody sees it."""
    return f"{name} (hidden)".strip() if hidden else name


def format_row(cells: Sequence[str]) -> str:
    """Return the cells of a row on one line, joined by `CELL_SEPARATOR`, without empty cells at its end."""
    return CELL_SEPARATOR.join(" ".join(cell.split()) for cell in cells).rstrip(" |")


class DocumentBuilder:
    """Collects paragraphs, headings, tables and code, with an empty line between two of them.

    The text is one page unless `begin_page` is called.
    """

    def __init__(self, *, first_page: int = 1) -> None:
        self.first_page = first_page
        self._pieces: list[str] = []
        self._length = 0
        self._pages: list[Page] = []
        self._is_page_fresh = False
        self._headings: list[Heading] = []
        self._blocks: list[Block] = []

    @property
    def has_text(self) -> bool:
        """Whether the text has any character."""
        return self._length > 0

    @property
    def length(self) -> int:
        """The number of characters so far."""
        return self._length

    @property
    def first_heading(self) -> str:
        """The title of the first heading of the highest level; empty without headings."""
        highest = min(self._headings, key=lambda heading: (heading.level, heading.start), default=None)
        return highest.title if highest else ""

    @property
    def next_page(self) -> int:
        """The number of the page that `begin_page` would begin."""
        return self.first_page + len(self._pages)

    def begin_page(self, label: str = "", *, hidden: HiddenReason | None = None) -> None:
        """Begin the next page; the first one before any text. A page may stay empty. `hidden` is as in `Page`."""
        if self.has_text and not self._pages:
            raise ValueError("there is text before the first page")
        self._end_page()
        name = label_page(" ".join(normalize_text(label).split()), hidden)
        self._pages.append(Page(self.next_page, self._length, self._length, label=name, hidden=hidden))
        self._is_page_fresh = True

    def add_paragraph(self, text: str, *, separator: str = "\n\n") -> None:
        """Add a paragraph after `separator`; does nothing for a blank one."""
        body = reveal_text(text).strip("\n").rstrip()
        if body.strip():
            self._append(body, separator)

    def add_heading(self, level: int, text: str) -> None:
        """Add a heading as a paragraph of its own."""
        title = " ".join(normalize_text(text).split())
        if title:
            self._headings.append(Heading(level, title, self._append(title, "\n\n")))
        revealed = reveal_text(text)
        self.add_paragraph(" ".join(revealed[start:end] for start, end, _ in find_hidden(revealed)))

    def add_code(self, text: str) -> None:
        """Add a block of code with its white space."""
        body = reveal_text(text).strip("\n")
        if body.strip():
            start = self._append(body, "\n\n")
            self._blocks.append(Block(BlockKind.CODE, start, self._length, start))

    def add_table(self, rows: Sequence[Sequence[str]], *, header_rows: int) -> None:
        """Add a table, one line for each row that has text; the first `header_rows` are its header."""
        lines = [format_row([reveal_text(cell) for cell in row]) for row in rows]
        header = [line for line in lines[:header_rows] if line]
        rows_with_text = header + [line for line in lines[header_rows:] if line]
        if rows_with_text:
            start = self._append("\n".join(rows_with_text), "\n\n")
            header_end = start + len("\n".join(header)) if len(rows_with_text) > len(header) else start
            self._blocks.append(Block(BlockKind.TABLE, start, self._length, header_end))

    def add_document(self, document: ParsedDocument) -> None:
        """Add the text of a document with its headings and blocks, without its pages."""
        start = self._append(document.text, "\n\n")
        self._headings += [replace(heading, start=heading.start + start) for heading in document.headings]
        self._blocks += [
            Block(block.kind, block.start + start, block.end + start, block.header_end + start)
            for block in document.blocks
        ]

    def build(
        self,
        *,
        title: str,
        media_type: str,
        filename: str,
        warnings: Sequence[str] = (),
        metadata: dict[str, str] | None = None,
        unit: PageUnit = PageUnit.PAGE,
        total_pages: int = 0,
    ) -> ParsedDocument:
        """Return the document, its pages without layout; raises `NoTextError` if it has no text.

        The title is `title`, else the first heading of the highest level, else the file's name.
        """
        text = "".join(self._pieces)
        if not self.has_text:
            raise NoTextError(filename=filename, detail="there are no letters in it")
        self._end_page()
        return ParsedDocument(
            title=" ".join(normalize_text(title).split()) or self.first_heading or Path(filename).stem,
            media_type=media_type,
            text=text,
            pages=tuple(self._pages) or (Page(self.first_page, 0, len(text)),),
            headings=tuple(self._headings),
            blocks=tuple(self._blocks),
            warnings=tuple(warnings),
            metadata=metadata or {},
            unit=unit,
            total_pages=total_pages,
        )

    def _end_page(self) -> None:
        if self._pages:
            self._pages[-1] = replace(self._pages[-1], end=self._length)

    def _append(self, body: str, separator: str) -> int:
        """Add text and return the offset of its start."""
        if self._pieces:
            self._pieces.append(separator)
            self._length += len(separator)
        start = self._length
        if self._is_page_fresh:
            self._pages[-1] = replace(self._pages[-1], start=start)
            self._is_page_fresh = False
        self._pieces.append(body)
        self._length += len(body)
        return start


class ListWriter:
    """Adds paragraphs and nested lists to a document; items get their markers and indents."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self._numbers: list[int | None] = []
        self._formats: list[Callable[[int], str]] = []
        self._marker = ""
        self._is_after_item = False

    def open_list(self, *, first_number: int | None, format_label: Callable[[int], str] = "{}.".format) -> None:
        """Begin a list, nested in the open one if any; None for `first_number` makes a bullet list."""
        self._formats.append(format_label)
        self._is_after_item = self._is_after_item and bool(self._numbers)
        self._numbers.append(first_number)

    @property
    def next_number(self) -> int | None:
        """The number of the next item of the innermost list; None in a bullet list."""
        return self._numbers[-1]

    def close_list(self) -> None:
        """End the innermost list."""
        self._numbers.pop()
        self._formats.pop()
        self._marker = ""

    def open_item(self, *, number: int | None = None) -> None:
        """Begin an item of the innermost list; `number` is its own number in a numbered list."""
        next_number = self._numbers[-1] if self._numbers else None
        number = next_number if number is None or next_number is None else number
        self._marker = "- " if number is None else f"{self._formats[-1](number)} "
        if number is not None:
            self._numbers[-1] = number + 1

    def add_paragraph(self, text: str) -> None:
        """Add a paragraph, or the text of the item that `open_item` began; does nothing for a blank one."""
        if not text.strip():
            return
        indent = "  " * min(max(len(self._numbers) - 1, 0), _MAX_INDENT)
        separator = "\n" if self._numbers and self._is_after_item else "\n\n"
        self.builder.add_paragraph(f"{indent}{self._marker}{text}", separator=separator)
        self._marker = ""
        self._is_after_item = bool(self._numbers)

    def interrupt(self) -> None:
        """Note that another block was added: an empty line comes before the next item."""
        self._is_after_item = False
