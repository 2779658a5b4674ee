"""Pictures: read by OCR, rotated by EXIF, refused if they have no text."""

import io
from pathlib import Path

import pytest
from PIL import Image

from ingest.errors import DamagedFileError, NoTextError, ParserLimitError
from ingest.parsers.images import parser as image
from ingest.parsers.images.parser import render_page
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.text.word_boxes import find_boxes
from ingest.types import Box, ParsedDocument
from tests.ingest.parsers.pictures import LINES, draw_picture

TEXT = "\n".join(LINES)
ORIENTATION = 0x0112


def parse(path: Path) -> ParsedDocument:
    return join_pieces(image.parse(Source(path, path.name)))


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("bmp", "image/bmp"),
        ("webp", "image/webp"),
        ("gif", "image/gif"),
        ("tiff", "image/tiff"),
    ],
)
def test_pictures_of_every_format_are_read(tmp_path: Path, suffix: str, media_type: str) -> None:
    path = tmp_path / f"tide.{suffix}"
    draw_picture().save(path)
    document = parse(path)
    assert document.text == TEXT
    assert document.title == "tide"
    assert document.media_type == media_type
    assert (document.pages[0].width, document.pages[0].height) == (900, 400)
    start = document.text.index("bow")
    (box,) = find_boxes(document.pages[0], start, start + 3)
    assert 120 < (box.y0 + box.y1) / 2 < 155


def test_every_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    frames = [draw_picture([line]) for line in LINES]
    frames[0].save(tmp_path / "a.tiff", save_all=True, append_images=frames[1:])
    document = parse(tmp_path / "a.tiff")
    assert [document.text[page.start : page.end] for page in document.pages] == list(LINES)
    assert document.total_pages == 3
    assert document.metadata == {"ocr": "pages 1-3"}


def test_a_tiff_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    frames = [draw_picture([line]) for line in LINES]
    path = tmp_path / "a.tiff"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3 - 2000])
    document = parse(path)
    assert document.text.strip() == LINES[0]
    assert document.warnings == ("pages 2-3 cannot be read",)


def test_a_photograph_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # it must be turned clockwise to be upright
    draw_picture(turn=90).save(tmp_path / "a.jpg", exif=exif)
    document = parse(tmp_path / "a.jpg")
    assert document.text == TEXT
    assert (document.pages[0].width, document.pages[0].height) == (900, 400)


def test_what_is_transparent_counts_as_white(tmp_path: Path) -> None:
    ink = draw_picture().convert("L").point(lambda value: 255 - value)
    picture = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    picture.putalpha(ink)
    picture.save(tmp_path / "a.png")
    assert parse(tmp_path / "a.png").text == TEXT


def test_a_picture_of_16_bits_a_pixel_is_read(tmp_path: Path) -> None:
    deep = draw_picture().convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    deep.save(tmp_path / "a.tiff")
    assert parse(tmp_path / "a.tiff").text == TEXT


def test_a_picture_without_words_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300), "skyblue").save(tmp_path / "a.png")
    with pytest.raises(NoTextError, match="no words can be read in it"):
        parse(tmp_path / "a.png")


def test_without_ocr_pictures_are_refused(tmp_path: Path) -> None:
    draw_picture().save(tmp_path / "a.png")
    with pytest.raises(NoTextError, match="OCR is off"):
        join_pieces(image.parse(Source(tmp_path / "a.png", "a.png", with_ocr=False)))


@pytest.mark.parametrize("size", [(10_000, 9_001), (20_000, 20_000)])
def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("1", size).save(tmp_path / "a.png")
    with pytest.raises(ParserLimitError, match="90 million pixels"):
        parse(tmp_path / "a.png")


def test_a_picture_cut_short_is_refused(tmp_path: Path) -> None:
    png = io.BytesIO()
    draw_picture().save(png, format="PNG")
    for length in (20, 60, len(png.getvalue()) // 2):
        (tmp_path / "a.png").write_bytes(png.getvalue()[:length])
        with pytest.raises(DamagedFileError):
            parse(tmp_path / "a.png")


def test_a_picture_is_drawn_with_its_marks(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1000), "white").save(tmp_path / "a.png")
    png = render_page(tmp_path / "a.png", 1, [Box(1, 200, 200, 400, 300), Box(2, 1000, 500, 1200, 600)])
    drawn = Image.open(io.BytesIO(png))
    assert drawn.size == (1000, 500)
    assert drawn.getpixel((150, 125)) == (255, 232, 92)
    assert drawn.getpixel((550, 275)) == (255, 255, 255)


def test_a_page_that_a_picture_does_not_have_cannot_be_drawn(tmp_path: Path) -> None:
    Image.new("RGB", (20, 10), "white").save(tmp_path / "a.png")
    with pytest.raises(DamagedFileError, match="it has no page 2"):
        render_page(tmp_path / "a.png", 2, [])
