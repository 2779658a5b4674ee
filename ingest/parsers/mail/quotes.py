"""Part what the sender of a message wrote from what it quotes of earlier messages. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.parsers.mail.attributions import (
    is_attribution,
    is_bare_attribution,
    is_dated_attribution,
    is_rule,
    is_separator,
    is_wrapped_after_name,
    may_begin_introduction,
    name_author,
    read_header_block,
)

_QUOTE_MARKS = re.compile(r"(?:> ?)*>")
_MAX_ATTRIBUTION_LINES = 3
_MAX_INTRODUCTION_LINES = 16
_MAX_DEPTH = 50
"""Quotes in quotes beyond this are one passage."""
_STUFFED = " "
_ADDRESS_STARTS = ("<", "(", "[")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plain text without its quote marks; `depth` counts them."""

    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Text of one author. `depth` is 0 for the message itself.

    `attribution` is what the message says of the author of a quoted text, `author` the name and the date in it.
    """

    depth: int
    text: str
    author: str = ""
    attribution: str = ""


def read_lines(text: str) -> list[Line]:
    """Return the lines of a plain text with their quote depth."""
    return [_read_line(line) for line in text.split("\n")]


def read_flowed_lines(text: str, *, delete_space: bool) -> list[Line]:
    """Return the lines of a text in `format=flowed` (RFC 3676), soft line breaks joined, stuffed spaces removed.

    `delete_space` is the parameter `delsp=yes`: the space before a soft line break is no part of the text.
    """
    lines: list[Line] = []
    is_open = False
    for written in text.split("\n"):
        depth = len(written) - len(written.lstrip(">"))
        body = written[depth:].removeprefix(_STUFFED)
        is_signature = body in ("-- ", "--")
        is_joined = is_open and not is_signature and bool(lines) and lines[-1].depth == depth
        if is_joined:
            before = lines[-1].text
            lines[-1] = Line(depth, f"{before[:-1] if delete_space else before}{body}")
        else:
            lines.append(Line(depth, body))
        is_open = body.endswith(" ") and not is_signature
    return lines


def split_quotes(lines: Sequence[Line], depth: int = 0, *, is_reply: bool = False) -> list[Passage]:
    """Return the passages of a text in order; blank ones are left out, and so are separators of quoted messages.

    In a reply, a name and a verb alone ("Ann wrote:") below the sender's own text introduce what follows.
    """
    if depth >= _MAX_DEPTH:
        return _make_passage([line.text for line in lines], depth)
    passages: list[Passage] = []
    own: list[str] = []
    position = 0
    while position < len(lines):
        length = 0 if lines[position].depth else _measure_introduction(lines, position)
        if not length and is_reply and _is_bare_introduction(lines, position):
            length = 1
        if lines[position].depth:
            end = _find_quote_end(lines, position)
            attribution = take_attribution(own)
            rest = [Line(line.depth - 1, line.text) for line in lines[position:end]]
        elif length:
            end = len(lines)
            attribution = "\n".join(line.text for line in lines[position : position + length])
            rest = list(lines[position + length :])
            _drop_rules(own)
        else:
            own.append(lines[position].text)
            position += 1
            continue
        passages += _make_passage(own, depth)
        passages += _attribute(split_quotes(rest, depth + 1), attribution, depth + 1)
        own, position = [], end
    return [*passages, *_make_passage(own, depth)]


def take_introduction(text: str) -> tuple[str, str]:
    """Return the lines at the beginning of a quoted text that say whose it is, and the rest of it."""
    lines = text.strip().split("\n")
    length = _measure_introduction([Line(0, line) for line in lines], 0)
    if not length:
        candidates = range(1, min(_MAX_ATTRIBUTION_LINES, len(lines)) + 1)
        length = next((n for n in candidates if is_attribution(" ".join(lines[:n]))), 0)
    return "\n".join(lines[:length]), "\n".join(lines[length:]).strip("\n")


def name_introduced(introduction: str) -> str:
    """Return the name and the date in the lines that say whose a quoted text is; empty if there are none."""
    lines = [line for line in introduction.split("\n") if line.strip() and not is_separator(line)]
    length, author = read_header_block(lines)
    return author if length else name_author(" ".join(lines))


def _read_line(line: str) -> Line:
    marks = _QUOTE_MARKS.match(line)
    if marks is None:
        return Line(0, line)
    return Line(marks[0].count(">"), line[marks.end() :].removeprefix(_STUFFED))


def _find_quote_end(lines: Sequence[Line], start: int) -> int:
    """Return the end of the quoted lines, blank lines between two of them included."""
    end = start
    for position in range(start, len(lines)):
        if lines[position].depth:
            end = position + 1
        elif lines[position].text.strip():
            break
    return end


def take_attribution(own: list[str]) -> str:
    """Remove the attribution at the end of `own`, which may be on up to three lines, and return it."""
    last = len(own)
    while last and not own[last - 1].strip():
        last -= 1
    for first in range(last - 1, max(last - 1 - _MAX_ATTRIBUTION_LINES, -1), -1):
        if not own[first].strip():
            break
        line = " ".join(part.strip() for part in own[first:last])
        is_whole = is_dated_attribution(line) and not line.startswith(_ADDRESS_STARTS)
        is_start = first == 0 or not own[first - 1].strip() or is_whole
        if is_attribution(line) and (is_start or first == last - _MAX_ATTRIBUTION_LINES):
            del own[first:]
            return line
    return ""


def _measure_introduction(lines: Sequence[Line], position: int) -> int:
    """Return the number of lines after which all is quoted; 0 if none say so at `position`."""
    if not may_begin_introduction(lines[position].text) and not _is_name_above_verb(lines, position):
        return 0
    texts = [line.text for line in lines[position : position + _MAX_INTRODUCTION_LINES] if not line.depth]
    length, _ = read_header_block(texts)
    if length:
        return length
    if is_separator(texts[0]):
        blanks = next((n for n, text in enumerate(texts[1:]) if text.strip()), 0)
        length, _ = read_header_block(texts[1 + blanks :])
        return 1 + (blanks + length if length else 0)
    for length in range(1, _MAX_ATTRIBUTION_LINES + 1):
        if len(texts) < length or not texts[length - 1].strip():
            break
        line = " ".join(text.strip() for text in texts[:length])
        if is_dated_attribution(line) and not _is_quote_next(lines, position + length):
            return length
    return 0


def _is_bare_introduction(lines: Sequence[Line], position: int) -> bool:
    """Return whether a line says who wrote what follows, between own text and text without quote marks."""
    is_paragraph = 0 < position < len(lines) - 1 and not lines[position - 1].text.strip()
    if not is_paragraph or not is_bare_attribution(lines[position].text) or _is_quote_next(lines, position + 1):
        return False
    return any(line.text.strip() and not line.depth for line in lines[:position])


def _is_name_above_verb(lines: Sequence[Line], position: int) -> bool:
    """Return whether a paragraph begins at `position` with a name alone, and goes on like an attribution."""
    if position and lines[position - 1].text.strip():
        return False
    following = next((line.text for line in lines[position + 1 : position + 2]), "")
    return is_wrapped_after_name(lines[position].text, following)


def _is_quote_next(lines: Sequence[Line], position: int) -> bool:
    following = next((line for line in lines[position:] if line.depth or line.text.strip()), None)
    return following is not None and following.depth > 0


def _drop_rules(own: list[str]) -> None:
    while own and (not own[-1].strip() or is_rule(own[-1])):
        own.pop()


def _make_passage(texts: Sequence[str], depth: int) -> list[Passage]:
    """Return the passage of some lines; none if they are blank."""
    body = "\n".join(texts).strip("\n").rstrip()
    return [Passage(depth, body)] if body.strip() else []


def _attribute(passages: Sequence[Passage], attribution: str, depth: int) -> list[Passage]:
    """Return quoted passages, those on the first level with the author whom `attribution` names."""
    author = name_introduced(attribution)
    attributed = [
        replace(passage, author=author, attribution=attribution) if passage.depth == depth else passage
        for passage in passages
    ]
    return attributed
