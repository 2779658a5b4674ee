# pyright: basic
"""Read the text of a shape of a PPTX slide as it is shown: scripts, struck-out runs and symbol fonts (DrawingML)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lxml.etree import _Element as Element
from pptx.oxml.ns import qn

from ingest.parsers.colors import TINY_POINTS, Color, find_color_reason
from ingest.parsers.marked_text import STATED, MarkedText, RunStyle, Script, hide_run
from ingest.parsers.office_math import format_formula, is_formula
from ingest.parsers.presentations.list_numbers import ListNumbers
from ingest.parsers.presentations.slide_colors import NO_COLORS, SlideColors
from ingest.parsers.symbol_fonts import decode_private_use, decode_symbols, is_symbol_font
from ingest.text.annotations import AnnotationKind
from ingest.types import HiddenReason

_BULLETS = (qn("a:buChar"), qn("a:buBlip"))
_FACES = "JKL"
"""Letters that PowerPoint puts in Wingdings for :-) :-| :-("""
_PRIVATE_USE = range(0xF000, 0xF100)
_LATIN_1 = range(0x80, 0x100)
_DEFAULT_SIZE, _TINY = 1800, round(100 * TINY_POINTS)
"""Sizes in hundredths of a point."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: its sentence, and the annotations of what is left out of it."""

    text: str
    annotations: tuple[str, ...]
    level: int
    marker: str
    """The bullet or the number of a list item; empty for any other paragraph."""

    def format_line(self) -> str:
        """Return the paragraph with its annotations; empty if it is blank."""
        return " ".join(part for part in (self.text.rstrip(), *self.annotations) if part.strip())


@dataclass(frozen=True, slots=True)
class _RunFormat:
    """The properties of a run that change what it says."""

    style: RunStyle = STATED
    latin_font: str = ""
    symbol_font: str = ""
    size: int = _DEFAULT_SIZE
    color: Color | None = None

    def to_run(self, colors: SlideColors) -> RunStyle:
        """Return the style of a run; text that nobody sees is hidden, whatever else is said of it."""
        reason = HiddenReason.TINY if self.size <= _TINY else find_color_reason(self.color, colors.background)
        return self.style if reason is None else hide_run(reason, self.style.script)


def read_paragraphs(
    body: Element | None, inherited: Sequence[Element] = (), colors: SlideColors = NO_COLORS
) -> Iterator[Paragraph]:
    """Yield the paragraphs of a text body (`a:txBody`, `p:txBody`) that are not blank.

    `inherited` are the list styles of the placeholders that it takes its format from, the nearest last; `colors` has
    what is behind the body.
    """
    numbers = ListNumbers()
    for element in body.iterchildren(qn("a:p")) if body is not None else ():
        properties = element.find(qn("a:pPr"))
        level = int(properties.get("lvl", "0")) if properties is not None else 0
        runs = MarkedText()
        _Runs(runs, colors).read(element, _read_base(body, level, inherited, colors))
        text, annotations = runs.join()
        if text.strip() or annotations:
            is_item = properties is not None and any(properties.find(tag) is not None for tag in _BULLETS)
            marker = numbers.next_label(properties, level) or ("-" if is_item else "")
            yield Paragraph(text, tuple(annotations), level, marker)


def flatten_body(body: Element | None, colors: SlideColors = NO_COLORS) -> str:
    """Return the text of a body on one line: its sentences, then their annotations."""
    paragraphs = list(read_paragraphs(body, colors=colors))
    words = " ".join(paragraph.text for paragraph in paragraphs).split()
    annotations = [note for paragraph in paragraphs for note in paragraph.annotations]
    return " ".join([*words, *annotations])


def _read_base(body: Element, level: int, inherited: Sequence[Element], colors: SlideColors) -> _RunFormat:
    """Return the format that the list styles of a body give to a level."""
    path = f"{qn(f'a:lvl{min(level, 8) + 1}pPr')}/{qn('a:defRPr')}"
    base = _RunFormat()
    for style in (*inherited, body.find(qn("a:lstStyle"))):
        base = _read_format(style.find(path) if style is not None else None, base, colors)
    return base


@dataclass(frozen=True, slots=True)
class _Runs:
    """Adds the runs of a paragraph."""

    runs: MarkedText
    colors: SlideColors

    def read(self, element: Element, base: _RunFormat) -> None:
        """Add the runs inside an element."""
        for child in element.iterchildren("*"):
            if child.tag in (qn("a:r"), qn("a:fld")):
                run_format = _read_format(child.find(qn("a:rPr")), base, self.colors)
                written = child.find(qn("a:t"))
                text = (written.text or "").replace("\v", "\n") if written is not None else ""
                style = run_format.to_run(self.colors)
                self.runs.add(_decode(text, run_format), style if text.strip() else _without_script(style))
            elif child.tag == qn("a:br"):
                run_format = _read_format(child.find(qn("a:rPr")), base, self.colors)
                self.runs.add("\n", _without_script(run_format.style))
            elif is_formula(child):
                self.runs.add(format_formula(child), _without_script(base.to_run(self.colors)))
            elif child.tag not in (qn("a:pPr"), qn("a:endParaRPr")):
                self.read(child, base)


def _without_script(style: RunStyle) -> RunStyle:
    return replace(style, script=Script.NORMAL)


def _read_format(properties: Element | None, base: _RunFormat, colors: SlideColors) -> _RunFormat:
    if properties is None:
        return base
    style = base.style
    strike, baseline = properties.get("strike"), properties.get("baseline")
    if strike is not None:
        style = replace(style, kind=None if strike == "noStrike" else AnnotationKind.STRUCK_OUT)
    if baseline is not None:
        style = replace(style, script=_read_script(baseline))
    size = properties.get("sz", "")
    return _RunFormat(
        style,
        _read_font(properties, "a:latin") or base.latin_font,
        _read_font(properties, "a:sym") or base.symbol_font,
        int(size) if size.isdecimal() else base.size,
        colors.read_text_color(properties, base.color),
    )


def _read_script(baseline: str) -> Script:
    """Return the script of a baseline in thousandths of a percent, or with a percent sign (strict documents)."""
    try:
        height = float(baseline.rstrip("%"))
    except ValueError:
        return Script.NORMAL
    return Script.SUPERSCRIPT if height > 0 else Script.SUBSCRIPT if height < 0 else Script.NORMAL


def _read_font(properties: Element, name: str) -> str:
    font = properties.find(qn(name))
    return font.get("typeface", "") if font is not None else ""


def _decode(text: str, run_format: _RunFormat) -> str:
    """Return the signs that a run shows.

    The symbol font (`a:sym`) also stays on plain text that was typed after a sign. So only private-use characters are
    in it, and the ones that PowerPoint writes for arrows and faces: a single character of Latin-1, or one of J, K, L.
    """
    if is_symbol_font(run_format.latin_font):
        return decode_symbols(text, run_format.latin_font)
    font = run_format.symbol_font
    if not is_symbol_font(font):
        return decode_private_use(text)
    if text.strip() in set(_FACES):
        return decode_symbols(text, font)
    return "".join(decode_symbols(sign, font) if _is_sign(text, n) else sign for n, sign in enumerate(text))


def _is_sign(text: str, index: int) -> bool:
    code = ord(text[index])
    if code in _PRIVATE_USE:
        return True
    is_alone = not text[max(index - 1, 0) : index].isalnum() and not text[index + 1 : index + 2].isalnum()
    return code in _LATIN_1 and text[index].isalpha() and is_alone
