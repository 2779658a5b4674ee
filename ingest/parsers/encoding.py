"""Bytes to text: the encoding by its mark, by its shape, or by a guess (the adapter of `charset-normalizer`)."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1B})
_MAX_SHARE_OF_CONTROLS = 0.02
_SAMPLE_BYTES = 64 * 1024
_SHORT_BYTES = 256
_REPLACEMENT = "\ufffd"
_STOPS = "\n \u3001\u3002"
_UTF16_BYTES = (b"\x00", b"\x01", b"\x02")
"""One of these is in every stop in UTF-16 and in no text in another encoding: a few stops prove it."""
_JIS_ESCAPE = re.compile(rb"\x1b\$[@B]|\x1b\([IJ]")
_JIS_KINDS = ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext")
_SEVEN_BIT = ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_ext", "iso2022_kr", "hz", "utf-7")
"""Encodings whose bytes are all ASCII: each would pass for UTF-8."""
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
"""What people name, and the encoding with more signs that they mean (as browsers do)."""
_NO_CHARSETS = ("unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined")
_MARKUP = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*["']([\w.:-]+)""", re.I)
_COOKIE = re.compile(rb"^[ \t\f]*(?:#|//|/\*|--|;|%).*?coding[:=][ \t]*([-\w.]+)")
_DECLARED_WITHIN = 4096
_COOKIE_LINES = 2


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text, the encoding it was in, and what a person should know about it."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, declared: str | None = None) -> DecodedText:
    """Return the text of `data`; never fails.

    A byte-order mark decides; else the shape of UTF-16, a `declared` seven-bit encoding or the escapes of one,
    UTF-8 where it fits, the `declared` encoding where it fits, and the best guess. Bytes that fit nothing
    become U+FFFD and a warning.
    """
    encoding = _encoding(data, declared)
    text = data.decode(encoding, errors="replace")
    lost = text.count(_REPLACEMENT)
    if not lost or _decodes(data, encoding):
        return DecodedText(text, encoding)
    return DecodedText(text, encoding, (f"{lost} places are not valid {encoding} and are shown as {_REPLACEMENT}",))


def decode_lines(file: BinaryIO, size_bytes: int) -> Iterator[DecodedText]:
    """Yield the text of `file` in order, whole lines of about `size_bytes` at a time.

    All of it comes at once where its bytes do not tell where a line ends (UTF-16). See `decode`.
    """
    sample = file.read(_SAMPLE_BYTES)
    file.seek(0)
    if (_marked(sample) or _utf16_by_shape(sample) or "").startswith(("utf-16", "utf-32")):
        yield decode(file.read())
        return
    encoding: str | None = None
    while lines := file.readlines(size_bytes):
        decoded = decode(b"".join(lines), encoding)
        encoding = encoding or decoded.encoding
        yield decoded


def find_markup_charset(data: bytes) -> str | None:
    """Return the encoding that a page or an XML file names at its beginning."""
    found = _MARKUP.search(data[:_DECLARED_WITHIN])
    return (found[1] or found[2]).decode("ascii", "replace") if found else None


def find_source_charset(data: bytes) -> str | None:
    """Return the encoding that a comment in the first two lines of a source file names, or its XML declaration."""
    cookies = map(_COOKIE.match, data[:_DECLARED_WITHIN].splitlines()[:_COOKIE_LINES])
    found = next((cookie for cookie in cookies if cookie), None)
    return found[1].decode("ascii", "replace") if found else find_markup_charset(data)


def is_text(head: bytes) -> bool:
    """Say whether the first bytes of a file can be text in any encoding."""
    if _marked(head) or _utf16_by_shape(head):
        return True
    if b"\x00" in head:
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls <= _MAX_SHARE_OF_CONTROLS * len(head)


def _encoding(data: bytes, declared: str | None) -> str:
    known = _marked(data) or _utf16_by_shape(data) or _seven_bit(data, declared)
    if known:
        return known
    if _decodes(data, "utf-8"):
        return "utf-8"
    fitting = (name for name in _meant(declared) if _decodes(data, name))
    return next(fitting, None) or _guessed(data)


def _meant(declared: str | None) -> list[str]:
    """Return the encodings that a declared name may stand for, the likeliest first; none where it is no charset."""
    try:
        name = codecs.lookup(declared or "").name
    except (LookupError, ValueError):
        return []
    # Who can read the declaration byte by byte has no UTF-16 before them.
    if name in _NO_CHARSETS or name.startswith(("utf-16", "utf-32")):
        return []
    return [_WIDER[name], name] if name in _WIDER else [name]


def _seven_bit(data: bytes, declared: str | None) -> str | None:
    named = [name for name in _meant(declared) if name in _SEVEN_BIT]
    kinds = [*named, *_JIS_KINDS] if _JIS_ESCAPE.search(data) else named
    return next((name for name in kinds if _decodes(data, name)), None)


def _marked(data: bytes) -> str | None:
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def _utf16_by_shape(data: bytes) -> str | None:
    """Recognise UTF-16 without a mark by its stops, or because ASCII in it has a zero in every second byte."""
    sample = data[:_SAMPLE_BYTES]
    sample = sample[: len(sample) // 2 * 2]
    if not any(sign in sample for sign in _UTF16_BYTES):
        return None
    return _utf16_by_stops(sample) or _utf16_by_zeros(sample)


def _utf16_by_stops(sample: bytes) -> str | None:
    texts = {encoding: sample.decode(encoding, errors="replace") for encoding in ("utf-16-le", "utf-16-be")}
    stops = {encoding: sum(map(text.count, _STOPS)) for encoding, text in texts.items()}
    best = max(stops, key=lambda encoding: stops[encoding])
    if min(stops.values()) > 0 or stops[best] < max(0.003 * len(texts[best]), 1):
        return None
    return best if _printable(texts[best]) >= 0.99 * len(texts[best]) else None


def _utf16_by_zeros(sample: bytes) -> str | None:
    pairs = len(sample) // 2
    low_zeros, high_zeros = sample[0::2].count(0), sample[1::2].count(0)
    if max(low_zeros, high_zeros) < 0.05 * pairs or min(low_zeros, high_zeros) > 0.005 * pairs:
        return None
    encoding = "utf-16-le" if high_zeros > low_zeros else "utf-16-be"
    text = sample.decode(encoding, errors="replace")
    return encoding if _printable(text) >= 0.98 * len(text) else None


def _printable(text: str) -> int:
    return sum(sign.isprintable() or sign.isspace() for sign in text) - text.count(_REPLACEMENT)


def _guessed(data: bytes) -> str:
    sample = _sample(data)
    # Few bytes tell nothing about their language; Western Europe's are the most likely.
    if len(sample) < _SHORT_BYTES and _decodes(sample, "cp1252") and _is_mostly_ascii(sample):
        return "cp1252"
    best = from_bytes(sample).best()
    if best is not None and (_decodes(data, best.encoding) or not _decodes(sample, "cp1252")):
        return best.encoding
    return "cp1252"


def _sample(data: bytes) -> bytes:
    """Return the stretch around the first byte that is not ASCII, cut at line ends."""
    first = re.search(rb"[\x80-\xff]", data)
    start = data.rfind(b"\n", 0, first.start()) + 1 if first else 0
    end = data.find(b"\n", start + _SAMPLE_BYTES)
    return data[start : end if end >= 0 else len(data)]


def _is_mostly_ascii(sample: bytes) -> bool:
    return sum(byte < 0x80 for byte in sample) * 2 > len(sample)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (ValueError, LookupError):
        return False
    return True
