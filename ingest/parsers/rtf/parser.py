"""Rich Text Format (RTF): paragraphs, headings, tables and notes in any code page."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ingest.errors import DamagedFileError
from ingest.parsers.document_builder import clean_title
from ingest.parsers.rtf import control_words as words
from ingest.parsers.rtf.writer import RtfWriter, TextBuffer
from ingest.parsers.source import Source
from ingest.types import ParsedDocument

MEDIA_TYPE = "application/rtf"

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,64})(?P<number>-?\d{1,10})? ?|\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z'])"
    rb"|(?P<open>\{)|(?P<close>\})|(?P<raw>[^\\{}\r\n\x00]+)",
    re.S,
)
_HEADING_NAME = re.compile(r"\s*heading ([1-9])\b", re.I)
_BODY_OUTLINE_LEVEL = 9
_DESTINATIONS_WITHOUT_TEXT = frozenset({"skip", "fonttbl"})
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


@dataclass(slots=True)
class _State:
    """The state of a group: the destination of its text, and its character and paragraph properties."""

    destination: str = "text"
    font: int | None = None
    fallback_chars: int = 1
    is_hidden: bool = False
    is_in_table: bool = False
    is_ignorable: bool = False
    style: int = 0
    outline: int = _BODY_OUTLINE_LEVEL


class _Interpreter:
    """Interprets the tokens of a file."""

    def __init__(self) -> None:
        self.writer = RtfWriter()
        self.title = ""
        self.encoding = "cp1252"
        self._state = _State()
        self._buffer = TextBuffer()
        self._stack: list[tuple[_State, TextBuffer]] = []
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._default_font = 0
        self._outlines: dict[int, int] = {}
        self._bytes_to_skip = 0
        self._is_header_row = False
        self._notes = 0

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
            self._state.style, self._state.outline = 0, _BODY_OUTLINE_LEVEL

    def _close(self) -> None:
        self._bytes_to_skip = 0
        if not self._stack:
            return
        state, buffer = self._state, self._buffer
        self._state, self._buffer = self._stack.pop()
        if buffer is not self._buffer:
            self._finish(buffer.destination, buffer.take(), state)

    def _begin(self, destination: str) -> None:
        """Collect the text of this group in a buffer of its own."""
        self._state.destination = destination
        self._buffer = TextBuffer(destination=destination)

    def _finish(self, destination: str, text: str, state: _State) -> None:
        if destination == "stylesheet":
            heading_name = _HEADING_NAME.match(text)
            self._outlines.setdefault(state.style, int(heading_name[1]) - 1 if heading_name else state.outline)
        elif destination == "title":
            self.title = text
        elif text.strip():
            self._notes += int(destination == "footnote")
            name = f"Footnote {self._notes}: " if destination == "footnote" else words.NOTES[destination]
            self.writer.add_note(name + text.strip())

    def _add_text(self, data: bytes) -> None:
        skipped = min(self._bytes_to_skip, len(data))
        self._bytes_to_skip -= skipped
        if self._is_shown and len(data) > skipped:
            self._buffer.add_bytes(data[skipped:], self._text_encoding())

    @property
    def _is_shown(self) -> bool:
        return self._state.destination not in _DESTINATIONS_WITHOUT_TEXT and not self._state.is_hidden

    def _text_encoding(self) -> str:
        font = self._default_font if self._state.font is None else self._state.font
        encoding = self._fonts.get(font, self.encoding)
        # East Asian files use fonts that declare a Western character set for their text too.
        return self.encoding if encoding == "cp1252" and self.encoding in _TWO_BYTE_SETS else encoding

    def _apply_control(self, word: str, number: int | None) -> None:
        state = self._state
        self._bytes_to_skip = 0
        was_ignorable, state.is_ignorable = state.is_ignorable, word == "*"
        if word in words.SKIPPED_DESTINATIONS or (was_ignorable and word not in words.READ_IGNORABLE_DESTINATIONS):
            state.destination = "skip"
        if state.destination == "skip":
            return
        if word in words.NOTES:
            self._begin(word)
        elif word in words.CHARACTERS:
            self._buffer.add(words.CHARACTERS[word] if self._is_shown else "")
        elif word in words.PARAGRAPH_ENDS:
            self._end_line()
        elif word in _ACTIONS:
            _ACTIONS[word](self, number)

    def _end_line(self) -> None:
        if self._state.destination == "text" and not self._state.is_in_table:
            self._end_paragraph()
        else:
            self._buffer.add("\n")

    def _end_paragraph(self) -> None:
        level = self._state.outline
        if level >= _BODY_OUTLINE_LEVEL:
            level = self._outlines.get(self._state.style, level)
        text = self._buffer.take()
        is_heading = level < _BODY_OUTLINE_LEVEL and bool(text.strip())
        self.writer.end_paragraph(text, heading_level=level + 1 if is_heading else 0)

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
        if self._is_shown and 0 < code <= _MAX_CODE_POINT:
            self._buffer.add(chr(code))
        self._bytes_to_skip = self._state.fallback_chars

    def set_fallback(self, number: int | None) -> None:
        """`uc`: the number of fallback bytes after each `u`."""
        self._state.fallback_chars = max(1 if number is None else number, 0)

    def set_hidden(self, number: int | None) -> None:
        """`v` and `deleted`: hidden text."""
        self._state.is_hidden = number != 0

    def reset_characters(self, _: int | None) -> None:
        """`plain`: the default font, not hidden."""
        self._state.is_hidden, self._state.font = False, None

    def reset_paragraph(self, _: int | None) -> None:
        """`pard`: no table, no style."""
        self._state.is_in_table, self._state.style, self._state.outline = False, 0, _BODY_OUTLINE_LEVEL

    def enter_table(self, _: int | None) -> None:
        """`intbl`: the paragraph is in a cell."""
        self._state.is_in_table = True

    def set_style(self, number: int | None) -> None:
        """`s`: the style of the paragraph, or the one that is defined."""
        self._state.style = number or 0

    def set_outline(self, number: int | None) -> None:
        """`outlinelevel`: the level of a heading, from 0."""
        self._state.outline = _BODY_OUTLINE_LEVEL if number is None else min(max(number, 0), _BODY_OUTLINE_LEVEL)

    def end_cell(self, _: int | None) -> None:
        """`cell`: the end of a cell."""
        if self._state.destination == "text":
            self.writer.end_cell(self._buffer.take())
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

    def begin_fonts(self, _: int | None) -> None:
        """`fonttbl`: each group inside defines a font."""
        self._state.destination = "fonttbl"

    def begin_title(self, _: int | None) -> None:
        """`title`: the title in the file's properties."""
        self._begin("title")


_ACTIONS: dict[str, Callable[[_Interpreter, int | None], None]] = {
    "ansicpg": _Interpreter.set_code_page,
    "f": _Interpreter.set_font,
    "deff": _Interpreter.set_default_font,
    "fcharset": _Interpreter.set_character_set,
    "u": _Interpreter.add_unicode,
    "uc": _Interpreter.set_fallback,
    "v": _Interpreter.set_hidden,
    "deleted": _Interpreter.set_hidden,
    "plain": _Interpreter.reset_characters,
    "pard": _Interpreter.reset_paragraph,
    "intbl": _Interpreter.enter_table,
    "s": _Interpreter.set_style,
    "outlinelevel": _Interpreter.set_outline,
    "cell": _Interpreter.end_cell,
    "row": _Interpreter.end_row,
    "trhdr": _Interpreter.mark_header_row,
    "stylesheet": _Interpreter.begin_styles,
    "fonttbl": _Interpreter.begin_fonts,
    "title": _Interpreter.begin_title,
}
