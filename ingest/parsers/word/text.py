# pyright: basic
"""The text of a paragraph of a Word document and what hangs on it. Pure over the XML."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from docx.oxml.ns import nsmap, qn
from lxml.etree import _Element as Element

_REVISIONS = ("w:del", "w:moveFrom", "w:delText", "w:instrText")
_PROPERTIES = ("w:pPr", "w:tblPr", "w:tblGrid", "w:trPr", "w:tcPr", "w:sectPr", "w:sdtPr")
_SECOND_TELLING = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
LEFT_OUT = frozenset({*map(qn, _REVISIONS), *map(qn, _PROPERTIES), _SECOND_TELLING})
"""Elements inside which nothing is text of the document, or only text that stands elsewhere too."""
NOTE_KINDS = {
    qn("w:footnoteReference"): "footnotes",
    qn("w:endnoteReference"): "endnotes",
    qn("w:commentReference"): "comments",
}

_MATH = f"{{{nsmap['m']}}}"
_TEXT_BOX = qn("w:txbxContent")
_TEXTS = frozenset({qn("w:t"), f"{_MATH}t"})
_SIGNS = {
    qn("w:tab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
_MATH_SIGNS = {f"{_MATH}sup": "^", f"{_MATH}sub": "_", f"{_MATH}den": "/"}
_NOTE_NAMES = {"footnotes": "Footnote", "endnotes": "Endnote", "comments": "Comment"}


@dataclass(slots=True)
class Paragraph:
    """What a paragraph says; its text boxes, and its notes with their labels, stand outside of its text."""

    text: str = ""
    boxes: list[Element] = field(default_factory=list)
    notes: list[tuple[str, Element]] = field(default_factory=list)


class ParagraphReader:
    """Reads paragraphs in the order of the document and numbers their notes."""

    def __init__(self, notes: Mapping[str, Mapping[str, Element]]) -> None:
        self._notes = notes
        self._note_count: Counter[str] = Counter()

    def read(self, element: Element) -> Paragraph:
        """Return the text of a paragraph as Word shows it: without deletions, hidden text and field codes."""
        paragraph = Paragraph()
        paragraph.text = "".join(self._pieces(element, paragraph))
        return paragraph

    def _pieces(self, element: Element, paragraph: Paragraph) -> Iterator[str]:
        for child in element.iterchildren("*"):
            if child.tag == _TEXT_BOX:
                paragraph.boxes.append(child)
            elif child.tag in NOTE_KINDS:
                self._note(child, paragraph)
            elif child.tag in _TEXTS:
                yield child.text or ""
            elif child.tag not in LEFT_OUT and not _is_hidden(child):
                before, after = _math_signs(child) if child.tag.startswith(_MATH) else (_SIGNS.get(child.tag, ""), "")
                yield before
                yield from self._pieces(child, paragraph)
                yield after

    def _note(self, element: Element, paragraph: Paragraph) -> None:
        # The mark in the text is left out: it would stand in the middle of what people quote.
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


def _math_signs(element: Element) -> tuple[str, str]:
    """Return what a formula shows before and after the text of one of its parts."""
    if next(element.iter(f"{_MATH}t"), None) is None:
        return "", ""
    if element.tag == f"{_MATH}d":
        return _math_value(element, "dPr", "begChr", "("), _math_value(element, "dPr", "endChr", ")")
    if element.tag == f"{_MATH}nary":
        return _math_value(element, "naryPr", "chr", "∫"), ""
    return _MATH_SIGNS.get(element.tag, ""), ""


def _math_value(element: Element, properties: str, name: str, default: str) -> str:
    value = element.find(f"{_MATH}{properties}/{_MATH}{name}")
    return value.get(f"{_MATH}val", "") if value is not None else default
