# pyright: basic
"""Read the text of a paragraph of a Word document, its annotations, its notes and its text boxes. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from docx.oxml.ns import nsmap, qn
from lxml.etree import _Element as Element

from ingest.parsers.colors import Color
from ingest.parsers.field_codes import show_field
from ingest.parsers.marked_text import STATED, MarkedText, RunStyle, Script, hide_run
from ingest.parsers.office_charts import EXTENDED_CHART
from ingest.parsers.office_math import format_formula, is_formula
from ingest.parsers.symbol_fonts import decode_private_use, decode_symbols, is_symbol_font
from ingest.parsers.word.backgrounds import Backgrounds
from ingest.parsers.word.run_formats import PLAIN, RunFormat, RunStyles, is_on
from ingest.parsers.word.styles import read_style_id
from ingest.text.annotations import AnnotationKind
from ingest.text.pictures import describe_picture

_CODES = ("w:instrText", "w:delInstrText", "w:rt", "w:rubyPr")
_PROPERTIES = ("w:pPr", "w:rPr", "w:tblPr", "w:tblGrid", "w:trPr", "w:tcPr", "w:sectPr", "w:sdtPr")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
LEFT_OUT = frozenset({*map(qn, _CODES), *map(qn, _PROPERTIES), _FALLBACK})
"""Elements without text of the document, or with text that is elsewhere too."""
NOTE_KINDS = {
    qn("w:footnoteReference"): "footnotes",
    qn("w:endnoteReference"): "endnotes",
    qn("w:commentReference"): "comments",
}

_MATH = f"{{{nsmap['m']}}}"
_RUN, _RUN_PROPERTIES, _PARAGRAPH_PROPERTIES = qn("w:r"), qn("w:rPr"), qn("w:pPr")
_PARAGRAPH = qn("w:p")
_TEXT_BOX = qn("w:txbxContent")
_INSTRUCTION, _FIELD_MARK = qn("w:instrText"), qn("w:fldChar")
_DELETIONS = frozenset(map(qn, ("w:del", "w:moveFrom")))
_TEXTS = frozenset({qn("w:t"), qn("w:delText")})
_GRAPHICS = {
    "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart": qn("r:id"),
    EXTENDED_CHART: qn("r:id"),
    "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds": qn("r:dm"),
}
"""The elements that stand for charts and SmartArt diagrams, with the attribute that names their part."""
_NOTE_NAMES = {"footnotes": "Footnote", "endnotes": "Endnote"}
_MAX_RAISED_CHARS = 10
"""A longer run at a position of its own is a label or a formula, not a superscript."""


@dataclass(slots=True)
class Paragraph:
    """The sentence of a paragraph, the annotations of what it leaves out, its text boxes, comments and notes.

    `graphics` are the ids of the parts with its charts and diagrams.
    """

    text: str = ""
    annotations: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    comments: list[Element] = field(default_factory=list)
    notes: list[tuple[str, Element]] = field(default_factory=list)
    graphics: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Field:
    """A field that has begun: its instruction so far, and whether it has a result."""

    instruction: str = ""
    has_result: bool = False


@dataclass(frozen=True, slots=True)
class _Context:
    """What holds for a run: its format, that of its paragraph, what the elements around it say, what is behind it."""

    paragraph_format: RunFormat = PLAIN
    run_format: RunFormat = PLAIN
    around: RunStyle = STATED
    background: Color | None = None

    @property
    def kind(self) -> AnnotationKind | None:
        return self.style_of("").kind

    def style_of(self, text: str) -> RunStyle:
        if self.around is STATED and self.run_format.is_plain:
            return STATED
        size = self.paragraph_format.size_half_points
        script = self.run_format.find_script(text, line_size=size) if text.strip() else Script.NORMAL
        if self.around.kind is not None:
            return replace(self.around, script=script)
        reason = self.run_format.find_reason(self.background)
        if reason is not None:
            return hide_run(reason, script)
        return RunStyle(script, AnnotationKind.STRUCK_OUT if self.run_format.is_struck else None)


class ParagraphReader:
    """Reads paragraphs and numbers their notes; they come in document order."""

    def __init__(self, notes: Mapping[str, Mapping[str, Element]], styles: RunStyles, backgrounds: Backgrounds) -> None:
        self._notes = notes
        self._styles = styles
        self._backgrounds = backgrounds
        self._note_count: Counter[str] = Counter()
        self._fields: list[_Field] = []

    def read(self, elements: Sequence[Element], around: RunStyle = STATED) -> Paragraph:
        """Return paragraphs, whose marks but the last are deleted, as the one that Word shows.

        `around` says what the row or the like around them is: deleted or hidden.
        """
        paragraph, runs = Paragraph(), MarkedText()
        self._fields = []
        for element in elements:
            style_format = self._styles.of_paragraph(read_style_id(element.find(_PARAGRAPH_PROPERTIES)))
            background = self._find_background(style_format, element)
            self._read(element, _Context(style_format, style_format, around, background), paragraph, runs)
        paragraph.text, annotations = runs.join()
        paragraph.annotations[:0] = annotations
        return paragraph

    def _read(self, element: Element, context: _Context, paragraph: Paragraph, runs: MarkedText) -> None:
        for child in element.iterchildren("*"):
            if child.tag in LEFT_OUT:
                self._read_instruction(child)
                continue
            if child.tag == _RUN:
                run_format = self._styles.of_run(child.find(_RUN_PROPERTIES), context.paragraph_format)
                if run_format is context.run_format:
                    self._read_run(child, context, paragraph, runs)
                    continue
                background = self._find_background(run_format, element)
                self._read_run(
                    child, _Context(context.paragraph_format, run_format, context.around, background), paragraph, runs
                )
            elif child.tag in _DELETIONS:
                around = RunStyle(kind=AnnotationKind.DELETED, author=child.get(qn("w:author"), ""))
                self._read(child, replace(context, around=around), paragraph, runs)
            elif is_formula(child):
                runs.add(format_formula(child), replace(context.style_of(""), script=Script.NORMAL))
                for deletion in child.iter(*_DELETIONS):
                    text = "".join(part.text or "" for part in deletion.iter(f"{_MATH}t"))
                    runs.add(text, RunStyle(kind=AnnotationKind.DELETED, author=deletion.get(qn("w:author"), "")))
            else:
                self._read_leaf(child, context, paragraph, runs)

    def _find_background(self, run_format: RunFormat, inside: Element) -> Color | None:
        """Return what is behind a run inside an element; None if its colour says nothing of it."""
        if run_format.color in (None, "auto"):
            return None
        paragraph = inside if inside.tag == _PARAGRAPH else next(inside.iterancestors(_PARAGRAPH), inside)
        return self._backgrounds.find(run_format, paragraph)

    def _read_run(self, run: Element, context: _Context, paragraph: Paragraph, runs: MarkedText) -> None:
        marks = [child for child in run if child.tag in NOTE_KINDS]
        if any(_has_own_sign(mark) for mark in marks):
            # The author's own mark of a note, such as "*", which is no part of the word before it.
            for mark in marks:
                self._add_note(mark, context, paragraph)
            return
        self._read(run, context, paragraph, runs)

    def _read_leaf(self, element: Element, context: _Context, paragraph: Paragraph, runs: MarkedText) -> None:
        tag = element.tag
        if tag in _TEXTS or tag in _SIGNS:
            text = _SIGNS[tag](element) if tag in _SIGNS else _decode(element.text or "", context.run_format)
            self._add_text(text, context, runs)
        elif tag == _FIELD_MARK:
            self._read_field_mark(element, context, paragraph, runs)
        elif tag in NOTE_KINDS:
            self._add_note(element, context, paragraph)
        elif tag == _TEXT_BOX or tag in _GRAPHICS or tag.endswith("}docPr"):
            if context.kind is None:
                _add_drawing(element, paragraph)
        else:
            self._read(element, context, paragraph, runs)

    def _read_instruction(self, element: Element) -> None:
        if self._fields and element.tag == _INSTRUCTION:
            self._fields[-1].instruction += element.text or ""

    def _add_text(self, text: str, context: _Context, runs: MarkedText) -> None:
        for field_ in self._fields:
            field_.has_result = field_.has_result or bool(text.strip())
        runs.add(text, context.style_of(text))

    def _read_field_mark(self, mark: Element, context: _Context, paragraph: Paragraph, runs: MarkedText) -> None:
        """Read the beginning or the end of a field; one that stores no result shows what its instruction says."""
        kind = mark.get(qn("w:fldCharType"))
        if kind == "begin":
            self._fields.append(_Field())
        elif kind == "end" and self._fields:
            ended = self._fields.pop()
            if not ended.has_result:
                self._add_text(show_field(ended.instruction), context, runs)
        self._read(mark, context, paragraph, runs)

    def _add_note(self, element: Element, context: _Context, paragraph: Paragraph) -> None:
        # The reference mark is omitted: it would be in the middle of quotes.
        kind = NOTE_KINDS[element.tag]
        note = self._notes.get(kind, {}).get(element.get(qn("w:id"), ""))
        if note is None or context.kind is AnnotationKind.DELETED:
            return
        if kind == "comments":
            paragraph.comments.append(note)
            return
        self._note_count[kind] += 1
        paragraph.notes.append((f"{_NOTE_NAMES[kind]} {self._note_count[kind]}:", note))


def _add_drawing(element: Element, paragraph: Paragraph) -> None:
    """Add a text box, a chart or a diagram, or the description of a picture."""
    if element.tag == _TEXT_BOX:
        paragraph.boxes.append(element)
    elif element.tag in _GRAPHICS:
        paragraph.graphics += filter(None, [element.get(_GRAPHICS[element.tag])])
    else:
        paragraph.annotations += filter(None, [_read_description(element)])


def joins_next(paragraph: Element) -> bool:
    """Whether a paragraph and the next are one: its mark is deleted, moved away or hidden, or it is a drop cap."""
    properties = paragraph.find(_PARAGRAPH_PROPERTIES)
    if properties is None:
        return False
    frame = properties.find(qn("w:framePr"))
    if frame is not None and frame.get(qn("w:dropCap"), "none") != "none":
        return True
    mark = properties.find(qn("w:rPr"))
    if mark is None:
        return False
    is_deleted = any(mark.find(tag) is not None for tag in _DELETIONS)
    return is_deleted or (is_on(mark, "w:vanish") and not is_on(mark, "w:specVanish") and _has_shown_text(paragraph))


def _has_own_sign(mark: Element) -> bool:
    """Whether a note has a mark of the author's own, which follows its reference."""
    return mark.get(qn("w:customMarkFollows"), "0") not in ("0", "false", "off")


def _has_shown_text(paragraph: Element) -> bool:
    return any(
        run.find(qn("w:t")) is not None and not is_on(run.find(qn("w:rPr")), "w:vanish")
        for run in paragraph.iter(qn("w:r"))
    )


def _decode(text: str, run_format: RunFormat) -> str:
    """Return the signs that a text shows in the fonts of its run."""
    latin, other = run_format.latin_font or "", run_format.other_font or ""
    if is_symbol_font(latin) or is_symbol_font(other):
        return "".join(_decode_character(character, latin, other) for character in text)
    return decode_private_use(text)


def _decode_character(character: str, latin: str, other: str) -> str:
    if character < "\x80":
        return decode_symbols(character, latin)
    return decode_symbols(character, other if is_symbol_font(other) else latin)


def _read_symbol(element: Element) -> str:
    try:
        character = chr(int(element.get(qn("w:char"), ""), 16))
    except (ValueError, OverflowError):
        return ""
    return decode_private_use(decode_symbols(character, element.get(qn("w:font"), "")))


def _read_check_box(box: Element) -> str:
    state = "w:checked" if box.find(qn("w:checked")) is not None else "w:default"
    return "☒" if is_on(box, state) else "☐"


def _read_choice(choices: Element) -> str:
    entries = [str(entry.get(qn("w:val"), "")) for entry in choices.iterchildren(qn("w:listEntry"))]
    for name in ("w:result", "w:default"):
        element = choices.find(qn(name))
        number = element.get(qn("w:val"), "") if element is not None else ""
        if number.isdecimal() and int(number) < len(entries):
            return entries[int(number)]
    return entries[0] if entries else ""


def _read_description(element: Element) -> str:
    if any(child.tag.endswith("}decorative") and child.get("val") in ("1", "true") for child in element.iter()):
        return ""
    return describe_picture(element.get("descr") or element.get("title") or "")


_SIGNS: dict[str, Callable[[Element], str]] = {
    qn("w:tab"): lambda _: "\t",
    qn("w:ptab"): lambda _: "\t",
    qn("w:br"): lambda _: "\n",
    qn("w:cr"): lambda _: "\n",
    qn("w:noBreakHyphen"): lambda _: "-",
    qn("w:sym"): _read_symbol,
    qn("w:checkBox"): _read_check_box,
    qn("w:ddList"): _read_choice,
}
