"""The reference of the file formats, from the registry of parsers and the tables by which formats are told."""

import ast
from collections.abc import Iterator
from pathlib import Path

from docs.generate.markdown import bullets, code, codes, first_sentence, join_blocks, paragraph
from docs.generate.reading import render_table
from ingest.parsers import format_signatures, registry
from ingest.parsers.format_signatures import Format

PARSERS = Path(registry.__file__).parent
INTRODUCTION = (
    "A file's format is told by its content first and by its name second. What a citation shows of each format: "
    "[Documents and folders](../guides/documents.md)."
)
COVERAGE_INTRODUCTION = (
    "Files that other libraries and programs wrote were read by Pincite and by independent readers, and the words, "
    "numbers and cells that only one of them has were judged. What is flagged stands in brackets that say what it is, "
    "in the label of its page, or in a warning of the document. `python -m tests.differential FILE --differences` "
    "lists the differences for any file. In every format, text in tag characters, in runs of zero-width characters or "
    "turned around by a direction override is flagged as hidden."
)
BINARY_NAMES = {
    Format.PDF: (".pdf",),
    Format.DOCX: (".docx",),
    Format.PPTX: (".pptx",),
    Format.XLSX: (".xlsx",),
    Format.ODT: (".odt",),
    Format.ODS: (".ods",),
    Format.ODP: (".odp",),
    Format.EPUB: (".epub",),
    Format.RTF: (".rtf",),
    Format.PARQUET: (".parquet",),
    Format.IMAGE: tuple(name for name, text in format_signatures.BINARY_SUFFIXES.items() if text == "a picture"),
    Format.PROTECTED_OFFICE: (".docx", ".pptx", ".xlsx"),
    Format.TEXT: tuple(sorted(format_signatures.PLAIN_SUFFIXES)),
}
"""The usual names of the formats that are told by their content alone."""


def render() -> str:
    """Return the page."""
    return join_blocks("File formats", [paragraph(INTRODUCTION), *_blocks()])


def _blocks() -> Iterator[str]:
    yield "## What is read"
    yield paragraph(COVERAGE_INTRODUCTION)
    yield render_table()
    for kind, (module, _function) in registry.PARSERS.items():
        yield f"## {kind.value}"
        yield paragraph(f"{_module_docstring(module)} ({code(f'ingest.parsers.{module}')})")
        yield paragraph(f"Usual names: {codes(_names_of(kind))}.")
    yield "## Refused"
    yield paragraph("A file of these formats ends as `failed`, with a reason that names the format.")
    refused = {
        *format_signatures.REFUSED_BY_SUFFIX.values(),
        *(name for _, name in format_signatures.REFUSED_BY_CONTENT),
    }
    yield bullets(sorted(refused | set(format_signatures.REFUSED_ZIP_MEMBERS.values()), key=str.lower))


def _module_docstring(module: str) -> str:
    source = (PARSERS / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    docstring = first_sentence(ast.get_docstring(ast.parse(source)))
    return docstring if docstring.endswith(".") else f"{docstring}."


def _names_of(kind: Format) -> list[str]:
    by_name = [suffix for suffix, named in format_signatures.BY_SUFFIX.items() if named is kind]
    names = [*BINARY_NAMES.get(kind, ()), *by_name]
    return [*names, *sorted(format_signatures.CODE_NAMES)] if kind is Format.CODE else names
