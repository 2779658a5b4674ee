"""Jupyter notebooks: text as rendered, code, and what it has put out (nbformat 3 and 4)."""

import re
from collections.abc import Iterator, Mapping

from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.encoding import decode
from ingest.parsers.plain import json_records
from ingest.parsers.plain.json_layout import Json, Record, load
from ingest.parsers.source import Source
from ingest.parsers.web.html import write_fragment
from ingest.parsers.web.markdown import write_markdown
from ingest.types import ParsedDocument

MEDIA_TYPE = "application/x-ipynb+json"

_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)")
_PLACEHOLDER = re.compile(r"<[\w.]+(?: [^<>\n]*)?>")
"""What Python prints of an object that the notebook shows in another form: <Figure size 640x480 with 1 Axes>."""
_TABLE = re.compile(r"<table\b", re.I)


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a notebook as one piece; a file that is none is read as JSON.

    Of the forms of an output, the one that a notebook shows is read: Markdown, a table in HTML, else the plain text.
    Pictures are left out. Raises `NoTextError` if there is no text.
    """
    decoded = decode(source.path.read_bytes())
    cells = _find_cells(decoded.text)
    if cells is None:
        yield from json_records.parse(source)
        return
    builder = DocumentBuilder()
    for cell in cells:
        _write_cell(cell, builder)
    yield builder.build(
        title="",
        media_type=MEDIA_TYPE,
        filename=source.filename,
        warnings=decoded.warnings,
        metadata={"encoding": decoded.encoding},
    )


def _find_cells(text: str) -> list[Mapping[str, Json]] | None:
    """Return the cells of a notebook; None for any other file."""
    try:
        value = load(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, Record) or "nbformat" not in dict(value.members):
        return None
    members = dict(value.members)
    sheets = _list_records(members.get("worksheets")) or [members]
    return [cell for sheet in sheets for cell in _list_records(sheet.get("cells"))]


def _list_records(value: Json) -> list[Mapping[str, Json]]:
    return [dict(one.members) for one in value if isinstance(one, Record)] if isinstance(value, list) else []


def _write_cell(cell: Mapping[str, Json], builder: DocumentBuilder) -> None:
    source = _join(cell.get("source")) or _join(cell.get("input"))
    kind = cell.get("cell_type")
    if kind == "markdown":
        write_markdown(source, builder)
    elif kind == "heading":  # nbformat 3
        level = _join(cell.get("level"))
        builder.add_heading(int(level) if level.isdecimal() else 1, source)
    elif kind == "code":
        builder.add_code(source)
        for output in _list_records(cell.get("outputs")):
            _write_output(output, builder)
    else:
        builder.add_paragraph(source)


def _write_output(output: Mapping[str, Json], builder: DocumentBuilder) -> None:
    if output.get("output_type") in ("error", "pyerr"):
        builder.add_paragraph(": ".join(filter(None, [_join(output.get("ename")), _join(output.get("evalue"))])))
        return
    stored = output.get("data")
    forms = dict(stored.members) if isinstance(stored, Record) else output
    markdown = _join(forms.get("text/markdown")) or _join(forms.get("text/latex"))
    html = _join(forms.get("text/html")) or _join(forms.get("html"))
    text = _join(forms.get("text/plain")) or _join(forms.get("text"))
    if markdown:
        write_markdown(markdown, builder)
    elif html and (_TABLE.search(html) or not text.strip()):
        write_fragment(html, builder)
    elif not _PLACEHOLDER.fullmatch(text.strip()):
        builder.add_code(_OVERWRITTEN.sub("", _ESCAPE_SEQUENCE.sub("", text)))


def _join(value: Json) -> str:
    """Return a text that is stored as a string or as a list of its lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
