# pyright: basic
"""Read the charts and SmartArt diagrams of Office files (DrawingML, ECMA-376 part 1, 21.2 and 21.4). Pure.

Charts of the newer kinds (waterfall, treemap, funnel, histogram) are extended charts ([MS-ODRAWXML] 2.24.3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml.etree import _Element as Element

from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.spreadsheets.number_formats import format_general, format_number

_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CATEGORY_AXES = (f"{_CHART}catAx", f"{_CHART}dateAx")
_AXES = (*_CATEGORY_AXES, f"{_CHART}valAx", f"{_CHART}serAx")
_EXTENDED = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
EXTENDED_CHART = f"{_EXTENDED}chart"
"""The element of a drawing that stands for an extended chart."""
_GENERAL = "General"
_MAX_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class ChartTable:
    """Series over the same categories: the names of the columns, and a row for each category."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as its reader knows it: its title, the titles of its axes, its numbers with their formats."""

    title: str
    axis_titles: tuple[str, ...]
    series_names: tuple[str, ...]
    tables: tuple[ChartTable, ...]


@dataclass(slots=True)
class _Series:
    """A series: its name, and the texts of its points by their index; `sizes` are those of bubbles."""

    name: str
    categories: Mapping[int, str]
    values: Mapping[int, str]
    sizes: Mapping[int, str] = field(default_factory=dict)


def read_chart(root: Element) -> Chart:
    """Return the chart of a chart part, an extended one too."""
    if root.tag.startswith(_EXTENDED):
        return _read_extended(root)
    is_1904 = _is_on(root.find(f"{_CHART}date1904"))
    chart = root.find(f"{_CHART}chart")
    plot = chart.find(f"{_CHART}plotArea") if chart is not None else None
    if chart is None or plot is None:
        return Chart("", (), (), ())
    categories_title = next((_read_title(axis) for axis in plot.iterchildren(*_CATEGORY_AXES)), "")
    titles = tuple(filter(None, (_read_title(axis) for axis in plot.iterchildren(*_AXES))))
    series = [_read_series(element, is_1904=is_1904) for element in plot.iter(f"{_CHART}ser")]
    tables = tuple(_make_table(group, categories_title) for group in _group_series(series))
    return Chart(_read_title(chart), titles, tuple(one.name for one in series if one.name), tables)


def write_chart(chart: Chart, builder: DocumentBuilder) -> None:
    """Add a chart: its title, the titles of its axes that name no column, its numbers as tables."""
    builder.add_paragraph(chart.title)
    named = {name for table in chart.tables for name in table.header}
    builder.add_paragraph("; ".join(title for title in chart.axis_titles if title not in named))
    for table in chart.tables:
        builder.add_table([table.header, *table.rows], header_rows=1)


def describe_chart(chart: Chart) -> str:
    """Return what a chart says beside its numbers, if these are cells of the same file: its titles and its series."""
    details = "; ".join(dict.fromkeys((*chart.axis_titles, *chart.series_names)))
    return f"{chart.title} ({details})" if chart.title and details else chart.title or details


def read_texts(root: Element) -> Iterator[str]:
    """Yield the paragraphs of the shapes of a drawing, or of a SmartArt diagram (the part with its data)."""
    for paragraph in root.iter(f"{_DRAWING}p"):
        text = "".join(part.text or "" for part in paragraph.iter(f"{_DRAWING}t"))
        if text.strip():
            yield text


def _read_extended(root: Element) -> Chart:
    chart = root.find(EXTENDED_CHART)
    if chart is None:
        return Chart("", (), (), ())
    data = {one.get("id", ""): one for one in root.iterfind(f"{_EXTENDED}chartData/{_EXTENDED}data")}
    axes = [_read_extended_text(axis.find(f"{_EXTENDED}title")) for axis in chart.iter(f"{_EXTENDED}axis")]
    series: list[_Series] = []
    for element in chart.iter(f"{_EXTENDED}series"):
        link = element.find(f"{_EXTENDED}dataId")
        name = _read_extended_text(element)
        series.append(_read_extended_series(name, data.get(link.get("val", "") if link is not None else "")))
    tables = tuple(_make_table(group, axes[0] if axes else "") for group in _group_series(series) if group[0].values)
    title = _read_extended_text(chart.find(f"{_EXTENDED}title"))
    return Chart(title, tuple(filter(None, axes)), tuple(one.name for one in series if one.name), tables)


def _read_extended_series(name: str, data: Element | None) -> _Series:
    """Return the series of a part of the data: its first dimension of texts, and its first of numbers."""
    parts = {part: data.find(f"{_EXTENDED}{part}") if data is not None else None for part in ("strDim", "numDim")}
    categories, values = (
        [_read_extended_level(level) for level in part.iterchildren(f"{_EXTENDED}lvl")] if part is not None else []
        for part in parts.values()
    )
    return _Series(name, _join_levels(categories[::-1]) if categories else {}, values[0] if values else {})


def _read_extended_level(level: Element) -> dict[int, str]:
    code = level.get("formatCode")
    points = ((point.get("idx", ""), (point.text or "").strip()) for point in level.iterchildren(f"{_EXTENDED}pt"))
    return {
        int(index): text if code is None else _show_number(text, code, is_1904=False)
        for index, text in points
        if text and index.isdecimal() and int(index) < _MAX_POINTS
    }


def _read_extended_text(parent: Element | None) -> str:
    """Return the text of a title or the name of a series: as its author wrote it, else as it is stored."""
    text = parent.find(f"{_EXTENDED}tx") if parent is not None else None
    if text is None:
        return ""
    written = "".join(run.text or "" for run in text.iter(f"{_DRAWING}t"))
    stored = next((value.text or "" for value in text.iter(f"{_EXTENDED}v")), "")
    return " ".join((written or stored).split())


def _is_on(element: Element | None) -> bool:
    return element is not None and element.get("val", "1") in ("1", "true")


def _read_title(parent: Element) -> str:
    title = parent.find(f"{_CHART}title")
    text = title.find(f"{_CHART}tx") if title is not None else None
    if text is None:
        return ""
    paragraphs = ["".join(run.text or "" for run in p.iter(f"{_DRAWING}t")) for p in text.iter(f"{_DRAWING}p")]
    cached = [value.text or "" for value in text.iter(f"{_CHART}v")]
    return " ".join(" ".join(paragraphs or cached).split())


def _read_series(element: Element, *, is_1904: bool) -> _Series:
    def read(*names: str) -> dict[int, str]:
        part = next(element.iterchildren(*(f"{_CHART}{name}" for name in names)), None)
        return _read_points(part, is_1904=is_1904) if part is not None else {}

    name = element.find(f"{_CHART}tx")
    names = [value.text or "" for value in name.iter(f"{_CHART}v")] if name is not None else []
    return _Series(" ".join(names).strip(), read("cat", "xVal"), read("val", "yVal"), read("bubbleSize"))


def _read_points(part: Element, *, is_1904: bool) -> dict[int, str]:
    """Return the texts of cached points by their index; categories of several levels are a path."""
    levels = list(part.iter(f"{_CHART}lvl"))
    if levels:
        return _join_levels([_read_cache(level, is_1904=is_1904) for level in reversed(levels)])
    cache = next(part.iter(f"{_CHART}strCache", f"{_CHART}numCache", f"{_CHART}strLit", f"{_CHART}numLit"), None)
    return _read_cache(cache, is_1904=is_1904) if cache is not None else {}


def _read_cache(cache: Element, *, is_1904: bool) -> dict[int, str]:
    code = cache.findtext(f"{_CHART}formatCode") or _GENERAL
    points: dict[int, str] = {}
    for point in cache.iterchildren(f"{_CHART}pt"):
        index, value = point.get("idx", ""), point.findtext(f"{_CHART}v")
        if index.isdecimal() and int(index) < _MAX_POINTS and value:
            is_number = cache.tag in (f"{_CHART}numCache", f"{_CHART}numLit")
            own_code = point.get("formatCode", code)
            points[int(index)] = _show_number(value, own_code, is_1904=is_1904) if is_number else value
    return points


def _show_number(value: str, code: str, *, is_1904: bool) -> str:
    try:
        number = float(value)
    except ValueError:
        return value
    return format_general(number) if code == _GENERAL else format_number(number, code, is_1904=is_1904)


def _join_levels(levels: list[dict[int, str]]) -> dict[int, str]:
    """Return the categories of the last level with those above them, which stand at their first category only."""
    paths: dict[int, str] = {}
    last = [""] * len(levels)
    for index in sorted(levels[-1].keys() | levels[0].keys()):
        last = [level.get(index, before) for level, before in zip(levels, last, strict=True)]
        paths[index] = " / ".join(filter(None, last))
    return paths


def _group_series(series: list[_Series]) -> Iterator[list[_Series]]:
    """Yield neighbouring series that have the same categories together."""
    group: list[_Series] = []
    for one in series:
        if group and (one.categories != group[0].categories or group[0].sizes or one.sizes):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _make_table(group: list[_Series], categories_title: str) -> ChartTable:
    columns = [column for one in group for column in ((one.name, one.values), ("", one.sizes)) if column[1]]
    categories = group[0].categories
    indexes = sorted(set(categories).union(*(values for _, values in columns)))
    rows = [
        (categories.get(index, str(index + 1)), *(values.get(index, "") for _, values in columns)) for index in indexes
    ]
    return ChartTable((categories_title, *(name for name, _ in columns)), tuple(rows))
