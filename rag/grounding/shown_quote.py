"""A quote as an answer shows it: the words of the document without the line breaks of its page. Pure."""

from dataclasses import dataclass

from rag.grounding.evidence import SentenceMatch

_FULL_LINE_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """A span of a document and the text that an answer shows for it; the span alone is exact."""

    match: SentenceMatch
    text: str


def show_prose(match: SentenceMatch) -> ShownQuote:
    """Return a sentence as an answer shows it, without the line breaks of its page."""
    chunk = match.stored.chunk
    line_start = chunk.text.rfind("\n", 0, match.start - chunk.start) + 1
    return ShownQuote(match, unwrap_lines(match.text, indent=match.start - chunk.start - line_start))


def unwrap_lines(text: str, *, indent: int = 0) -> str:
    """Return a text without the line breaks that the width of its page made, and without blank lines.

    A break is of that kind behind a line of at least `_FULL_LINE_SHARE` of the longest one's characters, and in front
    of a small letter, but not between lines that begin with the same word, as those of a list do. `indent` counts the
    characters of the first line before the text. A hyphen at the end of a line stays, without a space behind it.
    """
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    lengths = [len(line) + (indent if number == 0 else 0) for number, line in enumerate(lines)]
    full_chars = _FULL_LINE_SHARE * max(lengths, default=0)
    shown = ""
    for number, (line, length) in enumerate(zip(lines, lengths, strict=True), start=1):
        shown += line
        if number < len(lines):
            shown += _join(line, lines[number], is_full=length >= full_chars)
    return shown


def _join(line: str, following: str, *, is_full: bool) -> str:
    """Return what stands between two lines."""
    if len(line) > 1 and line[-1] == "-" and line[-2].isalpha() and following[:1].islower():
        return ""
    is_list = line.split()[0] == following.split()[0]
    return " " if following[:1].islower() or (is_full and not is_list) else "\n"
