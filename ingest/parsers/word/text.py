# pyright: basic
"""Read the text of a paragraph of a Word document, its notes and its text boxes. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from docx.oxml.ns import nsmap, qn
from lxml.etree import _Element as Element

_REVISIONS = ("w:del", "w:moveFrom", "w:delText", "w:instrText")
_PROPERTIES = ("w:pPr", "w:tblPr", "w:tblGrid", "w:trPr", "w:tcPr", "w:sectPr", "w:sdtPr")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
LEFT_OUT = frozenset({*map(qn, _REVISIONS), *map(qn, _PROPERTIES), _FALLBACK})
"""Elements without text of the document, or with text that is elsewhere too."""
NOTE_KINDS = {
    qn("w:footnoteReference"): "footnotes",
    qn("w:endnoteReference"): "endnotes",
    qn("w:commentReference"): "comments",
}

_MATH = f"{{{nsmap['m']}}}"
_TEXT_BOX = qn("w:txbxContent")
_TEXTS = frozenset({qn("w:t"), f"{_MATH}t"})
_CHARACTERS = {
    qn("w:tab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
_MATH_CHARACTERS = {f"{_MATH}sup": "^", f"{_MATH}sub": "_", f"{_MATH}den": "/"}
_NOTE_NAMES = {"footnotes": "Footnote", "endnotes": "Endnote", "comments": "Comment"}


@dataclass(slots=True)
class Paragraph:
    """The text of a paragraph, its text boxes, and its notes with their labels."""

    text: str = ""
    boxes: list[Element] = field(default_factory=list)
    notes: list[tuple[str, Element]] = field(default_factory=list)


class ParagraphReader:
    """Reads paragraphs and numbers their notes; they come in document order."""

    def __init__(self, notes: Mapping[str, Mapping[str, Element]]) -> None:
        self._notes = notes
        self._note_count: Counter[str] = Counter()

    def read(self, element: Element) -> Paragraph:
        """Return a paragraph as Word shows it: without deletions, hidden text and field codes."""
        paragraph = Paragraph()
        paragraph.text = "".join(self._read_pieces(element, paragraph))
        return paragraph

    def _read_pieces(self, element: Element, paragraph: Paragraph) -> Iterator[str]:
        for child in element.iterchildren("*"):
            if child.tag == _TEXT_BOX:
                paragraph.boxes.append(child)
            elif child.tag in NOTE_KINDS:
                self._add_note(child, paragraph)
            elif child.tag in _TEXTS:
                yield child.text or ""
            elif child.tag not in LEFT_OUT and not _is_hidden(child):
                before, after = (
                    _find_math_characters(child)
                    if child.tag.startswith(_MATH)
                    else (_CHARACTERS.get(child.tag, ""), "")
                )
                yield before
                yield from self._read_pieces(child, paragraph)
                yield after

    def _add_note(self, element: Element, paragraph: Paragraph) -> None:
        # The reference mark is omitted: it would be in the middle of quotes.
        kind = NOTE_KINDS[element.tag]
        note = self._notes.get(kind, {}).get(element.get(qn("w:id"), ""))
        if note is None:
            return
        self._note_count[kind] += 1
        paragraph.notes.append((f"{_NOTE_NAMES[kind]} {self._note_count[kind]}:", note))


def _is_hidden(element: Element) -> bool:
    if element.tag != qn("w:r"):
        return False
    mark = element.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    return mark is not None and mark.get(qn("w:val"), "1") not in ("0", "false", "off")


def _find_math_characters(element: Element) -> tuple[str, str]:
    """Return the characters that a formula shows before and after one of its parts."""
    if next(element.iter(f"{_MATH}t"), None) is None:
        return "", ""
    if element.tag == f"{_MATH}d":
        return _read_math_value(element, "dPr", "begChr", "("), _read_math_value(element, "dPr", "endChr", ")")
    if element.tag == f"{_MATH}nary":
        return _read_math_value(element, "naryPr", "chr", "∫"), ""
    return _MATH_CHARACTERS.get(element.tag, ""), ""


def _read_math_value(element: Element, properties: str, name: str, default: str) -> str:
    value = element.find(f"{_MATH}{properties}/{_MATH}{name}")
    return value.get(f"{_MATH}val", "") if value is not None else default
