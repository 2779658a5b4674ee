# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Read the objects inside an OpenDocument file: formulas (MathML) and charts (ODF 1.3, 14 and 17)."""

import copy
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree
from lxml.etree import _Element as Element

from ingest.parsers.containers import read_part
from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.opendocument.package import qualify
from ingest.parsers.web.html import read_lines

_MATH = "{http://www.w3.org/1998/Math/MathML}math"
_OBJECT, _HREF = qualify("draw:object"), "{http://www.w3.org/1999/xlink}href"
_PARAGRAPH, _TITLE, _AXIS = qualify("text:p"), qualify("chart:title"), qualify("chart:axis")
_NOT_A_NUMBER = "NaN"
_DAMAGE = (SyntaxError, zipfile.BadZipFile, zlib.error, EOFError)


@dataclass(slots=True)
class Objects:
    """The objects of a file by their path, each read when it is asked for; `warnings` name those that are damaged."""

    archive: zipfile.ZipFile | None = None
    warnings: list[str] = field(default_factory=list)
    _roots: dict[str, Element | None] = field(default_factory=dict)

    def find_formula(self, frame: Element) -> str:
        """Return the formula in a frame on one line; empty if it has none."""
        root = self._find(frame)
        return format_formula(root) if root is not None and root.tag == _MATH else ""

    def find_chart(self, frame: Element) -> Element | None:
        """Return the chart in a frame; None if it has none."""
        root = self._find(frame)
        return next(root.iter(qualify("chart:chart")), None) if root is not None else None

    def _find(self, frame: Element) -> Element | None:
        element = next(frame.iterchildren(_OBJECT), None)
        if element is None:
            return None
        inline = next(element.iterchildren(_MATH), None)
        path = posixpath.normpath(element.get(_HREF, "").lstrip("/"))
        return self._read(f"{path}/content.xml") if inline is None else inline

    def _read(self, path: str) -> Element | None:
        if path not in self._roots:
            self._roots[path] = None
            try:
                self._roots[path] = read_part(self.archive, path) if self.archive is not None else None
            except _DAMAGE:
                self.warnings.append(f"a damaged part is left out: {path}")
        return self._roots[path]


def format_formula(root: Element) -> str:
    """Return a formula in MathML on one line."""
    math = copy.deepcopy(root)
    for element in math.iter("*"):
        element.tag = etree.QName(element).localname
    etree.cleanup_namespaces(math)
    lines = read_lines(etree.tostring(math, encoding="unicode", with_tail=False))
    return " ".join("".join(sentence for sentence, _ in lines).split())


def write_chart(chart: Element, builder: DocumentBuilder) -> None:
    """Add the title of a chart, those of its axes, and its numbers as a table."""
    builder.add_paragraph(_read_title(chart))
    builder.add_paragraph("; ".join(filter(None, map(_read_title, chart.iter(_AXIS)))))
    rows = [list(_read_cells(row)) for row in chart.iter(qualify("table:table-row"))]
    builder.add_table(rows, header_rows=1)


def describe_chart(chart: Element) -> str:
    """Return what a chart says beside its numbers, if these are cells of the same file: its titles."""
    title, axes = _read_title(chart), "; ".join(filter(None, map(_read_title, chart.iter(_AXIS))))
    return f"{title} ({axes})" if title and axes else title or axes


def _read_title(parent: Element) -> str:
    title = next(parent.iterchildren(_TITLE), None)
    return " ".join("".join(title.itertext()).split()) if title is not None else ""


def _read_cells(row: Element) -> Iterator[str]:
    for cell in row.iterchildren(qualify("table:table-cell")):
        text = " ".join("".join(paragraph.itertext()) for paragraph in cell.iterchildren(_PARAGRAPH))
        yield "" if text == _NOT_A_NUMBER else text
