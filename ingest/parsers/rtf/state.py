"""The state of a group of an RTF file: where its text goes and what it looks like. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.parsers.colors import TINY_POINTS, WHITE, Color, find_color_reason
from ingest.parsers.field_codes import show_field
from ingest.parsers.marked_text import STATED, RunStyle, Script, hide_run
from ingest.text.annotations import AnnotationKind
from ingest.types import HiddenReason

BODY_OUTLINE_LEVEL = 9
DEFAULT_HALF_POINTS = 24

_MIN_RAISE = 4
"""Half points from which text at a position of its own is a superscript or subscript."""
_MAX_RAISED_CHARS = 10
_MIN_RAISE_OF_DIGITS = 2
"""LibreOffice lowers the 2 of H₂O by a point."""
_CHECK_BOX = 1
_STYLES = {Script.NORMAL: STATED, **{script: RunStyle(script) for script in (Script.SUPERSCRIPT, Script.SUBSCRIPT)}}


@dataclass(slots=True)
class Field:
    """A field: the sign that its instruction stands for, and whether it has a result."""

    sign: str = ""
    has_result: bool = False
    form_type: int = 0
    is_set: bool = False

    def read_instruction(self, instruction: str) -> None:
        """Take what a field shows that stores no result."""
        self.sign = show_field(instruction) or self.sign

    def set_check_box(self, *, is_checked: bool, is_default: bool) -> None:
        """Take the state of a check box, a default only if it has none of its own; nothing for another form field."""
        if self.form_type == _CHECK_BOX and not (is_default and self.is_set):
            self.sign = "☒" if is_checked else "☐"
            self.is_set = not is_default


@dataclass(slots=True)
class State:
    """The state of a group: the destination of its text, and its character and paragraph properties."""

    destination: str = "text"
    outer_destination: str = ""
    field: Field | None = None
    font: int | None = None
    fallback_chars: int = 1
    script: Script = Script.NORMAL
    half_points_up: int = 0
    is_struck: bool = False
    is_hidden: bool = False
    is_deleted: bool = False
    half_points: int = DEFAULT_HALF_POINTS
    color: int = 0
    fill: int = 0
    paragraph_fill: int = 0
    deleting_author: int = 0
    is_in_table: bool = False
    is_ignorable: bool = False
    style: int = 0
    outline: int = BODY_OUTLINE_LEVEL

    def reset_characters(self, _: int | None) -> None:
        """`plain`: the default font, and no other property."""
        self.font, self.script, self.half_points_up = None, Script.NORMAL, 0
        self.half_points, self.color, self.fill = DEFAULT_HALF_POINTS, 0, 0
        self.is_struck = self.is_hidden = self.is_deleted = False

    def style_of(self, text: str, authors: list[str], reason: HiddenReason | None = None) -> RunStyle:
        """Return what `text` is in its sentence; `authors` are those of the table of revisions.

        `reason` is why nobody sees it.
        """
        if not (self.is_deleted or self.is_struck or reason or self.half_points_up):
            return _STYLES[self.script]
        script = self._find_script(text)
        if self.is_deleted:
            is_known = 0 < self.deleting_author < len(authors)
            return RunStyle(script, AnnotationKind.DELETED, authors[self.deleting_author] if is_known else "")
        if reason is not None:
            return hide_run(reason, script)
        return RunStyle(script, AnnotationKind.STRUCK_OUT if self.is_struck else None)

    def find_reason(self, colors: Sequence[Color | None], *, is_on_paper: bool) -> HiddenReason | None:
        """Return why nobody sees text; `colors` is the colour table, `is_on_paper` whether nothing is below it."""
        if self.is_hidden:
            return HiddenReason.FORMATTING
        if self.half_points <= 2 * TINY_POINTS:
            return HiddenReason.TINY
        if not 0 < self.color < len(colors):
            return None
        fill = self.fill or self.paragraph_fill
        paper = WHITE if is_on_paper else None
        return find_color_reason(colors[self.color], colors[fill] if 0 < fill < len(colors) else paper)

    def _find_script(self, text: str) -> Script:
        if not text.strip() or self.script is not Script.NORMAL:
            return self.script if text.strip() else Script.NORMAL
        least = _MIN_RAISE_OF_DIGITS if text.strip().isdecimal() else _MIN_RAISE
        if abs(self.half_points_up) < least or len(text.strip()) > _MAX_RAISED_CHARS:
            return Script.NORMAL
        return Script.SUPERSCRIPT if self.half_points_up > 0 else Script.SUBSCRIPT

    def set_hidden(self, number: int | None) -> None:
        """`v`: hidden text."""
        self.is_hidden = number != 0

    def set_size(self, number: int | None) -> None:
        """`fs`: the size in half points."""
        self.half_points = DEFAULT_HALF_POINTS if number is None else number

    def set_color(self, number: int | None) -> None:
        """`cf`: the colour of letters, in the colour table."""
        self.color = number or 0

    def set_fill(self, number: int | None) -> None:
        """`highlight`, `chcbpat` and `cb`: the colour behind letters."""
        self.fill = number or 0

    def set_paragraph_fill(self, number: int | None) -> None:
        """`cbpat`: the colour behind a paragraph."""
        self.paragraph_fill = number or 0

    def set_struck(self, number: int | None) -> None:
        """`strike` and `striked`: struck-out text."""
        self.is_struck = number != 0

    def set_deleted(self, number: int | None) -> None:
        """`deleted` and `mvf`: text that was deleted, or moved away, while changes were tracked."""
        self.is_deleted = number != 0

    def set_deleting_author(self, number: int | None) -> None:
        """`revauthdel` and `mvauth`: the author of the deletion, in the table of revisions."""
        self.deleting_author = number or 0

    def set_superscript(self, number: int | None) -> None:
        """`super`: superscript."""
        self.script = Script.NORMAL if number == 0 else Script.SUPERSCRIPT

    def set_subscript(self, number: int | None) -> None:
        """`sub`: subscript."""
        self.script = Script.NORMAL if number == 0 else Script.SUBSCRIPT

    def reset_script(self, _: int | None) -> None:
        """`nosupersub`: text on the line."""
        self.script, self.half_points_up = Script.NORMAL, 0

    def move_up(self, number: int | None) -> None:
        """`up`: text this many half points above the line."""
        self.half_points_up = 6 if number is None else number

    def move_down(self, number: int | None) -> None:
        """`dn`: text this many half points below the line."""
        self.half_points_up = -6 if number is None else -number

    def reset_paragraph(self, _: int | None) -> None:
        """`pard`: no table, no style, no shading."""
        self.paragraph_fill = 0
        self.is_in_table, self.style, self.outline = False, 0, BODY_OUTLINE_LEVEL

    def enter_table(self, _: int | None) -> None:
        """`intbl`: the paragraph is in a cell."""
        self.is_in_table = True

    def set_style(self, number: int | None) -> None:
        """`s`: the style of the paragraph, or the one that is defined."""
        self.style = number or 0

    def set_outline(self, number: int | None) -> None:
        """`outlinelevel`: the level of a heading, from 0."""
        self.outline = BODY_OUTLINE_LEVEL if number is None else min(max(number, 0), BODY_OUTLINE_LEVEL)

    def set_form_type(self, number: int | None) -> None:
        """`fftype`: the type of a form field."""
        if self.field is not None:
            self.field.form_type = number or 0

    def set_form_default(self, number: int | None) -> None:
        """`ffdefres`: the state of a check box that has none of its own."""
        if self.field is not None:
            self.field.set_check_box(is_checked=number != 0, is_default=True)

    def set_form_result(self, number: int | None) -> None:
        """`ffres`: the state of a check box; 25 is that it has none of its own."""
        if self.field is not None and number in (None, 0, 1):
            self.field.set_check_box(is_checked=number != 0, is_default=False)

    def set_fallback(self, number: int | None) -> None:
        """`uc`: the number of fallback bytes after each `u`."""
        self.fallback_chars = max(1 if number is None else number, 0)

    def begin_field(self, _: int | None) -> None:
        """`field`: an instruction and its result."""
        self.field = Field()


STATE_ACTIONS: dict[str, Callable[[State, int | None], None]] = {
    "v": State.set_hidden,
    "fs": State.set_size,
    "cf": State.set_color,
    "highlight": State.set_fill,
    "chcbpat": State.set_fill,
    "cb": State.set_fill,
    "cbpat": State.set_paragraph_fill,
    "strike": State.set_struck,
    "striked": State.set_struck,
    "deleted": State.set_deleted,
    "mvf": State.set_deleted,
    "revauthdel": State.set_deleting_author,
    "mvauth": State.set_deleting_author,
    "super": State.set_superscript,
    "sub": State.set_subscript,
    "nosupersub": State.reset_script,
    "up": State.move_up,
    "dn": State.move_down,
    "plain": State.reset_characters,
    "pard": State.reset_paragraph,
    "intbl": State.enter_table,
    "s": State.set_style,
    "outlinelevel": State.set_outline,
    "fftype": State.set_form_type,
    "ffdefres": State.set_form_default,
    "ffres": State.set_form_result,
    "uc": State.set_fallback,
    "field": State.begin_field,
}
"""The control words that change the state of a group."""
