"""Text of a document inside an answer: nothing in it acts as a citation marker or as markup. Pure.

The characters that would act are shown full-width, `［2］` for `[2]`: the text stays readable in every client, no
offset moves, and Unicode's compatibility normalization (NFKC) restores it.
"""

import re

_TO_FULL_WIDTH = 0xFEE0
_FULL_WIDTH = str.maketrans({code: code + _TO_FULL_WIDTH for code in map(ord, "[]<`~")})
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_INSTRUCTION_TOKENS = (
    "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|MODEL_SETTINGS|THINK|ARGS|CALL_ID|"
    "IMG|IMG_BREAK|IMG_END|PREFIX|MIDDLE|SUFFIX"
)
_ACTING = re.compile(
    r"(?<=!)\["  # a picture
    r"|\](?=[(\[:])"  # a link, or the definition of one
    r"|<(?=[A-Za-z/!?|｜<])"  # HTML, an automatic link, a control token like <|im_start|> or <<SYS>>
    rf"|\[/?(?:{_INSTRUCTION_TOKENS})\]"
    r"|^[ \t]*(?:`{3,}|~{3,})",  # a fence, which would swallow our markers
    re.MULTILINE,
)


def neutralize_markup(text: str) -> str:
    """Return text of a document in which no citation marker, link, picture, HTML, fence or control token acts.

    It has as many characters as `text`, and is equal to it if nothing in it would act.
    """
    return _ACTING.sub(_widen, _BRACKETED.sub(_widen_marker, text))


def _widen(match: re.Match[str]) -> str:
    return match[0].translate(_FULL_WIDTH)


def _widen_marker(match: re.Match[str]) -> str:
    """Return brackets that a reader or a client may take for a marker full-width: those of numbers without words."""
    is_marker = any(map(str.isnumeric, match[1])) and not any(map(str.isalpha, match[1]))
    return f"［{match[1]}］" if is_marker else match[0]
