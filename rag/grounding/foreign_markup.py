"""Text of a document inside an answer: nothing in it acts as a citation marker or as markup. Pure.

The characters that would act are shown full-width, `［2］` for `[2]`: the text stays readable in every client, no
offset moves, and Unicode's compatibility normalization (NFKC) restores it. Control characters, which act on terminals,
become U+FFFD; those that change the direction of what follows become zero-width spaces.
"""

import re

_TO_FULL_WIDTH = 0xFEE0
_FULL_WIDTH = str.maketrans({code: code + _TO_FULL_WIDTH for code in map(ord, "[]<`~(:")})
_CONTROLS = str.maketrans(
    {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"}
    | {code: "\u200b" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
)
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_INSTRUCTION_TOKENS = (
    "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|MODEL_SETTINGS|THINK|ARGS|CALL_ID|"
    "IMG|IMG_BREAK|IMG_END|PREFIX|MIDDLE|SUFFIX"
)
_TAG = r"<(?=[A-Za-z/!?|｜<])"
"""HTML, an automatic link, a control token like <|im_start|> or <<SYS>>."""
_ACTING = re.compile(
    r"(?<=!)\["  # a picture
    r"|\](?=[(\[:])"  # a link, or the definition of one
    rf"|{_TAG}"
    rf"|\[/?(?:{_INSTRUCTION_TOKENS})\]"
    r"|^[ \t]*(?:`{3,}|~{3,})",  # a fence, which would swallow our markers
    re.MULTILINE,
)

_OPEN_TOKEN = re.compile(rf"\[/?(?:{_INSTRUCTION_TOKENS})$")
_ACTING_IN_LINE = re.compile(rf"(?<=\])[(:]|{_TAG}|\]")
_LINE_END = re.compile(r"([\r\n])")
_FENCE = re.compile(r"(`{3,})[^`]*|(~{3,}).*")


def neutralize_markup(text: str) -> str:
    """Return text of a document in which no citation marker, link, picture, HTML, fence or control token acts.

    It has as many characters as `text`, and is equal to it if nothing in it would act.
    """
    return _ACTING.sub(_widen, _BRACKETED.sub(_widen_marker, text)).translate(_CONTROLS)


class MarkupFilter:
    """Makes a streamed answer safe to render, because a model copies what documents say.

    No link, picture, HTML or control token in it acts; citation markers do, and blocks of code stay as they are. The
    number of characters stays the same. A `<` at the end of a delta is held back until the next one.
    """

    def __init__(self) -> None:
        self._line = ""  # the line so far, as it came
        self._fence = ""  # what opened the block of code that the line stands in
        self._trusts_fences = True
        self._held = ""

    def feed(self, delta: str) -> str:
        """Return the text that is ready to be shown; it can be empty."""
        text = self._held + delta
        self._held = "<" if text.endswith("<") else ""
        return "".join(map(self._neutralize, _LINE_END.split(text.removesuffix(self._held))))

    def flush(self) -> str:
        """Return the text that was held back; call it at the end of the answer."""
        held, self._held = self._held, ""
        return held

    def _neutralize(self, piece: str) -> str:
        """Return a piece of the current line, or the end of it, as it is shown."""
        if _LINE_END.fullmatch(piece):
            self._end_line()
            return piece
        before, self._line = self._line, self._line + piece
        if self._fence:
            return piece.translate(_CONTROLS)
        shown, start = "", len(before)
        for match in _ACTING_IN_LINE.finditer(self._line, start):
            shown += self._line[start : match.start()] + _widen_if(_acts(self._line[: match.start()], match[0]), match)
            start = match.end()
        return (shown + self._line[start:]).translate(_CONTROLS)

    def _end_line(self) -> None:
        line, self._line = self._line, ""
        if self._fence:
            marks = line.strip(" \t")
            if marks.startswith(self._fence) and not marks.strip(self._fence[0]):
                self._fence = ""
        elif (fence := _FENCE.fullmatch(line)) is not None:
            self._fence = (fence[1] or fence[2]) if self._trusts_fences else ""
        elif "```" in line or "~~~" in line:
            # A fence in a list or a quotation: whether the next one opens or closes, renderers know and we do not.
            self._trusts_fences = False


def _acts(before: str, found: str) -> bool:
    """Return whether a character acts after what stands `before` it in its line."""
    match found:
        case "]":
            return _OPEN_TOKEN.search(before) is not None
        case ":":  # after "]": the definition of a link, whose label begins its line or an earlier one
            return not any(map(str.isalpha, before[: max(before.rfind("["), 0)]))
        case _:
            return True


def _widen_if(acts: bool, match: re.Match[str]) -> str:
    return _widen(match) if acts else match[0]


def _widen(match: re.Match[str]) -> str:
    return match[0].translate(_FULL_WIDTH)


def _widen_marker(match: re.Match[str]) -> str:
    """Return brackets that a reader or a client may take for a marker full-width: those of numbers without words."""
    is_marker = any(map(str.isnumeric, match[1])) and not any(map(str.isalpha, match[1]))
    return f"［{match[1]}］" if is_marker else match[0]
