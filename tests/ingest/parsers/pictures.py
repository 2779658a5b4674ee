"""Pictures of text for the tests of OCR."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

LINES = ("High water stands at noon.", "Tie the bow line first.", "The harbour closes at nine.")


def draw_picture(lines: Sequence[str] = LINES, *, size: tuple[int, int] = (900, 400), turn: int = 0) -> Image.Image:
    """Draw lines of text in black on white, the whole turned counter-clockwise by `turn` degrees."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=32)
    for number, line in enumerate(lines):
        draw.text((60, 60 + 60 * number), line, fill="black", font=font)
    return picture.rotate(turn, expand=True)


def write_scan(path: Path, *pictures: Image.Image, stamp: str = "") -> Path:
    """Write pages that are pictures, 2 pixels to a point, each with a line of real text where `stamp` is given."""
    canvas = Canvas(str(path))
    for picture in pictures:
        width, height = picture.width / 2, picture.height / 2
        canvas.setPageSize((width, height))
        canvas.drawInlineImage(picture, 0, 0, width, height)
        if stamp:
            canvas.drawString(10, 10, stamp)
        canvas.showPage()
    canvas.save()
    return path
