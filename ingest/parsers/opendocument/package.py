# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Open the package of an OpenDocument file: its parts, qualified names and list styles."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from lxml.etree import _Element as Element

from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.parsers.containers import open_container, read_part, translate_errors
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
    "manifest": "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def qualify(prefixed: str) -> str:
    """Return the qualified name of an element or attribute in Clark notation: `qualify("text:p")`."""
    prefix, local = prefixed.split(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


@dataclass(frozen=True, slots=True)
class Package:
    """The parts with text, and the numbered levels of each list style."""

    body: Element
    styles: Element | None
    title: str
    numbered_levels: Mapping[str, frozenset[int]]
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
        content = read_part(archive, "content.xml")
        damaged: list[str] = []
        styles, meta = (_read_side_part(archive, f"{part}.xml", damaged) for part in ("styles", "meta"))
        body = content.find(f"{qualify('office:body')}/{qualify(f'office:{kind}')}") if content is not None else None
        if content is None or body is None:
            raise DamagedFileError(filename=source.filename, detail="it has no content")
        title = next(meta.iter(qualify("dc:title")), None) if meta is not None else None
        numbered_levels = {**_read_numbered_levels(styles), **_read_numbered_levels(content)}
        yield Package(
            body, styles, clean_title(title.text if title is not None else ""), numbered_levels, tuple(damaged)
        )


def _read_side_part(archive: zipfile.ZipFile, name: str, damaged: list[str]) -> Element | None:
    """Return the root of a part that a file can do without; one that is damaged is None and has a warning."""
    try:
        return read_part(archive, name)
    except (SyntaxError, zipfile.BadZipFile, zlib.error, EOFError):
        damaged.append(f"a damaged part is left out: {name}")
        return None


def _read_numbered_levels(root: Element | None) -> dict[str, frozenset[int]]:
    styles = root.iter(qualify("text:list-style")) if root is not None else ()
    return {
        style.get(qualify("style:name"), ""): frozenset(
            int(level.get(qualify("text:level"), "1"))
            for level in style.iterchildren(qualify("text:list-level-style-number"))
            if level.get(qualify("style:num-format"))
        )
        for style in styles
    }
