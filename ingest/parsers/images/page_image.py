"""Highlight boxes on the picture of a page, the same way for every format. Pure."""

import io
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

from ingest.types import Box

_HIGHLIGHT = (255, 232, 92)


def highlight_boxes(picture: Image.Image, boxes: Sequence[Box], scale: float) -> bytes:
    """Return `picture` as PNG with translucent yellow over `boxes`, at `scale` pixels per point.

    The yellow is multiplied, like a marker pen: dark pixels stay dark.
    """
    marker = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(marker)
    for box in boxes:
        draw.rectangle((box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale), fill=_HIGHLIGHT)
    png = io.BytesIO()
    ImageChops.multiply(picture, marker).save(png, format="PNG", compress_level=3)
    return png.getvalue()
