"""A small file of every format, for what has to hold for all of them."""

from collections.abc import Callable
from pathlib import Path

import pyarrow
from PIL import Image, ImageDraw
from pyarrow import parquet

from tests.files import write_docx, write_pdf
from tests.office_files import write_epub, write_opendocument, write_presentation, write_workbook


def write_picture(path: Path) -> None:
    picture = Image.new("RGB", (600, 120), "white")
    ImageDraw.Draw(picture).text((20, 30), "HARBOUR", fill="black", font_size=48)
    picture.save(path)


WRITERS: dict[str, Callable[[Path], object]] = {
    "pdf": lambda path: write_pdf(path, ["The harbour froze."]),
    "docx": write_docx,
    "pptx": write_presentation,
    "xlsx": lambda path: write_workbook(path, {"Ports": [["Brest"]]}),
    "epub": lambda path: write_epub(path, {"a.xhtml": "<h1>One</h1><p>Fog.</p>"}, ""),
    "odt": lambda path: write_opendocument(path, "text", "<text:p>Fog.</text:p>"),
    "png": write_picture,
    "parquet": lambda path: parquet.write_table(pyarrow.table({"name": ["Brest"]}), path),
    "csv": lambda path: path.write_text("name;depth\nBrest;12\n"),
    "rtf": lambda path: path.write_text(r"{\rtf1 Fog.}"),
}
