"""Files that cost a careless reader very much: deep, wide, long, repetitive, or small until they are unpacked.

Nothing of the kind is stored: `KINDS` has a writer for each, which takes the number of repetitions. `full` is what a
reader must survive, `small` what a test run affords; both are harmless to a machine that looks at the file only.
"""

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow
from PIL import Image
from pyarrow import parquet

from tests.office_files import write_epub, write_opendocument, write_zip

Writer = Callable[[Path, int], object]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its name with suffix, its writer, and the repetitions in a full and in a small file."""

    filename: str
    write: Writer
    full: int
    small: int


def _text(make: Callable[[int], str | bytes]) -> Writer:
    """Return the writer of a file whose content `make` returns."""

    def write(path: Path, count: int) -> None:
        content = make(count)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def _nest(opening: str, closing: str, core: str = "deep", around: str = "{}") -> Writer:
    return _text(lambda count: around.format(opening * count + core + closing * count))


_WORD_NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{type}.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
    "</Relationships>"
)


def _docx(make_body: Callable[[int], str], prolog: str = "") -> Writer:
    def write(path: Path, count: int) -> None:
        body = f"<w:document {_WORD_NAMESPACE}><w:body>{make_body(count)}</w:body></w:document>"
        write_zip(
            path,
            {
                "[Content_Types].xml": _TYPES.format(part="word/document.xml", type="wordprocessingml.document"),
                "_rels/.rels": _RELATIONS.format(kind="officeDocument", target="word/document.xml"),
                "word/document.xml": prolog + body,
            },
        )

    return write


_PARAGRAPH = "<w:p><w:r><w:t>text </w:t></w:r></w:p>"


def _nested_word_tables(count: int) -> str:
    opening, closing = "<w:tbl><w:tr><w:tc>", "<w:p/></w:tc></w:tr></w:tbl>"
    return opening * count + _PARAGRAPH + closing * count


def _entities(count: int) -> str:
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, count))
    return f'<!DOCTYPE w:document [<!ENTITY e0 "text">{levels}]>'


def _xlsx(make_sheet: Callable[[int], str], strings: Callable[[int], str] | None = None) -> Writer:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def write(path: Path, count: int) -> None:
        shared = (
            f'<Relationship Id="r2" Type="{relation}/sharedStrings" Target="sharedStrings.xml"/>' if strings else ""
        )
        workbook_relations = _RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml")
        members: dict[str, str | bytes] = {
            "[Content_Types].xml": _TYPES.format(part="xl/workbook.xml", type="spreadsheetml.sheet"),
            "_rels/.rels": _RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": workbook_relations.replace("</Relationships>", f"{shared}</Relationships>"),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}">{make_sheet(count)}</worksheet>',
        }
        if strings:
            members["xl/sharedStrings.xml"] = f'<sst xmlns="{main}">{strings(count)}</sst>'
        write_zip(path, members)

    return write


def _cell(name: str, text: str) -> str:
    return f'<c r="{name}" t="inlineStr"><is><t>{text}</t></is></c>'


def _rows(count: int) -> str:
    rows = "".join(f'<row r="{row}">{_cell(f"A{row}", "x")}{_cell(f"B{row}", "y")}</row>' for row in range(1, count))
    return f"<sheetData>{rows}</sheetData>"


def _distant_cells(count: int) -> str:
    """A few cells, each at the far corner of the sheet."""
    rows = "".join(
        f'<row r="{row}">{_cell(f"A{row}", "a")}{_cell(f"XFD{row}", "z")}</row>' for row in range(1, 1_048_577, count)
    )
    return f'<dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData>'


def _merged(count: int) -> str:
    merges = "".join(f'<mergeCell ref="A{row}:XFD{row}"/>' for row in range(1, count + 1))
    rows = "".join(f'<row r="{row}">{_cell(f"A{row}", "wide")}</row>' for row in range(1, count + 1))
    return f"<sheetData>{rows}</sheetData><mergeCells>{merges}</mergeCells>"


def _ods(count: int) -> str:
    row = (
        f'<table:table-row table:number-rows-repeated="{count}"><table:table-cell table:number-columns-repeated='
        f'"{min(count, 16_000)}" office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
    )
    return f'<table:table table:name="S">{row}</table:table>'


def _repeated_columns(path: Path, count: int) -> None:
    write_opendocument(path, "spreadsheet", _ods(count))


def _odt_spaces(path: Path, count: int) -> None:
    write_opendocument(path, "text", f'<text:p>a<text:s text:c="{count}"/>b</text:p>')


def _odt_lists(path: Path, count: int) -> None:
    body = "<text:list><text:list-item>" * count + "<text:p>deep</text:p>" + "</text:list-item></text:list>" * count
    write_opendocument(path, "text", body)


def _odt_spans(path: Path, count: int) -> None:
    write_opendocument(path, "text", f"<text:p>{'<text:span>' * count}deep{'</text:span>' * count}</text:p>")


def _odp_groups(path: Path, count: int) -> None:
    shape = "<draw:frame><draw:text-box><text:p>deep</text:p></draw:text-box></draw:frame>"
    body = f'<draw:page draw:name="p">{"<draw:g>" * count}{shape}{"</draw:g>" * count}</draw:page>'
    write_opendocument(path, "presentation", body)


def _odp_slides(path: Path, count: int) -> None:
    write_opendocument(path, "presentation", '<draw:page draw:name="p"/>' * count)


def _pptx_groups(path: Path, count: int) -> None:
    import pptx

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    shapes = slide.shapes
    for _ in range(count):
        shapes = shapes.add_group_shape().shapes
    shapes.add_textbox(0, 0, 100, 100).text_frame.text = "deep"
    deck.save(str(path))


def _many_members(path: Path, count: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml", _TYPES.format(part="word/document.xml", type="wordprocessingml.document")
        )
        for number in range(count):
            archive.writestr(f"word/media/{number}", b"")


def _overlapping(path: Path, count: int) -> None:
    """An archive whose index names one stretch of compressed data many times."""
    members = {"[Content_Types].xml": "x", "word/document.xml": b"0" * 1_000_000}
    write_zip(path, members)  # type: ignore[arg-type]
    body = path.read_bytes()
    end = body.rindex(b"PK\x05\x06")
    start = int.from_bytes(body[end + 16 : end + 20], "little")
    index = body[start:end]
    last = index[index.rindex(b"PK\x01\x02") :]
    name_start = 46
    entries = [
        last[:name_start] + f"word/document{number:04}"[: len("word/document.xml")].encode().ljust(17, b"x") + last[63:]
        for number in range(count)
    ]
    whole = index + b"".join(entries)
    total = (2 + count).to_bytes(2, "little")
    tail = body[end : end + 8] + total + total + len(whole).to_bytes(4, "little") + body[end + 16 :]
    path.write_bytes(body[:start] + whole + tail)


def _zip_in_zip(path: Path, count: int) -> None:
    content = b"text " * 1_000
    for _ in range(count):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.docx", content)
        content = buffer.getvalue()
    path.write_bytes(content)


def _mail(parts: str, boundary: str = "b") -> str:
    return (
        "From: a@example.org\nSubject: many\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n{parts}--{boundary}--\n'
    )


def _mail_parts(count: int) -> str:
    return _mail("--b\nContent-Type: text/plain\n\nhello\n" * count)


def _mail_attachments(count: int) -> str:
    part = "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nhello\n"
    return _mail(part * count)


def _mail_nested(count: int) -> str:
    opening = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(count))
    closing = "".join(f"--b{n}--\n" for n in reversed(range(count)))
    return (
        f"From: a@example.org\nSubject: deep\nMIME-Version: 1.0\n{opening}Content-Type: text/plain\n\nhello\n{closing}"
    )


def _mail_in_mail(count: int) -> str:
    head = "From: a@example.org\nSubject: deep\nMIME-Version: 1.0\n"
    return (head + "Content-Type: message/rfc822\n\n") * count + head + "\nhello\n"


def _mbox(count: int) -> str:
    return "".join(
        f"From a@example.org Thu Jan  1 00:00:00 2026\nFrom: a@example.org\nSubject: {number}\n\nhello\n\n"
        for number in range(count)
    )


class _Pdf:
    """Collects the objects of a PDF; the first one is the catalogue."""

    def __init__(self) -> None:
        self._objects: list[bytes] = []

    def add(self, body: str | bytes) -> int:
        """Add an object and return its number."""
        self._objects.append(body if isinstance(body, bytes) else body.encode())
        return len(self._objects)

    def add_stream(self, content: bytes, entries: str = "") -> int:
        """Add a stream and return its number."""
        return self.add(f"<< /Length {len(content)} {entries} >> stream\n".encode() + content + b"\nendstream")

    def write(self, path: Path) -> None:
        """Write the file."""
        body = bytearray(b"%PDF-1.7\n")
        offsets: list[int] = []
        for number, content in enumerate(self._objects, 1):
            offsets.append(len(body))
            body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
        start = len(body)
        body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        body += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start)
        path.write_bytes(bytes(body))


_FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def _write_page(path: Path, content: bytes, entries: str = "", *, resources: str = "", page: str = "") -> None:
    """Write a PDF of one page with this content stream."""
    pdf = _Pdf()
    pdf.add("<< /Type /Catalog /Pages 2 0 R >>")
    pdf.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
    pdf.add(
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R {page}"
        f" /Resources << /Font << /F {_FONT} >> {resources} >> >>"
    )
    pdf.add_stream(content, entries)
    pdf.write(path)


def _pdf_pages(path: Path, count: int) -> None:
    pdf = _Pdf()
    pdf.add("<< /Type /Catalog /Pages 2 0 R >>")
    pdf.add(f"<< /Type /Pages /Kids [{' '.join('3 0 R' for _ in range(count))}] /Count {count} >>")
    pdf.add(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        f" /Resources << /Font << /F {_FONT} >> >> >>"
    )
    pdf.add_stream(b"BT /F 12 Tf 50 700 Td (A page of text.) Tj ET")
    pdf.write(path)


def _pdf_blank_pages(path: Path, count: int) -> None:
    pdf = _Pdf()
    pdf.add("<< /Type /Catalog /Pages 2 0 R >>")
    pages = range(3, 3 + count)
    pdf.add(f"<< /Type /Pages /Kids [{' '.join(f'{number} 0 R' for number in pages)}] /Count {count} >>")
    for _ in pages:
        pdf.add("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] >>")
    pdf.write(path)


def _pdf_chain(path: Path, count: int) -> None:
    """A content stream of white space that is compressed twice."""
    content = zlib.compress(zlib.compress(b" " * count, 9), 9)
    _write_page(path, content, "/Filter [/FlateDecode /FlateDecode]")


def _pdf_glyphs(path: Path, count: int) -> None:
    """Lines of words, from the foot of the page to its head and again: a page whose text is off it is read by OCR."""
    lines = [
        b"1 0 0 1 10 %d Tm " % (10 + 6 * (first // 25 % 120)) + b"(text) Tj " * min(25, count - first)
        for first in range(0, count, 25)
    ]
    _write_page(path, zlib.compress(b"BT /F 6 Tf " + b"".join(lines) + b"ET"), "/Filter /FlateDecode")


def _pdf_lines(path: Path, count: int) -> None:
    content = b"".join(b"%d %d m %d %d l S " % (n % 600, n % 800, n % 600 + 9, n % 800) for n in range(count))
    _write_page(path, zlib.compress(content + b"BT /F 12 Tf 10 700 Td (text) Tj ET"), "/Filter /FlateDecode")


def _pdf_forms(path: Path, count: int) -> None:
    """Forms that each draw the next one ten times."""
    pdf = _Pdf()
    pdf.add("<< /Type /Catalog /Pages 2 0 R >>")
    pdf.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
    pdf.add(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        f" /Resources << /Font << /F {_FONT} >> /XObject << /X 5 0 R >> >> >>"
    )
    pdf.add_stream(b"/X Do")
    for level in range(count):
        is_last = level == count - 1
        content = b"BT /F 12 Tf 10 700 Td (text) Tj ET" if is_last else b"/X Do " * 10
        inner = "" if is_last else f"/XObject << /X {6 + level} 0 R >>"
        pdf.add_stream(
            content,
            f"/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F {_FONT} >> {inner} >>",
        )
    pdf.write(path)


def _pdf_page_tree(path: Path, count: int) -> None:
    pdf = _Pdf()
    pdf.add("<< /Type /Catalog /Pages 2 0 R >>")
    for level in range(count):
        parent = f"/Parent {1 + level} 0 R" if level else ""
        pdf.add(f"<< /Type /Pages /Kids [{3 + level} 0 R] /Count 1 {parent} >>")
    pdf.add(f"<< /Type /Page /Parent {1 + count} 0 R /MediaBox [0 0 600 800] >>")
    pdf.write(path)


def _pdf_outline(path: Path, count: int) -> None:
    """An outline whose entries are each other's children, down to the first one again."""
    pdf = _Pdf()
    pdf.add("<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>")
    pdf.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
    pdf.add(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        f" /Resources << /Font << /F {_FONT} >> >> >>"
    )
    pdf.add_stream(b"BT /F 12 Tf 50 700 Td (A page of text.) Tj ET")
    pdf.add("<< /Type /Outlines /First 6 0 R /Last 6 0 R >>")
    for number in range(count):
        following = 6 if number == count - 1 else 7 + number
        pdf.add(f"<< /Title (Entry {number}) /Dest [3 0 R /Fit] /First {following} 0 R /Next {following} 0 R >>")
    pdf.write(path)


def _pdf_notes(path: Path, count: int) -> None:
    note = "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (a note) >>"
    _write_page(path, b"BT /F 12 Tf 50 700 Td (text) Tj ET", page=f"/Annots [{note * count}]")


def _picture(suffix: str) -> Writer:
    def write(path: Path, count: int) -> None:
        Image.new("1", (count, count), 1).save(path, suffix)

    return write


def _frames(suffix: str) -> Writer:
    def write(path: Path, count: int) -> None:
        first = Image.new("1", (64, 64), 1)
        rest = [Image.new("1", (64, 64), number % 2) for number in range(count - 1)]
        first.save(path, suffix, save_all=True, append_images=rest)

    return write


def _parquet_rows(path: Path, count: int) -> None:
    parquet.write_table(pyarrow.table({"a": pyarrow.array(np.zeros(count, np.int8))}), path, compression="zstd")


def _parquet_columns(path: Path, count: int) -> None:
    parquet.write_table(pyarrow.table({f"c{number}": [number] for number in range(count)}), path)


def _epub_chapters(path: Path, count: int) -> None:
    write_epub(path, {f"{number}.xhtml": "<p>text</p>" for number in range(count)}, "")


def _epub_contents(path: Path, count: int) -> None:
    point = '<navPoint id="n" playOrder="1"><navLabel><text>t</text></navLabel><content src="a.xhtml"/>'
    write_epub(path, {"a.xhtml": "<p>text</p>"}, point * count + "</navPoint>" * count)


def _backticks(count: int) -> str:
    return " ".join("`" * length + "a" for length in range(1, count))


def _span_grid(count: int) -> str:
    cells = '<td colspan="1000" rowspan="65534">x</td>' * 20
    return f"<table>{f'<tr>{cells}</tr>' * count}</table>"


def _records(count: int) -> str:
    return json.dumps([{f"key {number}": number} for number in range(count)])


def _letter(count: int) -> str:
    levels = "\n".join(f"{'>' * level} quoted line {level}" for level in range(1, count))
    return f"From: a@example.org\nSubject: replies\n\nMy reply.\n{levels}\n"


KINDS: dict[str, Kind] = {
    "HTML, nested blocks": Kind("a.html", _nest("<div>", "</div>"), 200_000, 2_000),
    "HTML, nested inline elements": Kind("a.html", _nest("<span>", "</span>"), 200_000, 2_000),
    "HTML, nested emphasis": Kind("a.html", _nest("<b><i>", "</i></b>"), 100_000, 1_000),
    "HTML, nested lists": Kind("a.html", _nest("<ul><li>a", "</li></ul>"), 100_000, 1_000),
    "HTML, nested quotes": Kind("a.html", _nest("<blockquote>a", "</blockquote>"), 100_000, 1_000),
    "HTML, nested tables": Kind("a.html", _nest("<table><tr><td>a</td><td>", "</td></tr></table>"), 50_000, 300),
    "HTML, nested headings": Kind("a.html", _nest("<h1>a", "</h1>"), 100_000, 1_000),
    "HTML, nested drawings": Kind("a.html", _nest("<svg><g><title>a</title>", "</g></svg>"), 50_000, 300),
    "HTML, nested code": Kind("a.html", _nest("<pre>a", "</pre>"), 100_000, 500),
    "HTML, elements that never end": Kind("a.html", _text(lambda n: "<p><b>text" * n), 100_000, 500),
    "HTML, struck and never ended": Kind("a.html", _text(lambda n: "<del>a<p>" * n), 100_000, 500),
    "HTML, one long attribute": Kind("a.html", _text(lambda n: f'<p title="{"x " * n}">text</p>'), 10_000_000, 100_000),
    "HTML, many attributes": Kind(
        "a.html", _text(lambda n: f"<p {' '.join(f'a{k}=1' for k in range(n))}>text"), 500_000, 2_000
    ),
    "HTML, many entities": Kind("a.html", _text(lambda n: "&amp;&lt;" * n), 2_000_000, 20_000),
    "HTML, wide table": Kind("a.html", _text(lambda n: "<table>" + ("<tr>" + "<td>a" * n) * 2), 100_000, 1_000),
    "HTML, cells over many rows and columns": Kind("a.html", _text(_span_grid), 200, 2),
    "HTML, many styles": Kind(
        "a.html",
        _text(lambda n: f"<style>{' '.join(f'.c{k}{{color:red}}' for k in range(n))}</style>" + "<p class=c1>a" * n),
        20_000,
        200,
    ),
    "HTML, comments": Kind("a.html", _text(lambda n: "<!--" * n + "text"), 1_000_000, 10_000),
    "JSON, nested lists": Kind("a.json", _nest("[", "]", "1"), 1_000_000, 5_000),
    "JSON, nested objects": Kind("a.json", _nest('{"a":', "}", "1"), 100_000, 900),
    "JSON, moderately nested": Kind(
        "a.json", _text(lambda n: json.dumps([json.loads('{"a":' * 90 + "1" + "}" * 90)] * n)), 2_000, 20
    ),
    "JSON, one wide object": Kind(
        "a.json", _text(lambda n: json.dumps({f"key {k}": k for k in range(n)})), 1_000_000, 5_000
    ),
    "JSON, one long string": Kind("a.json", _text(lambda n: json.dumps("a" * n)), 50_000_000, 200_000),
    "JSON, every record with a key of its own": Kind("a.json", _text(_records), 20_000, 300),
    "JSON Lines, one long line": Kind("a.jsonl", _text(lambda n: json.dumps({"a": ["b"] * n})), 5_000_000, 20_000),
    "JSON, cut off": Kind("a.json", _text(lambda n: '[{"a": "b"}, ' * n), 2_000_000, 5_000),
    "Markdown, stars": Kind("a.md", _text(lambda n: "**a *b " * n), 200_000, 500),
    "Markdown, brackets": Kind("a.md", _text(lambda n: "[" * n + "a" + "]" * n), 100_000, 500),
    "Markdown, links that never end": Kind("a.md", _text(lambda n: "[a](<b" * n), 100_000, 500),
    "Markdown, quotes in quotes": Kind("a.md", _text(lambda n: ">" * n + " a"), 100_000, 500),
    "Markdown, lists in lists": Kind(
        "a.md", _text(lambda n: "\n".join(f"{'  ' * level}- a" for level in range(n))), 3_000, 60
    ),
    "Markdown, runs of backticks": Kind("a.md", _text(_backticks), 5_000, 120),
    "Markdown, wide table": Kind("a.md", _text(lambda n: f"{'|a' * n}|\n{'|-' * n}|\n{'|b' * n}|\n"), 100_000, 1_000),
    "Markdown, references": Kind(
        "a.md", _text(lambda n: "".join(f"[a{k}]: /b{k}\n" for k in range(n))), 200_000, 1_000
    ),
    "Markdown, HTML that never ends": Kind("a.md", _text(lambda n: "<a <!-- <?" * n), 100_000, 500),
    "CSV, wide": Kind("a.csv", _text(lambda n: f"{'a,' * n}\n" * 3), 1_000_000, 5_000),
    "CSV, a quote that never ends": Kind("a.csv", _text(lambda n: 'a,b\n1,"' + "x,y\n" * n), 10_000_000, 20_000),
    "CSV, nothing but quotes": Kind("a.csv", _text(lambda n: '"' * n), 20_000_000, 50_000),
    "CSV, one long field": Kind("a.csv", _text(lambda n: f"a,b\n{'x' * n},1\n"), 50_000_000, 100_000),
    "CSV, many rows": Kind("a.csv", _text(lambda n: "a,b\n" + "1,2\n" * n), 3_000_000, 5_000),
    "Text, one line of words": Kind("a.txt", _text(lambda n: "word " * n), 20_000_000, 40_000),
    "Text, one word": Kind("a.txt", _text(lambda n: "a" * n), 100_000_000, 100_000),
    "Text, dots": Kind("a.txt", _text(lambda n: "." * n), 50_000_000, 50_000),
    "Text, one sentence without words": Kind("a.txt", _text(lambda n: "a.b" * n), 20_000_000, 50_000),
    "Text, empty lines": Kind("a.txt", _text(lambda n: "\n" * n + "a"), 100_000_000, 100_000),
    "Text, marks upon marks": Kind("a.txt", _text(lambda n: "a" + "\u0301" * n), 20_000_000, 50_000),
    "Text, another word each": Kind("a.txt", _text(lambda n: " ".join(f"{k:x}z" for k in range(n))), 5_000_000, 5_000),
    "Code, nested brackets": Kind("a.c", _nest("{", "}", "x;", "int f() {}"), 1_000_000, 2_000),
    "Code, one line": Kind("a.js", _text(lambda n: "function f(){return 1};" * n), 1_000_000, 1_000),
    "Code, unclosed strings": Kind("a.py", _text(lambda n: "def f(): '''\n\"\n" * n), 500_000, 1_000),
    "Mail, many parts": Kind("a.eml", _text(_mail_parts), 50_000, 200),
    "Mail, many attachments": Kind("a.eml", _text(_mail_attachments), 50_000, 100),
    "Mail, parts in parts": Kind("a.eml", _text(_mail_nested), 20_000, 80),
    "Mail in mail": Kind("a.eml", _text(_mail_in_mail), 20_000, 50),
    "Mail, many headers": Kind(
        "a.eml", _text(lambda n: "From: a@example.org\n" + "X-A: b\n" * n + "\nhello\n"), 1_000_000, 2_000
    ),
    "Mail, one folded header": Kind(
        "a.eml", _text(lambda n: "From: a@example.org\nSubject: a\n" + " b\n" * n + "\nhello\n"), 1_000_000, 2_000
    ),
    "Mail, encoded words": Kind(
        "a.eml", _text(lambda n: f"From: a@example.org\nSubject: {'=?utf-8?q?a?= ' * n}\n\nhello\n"), 200_000, 500
    ),
    "Mail, many receivers": Kind(
        "a.eml",
        _text(lambda n: f"From: a@example.org\nTo: {', '.join(f'<a{k}@b.org>' for k in range(n))}\n\nhi\n"),
        100_000,
        200,
    ),
    "Mail, replies to replies": Kind("a.eml", _text(_letter), 5_000, 60),
    "Mailbox, many messages": Kind("a.mbox", _text(_mbox), 100_000, 100),
    "RTF, nested groups": Kind("a.rtf", _nest("{", "}", "deep", r"{{\rtf1 {}}}"), 1_000_000, 2_000),
    "RTF, control words": Kind("a.rtf", _text(lambda n: r"{\rtf1 " + r"\b\i0\par " * n + "a}"), 3_000_000, 5_000),
    "RTF, nested tables": Kind(
        "a.rtf", _text(lambda n: r"{\rtf1 " + r"\trowd\itap9 a\nestcell\nestrow " * n + "a}"), 200_000, 500
    ),
    "Word, repeated text": Kind("a.docx", _docx(lambda n: _PARAGRAPH * n), 2_000_000, 2_000),
    "Word, one paragraph": Kind(
        "a.docx", _docx(lambda n: f"<w:p>{'<w:r><w:t>text </w:t></w:r>' * n}</w:p>"), 1_000_000, 2_000
    ),
    "Word, one long text": Kind(
        "a.docx", _docx(lambda n: f"<w:p><w:r><w:t>{'text ' * n}</w:t></w:r></w:p>"), 18_000_000, 20_000
    ),
    "Word, tables in tables": Kind("a.docx", _docx(_nested_word_tables), 20_000, 80),
    "Word, wide table": Kind(
        "a.docx", _docx(lambda n: f"<w:tbl><w:tr>{f'<w:tc>{_PARAGRAPH}</w:tc>' * n}</w:tr></w:tbl>"), 200_000, 500
    ),
    "Word, entities": Kind(
        "a.docx", _docx(lambda n: f"<w:p><w:r><w:t>&e{n - 1};</w:t></w:r></w:p>", _entities(9)), 9, 9
    ),
    "Archive, many members": Kind("a.docx", _many_members, 200_000, 1_000),
    "Archive, overlapping members": Kind("a.docx", _overlapping, 9_000, 100),
    "Archive in archive": Kind("a.docx", _zip_in_zip, 100, 4),
    "Excel, distant cells": Kind("a.xlsx", _xlsx(_distant_cells), 200, 100_000),
    "Excel, many rows": Kind("a.xlsx", _xlsx(_rows), 500_000, 1_000),
    "Excel, merged cells": Kind("a.xlsx", _xlsx(_merged), 20_000, 100),
    "Excel, shared strings": Kind(
        "a.xlsx", _xlsx(lambda n: _rows(2), lambda n: "<si><t>text</t></si>" * n), 3_000_000, 5_000
    ),
    "Excel, one long cell": Kind(
        "a.xlsx",
        _xlsx(lambda n: f'<sheetData><row r="1">{_cell("A1", "a " * n)}</row></sheetData>'),
        10_000_000,
        50_000,
    ),
    "OpenDocument, repeated cells": Kind("a.ods", _repeated_columns, 1_000_000, 50),
    "OpenDocument, repeated spaces": Kind("a.odt", _odt_spaces, 1_000_000_000, 100_000),
    "OpenDocument, nested lists": Kind("a.odt", _odt_lists, 100_000, 100),
    "OpenDocument, nested spans": Kind("a.odt", _odt_spans, 100_000, 200),
    "OpenDocument, nested groups": Kind("a.odp", _odp_groups, 100_000, 100),
    "OpenDocument, empty slides": Kind("a.odp", _odp_slides, 200_000, 500),
    "PowerPoint, groups in groups": Kind("a.pptx", _pptx_groups, 150, 20),
    "EPUB, many chapters": Kind("a.epub", _epub_chapters, 9_000, 50),
    "EPUB, nested contents": Kind("a.epub", _epub_contents, 50_000, 100),
    "PDF, many pages": Kind("a.pdf", _pdf_pages, 200_000, 200),
    "PDF, blank pages": Kind("a.pdf", _pdf_blank_pages, 200_000, 200),
    "PDF, compressed twice": Kind("a.pdf", _pdf_chain, 2_000_000_000, 5_000_000),
    "PDF, one page of many letters": Kind("a.pdf", _pdf_glyphs, 1_000_000, 2_000),
    "PDF, one page of many lines": Kind("a.pdf", _pdf_lines, 1_000_000, 2_000),
    "PDF, forms in forms": Kind("a.pdf", _pdf_forms, 8, 3),
    "PDF, deep page tree": Kind("a.pdf", _pdf_page_tree, 50_000, 200),
    "PDF, an outline in a circle": Kind("a.pdf", _pdf_outline, 20_000, 20),
    "PDF, many notes": Kind("a.pdf", _pdf_notes, 100_000, 100),
    "Picture, huge and white": Kind("a.png", _picture("PNG"), 30_000, 500),
    "Picture, huge TIFF": Kind("a.tiff", _picture("TIFF"), 20_000, 500),
    "Picture, many frames": Kind("a.gif", _frames("GIF"), 5_000, 5),
    "Picture, many pages": Kind("a.tiff", _frames("TIFF"), 5_000, 5),
    "Parquet, many equal rows": Kind("a.parquet", _parquet_rows, 100_000_000, 10_000),
    "Parquet, many columns": Kind("a.parquet", _parquet_columns, 50_000, 200),
    "Compressed page": Kind("a.html", _text(lambda n: gzip.compress(b"<p>text</p>" * n)), 10_000_000, 1_000),
}
