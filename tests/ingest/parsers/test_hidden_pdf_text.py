"""PDF: text that nobody sees on the page is marked; scans, dark boxes and rotated pages hide nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject
from reportlab.lib.colors import Color, black, navy, white
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers.pdf import parser as pdf
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.types import ParsedDocument

Draw = Callable[[Canvas], object]

FONT = {"Type": "Font", "Subtype": "Type1", "BaseFont": "Helvetica"}


def read(tmp_path: Path, *draw: Draw, size: tuple[float, float] = (500.0, 500.0), rotation: int = 0) -> ParsedDocument:
    """Return a page that begins with a visible sentence and goes on with what each of `draw` draws."""
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=size)
    canvas.setPageRotation(rotation)
    canvas.setFont("Helvetica", 12)
    canvas.drawString(60, 420, "The fee is 4,150 EUR.")
    for paint in draw:
        canvas.saveState()
        paint(canvas)
        canvas.restoreState()
    canvas.save()
    return join_pieces(pdf.parse(Source(path, "a.pdf", with_ocr=False)))


def write(text: str = "It is 9,999 EUR.", *, x: float = 60, y: float = 300, size: float = 12, mode: int = 0) -> Draw:
    def paint(canvas: Canvas) -> None:
        line = canvas.beginText(x, y)
        line.setFont("Helvetica", size)
        line.setTextRenderMode(mode)
        line.textOut(text)
        canvas.drawText(line)

    return paint


def fill(color: Color, alpha: float = 1) -> Draw:
    def paint(canvas: Canvas) -> None:
        canvas.setFillColor(color, alpha)

    return paint


def rectangle(color: Color, x: float = 50, y: float = 290, width: float = 200, height: float = 30) -> Draw:
    def paint(canvas: Canvas) -> None:
        canvas.setFillColor(color)
        canvas.rect(x, y, width, height, stroke=0, fill=1)

    return paint


def together(*draw: Draw) -> Draw:
    def paint(canvas: Canvas) -> None:
        for step in draw:
            step(canvas)

    return paint


def picture(
    text: str = "", color: str = "white", x: float = 50, y: float = 280, size: tuple[int, int] = (200, 50)
) -> Draw:
    def paint(canvas: Canvas) -> None:
        image = Image.new("RGB", size, color)
        if text:
            ImageDraw.Draw(image).text((10, 20), text, fill="black")
        canvas.drawInlineImage(image, x, y)

    return paint


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        pytest.param(together(fill(white), write()), "white text", id="white"),
        pytest.param(together(fill(Color(0.98, 0.98, 0.98)), write()), "white text", id="nearly white"),
        pytest.param(together(rectangle(navy), fill(navy), write()), "background colour", id="navy on navy"),
        pytest.param(together(rectangle(white), fill(white), write()), "white text", id="white on a white box"),
        pytest.param(together(fill(black, 0), write()), "transparent text", id="transparent"),
        pytest.param(write(mode=3), "invisible text", id="render mode 3"),
        pytest.param(write(size=1), "tiny text", id="tiny"),
        pytest.param(write(size=1.8), "tiny text", id="tiny, nearly 2 points"),
        pytest.param(write(x=-300), "off the page", id="left of the page"),
        pytest.param(write(x=700), "off the page", id="right of the page"),
        pytest.param(write(y=-40), "off the page", id="below the page"),
        pytest.param(write(y=900), "off the page", id="above the page"),
        pytest.param(together(write(), rectangle(black)), "covered text", id="blackened"),
        pytest.param(together(write(), rectangle(white)), "covered text", id="painted over"),
    ],
)
@pytest.mark.parametrize("rotation", [0, 90])
def test_text_that_a_page_does_not_show_is_marked(tmp_path: Path, draw: Draw, reason: str, rotation: int) -> None:
    document = read(tmp_path, draw, rotation=rotation)
    assert document.text == f"The fee is 4,150 EUR.\n\n[hidden: {reason}: It is 9,999 EUR.]"


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(together(rectangle(navy), fill(white), write()), id="white on navy"),
        pytest.param(together(rectangle(navy, width=90), fill(white), write()), id="white, half of it on navy"),
        pytest.param(together(picture(color="navy"), fill(white), write()), id="white on a picture"),
        pytest.param(together(picture("It is 9,999 EUR."), write(mode=3)), id="a scan and its text"),
        pytest.param(together(write(mode=3), picture("It is 9,999 EUR.")), id="text below its scan"),
        pytest.param(together(fill(white), write(), picture("It is 9,999 EUR.")), id="white text below its scan"),
        pytest.param(write(size=4), id="small print"),
        pytest.param(write(x=408), id="cut off by the edge"),
        pytest.param(together(write(), rectangle(black, y=100)), id="a box elsewhere"),
        pytest.param(together(write(), rectangle(black, width=40)), id="a box over a part"),
        pytest.param(
            together(write(), fill(Color(1, 1, 0), 0.4), lambda c: c.rect(50, 290, 200, 30, 0, 1)), id="marker"
        ),
        pytest.param(together(fill(Color(0.8, 0.8, 0.8)), write()), id="grey"),
        pytest.param(together(fill(white), write(mode=2)), id="white with an outline"),
    ],
)
def test_text_that_a_page_shows_is_not_marked(tmp_path: Path, draw: Draw) -> None:
    text = read(tmp_path, draw).text
    assert "It is 9,9" in text
    assert "[hidden" not in text


def test_small_letters_of_a_small_page_can_be_read(tmp_path: Path) -> None:
    label = join_pieces(pdf.parse(Source(_write_label(tmp_path), "a.pdf", with_ocr=False)))
    assert label.text == "Batch 7731"


def _write_label(tmp_path: Path) -> Path:
    path = tmp_path / "label.pdf"
    canvas = Canvas(str(path), pagesize=(60, 30))
    canvas.setFont("Helvetica", 2)
    canvas.drawString(5, 15, "Batch 7731")
    canvas.save()
    return path


def test_each_kind_of_hidden_text_has_its_own_mark_and_lines_keep_their_spaces(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        together(fill(white), write("First line", y=300), write("second line", y=280)),
        write("Outside", x=-200),
    )
    assert document.text == (
        "The fee is 4,150 EUR.\n\n[hidden: off the page: Outside]\n\n[hidden: white text: First line second line]"
    )


def test_hidden_words_inside_a_line_leave_it_whole(tmp_path: Path) -> None:
    def paint(canvas: Canvas) -> None:
        line = canvas.beginText(60, 300)
        line.textOut("It is ")
        line.setFillColor(white)
        line.textOut("not ")
        line.setFillColor(black)
        line.textOut("so.")
        canvas.drawText(line)

    text = read(tmp_path, paint).text
    assert text.endswith("[hidden: white text: not]")
    assert "It is so." in " ".join(text.split())


def test_a_page_with_nothing_but_hidden_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.pdf"
    canvas = Canvas(str(path), pagesize=(500, 500))
    canvas.setFillColor(white)
    canvas.drawString(60, 300, "Nobody sees this.")
    canvas.save()
    assert (
        join_pieces(pdf.parse(Source(path, "b.pdf", with_ocr=False))).text == "[hidden: white text: Nobody sees this.]"
    )


def _write_layers(tmp_path: Path) -> Path:
    """Write a page with text on itself, in a layer that is shown, and in one that is not."""
    writer = PdfWriter()
    page = writer.add_blank_page(500, 800)
    layers = {
        name: writer._add_object(
            DictionaryObject({NameObject("/Type"): NameObject("/OCG"), NameObject("/Name"): TextStringObject(name)})
        )
        for name in ("on", "off")
    }
    default = DictionaryObject({NameObject("/OFF"): ArrayObject([layers["off"]])})
    writer.root_object[NameObject("/OCProperties")] = DictionaryObject(
        {NameObject("/OCGs"): ArrayObject(list(layers.values())), NameObject("/D"): default}
    )
    font = DictionaryObject({NameObject(f"/{key}"): NameObject(f"/{value}") for key, value in FONT.items()})
    page[NameObject("/Resources")] = DictionaryObject(
        {
            NameObject("/Font"): DictionaryObject({NameObject("/F1"): font}),
            NameObject("/Properties"): DictionaryObject({NameObject(f"/{key}"): layers[key] for key in layers}),
        }
    )
    content = DecodedStreamObject()
    lines = {"": (700, "The gate is open."), "on": (650, "The fee is 4,150."), "off": (600, "The fee was 3,400.")}
    content.set_data("\n".join(_draw_in_layer(name, *line) for name, line in lines.items()).encode())
    page[NameObject("/Contents")] = writer._add_object(content)
    writer.write(tmp_path / "layers.pdf")
    return tmp_path / "layers.pdf"


def _draw_in_layer(layer: str, y: int, text: str) -> str:
    drawn = f"BT /F1 12 Tf 60 {y} Td ({text}) Tj ET"
    return f"/OC /{layer} BDC {drawn} EMC" if layer else drawn


def test_text_in_a_layer_that_is_off_is_marked(tmp_path: Path) -> None:
    document = join_pieces(pdf.parse(Source(_write_layers(tmp_path), "a.pdf", with_ocr=False)))
    assert " ".join(document.text.split()) == (
        "The gate is open. The fee is 4,150. [hidden: not displayed: The fee was 3,400.]"
    )
