"""B2, B6: files that would take all time and memory, and text that a reader of the document does not see."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import docx
import httpx
import openpyxl
import pptx
from docx.shared import Pt, RGBColor
from reportlab.pdfgen.canvas import Canvas

from tests.faults.parser_costs import MOST_CPU_SECONDS, MOST_MB, measure_costs
from tests.scorecard.check import Measured
from tests.scorecard.server import search, serve

VISIBLE = "The pump is oiled every month"
FLAG = "[hidden"
NEAR_CHARS = 160


def bombs(folder: Path, *, is_small: bool = False) -> Measured:
    """B2: every file of the pack ends within 15 s of CPU and 512 MB, with a reason or as what could be read."""
    costs = list(measure_costs(is_small=is_small))
    dear = [cost for cost in costs if not cost.is_bearable]
    problems = [f"{cost.kind}: {cost.cpu_seconds:.1f} s, {cost.peak_mb:.0f} MB" for cost in dear]
    slowest = max(costs, key=lambda cost: cost.cpu_seconds)
    largest = max(costs, key=lambda cost: cost.peak_mb)
    figure = (
        f"{len(costs)} kinds of files, {len(costs) - len(dear)} within {MOST_CPU_SECONDS:g} s and {MOST_MB} MB; "
        f"most {slowest.cpu_seconds:.1f} s ({slowest.kind}) and {largest.peak_mb:.0f} MB ({largest.kind})"
    )
    return Measured(figure, problems)


def part_of_bombs(folder: Path, share: float) -> Measured:
    """B2 at the sizes of the test run."""
    return bombs(folder, is_small=True)


def hidden_text(folder: Path) -> Measured:
    """B6: text that nobody sees is left out or marked as hidden, and what is seen stays whole."""
    problems: list[str] = []
    flagged = left_out = 0
    techniques = dict(_techniques())
    with serve(folder / "home") as server, server.client() as client:
        ids = {name: server.add(name, body, "hidden") for name, body in techniques.items()}
        documents = {each["id"]: each for each in server.wait_until_read("hidden")}
        for number, (name, file_id) in enumerate(ids.items()):
            if documents[file_id]["status"] != "completed":
                problems.append(f"{name}: {documents[file_id]['last_error']}")
                continue
            text = client.get(f"/v1/vector_stores/hidden/files/{file_id}/content").json()["data"][0]["text"]
            if VISIBLE not in " ".join(text.split()):
                problems.append(f"{name}: the visible text is not whole")
            marker = _marker(number)
            if marker not in _plain(text):
                left_out += 1
            elif _is_flagged(text, marker) or _is_found_as_hidden(client, marker):
                flagged += 1
            else:
                problems.append(f"{name}: shown as if it were seen")
            if not search(client, f"pump {name}", "hidden", 50):
                problems.append(f"{name}: nothing is found")
    return Measured(f"{len(techniques)} techniques: {left_out} left out, {flagged} marked as hidden", problems)


def _marker(number: int) -> str:
    return f"MARKER{number}Z"


def _plain(text: str) -> str:
    """Return a text without signs that have no width, and with tag characters as the letters that they stand for."""
    letters = (chr(ord(sign) - 0xE0000) if 0xE0000 <= ord(sign) <= 0xE007F else sign for sign in text)
    return "".join(
        sign for sign in letters if sign not in "\u200b\u200c\u200d\u2060\ufeff\u202a\u202b\u202c\u202d\u202e"
    )


def _is_flagged(text: str, marker: str) -> bool:
    plain = _plain(text)
    at = plain.index(marker)
    return FLAG in plain[max(0, at - NEAR_CHARS) : at + NEAR_CHARS]


def _is_found_as_hidden(client: httpx.Client, marker: str) -> bool:
    """Whether all chunks with a marker are found as hidden ones: a whole sheet or slide has no mark in its text."""
    chunks = [hit for hit in search(client, f"Secret {marker}", "hidden", 50) if marker in hit["content"][0]["text"]]
    return bool(chunks) and all(hit.get("hidden") for hit in chunks)


def _techniques() -> Iterator[tuple[str, bytes]]:
    for number, (name, make) in enumerate(_MAKERS.items()):
        yield name, make(_marker(number))


def _word(change: Callable[[object], None]) -> Callable[[str], bytes]:
    def make(marker: str) -> bytes:
        document, out = docx.Document(), io.BytesIO()
        document.add_paragraph(f"{VISIBLE}.")
        change(document.add_paragraph().add_run(f"Secret {marker} here."))
        document.save(out)
        return out.getvalue()

    return make


def _pdf(draw: Callable[[Canvas, str], None]) -> Callable[[str], bytes]:
    def make(marker: str) -> bytes:
        out = io.BytesIO()
        canvas = Canvas(out, invariant=1)
        canvas.setFont("Helvetica", 12)
        canvas.drawString(72, 700, f"{VISIBLE}.")
        draw(canvas, f"Secret {marker} here.")
        canvas.save()
        return out.getvalue()

    return make


def _white(canvas: Canvas, text: str) -> None:
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(72, 600, text)


def _tiny(canvas: Canvas, text: str) -> None:
    canvas.setFont("Helvetica", 1)
    canvas.drawString(72, 600, text)


def _unpainted(canvas: Canvas, text: str) -> None:
    written = canvas.beginText(72, 600)
    written.setTextRenderMode(3)
    written.textLine(text)
    canvas.drawText(written)


def _outside(canvas: Canvas, text: str) -> None:
    canvas.drawString(72, -300, text)


def _web(hidden: str, head: str = "") -> Callable[[str], bytes]:
    def make(marker: str) -> bytes:
        body = f"<p>{VISIBLE}.</p>{hidden.format(f'Secret {marker} here.')}"
        return f"<html><head><title>T</title>{head}</head><body>{body}</body></html>".encode()

    return make


def _book(hide: Callable[[openpyxl.Workbook], None]) -> Callable[[str], bytes]:
    def make(marker: str) -> bytes:
        book, out = openpyxl.Workbook(), io.BytesIO()
        sheet = book.worksheets[0]
        sheet.append(["what", "how"])
        sheet.append([VISIBLE, "yes"])
        other = book.create_sheet("Other")
        for each in (sheet, other):
            each.append(["Secret", "x"] if each is other else ["x", "x"])
        target = other if hide is _hide_sheet else sheet
        target.append([f"Secret {marker} here", f"Secret {marker} here" if hide is _hide_column else "x"])
        if hide is _hide_column:
            target.cell(target.max_row, 1).value = "x"
        hide(book)
        book.save(out)
        return out.getvalue()

    return make


def _hide_sheet(book: openpyxl.Workbook) -> None:
    book["Other"].sheet_state = "hidden"


def _hide_row(book: openpyxl.Workbook) -> None:
    sheet = book.worksheets[0]
    sheet.row_dimensions[sheet.max_row].hidden = True


def _hide_column(book: openpyxl.Workbook) -> None:
    book.worksheets[0].column_dimensions["B"].hidden = True


def _slides(marker: str) -> bytes:
    show, out = pptx.Presentation(), io.BytesIO()
    for text in (f"{VISIBLE}.", f"Secret {marker} here."):
        slide = show.slides.add_slide(show.slide_layouts[6])
        slide.shapes.add_textbox(0, 0, 5_000_000, 1_000_000).text_frame.text = text
    show.slides[1]._element.set("show", "0")
    show.save(out)
    return out.getvalue()


def _plain_text(wrap: Callable[[str], str]) -> Callable[[str], bytes]:
    return lambda marker: f"{VISIBLE}. {wrap(f'Secret {marker} here.')} It is blue.\n".encode()


def _set(name: str, value: object) -> Callable[[object], None]:
    def change(run: object) -> None:
        setattr(getattr(run, "font"), name, value)  # noqa: B009 (python-docx has no types)

    return change


def _paint_white(run: object) -> None:
    getattr(run, "font").color.rgb = RGBColor(255, 255, 255)  # noqa: B009 (as above)


_MAKERS: dict[str, Callable[[str], bytes]] = {
    "vanish.docx": _word(_set("hidden", True)),
    "white.docx": _word(_paint_white),
    "one point.docx": _word(_set("size", Pt(1))),
    "white.pdf": _pdf(_white),
    "one point.pdf": _pdf(_tiny),
    "unpainted.pdf": _pdf(_unpainted),
    "outside.pdf": _pdf(_outside),
    "display.html": _web('<p style="display:none">{}</p>'),
    "visibility.html": _web('<p style="visibility:hidden">{}</p>'),
    "attribute.html": _web("<p hidden>{}</p>"),
    "class.html": _web('<p class="h">{}</p>', "<style>.h {display: none}</style>"),
    "opacity.html": _web('<p style="opacity:0">{}</p>'),
    "size.html": _web('<p style="font-size:0">{}</p>'),
    "off-screen.html": _web('<p style="position:absolute;left:-9999px">{}</p>'),
    "white.html": _web('<p style="color:#fff">{}</p>'),
    "comment.html": _web("<!-- {} -->"),
    "script.html": _web("<script>var x = '{}'</script>"),
    "template.html": _web("<template><p>{}</p></template>"),
    "span.md": lambda marker: f'# T\n\n{VISIBLE}. <span style="display:none">Secret {marker} here.</span>\n'.encode(),
    "comment.md": lambda marker: f"# T\n\n{VISIBLE}.\n\n<!-- Secret {marker} here. -->\n".encode(),
    "row.xlsx": _book(_hide_row),
    "column.xlsx": _book(_hide_column),
    "sheet.xlsx": _book(_hide_sheet),
    "slide.pptx": _slides,
    "zero width.txt": _plain_text(lambda text: "\u200b".join(text)),
    "tags.txt": _plain_text(lambda text: "".join(chr(0xE0000 + ord(sign)) for sign in text)),
    "bidi.txt": _plain_text(lambda text: f"\u202e{text}\u202c"),
}
