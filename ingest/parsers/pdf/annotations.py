# pyright: basic
"""Read the annotations of a PDF page: notes, the fields of a form, text that is typed on the page."""

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.parsers.web.html import read_lines

_TEXT_ANNOTATIONS = frozenset({pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP})
_ANNOTATIONS_WITHOUT_NOTE = frozenset(
    (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_FILEATTACHMENT)
)
_INVISIBLE = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_MAX_NOTE_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class PageNote:
    """The text of an annotation, and its author if it says so; `is_shown` if the page shows the text itself."""

    text: str
    author: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class PageAnnotations:
    """Whether files are attached to a page, the texts of its annotations, and the boxes of its form fields.

    `fields` has shape (n, 4): left, upper, right and lower edge in points of the page, whose origin is its lower left.
    """

    has_files: bool
    notes: tuple[PageNote, ...]
    fields: NDArray[np.float32]


def open_flattened(pdf: pypdfium2.PdfDocument, index: int) -> tuple[pypdfium2.PdfPage, PageAnnotations]:
    """Return a page with its text annotations flattened into its content, and what is known of its annotations.

    PDFium reads no text of annotations.
    """
    page = pdf[index]
    kinds: set[int] = set()
    notes: list[PageNote] = []
    fields: list[tuple[float, float, float, float]] = []
    for place in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, place)
        kind = int(pdfium.FPDFAnnot_GetSubtype(annotation))
        kinds.add(kind)
        if kind not in _ANNOTATIONS_WITHOUT_NOTE and not pdfium.FPDFAnnot_GetFlags(annotation) & _INVISIBLE:
            notes += _read_note(annotation, kind)
            fields += [_read_box(annotation)] if kind == pdfium.FPDF_ANNOT_WIDGET else []
        pdfium.FPDFPage_CloseAnnot(annotation)
    boxes = np.array(fields, np.float32).reshape(-1, 4)
    annotations = PageAnnotations(pdfium.FPDF_ANNOT_FILEATTACHMENT in kinds, tuple(notes), boxes)
    if not _TEXT_ANNOTATIONS.isdisjoint(kinds):
        status = pdfium.FPDFPage_Flatten(page.raw, pdfium.FLAT_NORMALDISPLAY)
        if status == pdfium.FLATTEN_SUCCESS:
            page.close()
            return pdf[index], annotations
    return page, annotations


def _read_box(annotation: Any) -> tuple[float, float, float, float]:
    """Return the left, upper, right and lower edge of an annotation, in points of the page."""
    rectangle = pdfium.FS_RECTF()
    pdfium.FPDFAnnot_GetRect(annotation, rectangle)
    return rectangle.left, rectangle.top, rectangle.right, rectangle.bottom


def _read_note(annotation: Any, kind: int) -> list[PageNote]:
    """Return the text of an annotation, or the value of a form field; none if it has none.

    An annotation may have its text as rich text alone (ISO 32000-2, 12.5.6.2 and 12.7.4.4).
    """
    is_field = kind == pdfium.FPDF_ANNOT_WIDGET
    if is_field and pdfium.FPDFAnnot_GetValueType(annotation, b"V") != pdfium.FPDF_OBJECT_STRING:
        return []
    text = _read_annotation_text(annotation, b"V" if is_field else b"Contents")
    if not text.strip() and not is_field:
        text = _read_rich_text(annotation)
    if not text.strip():
        return []
    author = "" if is_field else _read_annotation_text(annotation, b"T")
    return [PageNote(text, author, is_shown=is_field or kind == pdfium.FPDF_ANNOT_FREETEXT)]


def _read_rich_text(annotation: Any) -> str:
    lines = read_lines(_read_annotation_text(annotation, b"RC"))
    return "\n".join(" ".join([sentence.strip(), *annotations]) for sentence, annotations in lines)


def _read_annotation_text(annotation: Any, key: bytes) -> str:
    length = pdfium.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if not 2 < length < _MAX_NOTE_BYTES:
        return ""
    buffer = (ctypes.c_ushort * (length // 2))()
    pdfium.FPDFAnnot_GetStringValue(annotation, key, buffer, length)
    return bytes(buffer).decode("utf-16-le", errors="replace").rstrip("\0")
