# pyright: basic, reportArgumentType=false
# (the scale of `render` is annotated as int and documented as float)
"""The adapter of PDFium: open a PDF, read its glyphs and outline, draw a page.

PDFium is not thread-safe: one process reads one PDF at a time.
"""

import ctypes
import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray
from PIL import Image

from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.text.word_boxes import AffineTransform

LINE_END_HYPHEN = 0x02
"""PDFium's sign for a hyphen that breaks a word at the end of a line; the line break after it is left out."""

_NO_MEANING = 0xFFFD
_DEVICE_UNITS_PER_POINT = 1000
_MAX_PIXELS = 16_000_000
_WRITTEN_ANNOTATIONS = frozenset({pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP})
_FAR = 1e6
"""More points than any page has."""
_NEWLINE = 0x0A
_SEPARATORS = (0x09, _NEWLINE, 0x0D, 0x20, 0xA0)
_LINE_END_HYPHEN_IN_BULK = 0xFFFE


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Every character of a page in PDFium's order.

    `boxes` are x0, y0, x1, y1 in points with the origin at the top left of the page as it is shown, and
    `sizes` the font sizes in points. `is_reversed` marks characters that are written from right to left
    because they are turned or mirrored. A glyph whose meaning the font does not tell is U+FFFD. `has_files`
    says that files are pinned to the page.
    """

    width: float
    height: float
    codes: NDArray[np.uint32]
    boxes: NDArray[np.float32]
    sizes: NDArray[np.float32]
    is_reversed: NDArray[np.bool_]
    has_files: bool = False


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """An entry of the table of contents that a PDF carries; `page` counts from 1."""

    level: int
    title: str
    page: int


@contextmanager
def open_pdf(path: Path, filename: str, password: str | None) -> Generator[pypdfium2.PdfDocument]:
    """Open a PDF for the length of a `with` block.

    Raises `EncryptedFileError` or `DamagedFileError`; an empty user password is tried by itself.
    """
    with path.open("rb") as file:  # pypdfium2 resolves a path, which one of `inner_files` does not survive
        try:
            pdf = pypdfium2.PdfDocument(file, password=password)
        except pypdfium2.PdfiumError as error:
            if error.err_code == pdfium.FPDF_ERR_PASSWORD:
                raise EncryptedFileError(filename=filename, is_password_wrong=password is not None) from error
            if error.err_code == pdfium.FPDF_ERR_SECURITY:
                raise DamagedFileError(filename=filename, detail="its kind of encryption is unknown") from error
            raise DamagedFileError(filename=filename, detail="no PDF structure can be found in it") from error
        try:
            yield pdf
        finally:
            pdf.close()


def read_glyphs(pdf: pypdfium2.PdfDocument, index: int) -> Glyphs:
    """Return the glyphs of the page at `index`, what is filled in its form fields and written on it among them.

    Raises `pypdfium2.PdfiumError` where the page is broken.
    """
    page, kinds = _flattened(pdf, index)
    try:
        return replace(_page_glyphs(page), has_files=pdfium.FPDF_ANNOT_FILEATTACHMENT in kinds)
    finally:
        page.close()


def read_title(pdf: pypdfium2.PdfDocument) -> str:
    """Return the title that the PDF's properties give, or an empty string."""
    return str(pdf.get_metadata_value("Title")).strip()


def read_outline(pdf: pypdfium2.PdfDocument) -> list[OutlineEntry]:
    """Return the entries of the PDF's outline that lead to a page, in their order."""
    entries: list[OutlineEntry] = []
    # An outline that is broken halfway is of use as far as it goes.
    with suppress(pypdfium2.PdfiumError):
        for bookmark in pdf.get_toc():
            target = bookmark.get_dest()
            index = target.get_index() if target else None
            title = " ".join(bookmark.get_title().split())
            if title and index is not None and 0 <= index < len(pdf):
                entries.append(OutlineEntry(bookmark.level + 1, title, index + 1))
    return entries


def has_pictures(pdf: pypdfium2.PdfDocument) -> bool:
    """Say whether any page shows a picture."""
    for index in range(len(pdf)):
        with suppress(pypdfium2.PdfiumError):
            page = pdf[index]
            try:
                if next(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]), None) is not None:
                    return True
            finally:
                page.close()
    return False


def measure_largest_picture(pdf: pypdfium2.PdfDocument, index: int) -> float:
    """Return how much of the page at `index` its largest picture covers, from 0 to 1."""
    page = pdf[index]
    try:
        width, height = page.get_size()
        boxes = [picture.get_bounds() for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE])]
        areas = [(right - left) * (top - bottom) for left, bottom, right, top in boxes]
        return float(min(max(areas, default=0.0) / max(width * height, 1.0), 1.0))
    finally:
        page.close()


def extract_files(pdf: pypdfium2.PdfDocument, page_numbers: Sequence[int]) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and content of the files that are embedded in the PDF or pinned to one of the pages.

    The content is None where there is none to be had.
    """
    for index in range(pdf.count_attachments()):
        yield _content(pdf.get_attachment(index))
    for number in page_numbers:
        page = pdf[number - 1]
        try:
            for index in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
                annotation = pdfium.FPDFPage_GetAnnot(page.raw, index)
                if file := pdfium.FPDFAnnot_GetFileAttachment(annotation):
                    yield _content(pypdfium2.PdfAttachment(file, pdf))
                pdfium.FPDFPage_CloseAnnot(annotation)
        finally:
            page.close()


def _content(attachment: pypdfium2.PdfAttachment) -> tuple[str, bytes | None]:
    try:
        return attachment.get_name(), bytes(attachment.get_data())
    except pypdfium2.PdfiumError:
        return attachment.get_name(), None


def draw_page(pdf: pypdfium2.PdfDocument, index: int, width_pixels: int) -> tuple[Image.Image, float]:
    """Return a picture of the page about `width_pixels` wide, and its pixels per point."""
    page = pdf[index]
    try:
        width, height = _size(page)
        scale = min(width_pixels / width, math.sqrt(_MAX_PIXELS / (width * height)))
        bitmap = page.render(scale=scale, rev_byteorder=True)
        picture: Image.Image = bitmap.to_pil().convert("RGB")
        bitmap.close()
        return picture, scale
    finally:
        page.close()


def _flattened(pdf: pypdfium2.PdfDocument, index: int) -> tuple[pypdfium2.PdfPage, frozenset[int]]:
    """Return a page whose annotations with text are part of its content: PDFium reads no other; and their kinds."""
    page = pdf[index]
    kinds = frozenset(map(_annotation_kind, repeat(page), range(pdfium.FPDFPage_GetAnnotCount(page.raw))))
    if not _WRITTEN_ANNOTATIONS.isdisjoint(kinds):
        flattened = pdfium.FPDFPage_Flatten(page.raw, pdfium.FLAT_NORMALDISPLAY)
        if flattened == pdfium.FLATTEN_SUCCESS:
            page.close()
            return pdf[index], kinds
    return page, kinds


def _annotation_kind(page: pypdfium2.PdfPage, index: int) -> int:
    annotation = pdfium.FPDFPage_GetAnnot(page.raw, index)
    kind = int(pdfium.FPDFAnnot_GetSubtype(annotation))
    pdfium.FPDFPage_CloseAnnot(annotation)
    return kind


def _page_glyphs(page: pypdfium2.PdfPage) -> Glyphs:
    width, height = _size(page)
    to_shown = _as_shown(page, width, height)
    textpage = page.get_textpage()
    try:
        count = max(textpage.count_chars(), 0)
        handle = textpage.raw
        raw_codes = _codes(handle, count)
        edges = _each(pdfium.FPDFText_GetLooseCharBox, pdfium.FS_RECTF, handle, range(count))
        boxes = to_shown.apply(edges[:, [0, 3, 2, 1]])
        codes = _meaningful(raw_codes, boxes, handle)
        sizes, is_reversed = _styles(codes, handle, to_shown)
    finally:
        textpage.close()
    return Glyphs(width, height, codes, boxes, sizes, is_reversed)


def _size(page: pypdfium2.PdfPage) -> tuple[float, float]:
    width, height = page.get_size()
    if not (0 < width < _FAR and 0 < height < _FAR):
        raise pypdfium2.PdfiumError(f"a page of {width} by {height} points cannot be shown")
    return width, height


def _codes(handle: Any, count: int) -> NDArray[np.uint32]:
    """Return the code point of every character, by its index."""
    buffer = np.zeros(count + 1, np.uint16)
    pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_ushort))
    written = pdfium.FPDFText_GetText(handle, 0, count, pointer)
    has_surrogates = bool(np.any((buffer & 0xF800) == 0xD800))
    if written == count + 1 and not has_surrogates:
        codes = buffer[:count].astype(np.uint32)
        codes[codes == _LINE_END_HYPHEN_IN_BULK] = LINE_END_HYPHEN
        return codes
    # The bulk call leaves out what has no code and splits what is above U+FFFF: its places are no indexes.
    return np.fromiter(map(pdfium.FPDFText_GetUnicode, repeat(handle), range(count)), np.uint32, count)


def _each(function: Callable[..., int], record: Any, handle: Any, indexes: Sequence[int]) -> NDArray[np.float32]:
    """Call a PDFium function that fills one record of floats per character; one row each."""
    records = (record * len(indexes))()
    deque(map(function, repeat(handle), indexes, records), maxlen=0)
    width = ctypes.sizeof(record) // ctypes.sizeof(ctypes.c_float)
    return _finite(np.ndarray((len(indexes), width), np.float32, buffer=records))


def _finite(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring what a broken file puts at infinity, or nowhere, to where it can be reckoned with."""
    return np.clip(np.nan_to_num(numbers), -_FAR, _FAR)


def _as_shown(page: pypdfium2.PdfPage, width: float, height: float) -> AffineTransform:
    """Return the mapping from the page's own space to points from the top left of the page as shown."""
    device = (0, 0, round(width * _DEVICE_UNITS_PER_POINT), round(height * _DEVICE_UNITS_PER_POINT), 0)

    def image(x: float, y: float) -> tuple[float, float]:
        device_x, device_y = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page.raw, *device, x, y, device_x, device_y)
        return device_x.value / _DEVICE_UNITS_PER_POINT, device_y.value / _DEVICE_UNITS_PER_POINT

    step = 1000.0
    (e, f), (right_x, right_y), (up_x, up_y) = image(0, 0), image(step, 0), image(0, step)
    return AffineTransform((right_x - e) / step, (right_y - f) / step, (up_x - e) / step, (up_y - f) / step, e, f)


def _meaningful(raw: NDArray[np.uint32], boxes: NDArray[np.float32], handle: Any) -> NDArray[np.uint32]:
    """Replace codes that are no text: a visible glyph without a meaning must not vanish from "−5"."""
    codes = raw.copy()
    is_control = (codes < 0x20) | ((codes >= 0x7F) & (codes < 0xA0))
    is_control &= (codes != 0x09) & (codes != 0x0A) & (codes != 0x0D)
    is_noncharacter = ((codes & 0xFFFE) == 0xFFFE) | (codes > 0x10FFFF)
    for index in np.flatnonzero(codes == LINE_END_HYPHEN).tolist():
        is_control[index] = pdfium.FPDFText_IsHyphen(handle, index) != 1
    has_ink = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    codes[(is_control & has_ink) | is_noncharacter] = _NO_MEANING
    codes[is_control & ~has_ink] = 0
    return codes


def _styles(
    codes: NDArray[np.uint32], handle: Any, to_shown: AffineTransform
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the font size and the direction of every character, asked once for each line, in its middle."""
    is_text = ~np.isin(codes, _SEPARATORS)
    line_of = np.cumsum(codes == _NEWLINE)
    texts = np.flatnonzero(is_text)
    if not len(texts):
        return np.zeros(len(codes), np.float32), np.zeros(len(codes), np.bool_)
    lines, firsts, counts = np.unique(line_of[texts], return_index=True, return_counts=True)
    middles: list[int] = texts[firsts + counts // 2].tolist()
    matrices = _each(pdfium.FPDFText_GetMatrix, pdfium.FS_MATRIX, handle, middles)
    nominal = _finite(np.fromiter(map(pdfium.FPDFText_GetFontSize, repeat(handle), middles), np.float32, len(middles)))
    a, b, c, d = matrices[:, 0], matrices[:, 1], matrices[:, 2], matrices[:, 3]
    sizes = np.abs(nominal) * np.sqrt(np.abs(a * d - b * c))
    shown_x, shown_y = a * to_shown.a + b * to_shown.c, a * to_shown.b + b * to_shown.d
    is_reversed = (shown_x < 0) & (np.abs(shown_y) < np.abs(shown_x) / 2)
    rank = np.minimum(np.searchsorted(lines, line_of), len(lines) - 1)
    return sizes[rank], is_reversed[rank]
