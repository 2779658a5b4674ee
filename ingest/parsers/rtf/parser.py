"""Rich Text Format (RTF): paragraphs, headings, tables and notes in any code page."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from ingest.errors import DamagedFileError
from ingest.parsers.colors import Color
from ingest.parsers.document_builder import clean_title
from ingest.parsers.marked_text import STATED, RunStyle
from ingest.parsers.rtf import control_words as words
from ingest.parsers.rtf.rows import CellDefinition
from ingest.parsers.rtf.state import BODY_OUTLINE_LEVEL, STATE_ACTIONS, State
from ingest.parsers.rtf.writer import RtfWriter, TextBuffer
from ingest.parsers.source import Source
from ingest.parsers.symbol_fonts import decode_private_use, decode_symbols, is_symbol_font
from ingest.text.annotations import AnnotationKind, annotate
from ingest.text.pictures import describe_picture
from ingest.types import ParsedDocument

MEDIA_TYPE = "application/rtf"

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,64})(?P<number>-?\d{1,10})? ?|\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z'])"
    rb"|(?P<open>\{)|(?P<close>\})|(?P<raw>[^\\{}\r\n\x00]+)",
    re.S,
)
_HEADING_NAME = re.compile(r"\s*heading ([1-9])\b", re.I)
_CHANNELS = ("red", "green", "blue")
_TWO_BYTE_SETS = frozenset({"cp932", "cp936", "cp949", "cp950"})
_MAX_CODE_POINT = 0x10FFFF
_CUT_SHORT = "the file is cut short: what came after its last paragraph is missing"


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield an RTF file as one piece; notes, comments, headers and text boxes follow the paragraph that they are in.

    A truncated file has a warning. Raises `DamagedFileError` and `NoTextError`.
    """
    data = source.path.read_bytes()
    if not data.lstrip().startswith(rb"{\rtf"):
        raise DamagedFileError(filename=source.filename, detail="it does not begin like RTF")
    interpreter = _Interpreter()
    is_whole = interpreter.run(data)
    yield interpreter.writer.builder.build(
        title=clean_title(interpreter.title),
        media_type=MEDIA_TYPE,
        filename=source.filename,
        warnings=() if is_whole else (_CUT_SHORT,),
        metadata={"encoding": interpreter.encoding},
    )


class _Interpreter:
    """Interprets the tokens of a file."""

    def __init__(self) -> None:
        self.writer = RtfWriter()
        self.title = ""
        self.encoding = "cp1252"
        self._state = State()
        self._buffer = TextBuffer()
        self._stack: list[tuple[State, TextBuffer]] = []
        self._fonts: dict[int, str] = {}
        self._font_names: dict[int, str] = {}
        self._font = 0
        self._default_font = 0
        self._outlines: dict[int, int] = {}
        self._bytes_to_skip = 0
        self._is_header_row = False
        self._notes = 0
        self._cell = CellDefinition()
        self._authors: list[str] = []
        self._colors: list[Color | None] = []
        self._color: dict[str, int] = {}
        self._has_filled_cells = False
        self._comment_author = ""
        self._property = ""

    def run(self, data: bytes) -> bool:
        """Interpret all tokens; return whether every group is closed."""
        position = 0
        while match := _TOKEN.search(data, position):
            position = match.end() + self._interpret(match)
        is_whole = not self._stack
        while self._stack:
            self._close()
        self._end_paragraph()
        self.writer.end_table()
        return is_whole

    def _interpret(self, match: re.Match[bytes]) -> int:
        """Interpret a token; return the number of binary bytes after it."""
        match match.lastgroup:
            case "open":
                self._open()
            case "close":
                self._close()
            case "byte":
                self._add_text(bytes.fromhex(match["byte"].decode("ascii")))
            case "raw":
                self._add_text(match["raw"])
            case "sign":
                self._apply_control(match["sign"].decode("latin-1"), None)
            case _:
                word, number = match["word"].decode("ascii"), match["number"]
                if word == "bin":
                    return max(int(number or 0), 0)
                self._apply_control(word, int(number) if number else None)
        return 0

    def _open(self) -> None:
        self._bytes_to_skip = 0
        self._stack.append((self._state, self._buffer))
        self._state = replace(self._state)
        if self._state.destination == "stylesheet":
            self._begin("stylesheet")
            self._state.style, self._state.outline = 0, BODY_OUTLINE_LEVEL
        elif self._state.destination == "revtbl":
            self._begin("author")

    def _close(self) -> None:
        self._bytes_to_skip = 0
        if not self._stack:
            return
        state, buffer = self._state, self._buffer
        self._state, self._buffer = self._stack.pop()
        if buffer is not self._buffer:
            self._finish(buffer, state)
        field = state.field
        if field is not None and field is not self._state.field and not field.has_result:
            self._add(field.sign)

    def _begin(self, destination: str) -> None:
        """Collect the text of this group in a buffer of its own."""
        if destination == "annotation":
            self._state.reset_characters(None)
        self._state.reset_script(None)  # a note is not raised like its mark
        self._state.destination = destination
        self._buffer = TextBuffer(destination=destination)

    def _finish(self, buffer: TextBuffer, state: State) -> None:
        text = buffer.take_line()
        if buffer.destination == "stylesheet":
            heading_name = _HEADING_NAME.match(text)
            self._outlines.setdefault(state.style, int(heading_name[1]) - 1 if heading_name else state.outline)
        elif buffer.destination == "annotation":
            author, self._comment_author = self._comment_author, ""
            self._buffer.annotations += filter(None, [annotate(AnnotationKind.COMMENT, text, author=author)])
        elif buffer.destination in _COLLECTORS:
            _COLLECTORS[buffer.destination](self, text, state)
        elif text:
            self._notes += int(buffer.destination == "footnote")
            name = f"Footnote {self._notes}: " if buffer.destination == "footnote" else words.NOTES[buffer.destination]
            self.writer.add_note(name + text)

    def take_title(self, text: str, _: State) -> None:
        """`title`: the title in the file's properties."""
        self.title = text

    def take_author(self, text: str, _: State) -> None:
        """`revtbl`: an author of revisions."""
        self._authors.append(text.rstrip("; "))

    def take_comment_author(self, text: str, _: State) -> None:
        """`atnauthor`: the author of the next comment."""
        self._comment_author = text

    def take_property_name(self, text: str, _: State) -> None:
        """`sn`: the name of a property of a shape or picture."""
        self._property = text

    def take_property(self, text: str, _: State) -> None:
        """`sv`: the value of that property; the alternative text follows the paragraph."""
        if self._property == "wzDescription":
            self._buffer.annotations += filter(None, [describe_picture(text)])

    def take_instruction(self, text: str, state: State) -> None:
        """`fldinst`: the instruction of a field."""
        if state.field is not None:
            state.field.read_instruction(text)

    def _add_text(self, data: bytes) -> None:
        if self._bytes_to_skip:
            skipped = min(self._bytes_to_skip, len(data))
            self._bytes_to_skip -= skipped
            data = data[skipped:]
        if self._state.destination == "fonttbl":
            self._name_font(data.decode("latin-1"))
        elif self._state.destination == "colortbl":
            self._add_colors(data.count(b";"))
        elif self._is_shown and data:
            font = self._font_name
            if is_symbol_font(font):
                self._add(decode_symbols(data.decode("latin-1"), font))
            else:
                self._note_result()
                self._buffer.add_bytes(data, self._text_encoding(), self._run_style(data.decode("latin-1")))

    def _add(self, text: str) -> None:
        """Add text that needs no decoding."""
        if text and self._is_shown:
            self._note_result()
            self._buffer.add(text, self._run_style(text))

    def _note_result(self) -> None:
        if self._state.field is not None and self._buffer.destination != "fldinst":
            self._state.field.has_result = True

    def _run_style(self, text: str) -> RunStyle:
        is_property = self._buffer.destination in _COLLECTORS or self._buffer.destination == "stylesheet"
        if is_property:
            return STATED
        state = self._state
        is_shape = self._buffer.destination == "shptxt"
        is_on_paper = not is_shape and not (state.is_in_table and self._has_filled_cells)
        return state.style_of(text, self._authors, state.find_reason(self._colors, is_on_paper=is_on_paper))

    def _add_colors(self, count: int) -> None:
        """End as many entries of the colour table; one without numbers is the automatic colour."""
        for _ in range(count):
            color = self._color
            self._colors.append((color["red"], color["green"], color["blue"]) if len(color) == len(_CHANNELS) else None)
            self._color = {}

    def _name_font(self, text: str) -> None:
        name = self._font_names.get(self._font, "")
        if not name.endswith(";"):
            self._font_names[self._font] = f"{name}{text}".split(";")[0] + (";" if ";" in text else "")

    @property
    def _font_name(self) -> str:
        font = self._default_font if self._state.font is None else self._state.font
        return self._font_names.get(font, "").removesuffix(";")

    @property
    def _is_shown(self) -> bool:
        return self._state.destination not in words.DESTINATIONS_WITHOUT_TEXT

    def _text_encoding(self) -> str:
        font = self._default_font if self._state.font is None else self._state.font
        encoding = self._fonts.get(font, self.encoding)
        # East Asian files use fonts that declare a Western character set for their text too.
        return self.encoding if encoding == "cp1252" and self.encoding in _TWO_BYTE_SETS else encoding

    def _apply_control(self, word: str, number: int | None) -> None:
        state = self._state
        self._bytes_to_skip = 0
        was_ignorable, state.is_ignorable = state.is_ignorable, word == "*"
        if word == "ud" and state.outer_destination:
            state.destination = state.outer_destination
            return
        if word in words.SKIPPED_DESTINATIONS or (was_ignorable and word not in words.READ_IGNORABLE_DESTINATIONS):
            state.destination = "skip"
        if state.destination not in ("skip", "upr"):
            self._apply(word, number)

    def _apply(self, word: str, number: int | None) -> None:
        state = self._state
        if word in words.NOTES or word in words.COLLECTED_DESTINATIONS:
            self._begin(word)
        elif word in words.CHARACTERS:
            self._add(words.CHARACTERS[word])
        elif word in words.PARAGRAPH_ENDS:
            self._end_line()
        elif word in words.DESTINATIONS_WITHOUT_TEXT:
            state.outer_destination, state.destination = state.destination, word
        elif word in _CHANNELS and state.destination == "colortbl":
            self._color[word] = min(max(number or 0, 0), 255)
        elif word in STATE_ACTIONS:
            STATE_ACTIONS[word](state, number)
        elif word in _ACTIONS:
            _ACTIONS[word](self, number)

    def _end_line(self) -> None:
        state = self._state
        is_joined = state.is_deleted or (state.is_hidden and self._buffer.has_stated_text)
        if state.destination == "text" and is_joined:
            return  # the mark of the paragraph is deleted or hidden: it and the next are one
        if state.destination == "text" and not state.is_in_table:
            self._end_paragraph()
        else:
            self._buffer.add("\n")

    def _end_paragraph(self) -> None:
        level = self._state.outline
        if level >= BODY_OUTLINE_LEVEL:
            level = self._outlines.get(self._state.style, level)
        text, annotations = self._buffer.take()
        is_heading = level < BODY_OUTLINE_LEVEL and bool(text.strip())
        self.writer.end_paragraph(text, annotations, heading_level=level + 1 if is_heading else 0)

    def set_code_page(self, number: int | None) -> None:
        """`ansicpg`: the code page of text in fonts without one."""
        try:
            self.encoding = codecs.lookup(f"cp{number}").name
        except LookupError:
            self.encoding = "mac_roman" if number == 10000 else self.encoding

    def set_font(self, number: int | None) -> None:
        """`f`: the font that is defined, or that of the text."""
        if self._state.destination == "fonttbl":
            self._font = number or 0
        else:
            self._state.font = number

    def set_default_font(self, number: int | None) -> None:
        """`deff`: the font of text without one."""
        self._default_font = number or 0

    def set_character_set(self, number: int | None) -> None:
        """`fcharset`: the code page of the font that is defined."""
        if number in words.CHARACTER_SETS:
            self._fonts[self._font] = words.CHARACTER_SETS[number]

    def add_unicode(self, number: int | None) -> None:
        """`u`: a UTF-16 code unit; the bytes after it, as many as `uc` says, are its fallback."""
        code = number or 0
        code = code & 0xFFFF if code < 0 else code
        if 0 < code <= _MAX_CODE_POINT:
            self._add(decode_private_use(decode_symbols(chr(code), self._font_name)))
        self._bytes_to_skip = self._state.fallback_chars

    def end_cell(self, _: int | None) -> None:
        """`cell`: the end of a cell."""
        if self._state.destination == "text":
            self.writer.end_cell(self._buffer.take_line())
        else:
            self._buffer.add(" ")

    def mark_header_row(self, _: int | None) -> None:
        """`trhdr`: the row is repeated on every page."""
        self._is_header_row = True

    def end_row(self, _: int | None) -> None:
        """`row`: the end of a row."""
        if self._state.destination == "text":
            self.writer.end_row(is_header=self._is_header_row)
        self._is_header_row = False

    def begin_styles(self, _: int | None) -> None:
        """`stylesheet`: each group inside defines a style."""
        self._begin("stylesheet")

    def begin_row(self, _: int | None) -> None:
        """`trowd`: the definitions of a row."""
        self._cell = CellDefinition()
        self._has_filled_cells = False
        self.writer.define_row()

    def set_left_edge(self, number: int | None) -> None:
        """`trleft`: the left edge of the row."""
        self.writer.set_left_edge(number or 0)

    def fill_cell(self, number: int | None) -> None:
        """`clcbpat` and `clshdng`: a cell has a colour or a pattern."""
        self._has_filled_cells = self._has_filled_cells or bool(number)

    def merge_left(self, _: int | None) -> None:
        """`clmrg`: the cell is merged with the one before."""
        self._cell = replace(self._cell, continues_left=True)

    def merge_up(self, _: int | None) -> None:
        """`clvmrg`: the cell is merged with the one above."""
        self._cell = replace(self._cell, continues_up=True)

    def define_cell(self, number: int | None) -> None:
        """`cellx`: the right edge of a cell, which ends its definition."""
        self.writer.define_cell(replace(self._cell, right=number or 0))
        self._cell = CellDefinition()


_COLLECTORS: dict[str, Callable[[_Interpreter, str, State], None]] = {
    "title": _Interpreter.take_title,
    "author": _Interpreter.take_author,
    "atnauthor": _Interpreter.take_comment_author,
    "sn": _Interpreter.take_property_name,
    "sv": _Interpreter.take_property,
    "fldinst": _Interpreter.take_instruction,
}
_ACTIONS: dict[str, Callable[[_Interpreter, int | None], None]] = {
    "ansicpg": _Interpreter.set_code_page,
    "f": _Interpreter.set_font,
    "deff": _Interpreter.set_default_font,
    "fcharset": _Interpreter.set_character_set,
    "u": _Interpreter.add_unicode,
    "trowd": _Interpreter.begin_row,
    "trleft": _Interpreter.set_left_edge,
    "clcbpat": _Interpreter.fill_cell,
    "clshdng": _Interpreter.fill_cell,
    "clmrg": _Interpreter.merge_left,
    "clvmrg": _Interpreter.merge_up,
    "cellx": _Interpreter.define_cell,
    "cell": _Interpreter.end_cell,
    "row": _Interpreter.end_row,
    "trhdr": _Interpreter.mark_header_row,
    "stylesheet": _Interpreter.begin_styles,
}
