# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Read the package of an EPUB book (OCF container, package document): its files in order and its table of contents."""

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag

from lxml import html
from lxml.etree import ParserError
from lxml.etree import _Element as Element

from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.parsers.containers import read_part, translate_errors
from ingest.parsers.document_builder import clean_title

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_TEXT_TYPES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})


@dataclass(frozen=True, slots=True)
class TocEntry:
    """An entry of the table of contents: its file, the fragment in it, and its depth from 1."""

    file: str
    fragment: str
    label: str
    depth: int


@dataclass(frozen=True, slots=True)
class Book:
    """A book: its text files in reading order (the spine), and its table of contents."""

    title: str
    author: str
    files: tuple[str, ...]
    toc: tuple[TocEntry, ...]
    warnings: tuple[str, ...] = ()


def read_book(archive: zipfile.ZipFile, filename: str) -> Book:
    """Return the package of a book; raises `DamagedFileError`, and `EncryptedFileError` if its text is encrypted.

    A damaged table of contents becomes a warning.
    """
    container = read_part(archive, _CONTAINER)
    rootfile = next(_find_elements(container, "rootfile"), None)
    path = rootfile.get("full-path", "") if rootfile is not None else ""
    package = read_part(archive, path)
    if package is None:
        raise DamagedFileError(filename=filename, detail="it has no list of its chapters")
    items = {item.get("id"): item for item in _find_elements(package, "item")}
    spine = [
        items[reference.get("idref")]
        for reference in _find_elements(package, "itemref")
        if reference.get("idref") in items
    ]
    files = tuple(
        resolve_link(path, item.get("href", ""))[0] for item in spine if item.get("media-type") in _TEXT_TYPES
    )
    if set(files) & set(_find_encrypted(archive)):
        raise EncryptedFileError(filename=filename)
    toc: list[TocEntry] = []
    warnings: list[str] = []
    try:
        with translate_errors(filename, ParserError):
            toc += _read_toc(archive, path, list(items.values()))
    except DamagedFileError:
        warnings.append("the table of contents of the book is damaged: its chapters have the titles of their headings")
    return Book(
        title=clean_title(_read_text(next(_find_elements(package, "title"), None))),
        author=", ".join(_read_text(creator) for creator in _find_elements(package, "creator")),
        files=files,
        toc=tuple(toc),
        warnings=tuple(warnings),
    )


def _read_toc(archive: zipfile.ZipFile, package_path: str, items: list[Element]) -> Iterator[TocEntry]:
    """Yield the entries of the navigation document (EPUB 3), else those of the NCX (EPUB 2)."""
    for item in items:
        if "nav" in (item.get("properties") or "").split():
            path = resolve_link(package_path, item.get("href", ""))[0]
            if path in archive.NameToInfo:
                yield from _read_nav(path, archive.read(path))
                return
    for item in items:
        if item.get("media-type") == "application/x-dtbncx+xml":
            path = resolve_link(package_path, item.get("href", ""))[0]
            yield from _read_ncx(path, read_part(archive, path))


def _read_nav(path: str, content: bytes) -> Iterator[TocEntry]:
    root = html.document_fromstring(content)
    navs = list(_find_elements(root, "nav"))
    toc = next((nav for nav in navs if "toc" in (nav.get("epub:type") or nav.get("role") or "")), *navs[:1])
    for link in _find_elements(toc, "a"):
        depth = sum(1 for parent in link.iterancestors() if _local_name(parent) == "ol")
        yield _make_entry(path, link.get("href", ""), _read_text(link), depth)


def _read_ncx(path: str, root: Element | None) -> Iterator[TocEntry]:
    for point in _find_elements(root, "navPoint"):
        label = next((child for child in point.iterchildren("*") if _local_name(child) == "navLabel"), None)
        content = next((child for child in point.iterchildren("*") if _local_name(child) == "content"), None)
        depth = 1 + sum(1 for parent in point.iterancestors() if _local_name(parent) == "navPoint")
        if content is not None:
            yield _make_entry(path, content.get("src", ""), _read_text(label), depth)


def _make_entry(path: str, reference: str, label: str, depth: int) -> TocEntry:
    file, fragment = resolve_link(path, reference)
    return TocEntry(file, fragment, label, depth)


def _find_encrypted(archive: zipfile.ZipFile) -> Iterator[str]:
    for reference in _find_elements(read_part(archive, _ENCRYPTION), "CipherReference"):
        yield unquote(reference.get("URI", "")).lstrip("/")


def resolve_link(base: str, reference: str) -> tuple[str, str]:
    """Return the archive member and the fragment that a link in `base` refers to."""
    path, fragment = urldefrag(reference)
    joined = posixpath.join(posixpath.dirname(base), unquote(path)) if path else base
    return posixpath.normpath(joined), unquote(fragment)


def _find_elements(root: Element | None, local_name: str) -> Iterator[Element]:
    """Yield the elements with a local name, in any namespace."""
    return (element for element in (root.iter("*") if root is not None else ()) if _local_name(element) == local_name)


def _local_name(element: Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _read_text(element: Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
