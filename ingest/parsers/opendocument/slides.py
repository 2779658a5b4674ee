# pyright: basic
"""Write the slides of an OpenDocument presentation."""

from collections.abc import Iterator

from lxml.etree import _Element as Element

from ingest.parsers.opendocument.lengths import parse_centimetres
from ingest.parsers.opendocument.marks import TextMarks
from ingest.parsers.opendocument.package import qualify
from ingest.parsers.opendocument.text import Writer, flatten, is_hidden, read_paragraph
from ingest.parsers.presentations.slides import sort_in_reading_order
from ingest.text.annotations import annotate_hidden
from ingest.types import HiddenReason

_LINES = (qualify("text:p"), qualify("text:h"))
_DESCRIPTIONS = (qualify("svg:title"), qualify("svg:desc"))
_ANNOTATION = qualify("office:annotation")


def write_slide(slide: Element, writer: Writer, marks: TextMarks, hidden_styles: set[str]) -> bool:
    """Add a slide; return whether it has any text besides the descriptions of its pictures."""
    shapes = [shape for shape in slide.iterchildren("*") if shape.tag != qualify("presentation:notes")]
    titles = [shape for shape in shapes if shape.get(qualify("presentation:class")) == "title"][:1]
    lines = [read_paragraph(line, marks) for shape in titles for line in shape.iter(*_LINES)]
    title = " ".join(" ".join(line.text for line in lines).split())
    is_slide_hidden = slide.get(qualify("draw:style-name"), "") in hidden_styles
    writer.builder.begin_page(title, hidden=HiddenReason.SLIDE if is_slide_hidden else None)
    writer.builder.add_heading(1, title)
    writer.builder.add_paragraph(" ".join(note for line in lines for note in line.annotations))
    comments = [shape for shape in shapes if shape.tag == _ANNOTATION]
    rest = [shape for shape in shapes if shape not in titles and shape not in comments]
    for shape in [*sort_in_reading_order(rest, _read_position), *comments]:
        _write_shape(shape, writer, marks)
    for notes in slide.iterchildren(qualify("presentation:notes")):
        text = "\n".join(_format_line(paragraph, marks) for paragraph in _find_note_paragraphs(notes)).strip()
        writer.builder.add_paragraph(f"Notes:\n{text}" if text else "")
    return any("".join(line.itertext()).strip() for line in slide.iter(*_LINES))


def _format_line(paragraph: Element, marks: TextMarks) -> str:
    line = read_paragraph(paragraph, marks)
    return " ".join(filter(None, [line.text.rstrip(), *line.annotations]))


def _write_shape(shape: Element, writer: Writer, marks: TextMarks) -> None:
    if shape in marks.off_slide:
        writer.builder.add_paragraph(annotate_hidden(HiddenReason.OFF_PAGE, flatten(shape)))
        return
    if shape.tag != qualify("draw:g") or is_hidden(shape):
        writer.write_element(shape)
        return
    for inner in sort_in_reading_order(shape.iterchildren("*"), _read_position):
        if inner.tag not in _DESCRIPTIONS:
            _write_shape(inner, writer, marks)


def _find_note_paragraphs(notes: Element) -> Iterator[Element]:
    for frame in notes.iterchildren("*"):
        if frame.get(qualify("presentation:class")) == "notes":
            yield from frame.iter(qualify("text:p"))


def _read_position(shape: Element) -> tuple[float, float]:
    y, x = (parse_centimetres(shape.get(qualify(f"svg:{axis}"))) for axis in "yx")
    return y or 0.0, x or 0.0
