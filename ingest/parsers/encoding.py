"""Bytes to text: the encoding by its mark, by its shape, or by a guess (the adapter of `charset-normalizer`)."""

import codecs
import re
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the encoding it was in, and what a person should know about it."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """Return the text of `data`; never fails.

    A byte-order mark decides; else the shape of UTF-16, UTF-8 where it fits, the `declared` encoding where
    it fits, and the best guess. Bytes that fit nothing become U+FFFD and a warning.
    """
    encoding = _encoding(data, declared)
    text = data.decode(encoding, errors="replace")
    lost = text.count(_REPLACEMENT)
    if not lost or _decodes(data, encoding):
        return Decoded(text, encoding)
    return Decoded(text, encoding, (f"{lost} places are not valid {encoding} and are shown as {_REPLACEMENT}",))


def looks_like_text(head: bytes) -> bool:
    """Say whether the first bytes of a file can be text in any encoding."""
    if _marked(head) or _utf16_by_shape(head):
        return True
    if b"\x00" in head:
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls <= _MAX_SHARE_OF_CONTROLS * len(head)


def _encoding(data: bytes, declared: str | None) -> str:
    known = _marked(data) or _utf16_by_shape(data)
    if known:
        return known
    if _decodes(data, "utf-8"):
        return "utf-8"
    if declared and _decodes(data, declared):
        return declared
    return _guessed(data)


def _marked(data: bytes) -> str | None:
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def _utf16_by_shape(data: bytes) -> str | None:
    """Recognise UTF-16 without a mark: ASCII in it has a zero in every second byte, always on the same side."""
    sample = data[:_SAMPLE_BYTES]
    pairs = len(sample) // 2
    low_zeros, high_zeros = sample[0::2].count(0), sample[1::2].count(0)
    if not pairs or max(low_zeros, high_zeros) < 0.05 * pairs or min(low_zeros, high_zeros) > 0.005 * pairs:
        return None
    encoding = "utf-16-le" if high_zeros > low_zeros else "utf-16-be"
    text = sample[: pairs * 2].decode(encoding, errors="replace")
    printable = sum(sign.isprintable() or sign.isspace() for sign in text)
    return encoding if printable >= 0.98 * len(text) else None


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
    except (UnicodeDecodeError, LookupError):
        return False
    return True
