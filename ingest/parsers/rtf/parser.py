"""Rich Text Format (RTF): paragraphs, headings, tables and notes in whatever code pages they are."""

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
_SILENT = frozenset({"skip", "fonttbl"})
_TWO_BYTE_SETS = frozenset({"cp932", "cp936", "cp949", "cp950"})
_MAX_CODE_POINT = 0x10FFFF
_CUT_SHORT = "the file is cut short: what came after its last paragraph is missing"


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Read an RTF file; what a note, a comment, a header or a text box says follows the paragraph it is in.

    A file whose end is missing is read with a warning. Raises `DamagedFileError` and `NoTextError`.
    """
    data = source.path.read_bytes()
    if not data.lstrip().startswith(rb"{\rtf"):
        raise DamagedFileError(filename=source.filename, detail="it does not begin like RTF")
    reader = _Reader()
    is_whole = reader.read(data)
    yield reader.writer.builder.build(
        title=clean_title(reader.title),
        media_type=MEDIA_TYPE,
        filename=source.filename,
        warnings=() if is_whole else (_CUT_SHORT,),
        metadata={"encoding": reader.encoding},
    )


@dataclass(slots=True)
class _State:
    """What holds inside a group: where its text goes, and how it is to be read."""

    target: str = "text"
    font: int | None = None
    fallback_chars: int = 1
    is_hidden: bool = False
    is_in_table: bool = False
    is_ignorable: bool = False
    style: int = 0
    outline: int = _BODY_OUTLINE_LEVEL


class _Reader:
    """Walks through the tokens of a file."""

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

    def read(self, data: bytes) -> bool:
        """Read everything; say whether all groups that were opened were closed."""
        place = 0
        while match := _TOKEN.search(data, place):
            place = match.end() + self._act(match)
        is_whole = not self._stack
        while self._stack:
            self._close()
        self._end_paragraph()
        self.writer.end_table()
        return is_whole

    def _act(self, match: re.Match[bytes]) -> int:
        """Act on a token; return how many bytes after it are no tokens."""
        match match.lastgroup:
            case "open":
                self._open()
            case "close":
                self._close()
            case "byte":
                self._text(bytes.fromhex(match["byte"].decode("ascii")))
            case "raw":
                self._text(match["raw"])
            case "sign":
                self._control(match["sign"].decode("latin-1"), None)
            case _:
                word, number = match["word"].decode("ascii"), match["number"]
                if word == "bin":
                    return max(int(number or 0), 0)
                self._control(word, int(number) if number else None)
        return 0

    def _open(self) -> None:
        self._bytes_to_skip = 0
        self._stack.append((self._state, self._buffer))
        self._state = replace(self._state)
        if self._state.target == "stylesheet":
            self._begin("stylesheet")
            self._state.style, self._state.outline = 0, _BODY_OUTLINE_LEVEL

    def _close(self) -> None:
        self._bytes_to_skip = 0
        if not self._stack:
            return
        state, buffer = self._state, self._buffer
        self._state, self._buffer = self._stack.pop()
        if buffer is not self._buffer:
            self._finish(buffer.purpose, buffer.take(), state)

    def _begin(self, target: str) -> None:
        """Send the text of this group to a line of its own."""
        self._state.target = target
        self._buffer = TextBuffer(purpose=target)

    def _finish(self, purpose: str, text: str, state: _State) -> None:
        if purpose == "stylesheet":
            named = _HEADING_NAME.match(text)
            self._outlines.setdefault(state.style, int(named[1]) - 1 if named else state.outline)
        elif purpose == "title":
            self.title = text
        elif text.strip():
            self._notes += int(purpose == "footnote")
            name = f"Footnote {self._notes}: " if purpose == "footnote" else words.ATTACHED[purpose]
            self.writer.attach(name + text.strip())

    def _text(self, data: bytes) -> None:
        skipped = min(self._bytes_to_skip, len(data))
        self._bytes_to_skip -= skipped
        if self._is_shown and len(data) > skipped:
            self._buffer.add_bytes(data[skipped:], self._text_encoding())

    @property
    def _is_shown(self) -> bool:
        return self._state.target not in _SILENT and not self._state.is_hidden

    def _text_encoding(self) -> str:
        font = self._default_font if self._state.font is None else self._state.font
        encoding = self._fonts.get(font, self.encoding)
        # In the files of the Far East, fonts that call themselves Western are mixed into the text all the same.
        return self.encoding if encoding == "cp1252" and self.encoding in _TWO_BYTE_SETS else encoding

    def _control(self, word: str, number: int | None) -> None:
        state = self._state
        self._bytes_to_skip = 0
        was_ignorable, state.is_ignorable = state.is_ignorable, word == "*"
        if word in words.SKIPPED or (was_ignorable and word not in words.READ_THOUGH_IGNORABLE):
            state.target = "skip"
        if state.target == "skip":
            return
        if word in words.ATTACHED:
            self._begin(word)
        elif word in words.SIGNS:
            self._buffer.add(words.SIGNS[word] if self._is_shown else "")
        elif word in words.PARAGRAPH_ENDS:
            self._end_line()
        elif word in _ACTIONS:
            _ACTIONS[word](self, number)

    def _end_line(self) -> None:
        if self._state.target == "text" and not self._state.is_in_table:
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
        """`ansicpg`: the code page of text in fonts that name none."""
        try:
            self.encoding = codecs.lookup(f"cp{number}").name
        except LookupError:
            self.encoding = "mac_roman" if number == 10000 else self.encoding

    def set_font(self, number: int | None) -> None:
        """`f`: the font that is described, or that text is in."""
        if self._state.target == "fonttbl":
            self._font = number or 0
        else:
            self._state.font = number

    def set_default_font(self, number: int | None) -> None:
        """`deff`: the font of text that names none."""
        self._default_font = number or 0

    def set_character_set(self, number: int | None) -> None:
        """`fcharset`: the code page of the font that is described."""
        if number in words.CHARACTER_SETS:
            self._fonts[self._font] = words.CHARACTER_SETS[number]

    def add_unicode(self, number: int | None) -> None:
        """`u`: a UTF-16 unit, and after it as many bytes for old readers as `uc` said."""
        code = number or 0
        code = code & 0xFFFF if code < 0 else code
        if self._is_shown and 0 < code <= _MAX_CODE_POINT:
            self._buffer.add(chr(code))
        self._bytes_to_skip = self._state.fallback_chars

    def set_fallback(self, number: int | None) -> None:
        """`uc`: how many bytes follow each `u`."""
        self._state.fallback_chars = max(1 if number is None else number, 0)

    def set_hidden(self, number: int | None) -> None:
        """`v` and `deleted`: text that is not shown."""
        self._state.is_hidden = number != 0

    def reset_characters(self, _: int | None) -> None:
        """`plain`: the default font, shown."""
        self._state.is_hidden, self._state.font = False, None

    def reset_paragraph(self, _: int | None) -> None:
        """`pard`: no table, no style."""
        self._state.is_in_table, self._state.style, self._state.outline = False, 0, _BODY_OUTLINE_LEVEL

    def enter_table(self, _: int | None) -> None:
        """`intbl`: the paragraph is in a cell."""
        self._state.is_in_table = True

    def set_style(self, number: int | None) -> None:
        """`s`: the style of the paragraph, or that is described."""
        self._state.style = number or 0

    def set_outline(self, number: int | None) -> None:
        """`outlinelevel`: the rank of a heading, from 0."""
        self._state.outline = _BODY_OUTLINE_LEVEL if number is None else min(max(number, 0), _BODY_OUTLINE_LEVEL)

    def end_cell(self, _: int | None) -> None:
        """`cell`: the end of a cell."""
        if self._state.target == "text":
            self.writer.end_cell(self._buffer.take())
        else:
            self._buffer.add(" ")

    def mark_header_row(self, _: int | None) -> None:
        """`trhdr`: the row is repeated on every page."""
        self._is_header_row = True

    def end_row(self, _: int | None) -> None:
        """`row`: the end of a row."""
        if self._state.target == "text":
            self.writer.end_row(is_header=self._is_header_row)
        self._is_header_row = False

    def begin_styles(self, _: int | None) -> None:
        """`stylesheet`: each group inside describes a style."""
        self._begin("stylesheet")

    def begin_fonts(self, _: int | None) -> None:
        """`fonttbl`: each group inside describes a font."""
        self._state.target = "fonttbl"

    def begin_title(self, _: int | None) -> None:
        """`title`: the title that the file's properties give."""
        self._begin("title")


_ACTIONS: dict[str, Callable[[_Reader, int | None], None]] = {
    "ansicpg": _Reader.set_code_page,
    "f": _Reader.set_font,
    "deff": _Reader.set_default_font,
    "fcharset": _Reader.set_character_set,
    "u": _Reader.add_unicode,
    "uc": _Reader.set_fallback,
    "v": _Reader.set_hidden,
    "deleted": _Reader.set_hidden,
    "plain": _Reader.reset_characters,
    "pard": _Reader.reset_paragraph,
    "intbl": _Reader.enter_table,
    "s": _Reader.set_style,
    "outlinelevel": _Reader.set_outline,
    "cell": _Reader.end_cell,
    "row": _Reader.end_row,
    "trhdr": _Reader.mark_header_row,
    "stylesheet": _Reader.begin_styles,
    "fonttbl": _Reader.begin_fonts,
    "title": _Reader.begin_title,
}
