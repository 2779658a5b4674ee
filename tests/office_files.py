"""Small office files and books of our own for tests."""

import zipfile
from pathlib import Path

import pptx
from openpyxl import Workbook
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Cm

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_ODF_PREFIXES = "office text table style presentation"
_ODF_NAMESPACES = " ".join(
    [
        *(f'xmlns:{prefix}="{_ODF}{prefix}:1.0"' for prefix in _ODF_PREFIXES.split()),
        f'xmlns:draw="{_ODF}drawing:1.0"',
        f'xmlns:svg="{_ODF}svg-compatible:1.0"',
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
    ]
)


def write_zip(path: Path, members: dict[str, str | bytes]) -> Path:
    """Write a container with these members, in this order."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def read_members(path: Path) -> dict[str, bytes]:
    """Return the parts of a container."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_opendocument(
    path: Path, kind: str, body: str, *, lists: str = "", master: str = "", title: str = "", manifest: str = ""
) -> Path:
    """Write an OpenDocument file: `kind` is text, spreadsheet or presentation, the rest is XML of its parts."""

    def part(name: str, content: str) -> str:
        return f"<office:document-{name} {_ODF_NAMESPACES}>{content}</office:document-{name}>"

    styles = f"<office:automatic-styles>{lists}</office:automatic-styles>"
    members: dict[str, str | bytes] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": part("content", f"{styles}<office:body><office:{kind}>{body}</office:{kind}></office:body>"),
        "styles.xml": part("styles", f"<office:master-styles>{master}</office:master-styles>"),
        "meta.xml": part("meta", f"<office:meta><dc:title>{title}</dc:title></office:meta>"),
        "META-INF/manifest.xml": f'<manifest xmlns="{_ODF}manifest:1.0">{manifest}</manifest>',
    }
    return write_zip(path, members)


def write_epub(path: Path, chapters: dict[str, str], toc: str, *, extra: dict[str, str | bytes] | None = None) -> Path:
    """Write a book of XHTML files (name to body) with the `navPoint`s of its table of contents."""
    items = "".join(
        f'<item id="{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="{n}"/>' for n in range(len(chapters)))
    container = '<container><rootfiles><rootfile full-path="book/content.opf"/></rootfiles></container>'
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>Of Tides</dc:title><dc:creator>Ann Sea</dc:creator></metadata>"
        f'<manifest>{items}<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
        f"<spine>{spine}</spine></package>"
    )
    pages = {
        f"book/{name}": f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>{body}</html>'
        for name, body in chapters.items()
        if body
    }
    return write_zip(
        path,
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "book/content.opf": package,
            "book/toc.ncx": f"<ncx><navMap>{toc}</navMap></ncx>",
            **pages,
            **(extra or {}),
        },
    )


def write_presentation(path: Path) -> Path:
    """Write slides with most of what slides have: see the golden test for what is in them."""
    presentation = pptx.Presentation()
    title_only, blank = presentation.slide_layouts[5], presentation.slide_layouts[6]
    slide = presentation.slides.add_slide(title_only)
    slide.shapes.title.text = "Tides"
    for text, left, top in (("lower", 2, 12), ("right", 12, 6.1), ("left", 2, 6)):
        slide.shapes.add_textbox(Cm(left), Cm(top), Cm(5), Cm(2)).text_frame.text = text
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Cm(2), Cm(15), Cm(5), Cm(2)).text_frame.text = "in a group"
    slide.notes_slide.notes_text_frame.text = "Say hello.\nThen begin."
    slide = presentation.slides.add_slide(blank)
    table = slide.shapes.add_table(3, 2, Cm(2), Cm(2), Cm(10), Cm(4)).table
    for row, cells in enumerate((("Port", "Metres"), ("Brest", "6.1"), ("merged", ""))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(2, 0).merge(table.cell(2, 1))
    data = CategoryChartData()
    data.categories = ["May", "June"]
    data.add_series("Height", (1.5, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.LINE, Cm(2), Cm(8), Cm(10), Cm(5), data)
    presentation.save(str(path))
    return path


def write_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """Write a workbook with these rows."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path
