"""Characters that nobody sees and that cut words for the search: soft hyphens, zero-width characters. Pure."""

import re

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0d\ufeff"
    "\U000e0001\U000e0020-\U000e007f\U000e0100-\U000e01ef]+"
)
_HYPHENATED = re.compile(r"\u00ad[ \t]*\n[ \t]*(\S+)[ \t]?")
_ZERO_WIDTH_JOINER = "\u200d"
_JOINERS = frozenset("\u200c\u200d")
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f")
_JOINING_SCRIPTS = (  # Arabic to Sinhala, Tibetan and Myanmar, Khmer and Mongolian, Arabic forms, Brahmic scripts
    *(("\u0600", "\u0dff"), ("\u0f00", "\u109f"), ("\u1780", "\u18af"), ("\ua840", "\ua8ff"), ("\ua980", "\uaaff")),
    *(("\ufb50", "\ufdff"), ("\ufe70", "\ufefc"), ("\U00010a00", "\U00011fff"), ("\U0001e900", "\U0001e95f")),
)
_EMOJI = (("\u2190", "\u2bff"), ("\ufe0f", "\ufe0f"), ("\U0001f000", "\U0001faff"), ("\u3030", "\u303d"))
_TAGGED_FLAG = "\U0001f3f4"
_TAGS = ("\U000e0020", "\U000e007f")


def remove_invisible(text: str) -> str:
    """Return `text` without soft hyphens, zero-width characters, bidirectional controls and variants of Han signs.

    Kept: zero-width joiners and non-joiners in scripts that need them (Arabic, Indic ones, …) and in emoji, the tags of
    flags, and direction marks beside white space. A word that a soft hyphen divides at a line end stands whole on its
    first line; the number of lines stays.
    """
    if text.isascii():
        return text
    if "\u00ad" in text:
        text = _HYPHENATED.sub(r"\1\n", text)
    return _INVISIBLE.sub(_select_needed, text)


def _select_needed(match: re.Match[str]) -> str:
    run, text = match[0], match.string
    before = text[match.start() - 1] if match.start() else " "
    after = text[match.end()] if match.end() < len(text) else " "
    if before == _TAGGED_FLAG and _is_in(run[0], _TAGS):
        return run
    if not _JOINERS.isdisjoint(run):
        if _is_in(before, *_JOINING_SCRIPTS):
            return "".join(sign for sign in run if sign in _JOINERS)
        is_emoji = _ZERO_WIDTH_JOINER in run and _is_in(before, *_EMOJI) and _is_in(after, *_EMOJI)
        return _ZERO_WIDTH_JOINER if is_emoji else ""
    is_inside = not before.isspace() and not after.isspace()
    return "" if is_inside else "".join(sign for sign in run if sign in _DIRECTION_MARKS)


def _is_in(sign: str, *ranges: tuple[str, str]) -> bool:
    return any(first <= sign <= last for first, last in ranges)
