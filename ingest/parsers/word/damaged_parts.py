# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Copy a Word document whose parts are damaged, without those parts: they cost themselves, not the file."""

import posixpath
import re
import zipfile
import zlib
from io import BytesIO

from docx.oxml.ns import nsmap
from lxml import etree

from ingest.parsers.containers import parse_xml

_MAIN = "word/document.xml"
_ROOTS = {
    "header": "w:hdr",
    "footer": "w:ftr",
    "comments": "w:comments",
    "footnotes": "w:footnotes",
    "endnotes": "w:endnotes",
    "styles": "w:styles",
    "numbering": "w:numbering",
    "settings": "w:settings",
    "core": "cp:coreProperties",
}
_NAME = re.compile(r"([a-z]+)\d*\.xml$", re.I)
_RELATIONSHIPS = ".rels"
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


def copy_without_damage(archive: zipfile.ZipFile) -> tuple[BytesIO, list[str]]:
    """Return a copy of a container and the names of the parts that are empty or left out in it.

    Links to parts that the container lacks are left out. Raises what the container raises for its main part.
    """
    copy, damaged = BytesIO(), []
    with zipfile.ZipFile(copy, "w") as target:
        for name in archive.namelist():
            try:
                content = archive.read(name)
                if name.endswith(_RELATIONSHIPS):
                    content = _drop_broken_links(content, name, archive)
                elif name.endswith(".xml"):
                    parse_xml(content)
            except (zipfile.BadZipFile, zlib.error, EOFError, etree.XMLSyntaxError):
                if name == _MAIN:
                    raise
                damaged.append(name)
                content = _make_empty_part(name)
            target.writestr(name, content)
    copy.seek(0)
    return copy, damaged


def _make_empty_part(name: str) -> bytes:
    kind = _NAME.search(name)
    root = _ROOTS.get(kind[1].lower()) if kind else None
    if root is None:
        return b"<empty/>" if name.endswith(".xml") else b""
    prefix = root.split(":")[0]
    return f'<{root} xmlns:{prefix}="{nsmap[prefix]}"/>'.encode()


def _drop_broken_links(content: bytes, name: str, archive: zipfile.ZipFile) -> bytes:
    folder = posixpath.dirname(posixpath.dirname(name))
    root = parse_xml(content)
    for link in root.findall(_RELATIONSHIP):
        target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", ""))).lstrip("/")
        if link.get("TargetMode") != "External" and target not in archive.NameToInfo:
            root.remove(link)
    return bytes(etree.tostring(root))
