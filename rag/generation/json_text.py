"""Find the sentences of an answer in JSON. Pure."""

import re

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')
_ESCAPE = re.compile(r"\\(.)")


def extract_text_values(answer: str) -> str:
    """Return a text of the same length with the text values of `answer` in their positions, else only line breaks.

    Names of properties are left out. A span of one text is the same span of the other.
    """
    characters = ["\n"] * len(answer)
    for match in _STRING.finditer(answer):
        if match.group(2) is None:
            characters[match.start(1) : match.end(1)] = _ESCAPE.sub(_replace_escape, match.group(1))
    return "".join(characters)


def _replace_escape(escape: re.Match[str]) -> str:
    return "\n\n" if escape.group(1) in "nrt" else escape.group()
