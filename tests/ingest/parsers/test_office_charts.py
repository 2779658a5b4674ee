"""Charts and diagrams of Office and OpenDocument files: titles, axes and numbers, by libraries that write them."""

from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
import xlsxwriter
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml as parse_word_xml
from pptx.chart.data import BubbleChartData, CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.package import Part as PresentationPart
from pptx.opc.packuri import PackURI as PresentationURI
from pptx.util import Cm

from ingest.parsers import registry
from ingest.parsers.containers import parse_xml
from ingest.parsers.office_charts import read_chart
from tests.office_files import read_members, write_opendocument, write_zip

C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"


def category_data(number_format: str = "General") -> CategoryChartData:
    data = CategoryChartData(number_format=number_format)
    data.categories = ["Q1", "Q2"]
    data.add_series("East", (0.25, 0.5))
    data.add_series("West", (0.1, None))
    return data


def point_data() -> XyChartData:
    data = XyChartData()
    series = data.add_series("Tide")
    series.add_data_point(1.5, 2.5)
    series.add_data_point(3, 4)
    return data


def bubble_data() -> BubbleChartData:
    data = BubbleChartData()
    data.add_series("Ports").add_data_point(1.5, 2.5, 10)
    return data


def level_data() -> CategoryChartData:
    data = CategoryChartData()
    for year in ("2025", "2026"):
        category = data.add_category(year)
        for half in ("H1", "H2"):
            category.add_sub_category(half)
    data.add_series("Ships", (1, 2, 3, 4))
    return data


def add_chart(slide: Any, kind: Any, data: Any) -> Any:
    return slide.shapes.add_chart(kind, Cm(1), Cm(1), Cm(10), Cm(8), data).chart


@pytest.mark.parametrize(
    ("kind", "data", "lines"),
    [
        ("COLUMN_CLUSTERED", category_data(), ["| East | West", "Q1 | 0.25 | 0.1", "Q2 | 0.5"]),
        ("BAR_STACKED", category_data("0.0%"), ["| East | West", "Q1 | 25.0% | 10.0%", "Q2 | 50.0%"]),
        ("LINE", category_data('0.00" EUR"'), ["| East | West", "Q1 | 0.25 EUR | 0.10 EUR", "Q2 | 0.50 EUR"]),
        ("XY_SCATTER", point_data(), ["| Tide", "1.5 | 2.5", "3 | 4"]),
        ("BUBBLE", bubble_data(), ["| Ports", "1.5 | 2.5 | 10"]),
        ("COLUMN_CLUSTERED", level_data(), ["| Ships", "2025 / H1 | 1", "H2 | 2", "2026 / H1 | 3", "H2 | 4"]),
    ],
)
def test_the_numbers_of_a_chart_stand_at_their_categories(
    tmp_path: Path, kind: str, data: Any, lines: list[str]
) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    add_chart(slide, getattr(XL_CHART_TYPE, kind), data)
    presentation.save(str(tmp_path / "a.pptx"))
    read = [line.strip() for line in registry.parse(tmp_path / "a.pptx", "a.pptx").text.split("\n")]
    assert [line.replace("2025 / H2", "H2").replace("2026 / H2", "H2") for line in read] == lines


def titled_chart_part() -> bytes:
    """Return a chart of python-pptx with titles."""
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    chart = add_chart(slide, XL_CHART_TYPE.COLUMN_CLUSTERED, category_data())
    chart.has_title = True
    chart.chart_title.text_frame.text = "Shares"
    for axis, title in ((chart.value_axis, "Percent"), (chart.category_axis, "Quarter")):
        axis.has_title = True
        axis.axis_title.text_frame.text = title
    return bytes(chart.part.blob)


TITLED = "Shares\n\nPercent\n\nQuarter | East | West\nQ1 | 0.25 | 0.1\nQ2 | 0.5"


def add_graphic(document: Any, element: str, *parts: tuple[str, str, bytes]) -> None:
    """Add a paragraph with a graphic, whose `{}` are the ids of its parts: relation type, path and content."""
    ids = [
        document.part.relate_to(Part(PackURI(path), "application/xml", content, document.part.package), kind)
        for kind, path, content in parts
    ]
    drawing = f'<w:drawing xmlns:w="{W}" xmlns:r="{R}">{element.format(*ids)}</w:drawing>'
    document.add_paragraph("Before.").add_run()._r.append(parse_word_xml(drawing))


def test_a_word_document_has_the_numbers_of_its_charts(tmp_path: Path) -> None:
    document = docx.Document()
    chart = (RELATIONSHIP_TYPE.CHART, "/word/charts/chart1.xml", titled_chart_part())
    add_graphic(document, f'<c:chart xmlns:c="{C}" r:id="{{}}"/>', chart)
    document.add_paragraph("After.")
    document.save(str(tmp_path / "a.docx"))
    assert registry.parse(tmp_path / "a.docx", "a.docx").text == f"Before.\n\n{TITLED}\n\nAfter."


def test_a_word_document_has_the_texts_of_its_diagrams(tmp_path: Path) -> None:
    document = docx.Document()
    texts = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in ("Plan", "Build in 12 weeks", " "))
    data = f'<dgm:dataModel xmlns:dgm="{DIAGRAM}" xmlns:a="{A}"><dgm:pt><dgm:t>{texts}</dgm:t></dgm:pt></dgm:dataModel>'
    part = (RELATIONSHIP_TYPE.DIAGRAM_DATA, "/word/diagrams/data1.xml", data.encode())
    add_graphic(document, f'<dgm:relIds xmlns:dgm="{DIAGRAM}" r:dm="{{}}"/>', part)
    document.save(str(tmp_path / "a.docx"))
    assert registry.parse(tmp_path / "a.docx", "a.docx").text == "Before.\n\nPlan\nBuild in 12 weeks"


CX = "http://schemas.microsoft.com/office/drawing/2014/chartex"
EXTENDED_KIND = "http://schemas.microsoft.com/office/2014/relationships/chartEx"


def make_extended_chart(
    levels: list[list[str]], values: list[str], code: str = "General", titled: bool = True
) -> bytes:
    """Return a waterfall chart as Excel writes it, the innermost level of its categories first."""

    def points(texts: list[str]) -> str:
        return "".join(f'<cx:pt idx="{n}">{text}</cx:pt>' for n, text in enumerate(texts) if text)

    names = "".join(f'<cx:lvl ptCount="{len(texts)}">{points(texts)}</cx:lvl>' for texts in levels)
    numbers = f'<cx:lvl ptCount="{len(values)}" formatCode="{code}">{points(values)}</cx:lvl>'
    title = "<cx:tx><cx:txData><cx:v>Costs by ward</cx:v></cx:txData></cx:tx>"
    axis = f'<cx:tx><cx:rich><a:p xmlns:a="{A}"><a:r><a:t>Ward</a:t></a:r></a:p></cx:rich></cx:tx>'
    return (
        f'<cx:chartSpace xmlns:cx="{CX}"><cx:chartData><cx:data id="0"><cx:strDim type="cat"><cx:f>A2:A4</cx:f>{names}'
        f'</cx:strDim><cx:numDim type="val"><cx:f>B2:B4</cx:f>{numbers}</cx:numDim></cx:data></cx:chartData><cx:chart>'
        f"{f'<cx:title>{title}</cx:title>' if titled else '<cx:title/>'}<cx:plotArea><cx:plotAreaRegion>"
        '<cx:series layoutId="waterfall"><cx:tx><cx:txData><cx:f>B1</cx:f><cx:v>Costs</cx:v></cx:txData></cx:tx>'
        '<cx:dataId val="0"/></cx:series></cx:plotAreaRegion>'
        f'<cx:axis id="0"><cx:catScaling/><cx:title>{axis}</cx:title></cx:axis></cx:plotArea></cx:chart>'
        "</cx:chartSpace>"
    ).encode()


@pytest.mark.parametrize(
    ("levels", "values", "code", "rows"),
    [
        ([["Eye", "Ear"]], ["1200", "-300.5"], "#,##0.00", [("Eye", "1,200.00"), ("Ear", "-300.50")]),
        ([["Eye", "Ear"]], ["0.25", "0.75"], "0%", [("Eye", "25%"), ("Ear", "75%")]),
        ([["Eye", "Ear"]], ["5", ""], "General", [("Eye", "5"), ("Ear", "")]),
        ([["a", "b", "c"], ["North", "", "South"]], ["1", "2", "3"], "General",
         [("North / a", "1"), ("North / b", "2"), ("South / c", "3")]),
        ([], ["1", "2"], "General", [("1", "1"), ("2", "2")]),
    ],
)  # fmt: skip
def test_an_extended_chart_has_its_titles_and_numbers(
    levels: list[list[str]], values: list[str], code: str, rows: list[tuple[str, str]]
) -> None:
    chart = read_chart(parse_xml(make_extended_chart(levels, values, code)))
    assert (chart.title, chart.axis_titles, chart.series_names) == ("Costs by ward", ("Ward",), ("Costs",))
    (table,) = chart.tables
    assert (table.header, list(table.rows)) == (("Ward", "Costs"), rows)
    assert read_chart(parse_xml(make_extended_chart(levels, values, code, titled=False))).title == ""


def test_extended_charts_are_read_in_word_and_powerpoint(tmp_path: Path) -> None:
    content = make_extended_chart([["Eye", "Ear"]], ["5", "7"])
    text = "Costs by ward\n\nWard | Costs\nEye | 5\nEar | 7"
    document = docx.Document()
    element = f'<cx:chart xmlns:cx="{CX}" r:id="{{}}"/>'
    add_graphic(document, element, (EXTENDED_KIND, "/word/charts/chartEx1.xml", content))
    document.save(str(tmp_path / "a.docx"))
    assert registry.parse(tmp_path / "a.docx", "a.docx").text == f"Before.\n\n{text}"
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    add_chart(slide, XL_CHART_TYPE.COLUMN_CLUSTERED, category_data())
    graphic = slide.shapes[0]._element.graphic.graphicData
    part = PresentationPart(PresentationURI("/ppt/charts/chartEx1.xml"), "application/xml", slide.part.package, content)
    graphic.set("uri", CX)
    graphic.remove(graphic[0])
    graphic.append(
        parse_xml(
            element.format(slide.part.relate_to(part, EXTENDED_KIND)).replace(" r:", f' xmlns:r="{R}" r:').encode()
        )
    )
    presentation.save(str(tmp_path / "a.pptx"))
    assert registry.parse(tmp_path / "a.pptx", "a.pptx").text == text


def test_a_damaged_chart_costs_that_chart(tmp_path: Path) -> None:
    document = docx.Document()
    add_graphic(
        document, f'<c:chart xmlns:c="{C}" r:id="{{}}"/>', (RELATIONSHIP_TYPE.CHART, "/word/charts/chart1.xml", b"<c")
    )
    document.save(str(tmp_path / "a.docx"))
    read = registry.parse(tmp_path / "a.docx", "a.docx")
    assert read.text == "Before."
    assert read.warnings == ("a damaged part is left out: word/charts/chart1.xml",)


def test_a_workbook_has_the_titles_of_its_charts_and_the_sheets_that_are_charts(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Depths")
        sheet.write_column("A1", [6, 4])
        for place in (sheet, book.add_chartsheet("Graph")):
            chart = book.add_chart({"type": "column"})
            chart.add_series({"name": "Tide", "values": "=Depths!$A$1:$A$2"})
            chart.set_title({"name": f"Depth in {place.get_name()}"})
            chart.set_x_axis({"name": "Harbours"})
            if place is sheet:
                sheet.insert_chart("C2", chart)
            else:
                place.set_chart(chart)
    document = registry.parse(tmp_path / "a.xlsx", "a.xlsx")
    assert document.text == "Depths\n\n6\n4\n\nDepth in Depths (Harbours; Tide)\n\nDepth in Graph (Harbours; Tide)"
    assert [page.label for page in document.pages] == ["Depths", "Graph"]


def test_dates_in_a_chart_are_shown_as_dates() -> None:
    points = '<c:formatCode>dd/mm/yyyy</c:formatCode><c:pt idx="0"><c:v>46146</c:v></c:pt>'
    value = '<c:val><c:numRef><c:numCache><c:pt idx="0"><c:v>7</c:v></c:pt></c:numCache></c:numRef></c:val>'
    series = f"<c:ser><c:cat><c:numRef><c:numCache>{points}</c:numCache></c:numRef></c:cat>{value}</c:ser>"
    plot = f"<c:chart><c:plotArea><c:lineChart>{series}</c:lineChart></c:plotArea></c:chart>"
    (table,) = read_chart(parse_xml(f'<c:chartSpace xmlns:c="{C}">{plot}</c:chartSpace>'.encode())).tables
    assert table.rows == (("04/05/2026", "7"),)


CHART = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:chart><chart:chart>'
    "<chart:title><text:p>Shares</text:p></chart:title><chart:plot-area>"
    "<chart:axis><chart:title><text:p>Percent</text:p></chart:title></chart:axis></chart:plot-area>"
    "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p/></table:table-cell>"
    "<table:table-cell><text:p>East</text:p></table:table-cell></table:table-row></table:table-header-rows>"
    "<table:table-rows><table:table-row><table:table-cell><text:p>Q1</text:p></table:table-cell><table:table-cell>"
    "<text:p>0.25</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>Q2</text:p>"
    "</table:table-cell><table:table-cell><text:p>NaN</text:p></table:table-cell></table:table-row></table:table-rows>"
    "</table:table></chart:chart></office:chart></office:body></office:document-content>"
)
FRAME = '<draw:frame><draw:object xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="./Object 1"/></draw:frame>'
WHOLE = "Shares\n\nPercent\n\n | East\nQ1 | 0.25\nQ2"


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text", f"<text:p>Before.{FRAME}</text:p><text:p>After.</text:p>", f"Before.\n\n{WHOLE}\n\nAfter."),
        ("presentation", f"<draw:page>{FRAME}</draw:page>", WHOLE),
        (
            "spreadsheet",
            f'<table:table table:name="S"><table:shapes>{FRAME}</table:shapes><table:table-row><table:table-cell>'
            "<text:p>6</text:p></table:table-cell></table:table-row></table:table>",
            "S\n\n6\n\nShares (Percent)",
        ),
    ],
)
def test_charts_are_read_from_the_objects_of_opendocument(tmp_path: Path, kind: str, body: str, text: str) -> None:
    members = read_members(write_opendocument(tmp_path / "plain", kind, body))
    path = write_zip(tmp_path / "a", {**members, "Object 1/content.xml": CHART})
    assert registry.parse(path, "a").text == text
