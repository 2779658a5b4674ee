"""Detect the encoding of bytes and decode them (the adapter of `charset-normalizer`).

Labels mean the encodings that the WHATWG Encoding Standard gives them (`iso8859-1` means windows-1252).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

_BYTE_ORDER_MARKS = (
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
_SEPARATORS = "\n \u3001\u3002"
_UTF16_BYTES = (b"\x00", b"\x01", b"\x02")
"""One of these bytes is in every separator in UTF-16 and in no text of another encoding."""
_JIS_ESCAPE = re.compile(rb"\x1b\$[@B]|\x1b\([IJ]")
_JIS_ENCODINGS = ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext")
_SEVEN_BIT = ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_ext", "iso2022_kr", "hz", "utf-7")
"""Encodings whose bytes are all ASCII: each is valid UTF-8 too."""
_SUPERSETS = {
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
"""Declared encodings and their supersets, as in the WHATWG Encoding Standard."""
_FALLBACKS = {"euc_jp": "euc_jis_2004", "big5hkscs": "cp950", "koi8-r": "koi8-u"}
"""Encodings that have signs which the declared one, as Python has it, lacks."""
_LABELS = {
    label: name
    for name, labels in {
        "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
        "iso8859-6": "csiso88596e csiso88596i iso-8859-6-e iso-8859-6-i",
        "iso8859-7": "sun_eu_greek",
        "iso8859-8": "csiso88598e csiso88598i iso-8859-8-e iso-8859-8-i logical visual",
        "iso8859-15": "csisolatin9",
        "koi8-r": "cskoi8r koi koi8",
        "koi8-u": "koi8-ru",
        "mac-roman": "csmacintosh mac x-mac-roman",
        "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
        "cp874": "dos-874 windows-874",
        "cp1252": "x-user-defined",
        "gb18030": "csgb2312 gb_2312 gb_2312-80 x-gbk",
        "big5hkscs": "cn-big5 x-x-big5",
        "euc_jp": "cseucpkdfmtjapanese x-euc-jp",
        "cp932": "windows-31j x-sjis",
        "cp949": "cseuckr csksc56011987 iso-ir-149 ks_c_5601-1989 ksc_5601 windows-949",
    }.items()
    for label in labels.split()
}
"""The labels of the WHATWG Encoding Standard that Python does not know, with Python's names."""
_ISO_LABEL = re.compile(r"iso[-_ ]?8859[-_ ]?(\d{1,2})")
_CODE_PAGE_LABEL = re.compile(r"(?:cp|win|windows|ms|ibm|dos|mswin|codepage)[-_ ]?(\d{3,5})")
_PREFIX = re.compile(r"(?:x-|cs)")
_MAX_SHARE_OF_LOST = 0.01
"""A declared encoding holds if it has no sign for a smaller share of the signs that are not ASCII."""
_NOT_TEXT_ENCODINGS = ("unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined")
_MARKUP = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*["']([\w.:-]+)""", re.I)
_COOKIE = re.compile(rb"^[ \t\f]*(?:#|//|/\*|--|;|%).*?coding[:=][ \t]*([-\w.]+)")
_DECLARED_WITHIN = 4096
_COOKIE_LINES = 2


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text, its encoding in the file, and warnings for people."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, declared: str | None = None) -> DecodedText:
    """Return the text of `data`; raises nothing.

    The encoding is, in this order: that of the byte-order mark; UTF-16 without a mark by its byte patterns; a seven-bit
    encoding that is `declared` or has escape sequences; UTF-8 if valid; the `declared` encoding if valid; UTF-8 with
    some invalid bytes; the `declared` encoding if nearly valid; the best guess. Invalid bytes become U+FFFD and a
    warning; a guess that no language confirms has one too.
    """
    known = _detect_encoding(data, declared)
    encoding, is_sure = (known, True) if known else _guess_encoding(data)
    text = data.decode(encoding, errors="replace")
    lost = 0 if _is_valid(data, encoding) else text.count(_REPLACEMENT)
    warnings = [f"{lost} places are not valid {encoding} and are shown as {_REPLACEMENT}"] if lost else []
    if not is_sure:
        warnings.append(
            f"its encoding was guessed to be {encoding}; signs beside the Latin letters a to z may be wrong"
        )
    return DecodedText(text, encoding, tuple(warnings))


def decode_lines(file: BinaryIO, size_bytes: int) -> Iterator[DecodedText]:
    """Yield the text of `file` in order, about `size_bytes` of whole lines at a time. See `decode`.

    UTF-16 and UTF-32 come as one text, because their bytes do not show line ends.
    """
    sample = file.read(_SAMPLE_BYTES)
    file.seek(0)
    if (_detect_bom(sample) or _detect_utf16(sample) or "").startswith(("utf-16", "utf-32")):
        yield decode(file.read())
        return
    encoding: str | None = None
    while lines := file.readlines(size_bytes):
        decoded = decode(b"".join(lines), encoding)
        encoding = encoding or decoded.encoding
        yield decoded


def find_markup_charset(data: bytes) -> str | None:
    """Return the encoding that the `meta` element of HTML or the XML declaration names; None without one."""
    match = _MARKUP.search(data[:_DECLARED_WITHIN])
    return (match[1] or match[2]).decode("ascii", "replace") if match else None


def find_source_charset(data: bytes) -> str | None:
    """Return the encoding that a comment in the first two lines (as in PEP 263) or an XML declaration names."""
    cookies = map(_COOKIE.match, data[:_DECLARED_WITHIN].splitlines()[:_COOKIE_LINES])
    cookie = next((cookie for cookie in cookies if cookie), None)
    return cookie[1].decode("ascii", "replace") if cookie else find_markup_charset(data)


def is_text(head: bytes) -> bool:
    """Return whether the first bytes of a file can be text in any encoding."""
    if _detect_bom(head) or _detect_utf16(head):
        return True
    if b"\x00" in head:
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls <= _MAX_SHARE_OF_CONTROLS * len(head)


def _detect_encoding(data: bytes, declared: str | None) -> str | None:
    """Return the encoding that the bytes or a declaration show; None if it can only be guessed."""
    certain = _detect_bom(data) or _detect_utf16(data) or _detect_seven_bit(data, declared)
    if certain:
        return certain
    if _is_valid(data, "utf-8"):
        return "utf-8"
    candidates = resolve_label(declared)
    valid = next((name for name in candidates if _is_valid(data, name)), None)
    if valid is None and _is_mostly_utf8(data):
        return "utf-8"
    return valid or next((name for name in candidates if _is_nearly_valid(data, name)), None)


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether UTF-8 makes as many signs of the bytes that are not ASCII as it loses: no other text looks like that."""
    text = data.decode("utf-8", errors="replace")
    lost = text.count(_REPLACEMENT)
    return len(text) - len(text.encode("ascii", errors="ignore")) >= 2 * lost


def resolve_label(label: str | None) -> list[str]:
    """Return the encodings that a label may mean, as Python names them, the likeliest first; none if it is unknown.

    Labels mean what the WHATWG Encoding Standard says (`iso-8859-1` is windows-1252, `x-gbk` is gb18030), else what
    Python knows. UTF-16 and UTF-32 are left out: a declaration that is readable as ASCII cannot be in them.
    """
    name = _find_codec((label or "").strip().strip("\"'").lower())
    if not name or name in _NOT_TEXT_ENCODINGS or name.startswith(("utf-16", "utf-32")):
        return []
    likeliest = _SUPERSETS.get(name, name)
    names = [likeliest, name, _FALLBACKS.get(likeliest, name)]
    return list(dict.fromkeys(names))


def _find_codec(label: str) -> str | None:
    """Return Python's name of the encoding with this label, also if it is written in a way that no standard has."""
    unprefixed = _PREFIX.sub("", label, count=1) if _PREFIX.match(label) else label
    iso, code_page = _ISO_LABEL.fullmatch(unprefixed), _CODE_PAGE_LABEL.fullmatch(unprefixed)
    spellings = [label, unprefixed]
    spellings += [f"iso-8859-{iso[1]}"] if iso else []
    spellings += [f"windows-{code_page[1]}", f"cp{code_page[1]}"] if code_page else []
    for spelling in spellings:
        if spelling in _LABELS:
            return _LABELS[spelling]
        try:
            return codecs.lookup(spelling).name
        except (LookupError, ValueError):
            continue
    return None


def _detect_seven_bit(data: bytes, declared: str | None) -> str | None:
    declared_names = [name for name in resolve_label(declared) if name in _SEVEN_BIT]
    candidates = [*declared_names, *_JIS_ENCODINGS] if _JIS_ESCAPE.search(data) else declared_names
    return next((name for name in candidates if _is_valid(data, name)), None)


def _detect_bom(data: bytes) -> str | None:
    return next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)


def _detect_utf16(data: bytes) -> str | None:
    """Detect UTF-16 without a byte-order mark by its separators, or by ASCII with a zero in every second byte."""
    sample = data[:_SAMPLE_BYTES]
    sample = sample[: len(sample) // 2 * 2]
    if not any(sign in sample for sign in _UTF16_BYTES):
        return None
    return _detect_utf16_by_separators(sample) or _detect_utf16_by_zeros(sample)


def _detect_utf16_by_separators(sample: bytes) -> str | None:
    texts = {encoding: sample.decode(encoding, errors="replace") for encoding in ("utf-16-le", "utf-16-be")}
    counts = {encoding: sum(map(text.count, _SEPARATORS)) for encoding, text in texts.items()}
    encoding = max(counts, key=lambda name: counts[name])
    text = texts[encoding]
    if min(counts.values()) > 0 or counts[encoding] < max(0.003 * len(text), 1):
        return None
    return encoding if _count_printable(text) >= 0.99 * len(text) else None


def _detect_utf16_by_zeros(sample: bytes) -> str | None:
    pairs = len(sample) // 2
    low_zeros, high_zeros = sample[0::2].count(0), sample[1::2].count(0)
    if max(low_zeros, high_zeros) < 0.05 * pairs or min(low_zeros, high_zeros) > 0.005 * pairs:
        return None
    encoding = "utf-16-le" if high_zeros > low_zeros else "utf-16-be"
    text = sample.decode(encoding, errors="replace")
    return encoding if _count_printable(text) >= 0.98 * len(text) else None


def _count_printable(text: str) -> int:
    return sum(sign.isprintable() or sign.isspace() for sign in text) - text.count(_REPLACEMENT)


def _guess_encoding(data: bytes) -> tuple[str, bool]:
    """Return the likeliest encoding, and whether it can be relied on: as Western European, or by its language."""
    sample = _select_sample(data)
    # A few bytes do not show their language; Western European is the most likely.
    if len(sample) < _SHORT_BYTES and _is_valid(sample, "cp1252") and _is_mostly_ascii(sample):
        return "cp1252", True
    best = from_bytes(sample).best()
    if best is not None and (_is_valid(data, best.encoding) or not _is_valid(sample, "cp1252")):
        return best.encoding, best.coherence > 0 or not _is_mostly_ascii(sample)
    return "cp1252", True


def _select_sample(data: bytes) -> bytes:
    """Return the lines around the first byte that is not ASCII."""
    first = re.search(rb"[\x80-\xff]", data)
    start = data.rfind(b"\n", 0, first.start()) + 1 if first else 0
    end = data.find(b"\n", start + _SAMPLE_BYTES)
    return data[start : end if end >= 0 else len(data)]


def _is_mostly_ascii(sample: bytes) -> bool:
    return sum(byte < 0x80 for byte in sample) * 2 > len(sample)


def _is_nearly_valid(data: bytes, encoding: str) -> bool:
    """Return whether only few bytes have no sign in an encoding; False if Python cannot decode it."""
    try:
        text = data.decode(encoding, errors="replace")
    except (ValueError, LookupError):
        return False
    foreign = sum(sign > "\x7f" for sign in text)
    return text.count(_REPLACEMENT) <= _MAX_SHARE_OF_LOST * foreign


def _is_valid(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (ValueError, LookupError):
        return False
    return True
