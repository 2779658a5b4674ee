# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Open the package of an OpenDocument file: its parts and qualified names."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lxml.etree import _Element as Element

from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.parsers.containers import open_container, read_part, recover_xml, translate_errors
from ingest.parsers.document_builder import clean_title
from ingest.parsers.source import Source

_NAMESPACES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
    "chart": "urn:oasis:names:tc:opendocument:xmlns:chart:1.0",
    "manifest": "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def qualify(prefixed: str) -> str:
    """Return the qualified name of an element or attribute in Clark notation: `qualify("text:p")`."""
    prefix, local = prefixed.split(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


@dataclass(frozen=True, slots=True)
class Package:
    """The parts with text, and the container for those of objects."""

    archive: zipfile.ZipFile
    body: Element
    styles: Element | None
    title: str
    warnings: tuple[str, ...] = ()


@contextmanager
def open_package(source: Source, kind: str) -> Iterator[Package]:
    """Open a file whose body is an `office:<kind>` for a `with` block, and translate the errors inside it.

    Raises what `open_container` raises, `EncryptedFileError`, and `DamagedFileError` if there is no body.
    """
    with translate_errors(source.filename), open_container(source.path, source.filename) as archive:
        manifest = read_part(archive, "META-INF/manifest.xml")
        if manifest is not None and next(manifest.iter(qualify("manifest:encryption-data")), None) is not None:
            raise EncryptedFileError(filename=source.filename)
        damaged: list[str] = []
        content = _read_content(archive, damaged)
        styles, meta = (_read_side_part(archive, f"{part}.xml", damaged) for part in ("styles", "meta"))
        body = content.find(f"{qualify('office:body')}/{qualify(f'office:{kind}')}") if content is not None else None
        if content is None or body is None:
            raise DamagedFileError(filename=source.filename, detail="it has no content")
        title = next(meta.iter(qualify("dc:title")), None) if meta is not None else None
        yield Package(archive, body, styles, clean_title(title.text if title is not None else ""), tuple(damaged))


def _read_content(archive: zipfile.ZipFile, damaged: list[str]) -> Element | None:
    """Return the root of the part with the text; of one that is not well-formed what can be read, with a warning."""
    try:
        return read_part(archive, "content.xml")
    except SyntaxError:
        damaged.append("the part with the text is damaged: some of it is missing")
        return recover_xml(archive.read("content.xml"))


def _read_side_part(archive: zipfile.ZipFile, name: str, damaged: list[str]) -> Element | None:
    """Return the root of a part that a file can do without; one that is damaged is None and has a warning."""
    try:
        return read_part(archive, name)
    except (SyntaxError, zipfile.BadZipFile, zlib.error, EOFError):
        damaged.append(f"a damaged part is left out: {name}")
        return None
