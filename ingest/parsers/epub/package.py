# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""The container of an EPUB book: which files its chapters are in, and what its table of contents calls them."""

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag

from lxml import html
from lxml.etree import _Element as Element

from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.parsers.containers import read_part
from ingest.parsers.document_builder import clean_title

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_TEXT_TYPES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})


@dataclass(frozen=True, slots=True)
class TocEntry:
    """A line of the table of contents: the file and the place in it, and its depth from 1."""

    file: str
    fragment: str
    label: str
    depth: int


@dataclass(frozen=True, slots=True)
class Book:
    """A book: the names of the files of its text in reading order, and its table of contents."""

    title: str
    author: str
    files: tuple[str, ...]
    toc: tuple[TocEntry, ...]


def read_book(archive: zipfile.ZipFile, filename: str) -> Book:
    """Return what a book is made of; raises `DamagedFileError`, and `EncryptedFileError` where its text is locked."""
    container = read_part(archive, _CONTAINER)
    rootfile = next(_named(container, "rootfile"), None)
    path = rootfile.get("full-path", "") if rootfile is not None else ""
    package = read_part(archive, path)
    if package is None:
        raise DamagedFileError(filename=filename, detail="it has no list of its chapters")
    items = {item.get("id"): item for item in _named(package, "item")}
    spine = [
        items[reference.get("idref")] for reference in _named(package, "itemref") if reference.get("idref") in items
    ]
    files = tuple(_target(path, item.get("href", ""))[0] for item in spine if item.get("media-type") in _TEXT_TYPES)
    if set(files) & set(_locked(archive)):
        raise EncryptedFileError(filename=filename)
    return Book(
        title=clean_title(_text(next(_named(package, "title"), None))),
        author=", ".join(_text(creator) for creator in _named(package, "creator")),
        files=files,
        toc=tuple(_toc(archive, path, list(items.values()))),
    )


def _toc(archive: zipfile.ZipFile, package_path: str, items: list[Element]) -> Iterator[TocEntry]:
    """Yield the entries of the newer table of contents, or of the older one where the book has only that."""
    for item in items:
        if "nav" in (item.get("properties") or "").split():
            path = _target(package_path, item.get("href", ""))[0]
            if path in archive.NameToInfo:
                yield from _nav_entries(path, archive.read(path))
                return
    for item in items:
        if item.get("media-type") == "application/x-dtbncx+xml":
            path = _target(package_path, item.get("href", ""))[0]
            yield from _ncx_entries(path, read_part(archive, path))


def _nav_entries(path: str, content: bytes) -> Iterator[TocEntry]:
    root = html.document_fromstring(content)
    navs = list(_named(root, "nav"))
    toc = next((nav for nav in navs if "toc" in (nav.get("epub:type") or nav.get("role") or "")), *navs[:1])
    for link in _named(toc, "a"):
        depth = sum(1 for parent in link.iterancestors() if _local(parent) == "ol")
        yield _entry(path, link.get("href", ""), _text(link), depth)


def _ncx_entries(path: str, root: Element | None) -> Iterator[TocEntry]:
    for point in _named(root, "navPoint"):
        label = next((child for child in point.iterchildren("*") if _local(child) == "navLabel"), None)
        content = next((child for child in point.iterchildren("*") if _local(child) == "content"), None)
        depth = 1 + sum(1 for parent in point.iterancestors() if _local(parent) == "navPoint")
        if content is not None:
            yield _entry(path, content.get("src", ""), _text(label), depth)


def _entry(path: str, reference: str, label: str, depth: int) -> TocEntry:
    file, fragment = _target(path, reference)
    return TocEntry(file, fragment, label, depth)


def _locked(archive: zipfile.ZipFile) -> Iterator[str]:
    for reference in _named(read_part(archive, _ENCRYPTION), "CipherReference"):
        yield unquote(reference.get("URI", "")).lstrip("/")


def _target(base: str, reference: str) -> tuple[str, str]:
    """Return the member of the archive that a link in `base` leads to, and the place in it."""
    path, fragment = urldefrag(reference)
    joined = posixpath.join(posixpath.dirname(base), unquote(path)) if path else base
    return posixpath.normpath(joined), unquote(fragment)


def _named(root: Element | None, local_name: str) -> Iterator[Element]:
    """Yield the elements of that name, in whatever namespace the writer of the book put them."""
    return (element for element in (root.iter("*") if root is not None else ()) if _local(element) == local_name)


def _local(element: Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _text(element: Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
