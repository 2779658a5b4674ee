# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Read what the sheets of an Excel workbook share: their list, texts and styles (ECMA-376, part 1, 18)."""

import posixpath
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree
from lxml.etree import _Element as Element

from ingest.errors import DamagedFileError
from ingest.parsers.colors import TINY_POINTS, WHITE, Color, find_color_reason
from ingest.parsers.containers import read_part, recover_xml
from ingest.parsers.marked_text import MarkedText, RunStyle, Script, hide_run
from ingest.parsers.spreadsheets.cell_colors import CellColors, read_cell_colors
from ingest.parsers.spreadsheets.format_codes import BUILT_IN_FORMATS, GENERAL
from ingest.parsers.spreadsheets.sheets import Cell
from ingest.parsers.symbol_fonts import decode_symbols, is_symbol_font
from ingest.text.annotations import AnnotationKind
from ingest.types import HiddenReason

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, SyntaxError, ValueError, KeyError, NotImplementedError)
"""What a damaged part raises."""

_HIDDEN_STATES = ("hidden", "veryHidden")
_SHEET_KINDS = ("worksheet", "chartsheet")
_FALSE = ("0", "false")
_SCRIPTS = {"superscript": Script.SUPERSCRIPT, "subscript": Script.SUBSCRIPT}
_REGIONAL_FORMATS = range(27, 60)
_REGIONAL_DATES = (*range(27, 37), *range(50, 59))


class Relation(NamedTuple):
    """A part that another part refers to; `kind` is the last word of its type."""

    id: str
    kind: str
    target: str


class SheetEntry(NamedTuple):
    """A sheet that the workbook lists; `path` is empty for one that is no part of the file."""

    name: str
    path: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Font:
    """What a font says of its text; fonts that differ in their colours alone are equal.

    The colour is None if it is automatic or not known.
    """

    is_struck: bool = False
    script: Script = Script.NORMAL
    name: str = ""
    color: Color | None = field(default=None, compare=False)
    is_tiny: bool = False

    def find_reason(self, fill: Color | None) -> HiddenReason | None:
        """Return why nobody sees text in this font on a fill; None if it is seen, or if the fill is not known."""
        return HiddenReason.TINY if self.is_tiny else find_color_reason(self.color, fill)


PLAIN_FONT = Font()


@dataclass(frozen=True, slots=True)
class CellStyle:
    """The number format, the font and the fill of a cell, and whether its text is centred across empty cells beside it.

    The fill is None if it is not known; `reason` is why nobody sees a text.
    """

    number_format: str = GENERAL
    font: Font = PLAIN_FONT
    is_spread: bool = False
    fill: Color | None = WHITE
    reason: HiddenReason | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a text looks as it is stored."""
        return self.font == PLAIN_FONT and self.number_format in (GENERAL, "@")


PLAIN_STYLE = CellStyle()
PLAIN_COLORS = CellColors()


@dataclass(slots=True)
class Workbook:
    """The shared parts of a workbook, and warnings about those that are damaged."""

    archive: zipfile.ZipFile
    path: str
    sheets: list[SheetEntry] = field(default_factory=list)
    texts: list[Element] = field(default_factory=list)
    styles: list[CellStyle] = field(default_factory=list)
    colors: CellColors = field(default_factory=CellColors)
    people: dict[str, str] = field(default_factory=dict)
    title: str = ""
    has_spread_cells: bool = False
    """Whether any style centres text across cells."""
    is_1904: bool = False
    is_computed_on_load: bool = False
    """Whether programs compute all formulas anew when they open the workbook: stored results are placeholders."""
    warnings: list[str] = field(default_factory=list)

    def find_style(self, index: str | None) -> CellStyle:
        """Return the style with this index; the plain one for a wrong index."""
        number = int(index) if index and index.isdecimal() else 0
        return self.styles[number] if number < len(self.styles) else PLAIN_STYLE

    def find_text(self, index: str) -> Element | None:
        """Return the shared text with this index; None if the table of texts does not have it."""
        number = int(index) if index.strip().isdecimal() else -1
        return self.texts[number] if 0 <= number < len(self.texts) else None


def open_workbook(archive: zipfile.ZipFile, filename: str) -> Workbook:
    """Return the shared parts of a workbook; damaged styles and texts become warnings.

    Raises `DamagedFileError` if there is no workbook in the container, `SyntaxError` if its list of sheets is broken.
    """
    path = next((r.target for r in read_relations(archive, "") if r.kind == "officeDocument"), "xl/workbook.xml")
    root = read_part(archive, path)
    if root is None or etree.QName(root).localname != "workbook":
        raise DamagedFileError(filename=filename, detail="it has no workbook")
    book = Workbook(archive, path)
    relations = read_relations(archive, path)
    targets = {relation.id: relation for relation in relations}
    for sheet in root.iter("{*}sheet"):
        relation = targets.get(next((v for k, v in sheet.attrib.items() if k.endswith("}id")), ""))
        if relation is None or relation.kind in _SHEET_KINDS:
            path = relation.target if relation and relation.target in archive.NameToInfo else ""
            book.sheets.append(SheetEntry(sheet.get("name", ""), path, sheet.get("state") in _HIDDEN_STATES))
    properties, calculation = root.find("{*}workbookPr"), root.find("{*}calcPr")
    book.is_1904 = properties is not None and is_true(properties, "date1904")
    book.is_computed_on_load = calculation is not None and is_true(calculation, "fullCalcOnLoad")
    for relation in relations:
        if relation.kind == "sharedStrings" and (part := _read_shared_part(book, relation, "texts")) is not None:
            book.texts = list(part.iterchildren("{*}si"))
        elif relation.kind == "styles" and (part := _read_shared_part(book, relation, "number formats")) is not None:
            book.colors = read_cell_colors(_read_theme(archive, relations), part)
            book.styles = _read_styles(part, book.colors)
        elif relation.kind == "person" and (part := _read_shared_part(book, relation, "names of authors")) is not None:
            book.people = {person.get("id", ""): person.get("displayName", "") for person in part.iter("{*}person")}
    book.has_spread_cells = any(style.is_spread for style in book.styles)
    book.title = _read_title(archive)
    return book


def read_relations(archive: zipfile.ZipFile, path: str) -> list[Relation]:
    """Return the parts of the file that a part refers to; none if their list is missing or damaged."""
    folder, name = posixpath.split(path)
    try:
        part = read_part(archive, posixpath.join(folder, "_rels", f"{name}.rels"))
    except DAMAGE:
        return []
    return [
        Relation(
            relation.get("Id", ""),
            relation.get("Type", "").rsplit("/", 1)[-1],
            posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/"),
        )
        for relation in (part.iterchildren("{*}Relationship") if part is not None else ())
        if relation.get("TargetMode") != "External"
    ]


def read_text(element: Element, style: CellStyle = PLAIN_STYLE, colors: CellColors = PLAIN_COLORS) -> Cell:
    """Return a text of one or more runs (`CT_Rst`), those struck out as annotations; readings (ruby) are left out."""
    if len(element) == 1 and style.font == PLAIN_FONT and element[0].tag.endswith("}t"):
        return Cell((element[0].text or "").strip())
    text = MarkedText()
    for child in element.iterchildren("{*}t", "{*}r"):
        if child.tag.endswith("}t"):
            _add_run(text, child.text or "", style.font)
        else:
            properties = child.find("{*}rPr")
            font = style.font if properties is None else _read_font(properties, colors)
            reason = None if font is style.font else font.find_reason(style.fill)
            for part in child.iterchildren("{*}t"):
                _add_run(text, part.text or "", font, reason)
    shown, annotations = text.join()
    return Cell(shown.strip(), annotations=tuple(annotations))


def mark_text(shown: str, font: Font, *, is_number: bool) -> Cell:
    """Return the cell of a text in one font."""
    if font == PLAIN_FONT:
        return Cell(shown, is_number)
    text = MarkedText()
    _add_run(text, shown, font)
    joined, annotations = text.join()
    return Cell(joined, is_number, tuple(annotations))


def is_true(element: Element, attribute: str) -> bool:
    """Whether a Boolean attribute is set (`ST_OnOff`, `xsd:boolean`)."""
    return element.get(attribute, "0").lower() in ("1", "true", "on")


def _add_run(text: MarkedText, shown: str, font: Font, reason: HiddenReason | None = None) -> None:
    if font.name and is_symbol_font(font.name):
        shown = decode_symbols(shown, font.name)
    struck = RunStyle(font.script, AnnotationKind.STRUCK_OUT if font.is_struck else None)
    text.add(shown, struck if reason is None else hide_run(reason, font.script))


def _read_shared_part(book: Workbook, relation: Relation, content: str) -> Element | None:
    """Return the root of a part; of a damaged one what can be read, with a warning."""
    try:
        return read_part(book.archive, relation.target)
    except SyntaxError:
        book.warnings.append(f"the part with the workbook's {content} is damaged: some are missing")
    except DAMAGE:
        book.warnings.append(f"the part with the workbook's {content} is damaged: they are missing")
        return None
    return recover_xml(book.archive.read(relation.target))


def _read_theme(archive: zipfile.ZipFile, relations: Sequence[Relation]) -> Element | None:
    """Return the theme of a workbook; None if it has none, or a damaged one."""
    path = next((relation.target for relation in relations if relation.kind == "theme"), "")
    try:
        return read_part(archive, path) if path else None
    except DAMAGE:
        return None


def _read_styles(root: Element, colors: CellColors) -> list[CellStyle]:
    formats = {int(part.get("numFmtId", "0")): part.get("formatCode", GENERAL) for part in root.iter("{*}numFmt")}
    fonts = [_read_font(font, colors) for font in root.iterfind("{*}fonts/{*}font")]
    fills = [_read_fill(fill, colors) for fill in root.iterfind("{*}fills/{*}fill")]
    return [_read_style(part, formats, fonts, fills) for part in root.iterfind("{*}cellXfs/{*}xf")]


def _read_style(part: Element, formats: dict[int, str], fonts: list[Font], fills: list[Color | None]) -> CellStyle:
    number, font, fill = (int(part.get(name, "0")) for name in ("numFmtId", "fontId", "fillId"))
    code = BUILT_IN_FORMATS.get(number) or formats.get(number)
    if code is None and number in _REGIONAL_FORMATS:
        code = BUILT_IN_FORMATS[14] if number in _REGIONAL_DATES else None
    alignment = part.find("{*}alignment")
    is_spread = alignment is not None and alignment.get("horizontal") == "centerContinuous"
    own_font = fonts[font] if font < len(fonts) else PLAIN_FONT
    own_fill = fills[fill] if fill < len(fills) else WHITE
    return CellStyle(code or GENERAL, own_font, is_spread, own_fill, own_font.find_reason(own_fill))


def _read_fill(fill: Element, colors: CellColors) -> Color | None:
    """Return the colour of a fill; None for a pattern, a gradient, or a colour that is not known."""
    pattern = fill.find("{*}patternFill")
    if pattern is None or len(fill) != 1:
        return None
    kind = pattern.get("patternType", "none")
    if kind == "none":
        return WHITE
    color = pattern.find("{*}fgColor")
    return colors.read(color) if kind == "solid" and color is not None else None


def _read_font(properties: Element, colors: CellColors) -> Font:
    strike, align = properties.find("{*}strike"), properties.find("{*}vertAlign")
    name = next(properties.iterchildren("{*}name", "{*}rFont"), None)
    typeface = name.get("val", "") if name is not None else ""
    size, own_color = properties.find("{*}sz"), properties.find("{*}color")
    return Font(
        is_struck=strike is not None and strike.get("val", "1").lower() not in _FALSE,
        script=_SCRIPTS.get(align.get("val", ""), Script.NORMAL) if align is not None else Script.NORMAL,
        name=typeface if is_symbol_font(typeface) else "",
        color=colors.read(own_color) if own_color is not None else None,
        is_tiny=size is not None and float(size.get("val", "11")) <= TINY_POINTS,
    )


def _read_title(archive: zipfile.ZipFile) -> str:
    path = next((r.target for r in read_relations(archive, "") if r.kind == "core-properties"), "docProps/core.xml")
    try:
        part = read_part(archive, path)
    except DAMAGE:
        return ""
    return next((title.text or "" for title in part.iter("{*}title")), "") if part is not None else ""
