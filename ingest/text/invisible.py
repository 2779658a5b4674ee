"""Characters that nobody sees: they are removed, so that no word is cut, and what they hide is shown. Pure."""

import re

from ingest.text.annotations import annotate_hidden
from ingest.types import HiddenReason

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
_TAG_OFFSET = 0xE0000
_REGION_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
_TAG_TEXT = re.compile("[\U000e0001\U000e0020-\U000e007f]+")
_ZERO_WIDTH = "\u180e\u200b-\u200d\u2060-\u2064\ufeff"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_PAYLOAD = re.compile(f"[{_ZERO_WIDTH}{_SELECTORS}]{{4,}}")
_LETTER = "A-Za-z\u00c0-\u024f\u0370-\u052f"
_DIVIDED = re.compile(f"(?:[{_LETTER}]+[{_ZERO_WIDTH}]+){{3,}}[{_LETTER}]*")
"""A word with zero-width characters in three places; a soft hyphen says where a word may be divided."""
_OVERRIDDEN = re.compile("([\u202d\u202e])([^\u202c\n]*)\u202c?")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")
_LEFT_TO_RIGHT = re.compile(f"[0-9{_LETTER}\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SUSPICIOUS = re.compile(f"{_TAG_TEXT.pattern}|[\u202d\u202e]|{_PAYLOAD.pattern}|{_DIVIDED.pattern}")
_SUSPICIOUS_SIGN = re.compile(f"[{_ZERO_WIDTH}{_SELECTORS}\u202d\u202e\U000e0001\U000e0020-\U000e007f]")
"""A sign that all suspicious text has: ten times as fast to find."""
_BITS_OF_CHARACTER = 8


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


def reveal_invisible(text: str) -> str:
    """Return `text` as `remove_invisible` does, with what its invisible signs hide as annotations at the line's end.

    They hide text as tag characters, in runs of zero-width characters or variation selectors, in words that they
    divide, and by showing it in the other direction: then the line has what a person reads, the annotation what is
    stored. The number of lines stays.
    """
    if text.isascii() or not _SUSPICIOUS_SIGN.search(text) or not _SUSPICIOUS.search(text):
        return remove_invisible(text)
    return remove_invisible("\n".join(map(_reveal_line, text.split("\n"))))


def decode_tags(text: str) -> str:
    """Return what tag characters spell in ASCII."""
    codes = (ord(sign) - _TAG_OFFSET for sign in text)
    return "".join(chr(code) for code in codes if 0x20 <= code < 0x7F)


def _reveal_line(line: str) -> str:
    if line.isascii() or not _SUSPICIOUS.search(line):
        return line
    hidden: list[str] = []
    flags = {match.span() for match in _REGION_FLAG.finditer(line)}

    def take_tags(match: re.Match[str]) -> str:
        if any(start < match.start() and match.end() <= end for start, end in flags):
            return match[0]
        hidden.append(annotate_hidden(HiddenReason.TAGS, decode_tags(match[0])))
        return ""

    def take_payload(match: re.Match[str]) -> str:
        hidden.append(annotate_hidden(HiddenReason.ZERO_WIDTH, _decode_payload(match[0])))
        return ""

    def join_word(match: re.Match[str]) -> str:
        word = remove_invisible(match[0])
        hidden.append(annotate_hidden(HiddenReason.ZERO_WIDTH, f"{len(match[0]) - len(word)} inside “{word}”"))
        return word

    def turn_around(match: re.Match[str]) -> str:
        against = _LEFT_TO_RIGHT if match[1] == "\u202e" else _RIGHT_TO_LEFT
        if not against.search(match[2]):
            return match[2]
        hidden.append(annotate_hidden(HiddenReason.DIRECTION, remove_invisible(match[2])))
        return match[2][::-1]

    seen = _TAG_TEXT.sub(take_tags, line)
    seen = _DIVIDED.sub(join_word, _PAYLOAD.sub(take_payload, seen))
    seen = _OVERRIDDEN.sub(turn_around, seen)
    return " ".join(filter(None, [seen.rstrip("\r"), *hidden]))


def _decode_payload(run: str) -> str:
    """Return the text that a run of invisible signs spells, as bytes or as bits; its length if it spells none."""
    codes = [ord(sign) for sign in run]
    selected = bytes(code - 0xFE00 if code < 0xE0100 else code - 0xE0100 + 16 for code in codes if _is_selector(code))
    candidates = [selected, *_read_bits([code for code in codes if not _is_selector(code)])]
    for candidate in filter(None, candidates):
        text = candidate.decode("utf-8", "ignore")
        if text.isprintable() and text.isascii() and text.strip():
            return text
    return f"{len(run)} characters"


def _is_selector(code: int) -> bool:
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


def _read_bits(codes: list[int]) -> list[bytes]:
    """Return the bytes that two signs spell as bits, either of them being 0; none for more signs."""
    signs = sorted(set(codes))
    if len(signs) != 2 or len(codes) % _BITS_OF_CHARACTER:
        return []
    bits = "".join("01"[code == signs[1]] for code in codes)
    values = [int(bits[at : at + _BITS_OF_CHARACTER], 2) for at in range(0, len(bits), _BITS_OF_CHARACTER)]
    return [bytes(values), bytes(255 - value for value in values)]


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
