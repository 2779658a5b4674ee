# pyright: basic, reportArgumentType=false
# (the scale of `render` is annotated as int and documented as float)
"""The adapter of PDFium: open a PDF, read its glyphs and outline, render a page.

PDFium is not thread-safe: a process uses one PDF at a time.
"""

import ctypes
import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray
from PIL import Image

from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.parsers.pdf.annotations import PageNote, open_flattened
from ingest.parsers.pdf.hidden_text import find_misplaced, find_unseen, list_objects
from ingest.parsers.pdf.rules import read_rules
from ingest.parsers.pdf.symbol_glyphs import replace_symbols
from ingest.text.word_boxes import AffineTransform
from ingest.types import HiddenReason

LINE_END_HYPHEN = 0x02
"""PDFium's code for a hyphen that breaks a word at a line end; it omits the line break after it."""

_REPLACEMENT = 0xFFFD
_DEVICE_UNITS_PER_POINT = 1000
_MAX_PIXELS = 16_000_000
_FAR = 1e6
"""More points than any page has."""
_NEWLINE = 0x0A
_SEPARATORS = (0x09, _NEWLINE, 0x0D, 0x20, 0xA0)
_LINE_END_HYPHEN_IN_BULK = 0xFFFE


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Every character of a page in PDFium's order: n code points, boxes, font sizes and directions.

    `boxes` has shape (n, 4): x0, y0, x1, y1 in points, origin at the top left of the page as shown; `sizes` are in
    points. `is_reversed` marks characters that run from right to left because they are rotated or mirrored. A glyph
    that its font does not map to a character is U+FFFD. `has_files` is set if files are attached to the page; `notes`
    are the texts of its annotations, those that are among the glyphs too. `rules` are the boxes of the lines that the
    page draws, `fields` those of the fields of a form, in the same form as those of the glyphs. `hidden` are the
    glyphs that nobody sees, by their reason; they are in none of the arrays.
    """

    width: float
    height: float
    codes: NDArray[np.uint32]
    boxes: NDArray[np.float32]
    sizes: NDArray[np.float32]
    is_reversed: NDArray[np.bool_]
    has_files: bool = False
    notes: tuple[PageNote, ...] = ()
    rules: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 4), np.float32))
    fields: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 4), np.float32))
    hidden: tuple[tuple[HiddenReason, "Glyphs"], ...] = ()


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """An entry of a PDF's outline (bookmarks); `page` counts from 1."""

    level: int
    title: str
    page: int


@contextmanager
def open_pdf(path: Path, filename: str, password: str | None) -> Generator[pypdfium2.PdfDocument]:
    """Open a PDF for a `with` block; an empty user password needs no `password`.

    Raises `EncryptedFileError` or `DamagedFileError`.
    """
    with path.open("rb") as file:  # pypdfium2 would resolve a path under /proc (see `scratch_file`)
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
    """Return the glyphs of the page at `index`, with those of form fields and text annotations.

    Raises `pypdfium2.PdfiumError` if the page is broken.
    """
    page, annotations = open_flattened(pdf, index)
    try:
        glyphs = _read_page_glyphs(page, annotations.fields)
        return replace(glyphs, has_files=annotations.has_files, notes=annotations.notes)
    finally:
        page.close()


def read_title(pdf: pypdfium2.PdfDocument) -> str:
    """Return the title in the PDF's properties; empty if there is none."""
    return str(pdf.get_metadata_value("Title")).strip()


def read_outline(pdf: pypdfium2.PdfDocument) -> list[OutlineEntry]:
    """Return the entries of the outline that lead to a page, in order."""
    entries: list[OutlineEntry] = []
    # A broken outline is useful up to its first error.
    with suppress(pypdfium2.PdfiumError):
        for bookmark in pdf.get_toc():
            target = bookmark.get_dest()
            index = target.get_index() if target else None
            title = " ".join(bookmark.get_title().split())
            if title and index is not None and 0 <= index < len(pdf):
                entries.append(OutlineEntry(bookmark.level + 1, title, index + 1))
    return entries


def has_pictures(pdf: pypdfium2.PdfDocument) -> bool:
    """Return whether any page has a picture."""
    for index in range(len(pdf)):
        with suppress(pypdfium2.PdfiumError):
            page = pdf[index]
            try:
                if next(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]), None) is not None:
                    return True
            finally:
                page.close()
    return False


def is_blank(pdf: pypdfium2.PdfDocument, index: int) -> bool:
    """Return whether nothing is drawn on the page at `index`, by itself or by annotations."""
    page = pdf[index]
    try:
        return bool(pdfium.FPDFPage_CountObjects(page.raw) + pdfium.FPDFPage_GetAnnotCount(page.raw) == 0)
    finally:
        page.close()


def measure_largest_picture(pdf: pypdfium2.PdfDocument, index: int) -> float:
    """Return the share of the page at `index` that its largest picture covers, from 0 to 1."""
    page = pdf[index]
    try:
        width, height = page.get_size()
        boxes = [picture.get_bounds() for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE])]
        areas = [(right - left) * (top - bottom) for left, bottom, right, top in boxes]
        return float(min(max(areas, default=0.0) / max(width * height, 1.0), 1.0))
    finally:
        page.close()


def extract_files(pdf: pypdfium2.PdfDocument, page_numbers: Sequence[int]) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and content of the files that are embedded in the PDF or attached to one of the pages.

    The content of a damaged file is None.
    """
    for index in range(pdf.count_attachments()):
        yield _read_file(pdf.get_attachment(index))
    for number in page_numbers:
        page = pdf[number - 1]
        try:
            for index in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
                annotation = pdfium.FPDFPage_GetAnnot(page.raw, index)
                if file := pdfium.FPDFAnnot_GetFileAttachment(annotation):
                    yield _read_file(pypdfium2.PdfAttachment(file, pdf))
                pdfium.FPDFPage_CloseAnnot(annotation)
        finally:
            page.close()


def _read_file(attachment: pypdfium2.PdfAttachment) -> tuple[str, bytes | None]:
    try:
        return attachment.get_name(), bytes(attachment.get_data())
    except pypdfium2.PdfiumError:
        return attachment.get_name(), None


def draw_page(pdf: pypdfium2.PdfDocument, index: int, width_pixels: int) -> tuple[Image.Image, float]:
    """Return the page as a picture about `width_pixels` wide, and its pixels per point."""
    page = pdf[index]
    try:
        width, height = _read_size(page)
        scale = min(width_pixels / width, math.sqrt(_MAX_PIXELS / (width * height)))
        bitmap = page.render(scale=scale, rev_byteorder=True)
        picture: Image.Image = bitmap.to_pil().convert("RGB")
        bitmap.close()
        return picture, scale
    finally:
        page.close()


def is_xfa_form(pdf: pypdfium2.PdfDocument) -> bool:
    """Return whether the PDF is an XFA form, whose fields PDFium does not show."""
    return pdfium.FPDF_GetFormType(pdf.raw) in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND)


def _read_page_glyphs(page: pypdfium2.PdfPage, fields: NDArray[np.float32]) -> Glyphs:
    width, height = _read_size(page)
    to_shown = _page_to_display(page, width, height)
    objects = list_objects(page.raw)
    texts = [item.handle for item in objects if item.type == pdfium.FPDF_PAGEOBJ_TEXT]
    textpage = page.get_textpage()
    try:
        count = max(textpage.count_chars(), 0)
        handle = textpage.raw
        raw_codes = replace_symbols(_read_codes(handle, count), texts, handle)
        edges = _read_records(pdfium.FPDFText_GetLooseCharBox, pdfium.FS_RECTF, handle, range(count))
        boxes = to_shown.apply(edges[:, [0, 3, 2, 1]])
        codes = _replace_non_text(raw_codes, boxes, handle)
        sizes, is_reversed = _read_styles(codes, handle, to_shown)
        unseen = find_unseen(page, objects, handle, boxes, to_shown.apply)
    finally:
        textpage.close()
    hidden = {**find_misplaced(boxes, width, height), **unseen}
    rules = read_rules(page, objects, to_shown)
    shown_fields = to_shown.apply(fields) if len(fields) else fields
    glyphs = Glyphs(width, height, codes, boxes, sizes, is_reversed, rules=rules, fields=shown_fields)
    return _set_hidden_apart(glyphs, hidden) if hidden else glyphs


def _set_hidden_apart(glyphs: Glyphs, masks: Mapping[HiddenReason, NDArray[np.bool_]]) -> Glyphs:
    """Return the glyphs that a person sees, with those that nobody sees as `hidden`; each is there once.

    Hidden glyphs are moved onto the page if they are outside of it, so that they can be laid out.
    """
    is_separator = np.isin(glyphs.codes, _SEPARATORS)
    is_seen = np.ones(len(glyphs.codes), np.bool_)
    hidden: list[tuple[HiddenReason, Glyphs]] = []
    for reason, mask in masks.items():
        own = mask & is_seen & ~is_separator
        if own.any():
            unseen = _select(glyphs, _include_separators(own, is_separator, with_last=True))
            corner = np.minimum(unseen.boxes[:, :2].min(axis=0), 0)
            moved = unseen.boxes - np.concatenate([corner, corner])
            width, height = (max(float(edge), 1.0) for edge in moved[:, 2:].max(axis=0))
            rules = np.empty((0, 4), np.float32)
            hidden.append((reason, replace(unseen, width=width, height=height, boxes=moved, rules=rules)))
            is_seen &= ~_include_separators(own, is_separator, with_last=False)
    return replace(_select(glyphs, is_seen), hidden=tuple(hidden))


def _include_separators(
    mask: NDArray[np.bool_], is_separator: NDArray[np.bool_], *, with_last: bool
) -> NDArray[np.bool_]:
    """Return the mask with the separators between two glyphs that it has, or, `with_last`, behind any of them."""
    places = np.flatnonzero(~is_separator)
    if not len(places):
        return mask
    inks = mask[places]
    after = np.searchsorted(places, np.arange(len(mask)))
    before = np.clip(after - 1, 0, len(places) - 1)
    between = inks[before] if with_last else inks[before] & inks[np.clip(after, 0, len(places) - 1)]
    return np.where(is_separator, between, mask)


def _select(glyphs: Glyphs, mask: NDArray[np.bool_]) -> Glyphs:
    return replace(
        glyphs,
        codes=glyphs.codes[mask],
        boxes=glyphs.boxes[mask],
        sizes=glyphs.sizes[mask],
        is_reversed=glyphs.is_reversed[mask],
    )


def _read_size(page: pypdfium2.PdfPage) -> tuple[float, float]:
    width, height = page.get_size()
    if not (0 < width < _FAR and 0 < height < _FAR):
        raise pypdfium2.PdfiumError(f"a page of {width} by {height} points cannot be shown")
    return width, height


def _read_codes(handle: Any, count: int) -> NDArray[np.uint32]:
    """Return the code point of every character: shape (count,)."""
    buffer = np.zeros(count + 1, np.uint16)
    pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_ushort))
    length = pdfium.FPDFText_GetText(handle, 0, count, pointer)
    has_surrogates = bool(np.any((buffer & 0xF800) == 0xD800))
    if length == count + 1 and not has_surrogates:
        codes = buffer[:count].astype(np.uint32)
        codes[codes == _LINE_END_HYPHEN_IN_BULK] = LINE_END_HYPHEN
        return codes
    # The bulk call omits characters without a code and splits those above U+FFFF: its positions are no indexes.
    return np.fromiter(map(pdfium.FPDFText_GetUnicode, repeat(handle), range(count)), np.uint32, count)


def _read_records(
    function: Callable[..., int], record: Any, handle: Any, indexes: Sequence[int]
) -> NDArray[np.float32]:
    """Call a PDFium function that fills a record of floats for each index: shape (len(indexes), floats in a record)."""
    records = (record * len(indexes))()
    deque(map(function, repeat(handle), indexes, records), maxlen=0)
    width = ctypes.sizeof(record) // ctypes.sizeof(ctypes.c_float)
    return _clip_to_finite(np.ndarray((len(indexes), width), np.float32, buffer=records))


def _clip_to_finite(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace NaN by 0 and clip infinite numbers, which broken files have."""
    return np.clip(np.nan_to_num(numbers), -_FAR, _FAR)


def _page_to_display(page: pypdfium2.PdfPage, width: float, height: float) -> AffineTransform:
    """Return the transformation from page space to points from the top left of the page as shown."""
    device = (0, 0, round(width * _DEVICE_UNITS_PER_POINT), round(height * _DEVICE_UNITS_PER_POINT), 0)

    def transform(x: float, y: float) -> tuple[float, float]:
        device_x, device_y = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page.raw, *device, x, y, device_x, device_y)
        return device_x.value / _DEVICE_UNITS_PER_POINT, device_y.value / _DEVICE_UNITS_PER_POINT

    step = 1000.0
    (e, f), (right_x, right_y), (up_x, up_y) = transform(0, 0), transform(step, 0), transform(0, step)
    return AffineTransform((right_x - e) / step, (right_y - f) / step, (up_x - e) / step, (up_y - f) / step, e, f)


def _replace_non_text(raw: NDArray[np.uint32], boxes: NDArray[np.float32], handle: Any) -> NDArray[np.uint32]:
    """Replace codes that are no text: visible glyphs by U+FFFD (so that "−" does not vanish from "−5"), others by 0."""
    codes = raw.copy()
    is_control = (codes < 0x20) | ((codes >= 0x7F) & (codes < 0xA0))
    is_control &= (codes != 0x09) & (codes != 0x0A) & (codes != 0x0D)
    is_noncharacter = ((codes & 0xFFFE) == 0xFFFE) | (codes > 0x10FFFF)
    for index in np.flatnonzero(codes == LINE_END_HYPHEN).tolist():
        is_control[index] = pdfium.FPDFText_IsHyphen(handle, index) != 1
    has_ink = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    codes[(is_control & has_ink) | is_noncharacter] = _REPLACEMENT
    codes[is_control & ~has_ink] = 0
    return codes


def _read_styles(
    codes: NDArray[np.uint32], handle: Any, to_shown: AffineTransform
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return font size and direction of every character: those of the middle of its line, to save calls."""
    is_text = ~np.isin(codes, _SEPARATORS)
    # A hyphen that breaks a word takes the place of the newline after it.
    is_line_end = (codes == _NEWLINE) | (codes == LINE_END_HYPHEN)
    line_of = np.cumsum(is_line_end) - is_line_end
    texts = np.flatnonzero(is_text)
    if not len(texts):
        return np.zeros(len(codes), np.float32), np.zeros(len(codes), np.bool_)
    lines, firsts, counts = np.unique(line_of[texts], return_index=True, return_counts=True)
    middles: list[int] = texts[firsts + counts // 2].tolist()
    matrices = _read_records(pdfium.FPDFText_GetMatrix, pdfium.FS_MATRIX, handle, middles)
    nominal = _clip_to_finite(
        np.fromiter(map(pdfium.FPDFText_GetFontSize, repeat(handle), middles), np.float32, len(middles))
    )
    a, b, c, d = matrices[:, 0], matrices[:, 1], matrices[:, 2], matrices[:, 3]
    sizes = np.abs(nominal) * np.sqrt(np.abs(a * d - b * c))
    shown_x, shown_y = a * to_shown.a + b * to_shown.c, a * to_shown.b + b * to_shown.d
    is_reversed = (shown_x < 0) & (np.abs(shown_y) < np.abs(shown_x) / 2)
    rank = np.minimum(np.searchsorted(lines, line_of), len(lines) - 1)
    return sizes[rank], is_reversed[rank]
