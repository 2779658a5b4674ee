# pyright: basic
"""Pictures of text (scans, photographs, screenshots), read by OCR; a pixel is a point."""

import struct
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ingest.errors import DamagedFileError, NoTextError, ParserLimitError
from ingest.parsers.images.ocr import MAX_SIDE_PIXELS
from ingest.parsers.images.page_image import highlight_boxes
from ingest.parsers.pdf.page_report import format_count
from ingest.parsers.pdf.pages import PageState, ParsedPage, make_plain_layout, recognize_page
from ingest.parsers.pdf.piece_builder import PieceBuilder
from ingest.parsers.source import Source
from ingest.types import Box, ParsedDocument

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
_MAX_PIXELS = 90_000_000
_MAX_FRAMES = 2_000
_BROKEN = (
    *(UnidentifiedImageError, OSError, EOFError, SyntaxError, ValueError, struct.error, ArithmeticError),
    *(LookupError, TypeError, AttributeError, NotImplementedError),
)
"""What Pillow raises for broken files."""


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield the pieces of a picture: every frame of a TIFF is a page; of other formats only the first frame is read.

    Raises `NoTextError` if it has no text, `DamagedFileError`, or `ParserLimitError` if it is too large.
    """
    if not source.with_ocr:
        raise NoTextError(filename=source.filename, detail="it is a picture, and OCR is off")
    with _open_picture(source.path, source.filename) as picture:
        frames = _count_frames(picture, source.filename)
        piece_builder = PieceBuilder(
            source.filename, media_type=Image.MIME.get(picture.format or "", "image"), total_pages=frames
        )
        for number in range(1, frames + 1):
            piece_builder.add(_read_frame(picture, number, source.filename))
            if piece_builder.is_full and number < frames:
                yield piece_builder.build_piece()
        if not piece_builder.has_text:
            detail = f"no words can be read in it ({format_count(frames, 'picture')})"
            raise NoTextError(filename=source.filename, detail=detail)
        yield piece_builder.add_file_facts(piece_builder.build_piece(), piece_builder.report.warnings())


def render_page(path: Path, page_number: int, boxes: Sequence[Box], width_pixels: int = 1000) -> bytes:
    """Return a page as PNG, at most `width_pixels` wide, with the `boxes` of this page highlighted.

    Raises `DamagedFileError` if there is no such page or it cannot be drawn.
    """
    with _open_picture(path, path.name) as picture:
        if not 1 <= page_number <= _count_frames(picture, path.name):
            raise DamagedFileError(filename=path.name, detail=f"it has no page {page_number}")
        page = _load_frame(picture, page_number, path.name)
    scale = min(width_pixels / page.width, 1.0)
    page.thumbnail((width_pixels, max(round(page.height * scale), 1)))
    return highlight_boxes(page, [box for box in boxes if box.page == page_number], scale)


@contextmanager
def _open_picture(path: Path, filename: str) -> Generator[Image.Image]:
    """Open a picture for a `with` block."""
    with _translate_errors(filename, "it is no picture that can be opened"):
        picture = Image.open(path, formats=_FORMATS)
    with picture:
        yield picture


@contextmanager
def _translate_errors(filename: str, detail: str) -> Generator[None]:
    """Translate Pillow's errors for broken files; its warnings are ignored."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise _too_large_error(filename) from error
    except _BROKEN as error:
        raise DamagedFileError(filename=filename, detail=detail) from error


def _count_frames(picture: Image.Image, filename: str) -> int:
    """Return the number of frames of a TIFF, a damaged last one included; 1 for other formats."""
    if picture.format != "TIFF":
        return 1
    for index in range(1, _MAX_FRAMES + 1):
        try:
            with _translate_errors(filename, ""):
                picture.seek(index)
        except DamagedFileError as error:
            return index if isinstance(error.__cause__, EOFError) else index + 1
    raise ParserLimitError(filename=filename, detail=f"it has more than {_MAX_FRAMES} pictures")


def _read_frame(picture: Image.Image, number: int, filename: str) -> ParsedPage:
    try:
        page = _load_frame(picture, number, filename)
    except DamagedFileError:
        if number == 1:
            raise
        return ParsedPage(make_plain_layout(""), PageState.BROKEN)
    width = page.width
    page.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
    return recognize_page(page, width / page.width)


def _load_frame(picture: Image.Image, number: int, filename: str) -> Image.Image:
    """Return a frame as shown: rotated by its EXIF orientation, on white, in RGB."""
    with _translate_errors(filename, f"its picture {number} cannot be drawn"):
        picture.seek(number - 1)
        if picture.width * picture.height > _MAX_PIXELS:
            raise _too_large_error(filename)
        return _convert_to_rgb(ImageOps.exif_transpose(picture))


def _convert_to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel would be cut off at 255, not scaled
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    page = Image.new("RGBA", layer.size, "white")
    page.alpha_composite(layer)
    return page.convert("RGB")


def _too_large_error(filename: str) -> ParserLimitError:
    detail = f"the picture has more than {_MAX_PIXELS // 1_000_000} million pixels; make it smaller"
    return ParserLimitError(filename=filename, detail=detail)
